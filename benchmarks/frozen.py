"""A new classifier on frozen features: cached once, against running the network in every epoch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.material import Material, recipe
from benchmarks.pairs import Side, apart, in_turns
from benchmarks.rows import Row
from scenessl.data.crops import Crops, normalise
from scenessl.files import read_csv
from scenessl.models.network import pool
from scenessl.training.data import Data, spread
from scenessl.training.features import write_features
from scenessl.training.frozen import train_classifier

TRAIN, VALIDATION = 128, 32  # with fewer, the 64 images that prove the features weigh too much


def rows(material: Material) -> Iterator[Row]:
    """Measure all epochs of one classifier, the features of its images included."""
    data, settings = fewer(material), recipe("classifier")
    reached = material.folder / "usual_accuracy"
    with apart(usual, material, data, settings, reached) as script:
        [found] = in_turns(ours(material, data, settings), script, warm_up=False)
    best = max(float(row["validation_accuracy"]) for row in read_csv(material.folder / "history"))
    notes = [f"accuracy {best:.1%} against {float(reached.read_text()):.1%} of {VALIDATION} validation images"]
    epochs = settings["epochs"]
    yield Row(f"classifier, {epochs} epochs", "the network in every epoch", found, epochs, notes)


def fewer(material: Material) -> Data:
    """Give some of the training and validation images, and no others, with crops of their own."""
    data, chosen = material.data(), {}
    for part, number in (("train", TRAIN), ("validation", VALIDATION)):
        chosen[part] = spread(data.parts[part], number)
    ids = torch.cat(list(chosen.values()))
    np.save(material.folder / "fewer.npy", data.crops.array[ids.numpy()])
    places = torch.arange(len(ids)).split([len(part) for part in chosen.values()])
    return Data(
        data.labels[ids], data.classes, dict(zip(chosen, places, strict=True)), Crops(material.folder / "fewer.npy")
    )


def ours(material: Material, data: Data, settings: dict) -> Side:
    """Cache the features and train on them, with every file that a study keeps."""
    outputs = {name: material.folder / name for name in ("weights", "epochs", "history", "selection")}

    def side() -> int:
        state = material.fresh_state()
        features = material.folder / "features.safetensors"
        start = {"start": material.start, "start_epoch": None}
        images = {"crops": material.folder / "fewer.npy", "mirrored": data.parts["train"].tolist()}
        write_features(**start, **images, device="cpu", state=state, output=features)
        train_classifier(**start, settings=settings, seed=0, features=features, data=data, state=state, outputs=outputs)
        return 1

    return side


def usual(material: Material, data: Data, settings: dict, reached: Path) -> Side:
    """Run the frozen network over training and validation images in every epoch, as most scripts do.

    The images are decoded already. The accuracy that it reached is written into a file.
    """
    model = material.network(len(data.classes)).to(memory_format=torch.contiguous_format)
    model.requires_grad_(False).eval()
    size = settings["batch_size"]

    def side() -> int:
        classifier = torch.nn.Sequential(
            torch.nn.Dropout(settings["dropout"]), torch.nn.Linear(1280, len(data.classes))
        )
        optimizer = torch.optim.AdamW(classifier.parameters(), lr=settings["learning_rate"], weight_decay=0.05)
        best = 0.0
        for _ in range(settings["epochs"]):
            train = data.parts["train"]
            classifier.train()
            for chunk in train[torch.randperm(len(train))].split(size):
                loss = torch.nn.functional.cross_entropy(classifier(seen(model, data, chunk)), data.labels[chunk])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            classifier.eval()
            ids = data.parts["validation"]
            answers = torch.cat([classifier(seen(model, data, chunk)).argmax(1) for chunk in ids.split(size)])
            best = max(best, (answers == data.labels[ids]).float().mean().item())
        reached.write_text(str(best), encoding="utf-8")
        return 1

    return side


@torch.no_grad()
def seen(model: torch.nn.Module, data: Data, ids: torch.Tensor) -> torch.Tensor:
    """Give the features of some images, half of them mirrored."""
    images = data.crops.batch(ids)
    mirrored = torch.where(torch.rand(len(ids), 1, 1, 1) < 0.5, images.flip(-1), images)
    return pool(model, normalise(mirrored).contiguous())
