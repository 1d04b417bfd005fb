"""What every network is here: feature blocks, a global average, and a classifier for the task at hand.

An architecture is one module of `architectures` with `WIDTH` and `features()`. No module imports them all: they are
imported by name, so that a new one changes nothing for trained models.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from scenessl.models import weights


class Network(nn.Module):
    """Features, global average, classifier: [n, 3, side, side] -> logits [n, outputs].

    Attributes:
        name: of the architecture; goes into the metadata of every weights file.
        features: nn.Sequential of blocks; block b gives maps [n, channels, height, width].
        classifier: nn.Sequential of dropout and linear layers on [n, width].
    """

    def __init__(self, name: str, features: nn.Sequential, classifier: nn.Sequential) -> None:
        """Put the parts together."""
        super().__init__()
        self.name = name
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = classifier

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute the logits."""
        return self.classifier(pool(self, inputs))


def build_classifier(width: int, outputs: int, dropout: float, fc_layers: int) -> nn.Sequential:
    """Make dropout and a linear layer, as torchvision's EfficientNet has them; further hidden layers keep the width.

    Freshly initialised from the global random state with PyTorch's default for linear layers, whose small
    first logits disturb pretrained features less than torchvision's wide uniform start.
    """
    hidden = [layer for _ in range(fc_layers - 1) for layer in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(nn.Dropout(dropout), *hidden, nn.Linear(width, outputs))


def build(name: str, outputs: int, dropout: float = 0.2, fc_layers: int = 1) -> Network:
    """Make a randomly initialised network (channels last) of the architecture `name` with `outputs` logits."""
    architecture = import_module(f"scenessl.models.architectures.{name}")
    features = architecture.features()
    classifier = build_classifier(architecture.WIDTH, outputs, dropout, fc_layers)
    return Network(name, features, classifier).to(memory_format=torch.channels_last)


def load_features(model: Network, tensors: Mapping[str, Tensor]) -> None:
    """Load all `features.*` tensors into the model; the classifier stays. Raises RuntimeError on any difference."""
    own = {name.removeprefix("features."): tensor for name, tensor in tensors.items() if name.startswith("features.")}
    model.features.load_state_dict(own, strict=True)


def rebuild(path: Path | str) -> Network:
    """Make the model of a weights file, in evaluation mode."""
    model = build(weights.metadata(path)["network"], outputs=2)
    model.classifier = rebuild_classifier(path)
    load_features(model, weights.load(path))
    return model.to(memory_format=torch.channels_last).eval()


def rebuild_classifier(path: Path | str) -> nn.Sequential:
    """Make the classifier of a weights file alone, in evaluation mode."""
    tensors = weights.load(path, prefix="classifier.")
    linear = [tensor for name, tensor in tensors.items() if name.endswith(".weight")]
    classifier = build_classifier(linear[0].shape[1], linear[-1].shape[0], dropout=0.0, fc_layers=len(linear))
    classifier.load_state_dict(tensors, strict=True)
    return classifier.eval()


def with_features(path: Path | str, epoch: int | str | None, outputs: int = 2, **classifier: float) -> Network:
    """Make a model whose features are those of a start (see `weights.load_start`), with a new classifier."""
    model = build(weights.metadata(path)["network"], outputs, **classifier)
    load_features(model, weights.load_start(path, epoch))
    return model


def pool(model: Network, inputs: Tensor) -> Tensor:
    """Compute what the classifier sees: [n, 3, side, side] -> [n, width]."""
    return model.avgpool(model.features(inputs)).flatten(1)


def describe(name: str, side: int, outputs: int) -> list[dict[str, object]]:
    """Describe an architecture block by block, for images of `side` pixels.

    Returns:
        A row per feature block, and one for the classifier: `block` (its name in the state dict), `convolutions` or
        linear layers as `layers`, `channels` of its output, its `side` in pixels, and its number of `parameters`.
    """
    model = build(name, outputs)
    rows, maps = [], torch.zeros(1, 3, side, side)
    with evaluation_mode(model):
        for number, block in enumerate(model.features):
            maps = block(maps)
            rows.append(_row(f"features.{number}", block, maps.shape[1], maps.shape[-1]))
    return [*rows, _row("classifier", model.classifier, outputs, None)]


def _row(name: str, block: nn.Module, channels: int, side: int | None) -> dict[str, object]:
    """Describe one block; a shortcut's projection is no layer of depth (He et al. 2016 count none)."""
    layers = sum(
        isinstance(module, (nn.Conv2d, nn.Linear)) and "shortcut" not in place
        for place, module in block.named_modules()
    )
    parameters = sum(tensor.numel() for tensor in block.parameters())
    return {"block": name, "layers": layers, "channels": channels, "side": side, "parameters": parameters}


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[nn.Module]:
    """Put the model into evaluation mode without gradients, and give every module its mode back, also on error."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            yield model
    finally:
        for module, mode in modes:
            module.training = mode


def training_mode(model: nn.Module, batch_norm: str) -> None:
    """Put the model into training mode; `batch_norm: frozen` keeps the batch norms' statistics as they are."""
    model.train()
    if batch_norm == "frozen":
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
