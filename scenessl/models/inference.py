"""How a model answers in an evaluation: batch by batch, as many images at a time as suit a CPU's caches."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from scenessl.models.network import evaluation_mode

EVALUATION_PIXELS = 16 * 224**2  # of a batch: fast on a CPU's caches


def evaluation_batch(side: int) -> int:
    """Give the images of an evaluation's batch; fixed by their side, since draws follow one generator through them."""
    return max(1, min(64, EVALUATION_PIXELS // side**2))


def logits_of(model: nn.Module, inputs: Tensor) -> Tensor:
    """Compute the logits [n, K] of images, or of features [n, width], as many images at a time as suit a CPU's caches.

    A batch of an evaluation has all views of its images, four times as many for a rotation.
    """
    size = evaluation_batch(inputs.shape[-1]) if inputs.ndim == 4 else len(inputs)
    return torch.cat([model(piece) for piece in inputs.split(size)])


def score(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float]:
    """Compute mean cross-entropy and accuracy (0 to 1) in evaluation mode."""
    loss, right, count = 0.0, 0, 0
    with evaluation_mode(model):
        for inputs, targets in batches:
            logits = logits_of(model, inputs)
            loss += cross_entropy(logits, targets, reduction="sum").item()
            right += (logits.argmax(1) == targets).sum().item()
            count += len(targets)
    return loss / count, right / count
