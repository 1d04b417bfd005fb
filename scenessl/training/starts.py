"""Randomly initialised features that carry a signal."""

from pathlib import Path

import torch
from torch import nn

from scenessl.data.crops import normalise
from scenessl.models import weights
from scenessl.models.network import build, evaluation_mode
from scenessl.training.data import Data
from scenessl.training.seeding import generator, seeded

CALIBRATION_IMAGES = 256
CALIBRATION_BATCH = 32


def write_random_start(*, network: str, data: Data, seed: int, output: Path) -> None:
    """Write features of an architecture drawn from `seed`, with batch-norm statistics measured on training images.

    No label is looked at. With PyTorch's first statistics (mean 0, variance 1) the features of a deep random network
    are about 1e-14 in evaluation mode, and a classifier on them learns nothing; that would be no fair control.
    """
    with seeded(seed, "random start"):
        model = build(network, 2)
    train = data.parts["train"]
    chosen = train[torch.randperm(len(train), generator=generator(seed, "calibration"))[:CALIBRATION_IMAGES]]
    calibrate(model, data.crops.batch(chosen))
    features = {name: tensor for name, tensor in model.state_dict().items() if name.startswith("features.")}
    weights.save(features, output, network=network, source="random", seed=seed)


def calibrate(model: nn.Module, images: torch.Tensor) -> None:
    """Set every batch norm's statistics to the means over batches of uint8 images [n, 3, side, side]."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    with evaluation_mode(model):
        for norm in norms:
            norm.train().reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
        for batch in images.split(CALIBRATION_BATCH):
            model.features(normalise(batch))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
