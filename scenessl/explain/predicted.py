"""What a model answered for the views of one part, and the views themselves, in the order of predictions.npz."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scenessl.arrays import read_arrays
from scenessl.data.parts import PARTS
from scenessl.errors import UserError
from scenessl.training.data import Data
from scenessl.training.views import Views, load_task

SMALLEST = np.finfo(np.float32).smallest_subnormal  # a probability below it was stored as 0


@dataclass(frozen=True)
class Answers:
    """The rows of one part of a predictions.npz.

    Attributes:
        image: int [m].
        view: int [m].
        target: int [m].
        probabilities: float32 [m, K].
        names: str [K].
    """

    image: np.ndarray
    view: np.ndarray
    target: np.ndarray
    probabilities: np.ndarray
    names: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The most probable output, int [m]."""
        return self.probabilities.argmax(1)

    @property
    def right(self) -> np.ndarray:
        """Whether that is the target, bool [m]."""
        return self.predicted == self.target

    @property
    def confidence(self) -> np.ndarray:
        """The target's probability, float32 [m]."""
        return self.probabilities[np.arange(len(self.target)), self.target]

    @property
    def loss(self) -> np.ndarray:
        """The cross-entropy -log p(target), float64 [m].

        Above a half, p is 1 minus the sum of the others, which float32 holds far more finely than numbers near 1.
        """
        confidence = self.confidence.astype(float)
        # the target's own is set to 0, not subtracted: that would round again
        others = np.where(np.arange(self.probabilities.shape[1]) == self.target[:, None], 0, self.probabilities)
        rest = others.sum(1, dtype=float).clip(0, 0.5)
        return np.where(confidence > 0.5, -np.log1p(-rest), -np.log(confidence.clip(SMALLEST)))

    def columns(self, rows: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
        """Describe some rows: `image` int32, `view` uint8, `target`, `predicted` int16, `probability` float32."""
        kinds = {"image": np.int32, "view": np.uint8, "target": np.int16, "predicted": np.int16}
        found = {name: getattr(self, name)[rows].astype(kind) for name, kind in kinds.items()}
        return found | {"probability": self.confidence[rows].astype(np.float32)}

    def place(self, image: int, view: int = 0) -> int:
        """Find the row of a view; UserError when there is none."""
        rows = np.flatnonzero((self.image == image) & (self.view == view))
        if not len(rows):
            raise UserError(f"predictions hold no view {view} of image {image}. Delete them and run again.")
        return int(rows[0])


def read_answers(path: Path | str, part: str) -> Answers:
    """Read one part; where there is no validation part (`validation: test`), "validation" is the test part."""
    found = read_arrays(path, ("image", "part", "view", "target", "probabilities", "names"))
    part = "test" if part == "validation" and not (found["part"] == PARTS.index(part)).any() else part
    rows = found["part"] == PARTS.index(part)
    whole = {key: found[key][rows].astype(int) for key in ("image", "view", "target")}
    return Answers(**whole, probabilities=found["probabilities"][rows], names=found["names"])


class Pixels(Views):
    """The very views of an evaluation, as uint8 pixels: what the network saw before its inputs are normalised."""

    def show(self, images: Tensor, ids: Tensor, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """Turn uint8 crops into views uint8 [n, 3, S, S] and targets [n]."""
        return self.task.show(images, self.data.labels[ids], draws, **self.options)


def part_views(
    answers: Answers, part: str, *, task: str, options: Mapping[str, object], data: Data, seed: int
) -> Iterator[Tensor]:
    """Make all views of a part again, batch by batch, uint8 [b, 3, S, S], in the order of their answers.

    Raises:
        UserError: the answers belong to other images.
    """
    module, ids = load_task(task), data.parts[part]
    known, count = set(ids.tolist()), len(ids) * module.VIEWS
    if len(answers.image) != count or not known.issuperset(answers.image.tolist()):
        raise UserError(f"predictions of task {task} are not of this study's {part} images. Delete them and run again.")
    for views, _ in Pixels(module, data, torch.device("cpu"), options).evaluation(ids, seed, part):
        yield views


def take(batches: Iterator[Tensor], rows: Sequence[int]) -> Tensor:
    """Take the views at `rows` out of batches [b, 3, S, S] that follow one another: [len(rows), 3, S, S]."""
    wanted, found, begin = set(rows), {}, 0
    for views in batches:
        found |= {row: views[row - begin].clone() for row in wanted.intersection(range(begin, begin + len(views)))}
        begin += len(views)
    return torch.stack([found[row] for row in rows])
