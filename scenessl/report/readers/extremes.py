"""The training views with the lowest and the largest loss, and how the losses of all of them lie."""

from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap


@dataclass(frozen=True)
class View:
    """One view of a training image: its loss in nats, its true and predicted target, the true one's probability."""

    image: int
    loss: float
    target: str
    predicted: str
    probability: float

    @property
    def is_right(self) -> bool:
        """Whether the network answers it rightly."""
        return self.target == self.predicted


@dataclass(frozen=True)
class Extremes:
    """Views at both ends, the most extreme first.

    Attributes:
        lowest: views with the lowest losses.
        largest: views with the largest losses.
        names: of the targets, in their order.
        quantiles: of the losses of all training views: lowest, quarter, median, three quarters, largest.
        mean: of these losses.
        accuracy: on all training views, 0..1.
        count: number of training views.
    """

    lowest: tuple[View, ...]
    largest: tuple[View, ...]
    names: tuple[str, ...]
    quantiles: tuple[float, ...]
    mean: float
    accuracy: float
    count: int


def read_extremes(files: Files, model: str) -> Extremes | Gap:
    """Read one model's views; a gap in a draft without them."""
    arrays = files.arrays(f"explain/loss_extremes/{model}.npz")
    if isinstance(arrays, Gap):
        return arrays
    return Extremes(
        lowest=_views(arrays, 0),
        largest=_views(arrays, 1),
        names=tuple(arrays["names"].tolist()),
        quantiles=tuple(arrays["quantiles"].tolist()),
        mean=float(arrays["mean"]),
        accuracy=float(arrays["accuracy"]),
        count=int(arrays["count"]),
    )


def _views(arrays: dict[str, np.ndarray], row: int) -> tuple[View, ...]:
    names = arrays["names"].tolist()
    columns = (arrays[name][row].tolist() for name in ("image", "loss", "target", "predicted", "probability"))
    return tuple(
        View(image, loss, names[target], names[predicted], probability)
        for image, loss, target, predicted, probability in zip(*columns, strict=True)
    )
