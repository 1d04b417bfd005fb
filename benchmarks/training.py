"""Training all layers: against the arithmetic alone, and against the usual script."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision import datasets, transforms

from benchmarks.material import SIDE, Material, recipe
from benchmarks.pairs import Side, apart, in_turns
from benchmarks.rows import Row
from scenessl.data.crops import MEAN, STD, normalise
from scenessl.tasks import scenes
from scenessl.training.data import Data
from scenessl.training.epochs import image_batches
from scenessl.training.loop import Course, fit
from scenessl.training.recipe import learner_of
from scenessl.training.views import Views, load_task

IMAGES, FEWER = 384, 192  # of an epoch; 15-Scene trains on 1,275: what ends an epoch, or begins one, weighs more here


def rows(material: Material) -> Iterator[Row]:
    """Measure both."""
    data, settings = material.data(), recipe("supervised") | {"weight_average": 0.0, "label_smoothing": 0.0}
    ids = data.parts["train"][torch.randperm(len(data.parts["train"]))[:IMAGES]]
    [found] = in_turns(ours(material, data, ids, settings), bare(material, data, ids, settings))
    yield Row("training", "forward, backward and step alone, tensors in memory", found, 1 / 1.03)
    some = ids[:FEWER]
    with apart(usual, material, len(some), settings["batch_size"]) as script:
        [found] = in_turns(ours(material, data, some, settings), script)
    yield Row("training", "ImageFolder in a DataLoader of 2 workers, contiguous", found, 1.5)


def ours(
    material: Material, data: Data, ids: Tensor, settings: dict, *, task: str = "scenes", **options: object
) -> Side:
    """Make an epoch as a study's training makes it, reading, augmenting and keeping its state included."""
    module = load_task(task)
    views = Views(module, data, torch.device("cpu"), options)
    learner = learner_of(material.network(len(module.target_names(data.classes))), settings, module.loss)
    course = Course(
        epochs=1, steps_per_epoch=len(ids) // settings["batch_size"], schedule="constant", warmup=0.0, seed=0
    )
    none = {"train_loss": 0.0, "train_accuracy": 0.0, "validation_loss": 0.0, "validation_accuracy": 0.0}

    def side() -> int:
        state = material.fresh_state()
        fit(learner, lambda epoch: image_batches(views, ids, settings, 0, epoch), lambda model: none, course, state)
        return len(ids)

    return side


def bare(material: Material, data: Data, ids: Tensor, settings: dict) -> Side:
    """Make the steps of an epoch and nothing else: same layout, precision and optimizer, gradients allocated anew."""
    learner = learner_of(material.network(len(data.classes)), settings, scenes.loss)
    batches = [(normalise(data.crops.batch(chunk)), data.labels[chunk]) for chunk in ids.split(settings["batch_size"])]

    def side() -> int:
        learner.model.train()
        for inputs, targets in batches:
            loss = cross_entropy(learner.model(inputs), targets)
            learner.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            learner.optimizer.step()
        return len(ids)

    return side


def usual(material: Material, images: int, batch_size: int) -> Side:
    """Make an epoch as most scripts do: files are decoded anew by two workers, the network lies as it was built."""
    model = material.network(len(material.data().classes)).to(memory_format=torch.contiguous_format).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    steps = [transforms.RandomResizedCrop(SIDE), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    shown = transforms.Compose([*steps, transforms.Normalize(MEAN, STD)])
    folder = datasets.ImageFolder(str(material.images / "train"), shown)
    chosen = torch.utils.data.Subset(folder, torch.randperm(len(folder))[:images].tolist())
    loader = torch.utils.data.DataLoader(chosen, batch_size, shuffle=True, num_workers=2, persistent_workers=True)
    criterion = nn.CrossEntropyLoss()

    def side() -> int:
        for inputs, targets in loader:
            optimizer.zero_grad()
            criterion(model(inputs), targets).backward()
            optimizer.step()
        return len(chosen)

    return side
