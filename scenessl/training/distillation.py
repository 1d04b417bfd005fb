"""Losses of a step: the task's alone, or with a price on features that leave what they were at the start."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from scenessl.models.folding import folded
from scenessl.models.network import pool

Criterion = Callable[[Tensor, Tensor], Tensor]  # logits, targets -> loss
StepLoss = Callable[[nn.Module, Tensor, Tensor], Tensor]  # model, inputs, targets -> loss


def plain_loss(criterion: Criterion) -> StepLoss:
    """Make the loss of a step from the task's loss alone."""
    return lambda model, inputs, targets: criterion(model(inputs).float(), targets)


def keeping_features(model: nn.Module, criterion: Criterion, strength: float) -> StepLoss:
    """Add `strength` times the features' drift from those of the network as it is now, on the same inputs.

    Distillation from the network's own start (Li and Hoiem 2016, "Learning without Forgetting", on features as in
    Romero et al. 2015, equation 3): what the start knows is kept unless the task pays for the change. All layers
    train. The start is copied here, in evaluation mode with batch norms folded, and never changes.
    """
    start = folded(model)

    def step(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.no_grad():
            before = pool(start, inputs).float()
        now = pool(model, inputs)
        return criterion(model.classifier(now).float(), targets) + strength * drift(now.float(), before)

    return step


def drift(now: Tensor, before: Tensor) -> Tensor:
    """Compute the mean squared change of features [n, width], in units of their mean variance over the batch."""
    return (now - before).square().mean() / before.var(0).mean()
