"""The images of a study as trainings and evaluations take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from scenessl.data.crops import Crops
from scenessl.data.parts import read_labels, read_parts
from scenessl.files import read_json


@dataclass(frozen=True)
class Data:
    """Crops, labels and parts of one seed.

    Attributes:
        labels: int64 [n], by image id.
        classes: display names by label; empty where nobody asks for them.
        parts: "train", "validation" and "test" -> image ids, int64, ascending.
        crops: the decoded images, or None where only features are read.
    """

    labels: Tensor
    classes: list[str]
    parts: Mapping[str, Tensor]
    crops: Crops | None


def read_data(index: Path | str, classes: Path | str | None, crops: Path | str | None, parts: Path | str) -> Data:
    """Read the files that describe the images; the crops stay on the disk."""
    return Data(
        labels=torch.from_numpy(read_labels(index)),
        classes=read_json(classes)["classes"] if classes else [],
        parts={name: torch.from_numpy(ids) for name, ids in read_parts(parts).items()},
        crops=Crops(crops) if crops else None,
    )


def spread(ids: Tensor, number: int) -> Tensor:
    """Pick at most so many of the images [n], at even distances: through all classes where ids are in label order."""
    return ids[torch.linspace(0, len(ids) - 1, min(number, len(ids))).long()]
