"""Weights on disk: safetensors only, with what they are in the file's metadata."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from scenessl.errors import UserError
from scenessl.files import atomic

ABOUT = "about"  # the metadata key that this module writes


def save(tensors: Mapping[str, Tensor], path: Path | str, **metadata: object) -> None:
    """Write tensors and metadata (plain data) to a safetensors file, whole or not at all; same content, same bytes.

    Weights of a network name its architecture under `network`.
    """
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())}
    with atomic(path) as temporary:
        # one key: safetensors writes several in an order that differs from process to process
        save_file(whole, temporary, metadata={ABOUT: json.dumps(metadata, sort_keys=True)})


def load(path: Path | str, prefix: str = "") -> dict[str, Tensor]:
    """Read the tensors whose name begins with `prefix`, which is cut off."""
    with safe_open(path, framework="pt") as file:
        return {name.removeprefix(prefix): file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118


def metadata(path: Path | str) -> dict[str, object]:
    """Read what `save` wrote about the file's content."""
    with safe_open(path, framework="pt") as file:
        return json.loads((file.metadata() or {}).get(ABOUT, "{}"))


def load_start(path: Path | str, epoch: int | str | None) -> dict[str, Tensor]:
    """Read the weights a model starts with: a whole file, or one epoch ("best" or a number) of an epochs file."""
    if epoch is None:
        return load(path)
    if epoch == "best":
        epoch = metadata(path)["best"]
    tensors = load(path, prefix=f"epoch{epoch}/")
    if not tensors:
        raise UserError(f"{path} holds no epoch {epoch}; the training ended at epoch {metadata(path)['last']}.")
    return tensors


def fingerprint(tensors: Mapping[str, Tensor], prefix: str = "features.") -> str:
    """Hash names, shapes and bytes of all tensors that begin with `prefix` (parameters and buffers)."""
    digest = hashlib.sha256()
    for name in sorted(name for name in tensors if name.startswith(prefix)):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
