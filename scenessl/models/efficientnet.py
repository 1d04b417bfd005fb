"""EfficientNet-B0 (Tan and Le 2019) with a classifier for the task at hand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torchvision.models import EfficientNet, efficientnet_b0

FEATURES = 1280  # channels after the last block


def build_classifier(outputs: int, dropout: float, fc_layers: int) -> nn.Sequential:
    """Make torchvision's classifier, dropout and a linear layer; further hidden layers keep the width.

    Freshly initialised from the global random state with PyTorch's default for linear layers, whose small
    first logits disturb pretrained features less than torchvision's wide uniform start.
    """
    hidden = [layer for _ in range(fc_layers - 1) for layer in (nn.Linear(FEATURES, FEATURES), nn.ReLU())]
    return nn.Sequential(nn.Dropout(dropout), *hidden, nn.Linear(FEATURES, outputs))


def build(outputs: int, dropout: float = 0.2, fc_layers: int = 1) -> EfficientNet:
    """Make a randomly initialised EfficientNet-B0 (channels last) with `outputs` logits."""
    model = efficientnet_b0()
    model.classifier = build_classifier(outputs, dropout, fc_layers)
    return model.to(memory_format=torch.channels_last)


def load_features(model: EfficientNet, tensors: Mapping[str, Tensor]) -> None:
    """Load all `features.*` tensors into the model; the classifier stays. Raises RuntimeError on any difference."""
    own = {name.removeprefix("features."): tensor for name, tensor in tensors.items() if name.startswith("features.")}
    model.features.load_state_dict(own, strict=True)


def rebuild(tensors: Mapping[str, Tensor]) -> EfficientNet:
    """Make the model that a complete state dict describes, in evaluation mode."""
    linear = [name for name in tensors if name.startswith("classifier.") and name.endswith(".weight")]
    model = build(tensors[linear[-1]].shape[0], fc_layers=len(linear))
    model.load_state_dict(tensors, strict=True)
    return model.eval()


def pool(model: EfficientNet, inputs: Tensor) -> Tensor:
    """Compute what the classifier sees: [n, 3, side, side] -> [n, 1280]."""
    return model.avgpool(model.features(inputs)).flatten(1)


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
