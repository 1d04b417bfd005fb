"""In which precision the steps of a training are computed."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from scenessl.files import read_json
from scenessl.training.distillation import StepLoss


def in_precision(step: StepLoss, precision: str) -> StepLoss:
    """Let a step's loss be computed in "fp32" or "bf16".

    bf16 is mixed precision (Micikevicius et al. 2018, section 3, with bfloat16 and thus without loss scaling):
    convolutions and matrix products in bfloat16, weights, optimizer and loss in float32.
    """
    if precision == "fp32":
        return step
    if precision != "bf16":
        raise ValueError(f"{precision} is no precision that a step can have")

    def reduced(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, torch.bfloat16):
            return step(model, inputs, targets)

    return reduced


def resolved(settings: Mapping[str, object], probe: Path | str | None) -> dict[str, object]:
    """Replace the precision `auto` by what the probe's file found (`precision_choice`)."""
    if settings["precision"] != "auto":
        return dict(settings)
    if not probe:
        raise ValueError("a precision that is left open needs a probe")
    return dict(settings) | {"precision": read_json(probe)["precision"]}
