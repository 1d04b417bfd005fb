"""The images of a study as one task shows them, batch by batch, and how a model answers to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from scenessl.data.crops import in_colour, normalise
from scenessl.models.network import evaluation_mode
from scenessl.training.augmentation import augment
from scenessl.training.data import Data
from scenessl.training.seeding import generator

EVALUATION_PIXELS = 16 * 224**2  # of a batch: fast on a CPU's caches


def load_task(name: str) -> ModuleType:
    """Import the one task that is asked for; no module imports them all."""
    return import_module(f"scenessl.tasks.{name}")


def evaluation_batch(side: int) -> int:
    """Give the images of an evaluation's batch; fixed by their side, since draws follow one generator through them."""
    return max(1, min(64, EVALUATION_PIXELS // side**2))


@dataclass(frozen=True)
class Views:
    """The images of a study as one task shows them."""

    task: ModuleType
    data: Data
    device: torch.device
    options: Mapping[str, object]  # the task's own settings

    def show(self, images: Tensor, ids: Tensor, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """Turn uint8 crops into normalised inputs and targets on the device."""
        views, targets = self.task.show(images, self.data.labels[ids], draws, **self.options)
        return normalise(views.to(self.device)), targets.to(self.device)

    def training(self, ids: Tensor, epoch: int, seed: int, batch_size: int, augmentation: Sequence[str]) -> Iterator:
        """Give one epoch's batches: every image once, in a drawn order, augmented, in all its views."""
        draws = generator(seed, "draws", epoch)
        order = ids[torch.randperm(len(ids), generator=draws)]
        for chunk in steps(order, max(1, batch_size // self.task.VIEWS)):
            # while they have one plane: a third of the work for grayscale images
            planes = augment(self.data.crops.planes(chunk), augmentation, draws)
            yield self.show(in_colour(planes), chunk, draws)

    def evaluation(self, ids: Tensor, seed: int, purpose: str) -> Iterator:
        """Give the batches of an evaluation: fixed order, no augmentation, draws fixed by seed and purpose."""
        draws = generator(seed, "evaluation", purpose)
        for chunk in ids.split(evaluation_batch(self.data.crops.side)):
            yield self.show(self.data.crops.batch(chunk), chunk, draws)


def steps(order: Tensor, images: int) -> list[Tensor]:
    """Cut an epoch's images into steps; a single image left over joins the step before, as it has no statistics."""
    chunks = list(order.split(images))
    if len(chunks) > 1 and len(chunks[-1]) == 1:
        chunks[-2:] = [torch.cat(chunks[-2:])]
    return chunks


def logits_of(model: nn.Module, inputs: Tensor) -> Tensor:
    """Compute the logits [n, K] of images, or of features [n, width], as many images at a time as suit a CPU's caches.

    A batch of an evaluation has all views of its images, four times as many for a rotation.
    """
    size = evaluation_batch(inputs.shape[-1]) if inputs.ndim == 4 else len(inputs)
    return torch.cat([model(piece) for piece in inputs.split(size)])


def score(model: nn.Module, batches: Iterator) -> tuple[float, float]:
    """Compute mean cross-entropy and accuracy (0 to 1) in evaluation mode."""
    loss, right, count = 0.0, 0, 0
    with evaluation_mode(model):
        for inputs, targets in batches:
            logits = logits_of(model, inputs)
            loss += cross_entropy(logits, targets, reduction="sum").item()
            right += (logits.argmax(1) == targets).sum().item()
            count += len(targets)
    return loss / count, right / count
