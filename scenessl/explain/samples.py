"""A few training images as a pretext task shows them, with labels: the audit of its samples."""

from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scenessl.arrays import write_arrays
from scenessl.training.data import Data
from scenessl.training.seeding import generator

IMAGES = 6  # rows of the sheet


def write_samples(
    *,
    task: str,
    options: Mapping[str, object],
    data: Data,
    seed: int,
    output: Path,
) -> None:
    """Write `images` uint8 [n, views, S, S, 3], `labels` str [views] and, where pixels were painted, `boxes`.

    The views are made by the task itself, the very ones that training sees but for augmentation; one image per
    class, as far as IMAGES goes. Boxes int64 [n, views, 3] (row, column, side) are found by comparing the views.
    """
    module, targets = import_module(f"scenessl.tasks.{task}"), data.labels
    ids = _one_per_class(data.parts["train"], targets, generator(seed, "samples", task), IMAGES)
    shown, views = module.show(data.crops.batch(ids), targets[ids], generator(seed, "sample draws", task), **options)
    pictures = shown.reshape(module.VIEWS, len(ids), *shown.shape[1:]).transpose(0, 1)
    arrays = {
        "images": pictures.permute(0, 1, 3, 4, 2).numpy(),
        "labels": np.array([module.target_names([])[int(view)] for view in views[:: len(ids)]], dtype=np.str_),
    }
    boxes = {"boxes": _boxes(pictures)} if "square" in options else {}
    write_arrays(output, arrays | boxes)


def _one_per_class(train: Tensor, labels: Tensor, draws: torch.Generator, images: int) -> Tensor:
    """Draw up to `images` train images, each of another class as long as there are classes."""
    order = train[torch.randperm(len(train), generator=draws)].tolist()
    seen: Counter[int] = Counter()
    turns = []
    for place, image in enumerate(order):
        label = int(labels[image])
        turns.append((seen[label], place, image))
        seen[label] += 1
    return torch.tensor([image for _, _, image in sorted(turns)[:images]])


def _boxes(pictures: Tensor) -> np.ndarray:
    """Find the pixels in which the views of each image differ: [n, views, 3] (row, column, side)."""
    differ = (pictures[:, 0] != pictures[:, 1]).any(1)
    rows, columns = differ.any(2), differ.any(1)
    corner = torch.stack([rows.int().argmax(1), columns.int().argmax(1), rows.sum(1)], dim=1)
    return corner[:, None].expand(-1, pictures.shape[1], -1).numpy()
