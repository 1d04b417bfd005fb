"""Where the arithmetic runs."""

import os

import torch

from scenessl.errors import UserError


def choose_device(name: str) -> torch.device:
    """Turn "auto" into CUDA, then MPS, then CPU; refuse a device that is not there."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in present.items() if there)
    if not present.get(name, False):
        raise UserError(f"device: {name} is not there; this machine has {', '.join(k for k, v in present.items() if v)}.")
    return torch.device(name)


def use_threads(count: int) -> None:
    """Compute with `count` threads, whatever a scheduler grants, so that results do not depend on it."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    torch.set_num_threads(count)
    torch.use_deterministic_algorithms(True, warn_only=True)
