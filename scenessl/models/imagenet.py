"""The ImageNet backbone that `init: imagenet` names."""

from pathlib import Path

import torch
from torch import Tensor

from scenessl.errors import UserError
from scenessl.models import weights
from scenessl.models.network import build

NETWORK = "efficientnet_b0"
WAYS_OUT = (
    "Give WEIGHTS=/path/to/file of an EfficientNet-B0 state dict, or connect to the network once so that torchvision "
    "can download it."
)


def write_imagenet_start(output: Path | str, file: Path | str | None) -> None:
    """Write the ImageNet backbone: from a local file, else torchvision's IMAGENET1K_V1.

    Raises:
        UserError: no file and no download, or a file whose tensors are not those of EfficientNet-B0's features.
    """
    tensors = _read_local(Path(file)) if file else _read_torchvision()
    features = {name: _single(tensor) for name, tensor in tensors.items() if name.startswith("features.")}
    _demand_same_tensors(features, file)
    weights.save(features, output, network=NETWORK, source="file" if file else "IMAGENET1K_V1")


def _single(tensor: Tensor) -> Tensor:
    """Give floating-point tensors single precision, whatever they were stored in."""
    return tensor.float() if tensor.is_floating_point() else tensor


def _read_local(path: Path) -> dict[str, Tensor]:
    """Read a state dict from safetensors or, without running any code in it, from a pickle."""
    try:
        found = (
            weights.load(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
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
    own = build(NETWORK, 2).state_dict()
    expected = {name: tensor.shape for name, tensor in own.items() if name.startswith("features.")}
    shapes = {name: tensor.shape for name, tensor in features.items()}
    wrong = sorted(name for name in expected.keys() | shapes.keys() if expected.get(name) != shapes.get(name))
    if wrong:
        raise UserError(
            f"{path}: {len(wrong)} tensors are not those of EfficientNet-B0's features (first: {wrong[0]}). {WAYS_OUT}"
        )
