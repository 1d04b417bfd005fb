"""Optimizer, learning rates per block, and their course over the training."""

import math
from collections.abc import Mapping

from torch import nn
from torch.optim import SGD, AdamW, Optimizer


def parameter_groups(model: nn.Module, settings: Mapping) -> list[dict]:
    """Group the parameters by block, each with its peak learning rate.

    Block b of `model.features` (0 = nearest to the image, B - 1 = the last) gets
    learning_rate x layer_decay^(B - 1 - b): below 1 the rate falls towards the image, above 1 it rises.
    What is not a feature block, the classifier, gets learning_rate_classifier.
    """
    groups = []
    blocks = list(getattr(model, "features", []))
    for depth, block in enumerate(reversed(blocks)):
        rate = settings["learning_rate"] * settings["layer_decay"] ** depth
        groups.append({"params": list(block.parameters()), "peak": rate})
    classifier = getattr(model, "classifier", model)
    groups.append({"params": list(classifier.parameters()), "peak": settings["learning_rate_classifier"]})
    return [group | {"lr": group["peak"]} for group in groups]


def build_optimizer(model: nn.Module, settings: Mapping) -> Optimizer:
    """Make AdamW (Loshchilov and Hutter 2019) or SGD with Nesterov momentum."""
    groups, decay, momentum = parameter_groups(model, settings), settings["weight_decay"], settings["momentum"]
    if settings["optimizer"] == "adamw":
        return AdamW(groups, weight_decay=decay, betas=(momentum, 0.999), fused=True)
    return SGD(groups, lr=0.0, momentum=momentum, weight_decay=decay, nesterov=momentum > 0)


def rate_factor(progress: float, schedule: str, warmup: float) -> float:
    """Give the share of the peak learning rate at `progress` (0 to 1) of the training.

    A linear warm-up over the first `warmup` share; then constant, or half a cosine down to zero (Loshchilov and
    Hutter 2017, equation 5, without restarts).
    """
    if progress < warmup:
        return progress / warmup
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Set every group's learning rate to a share of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
