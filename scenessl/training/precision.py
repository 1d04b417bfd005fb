"""In which precision the steps of a training are computed, and the probe that decides where a model leaves it open."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from scenessl.files import read_json, write_json
from scenessl.models.device import choose_device
from scenessl.models.network import build
from scenessl.training.distillation import Step
from scenessl.training.seeding import seeded

GAIN = 1.5  # how many times as fast bf16 must be, in every pair, so that noise cannot choose it
PAIRS = 5
WARMING_IMAGES = 2  # of the pair that is not judged: libraries choose their kernels at the first call


def in_precision(step: Step, precision: str) -> Step:
    """Let a step's loss be computed in "fp32" or "bf16".

    bf16 is mixed precision (Micikevicius et al. 2018, section 3, with bfloat16 and thus without loss scaling):
    convolutions and matrix products in bfloat16, weights, optimizer and loss in float32.
    """
    if precision == "fp32":
        return step
    if precision != "bf16":
        raise ValueError(f"{precision} is no precision that a step can have")

    def reduced(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with torch.autocast(inputs.device.type, torch.bfloat16):
            return step(model, inputs, targets)

    return reduced


def resolved(settings: Mapping[str, object], probe: Path | str | None) -> dict[str, object]:
    """Replace the precision `auto` by what the probe's file found; fp32 where nothing was probed."""
    if settings["precision"] != "auto":
        return dict(settings)
    found = read_json(probe)[str(settings["batch_size"])]["precision"] if probe else "fp32"
    return dict(settings) | {"precision": found}


def write_probe(*, network: str, side: int, batch_sizes: Sequence[int], device: str, output: Path) -> None:
    """Write, for each batch size, the `precision` to use, and the `seconds` of the pairs of steps, fp32 and bf16."""
    where, found = choose_device(device), {}
    for size in batch_sizes:
        step = stepper(network, side, where)
        step("fp32", WARMING_IMAGES), step("bf16", WARMING_IMAGES)
        found[str(size)] = {"images": size} | compare(lambda precision: step(precision, size))  # noqa: B023 - at once
        print(f"batches of {size}: {found[str(size)]}", file=sys.stderr, flush=True)
    write_json(output, found)


def compare(seconds: Callable[[str], float]) -> dict[str, object]:
    """Choose bf16 if it is GAIN times as fast in each of PAIRS pairs; the first pair in which it is not ends it."""
    pairs = []
    while len(pairs) < PAIRS and all(starmap(_gains, pairs)):
        pairs.append((seconds("fp32"), seconds("bf16")))
    return {"precision": "bf16" if all(starmap(_gains, pairs)) else "fp32", "seconds": pairs}


def _gains(full: float, reduced: float) -> bool:
    return full >= GAIN * reduced


def stepper(network: str, side: int, device: torch.device) -> Callable[[str, int], float]:
    """Make what takes one step of training on drawn inputs, (precision, images) -> seconds."""
    with seeded(0, "precision"):
        model = build(network, 2).to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    known = {precision: in_precision(_loss, precision) for precision in ("fp32", "bf16")}

    def step(precision: str, images: int) -> float:
        inputs = torch.zeros(images, 3, side, side, device=device).contiguous(memory_format=torch.channels_last)
        targets = torch.zeros(images, dtype=torch.long, device=device)
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = known[precision](model, inputs, targets)
        loss.backward()
        optimizer.step()
        loss.item()  # waits for the device
        return time.perf_counter() - begin

    return step


def _loss(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return cross_entropy(model(inputs).float(), targets)
