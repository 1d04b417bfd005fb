"""The ImageNet backbone that `init: imagenet` names."""

from collections.abc import Mapping
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
        UserError: no file and no download, a file that cannot be read or wants to run something, or one whose tensors
            are not those of EfficientNet-B0's features.
    """
    tensors = _read_local(Path(file)) if file else _read_torchvision()
    features = {name: tensor for name, tensor in tensors.items() if name.startswith("features.")}
    _demand_same_tensors(features, file)
    single = {name: _single(tensor) for name, tensor in features.items()}
    weights.save(single, output, network=NETWORK, source="file" if file else "IMAGENET1K_V1")


def _single(tensor: Tensor) -> Tensor:
    """Copy a tensor, which may share its memory with others; floating-point ones get single precision."""
    return tensor.detach().to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)


def _read_local(path: Path) -> dict[str, Tensor]:
    """Read a state dict from safetensors or, without running any code in it, from a pickle."""
    try:
        found = weights.load(path) if path.suffix == ".safetensors" else weights.load_pickle(path)
    except UserError as error:
        raise UserError(f"{error} {WAYS_OUT}") from error
    found = found.get("state_dict", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(_is_named_tensor(*item) for item in found.items()):
        raise UserError(f"{path}: holds no state dict (a mapping of names to tensors). {WAYS_OUT}")
    return found


def _is_named_tensor(name: object, value: object) -> bool:
    """Tell whether this may stand in a state dict."""
    return isinstance(name, str) and isinstance(value, Tensor)


def _read_torchvision() -> dict[str, Tensor]:
    """Take IMAGENET1K_V1 from torchvision's cache or its download, which checks the hash in the file's name."""
    from scenessl.vision import EfficientNet_B0_Weights

    try:
        return EfficientNet_B0_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
    except Exception as error:
        raise UserError(f"IMAGENET1K_V1 can be neither found nor downloaded ({error}). {WAYS_OUT}") from error


def _demand_same_tensors(features: Mapping[str, Tensor], path: Path | str | None) -> None:
    """Refuse features whose names, shapes or kinds of numbers differ from EfficientNet-B0's, or that are not finite."""
    own = build(NETWORK, 2).state_dict()
    expected = {name: _facts(tensor) for name, tensor in own.items() if name.startswith("features.")}
    found = {name: _facts(tensor) for name, tensor in features.items()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise UserError(
            f"{path}: {len(wrong)} tensors are not those of EfficientNet-B0's features (first: {wrong[0][:200]}). "
            f"{WAYS_OUT}"
        )
    if broken := sorted(name for name, tensor in features.items() if not tensor.isfinite().all()):
        raise UserError(f"{path}: {len(broken)} tensors hold NaN or infinity (first: {broken[0]}). {WAYS_OUT}")


def _facts(tensor: Tensor) -> tuple:
    """Give what must agree: shape, kind of numbers (any precision), and that they stand in memory one by one."""
    kind = "floating" if tensor.is_floating_point() else tensor.dtype
    return tuple(tensor.shape), kind, tensor.layout, tensor.device.type
