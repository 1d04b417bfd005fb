"""A tiny data set, and networks on it with weights and predictions, for the tests of what explains models."""

from pathlib import Path

import numpy as np
import torch

from scenessl.data.crops import Crops
from scenessl.evaluation.predict import predict_network
from scenessl.models import network, weights
from scenessl.training.data import Data
from scenessl.training.views import Views, load_task

CLASSES = ["forest", "Zürich\nHauptbahnhof (Ostseite, bei Nacht und viel Regen)", "$a_b$"]
SIDE, OPTIONS = 16, {"scenes": {}, "rotation": {}, "perturbation": {"square": 3}}
OUTPUTS = {"scenes": len(CLASSES), "rotation": 4, "perturbation": 2}


def made_data(folder: Path, train: int = 20, validation: int = 9, test: int = 40) -> Data:
    """Images in three colours, a class each, with noise; labels and parts."""
    count, random = train + validation + test, np.random.default_rng(0)
    labels = np.arange(count) % len(CLASSES)
    colours = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200]])[labels]
    pixels = colours[:, :, None, None] + random.normal(0, 50, (count, 3, SIDE, SIDE))
    np.save(folder / "crops.npy", pixels.clip(0, 255).astype(np.uint8))
    ids = torch.arange(count)
    parts = dict(zip(("train", "validation", "test"), ids.split([train, validation, test]), strict=True))
    return Data(torch.from_numpy(labels), CLASSES, parts, Crops(folder / "crops.npy"))


def made_run(folder: Path, data: Data, task: str, seed: int = 0, fc_layers: int = 1) -> dict[str, object]:
    """A random network of the task, its last layer fitted, and its predictions.

    Returns `model`, `predictions`, `task` and `options`.
    """
    torch.manual_seed(seed)
    model = network.build("small_resnet", OUTPUTS[task], fc_layers=fc_layers)
    if fc_layers == 1:
        fit_last(model, Views(load_task(task), data, torch.device("cpu"), OPTIONS[task]))
    path = folder / f"{task}{seed}.safetensors"
    weights.save(model.state_dict(), path, network="small_resnet")
    run = {"model": path, "task": task, "options": OPTIONS[task]}
    predict_network(**run, seed=0, data=data, device="cpu", output=path.with_suffix(".npz"))
    return run | {"predictions": path.with_suffix(".npz")}


def fit_last(model: network.Network, views: Views) -> None:
    """Fit the linear layer to the training views by ridge regression, for logits around 0 and 5."""
    batches = list(views.evaluation(views.data.parts["train"], 0, "train"))
    with network.evaluation_mode(model):
        seen = torch.cat([network.pool(model, inputs) for inputs, _ in batches]).double()
    wanted = 5 * torch.eye(model.classifier[1].out_features, dtype=torch.float64)[torch.cat([t for _, t in batches])]
    seen = torch.cat([seen, torch.ones(len(seen), 1)], 1)
    found = torch.linalg.solve(seen.T @ seen + 1e-3 * torch.eye(seen.shape[1]), seen.T @ wanted).float()
    model.classifier[1].load_state_dict({"weight": found[:-1].T.contiguous(), "bias": found[-1]})
