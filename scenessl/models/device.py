"""Where the arithmetic runs."""

import torch

from scenessl.errors import UserError


def choose_device(name: str) -> torch.device:
    """Turn "auto" into CUDA, then MPS, then CPU; refuse a device that is not there."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in present.items() if there)
    if not present.get(name, False):
        there = ", ".join(kind for kind, there in present.items() if there)
        raise UserError(f"device: {name} is not there; this machine has {there}.")
    # TF32 would round the features that `frozen` later proves to be the network's
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device(name)


def device_name(device: torch.device) -> str | None:
    """Name the accelerator, or give None for the CPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None
