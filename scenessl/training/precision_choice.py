"""The probe that decides on a training's precision where its model leaves it open (`auto`)."""

import sys
import time
from collections.abc import Callable
from itertools import starmap
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from scenessl.files import write_json
from scenessl.models.device import choose_device
from scenessl.models.network import build
from scenessl.training.precision import in_precision
from scenessl.training.seeding import generator, seeded

GAIN = 1.5  # how many times as fast bf16 must be, in every pair, so that noise cannot choose it
PAIRS = 5


def write_precision(*, network: str, side: int, batch_size: int, device: str, output: Path) -> None:
    """Write which `precision` steps of this batch size shall have, and the `seconds` of each pair, fp32 and bf16."""
    found = compare(stepper(network, side, batch_size, choose_device(device)))
    print(f"batches of {batch_size}: {found}", file=sys.stderr, flush=True)
    write_json(output, found)


def compare(seconds: Callable[[str], float]) -> dict[str, object]:
    """Choose bf16 if it is GAIN times as fast in each of PAIRS pairs; the first pair in which it is not ends it.

    A pair before these warms up: libraries choose their kernels at the first call with a shape.
    """
    seconds("fp32"), seconds("bf16")
    pairs = []
    while len(pairs) < PAIRS and all(starmap(_gains, pairs)):
        pairs.append((seconds("fp32"), seconds("bf16")))
    return {"precision": "bf16" if all(starmap(_gains, pairs)) else "fp32", "seconds": pairs}


def _gains(full: float, reduced: float) -> bool:
    return full >= GAIN * reduced


def stepper(network: str, side: int, images: int, device: torch.device) -> Callable[[str], float]:
    """Make what takes one step of training on noise: precision -> seconds.

    The optimizer is the cheapest there is, and nothing is distilled: a step's forward and backward pass decide.
    """
    with seeded(0, "precision"):
        model = build(network, 2).to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    noise = torch.randn(images, 3, side, side, generator=generator(0, "precision"))
    inputs = noise.to(device, memory_format=torch.channels_last)
    targets = torch.arange(images, device=device) % 2
    known = {precision: in_precision(_loss, precision) for precision in ("fp32", "bf16")}

    def step(precision: str) -> float:
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = known[precision](model, inputs, targets)
        loss.backward()
        optimizer.step()
        next(model.parameters()).sum().item()  # waits for a GPU, whose work is done in order
        return time.perf_counter() - begin

    return step


def _loss(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(model(inputs).float(), targets)
