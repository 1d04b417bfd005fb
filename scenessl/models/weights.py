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
from scenessl.models.efficientnet import build

ABOUT = "about"  # the metadata key that this module writes
WAYS_OUT = (
    "Give WEIGHTS=/path/to/file of an EfficientNet-B0 state dict, or connect to the network once so that torchvision "
    "can download it."
)


def save(tensors: Mapping[str, Tensor], path: Path | str, **metadata: object) -> None:
    """Write tensors and metadata (plain data) to a safetensors file, whole or not at all; same content, same bytes."""
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


def write_imagenet_start(output: Path | str, weights: Path | str | None) -> None:
    """Write the ImageNet backbone: from a local file, else torchvision's IMAGENET1K_V1.

    Raises:
        UserError: no file and no download, or a file whose tensors are not those of EfficientNet-B0's features.
    """
    tensors = _read_local(Path(weights)) if weights else _read_torchvision()
    features = {name: _single(tensor) for name, tensor in tensors.items() if name.startswith("features.")}
    _demand_same_tensors(features, weights)
    save(features, output, source="file" if weights else "IMAGENET1K_V1")


def _single(tensor: Tensor) -> Tensor:
    """Give floating-point tensors single precision, whatever they were stored in."""
    return tensor.float() if tensor.is_floating_point() else tensor


def _read_local(path: Path) -> dict[str, Tensor]:
    """Read a state dict from safetensors or, without running any code in it, from a pickle."""
    try:
        found = load(path) if path.suffix == ".safetensors" else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: cannot be read as plain weights ({reason}). {WAYS_OUT}") from error
    found = found.get("state_dict", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(tensor, Tensor) for tensor in found.values()):
        raise UserError(f"{path}: holds no state dict (a mapping of names to tensors). {WAYS_OUT}")
    return found


def _read_torchvision() -> dict[str, Tensor]:
    """Take IMAGENET1K_V1 from torchvision's cache or its download, which checks the hash in the file's name."""
    from torchvision.models import EfficientNet_B0_Weights

    try:
        return EfficientNet_B0_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
    except Exception as error:
        raise UserError(f"IMAGENET1K_V1 can be neither found nor downloaded ({error}). {WAYS_OUT}") from error


def _demand_same_tensors(features: dict[str, Tensor], path: Path | str | None) -> None:
    """Refuse features whose names or shapes differ from EfficientNet-B0's."""
    expected = {name: tensor.shape for name, tensor in build(2).state_dict().items() if name.startswith("features.")}
    shapes = {name: tensor.shape for name, tensor in features.items()}
    wrong = sorted(name for name in expected.keys() | shapes.keys() if expected.get(name) != shapes.get(name))
    if wrong:
        raise UserError(
            f"{path}: {len(wrong)} tensors are not those of EfficientNet-B0's features (first: {wrong[0]}). {WAYS_OUT}"
        )
