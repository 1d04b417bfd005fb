"""The images of a study as one task shows them, and the batches of an evaluation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor

from scenessl.data.crops import normalise
from scenessl.models.inference import evaluation_batch
from scenessl.training.data import Data
from scenessl.training.seeding import generator


def load_task(name: str) -> ModuleType:
    """Import the one task that is asked for; no module imports them all."""
    return import_module(f"scenessl.tasks.{name}")


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

    def evaluation(self, ids: Tensor, seed: int, purpose: str) -> Iterator:
        """Give the batches of an evaluation: fixed order, no augmentation, draws fixed by seed and purpose."""
        draws = generator(seed, "evaluation", purpose)
        for chunk in ids.split(evaluation_batch(self.data.crops.side)):
            yield self.show(self.data.crops.batch(chunk), chunk, draws)
