"""Maps of a sample of test images: what keeping or deleting the heat does to a model's confidence, by image."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.heatmaps import pairwise


@dataclass(frozen=True)
class Faithfulness:
    """Values of n maps with heat, float [n]; blank maps are left out.

    Attributes:
        confidence: in the whole image.
        kept: in the image times its map.
        deletion: area under the confidence while the hottest pixels are taken away first; low is faithful.
        insertion: area while they are put in first; high is faithful.
        images: ids.
    """

    confidence: np.ndarray
    kept: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    images: np.ndarray

    @property
    def drop(self) -> np.ndarray:
        """What is lost of the confidence, relative to it and 0 at least (Chattopadhay et al. 2018)."""
        return np.maximum(0, self.confidence - self.kept) / self.confidence

    @property
    def deleting(self) -> np.ndarray:
        """Deletion relative to the confidence, which sets the scale of the area."""
        return self.deletion / self.confidence

    @property
    def inserting(self) -> np.ndarray:
        """Insertion relative to the confidence."""
        return self.insertion / self.confidence

    @property
    def increase(self) -> np.ndarray:
        """Whether the confidence rises, bool [n]."""
        return self.kept > self.confidence


def faithfulness_of(stored: Mapping[str, np.ndarray], at: int) -> Faithfulness:
    """Read the shown images' values at one of their layers."""
    columns = [stored["confidence"], *(stored[name][:, at] for name in ("kept", "deletion", "insertion"))]
    return _with_heat(columns, stored["images"])


def sampled_faithfulness(stored: Mapping[str, np.ndarray]) -> Faithfulness:
    """Read the sample's values, at the highest layer."""
    columns = [stored[f"sample_{name}"] for name in ("confidence", "kept", "deletion", "insertion")]
    return _with_heat(columns, stored["sample_images"])


def _with_heat(columns: list[np.ndarray], images: np.ndarray) -> Faithfulness:
    there = np.isfinite(columns[-1])
    return Faithfulness(*(column[there].astype(float) for column in columns), images[there])


def paired(one: Faithfulness, other: Faithfulness, measure: str) -> np.ndarray:
    """Give what a measure of one model exceeds another's by, image by image, where both maps have heat."""
    by_image = [
        dict(zip(found.images.tolist(), getattr(found, measure).astype(float), strict=True)) for found in (one, other)
    ]
    return np.array([by_image[0][image] - by_image[1][image] for image in by_image[0] if image in by_image[1]])


@dataclass(frozen=True)
class Agreement:
    """How alike two sets of maps are, over the n pairs of which neither is constant.

    Means, and sample standard deviations over the pairs; None without a pair, or without two.

    Attributes:
        unrelated: mean overlap of each map with those of the other set's next and last image: what chance gives.
    """

    n: int
    correlation: float | None = None
    overlap: float | None = None
    correlation_deviation: float | None = None
    overlap_deviation: float | None = None
    unrelated: float | None = None


def agreement_of(ones: np.ndarray, others: np.ndarray) -> Agreement:
    """Compare maps [n, S, S] pair by pair and average."""
    if not len(ones):
        return Agreement(0)
    found = np.stack(pairwise(ones, others))
    there = np.isfinite(found).all(0)
    number = int(there.sum())
    if not number:
        return Agreement(0)
    means = found[:, there].mean(1).tolist()
    if number < 2:
        return Agreement(number, *means)
    unrelated = np.mean([pairwise(ones[there], np.roll(others[there], by, axis=0))[1] for by in (1, -1)])
    return Agreement(number, *means, *found[:, there].std(1, ddof=1).tolist(), float(unrelated))
