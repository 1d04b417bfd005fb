"""Where the arithmetic runs."""

import fcntl
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TextIO

import torch

from scenessl.errors import UserError


def choose_device(name: str) -> torch.device:
    """Turn "auto" into CUDA, then MPS, then CPU; refuse a device that is not there.

    Of several GPUs this process takes one that no other job of the same user computes on, and keeps it to its end;
    where CUDA_VISIBLE_DEVICES says which there are, as a cluster does, it takes the first of these.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in present.items() if there)
    if not present.get(name, False):
        there = ", ".join(kind for kind, there in present.items() if there)
        raise UserError(f"device: {name} is not there; this machine has {there}.")
    # TF32 would round the features that `frozen` later proves to be the network's
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    if name == "cuda" and "CUDA_VISIBLE_DEVICES" not in os.environ and torch.cuda.device_count() > 1:
        number, _ = _card(torch.cuda.device_count())
        torch.cuda.set_device(number)
        return torch.device(name, number)
    return torch.device(name)


@cache
def _card(cards: int) -> tuple[int, TextIO | None]:
    """Take a card by a lock, which the system gives back when the process ends; share one when all are taken."""
    for number in range(cards):
        file = open(_lock_file(number), "w", encoding="utf-8")  # noqa: SIM115 - open as long as the process lives
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return number, file
    return os.getpid() % cards, None


def _lock_file(card: int) -> Path:
    """Name the file that is locked while a job of this user computes on a card."""
    return Path(tempfile.gettempdir()) / f"scenessl-{os.getuid()}-cuda{card}.lock"


def device_name(device: torch.device) -> str | None:
    """Name the accelerator, or give None for the CPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None
