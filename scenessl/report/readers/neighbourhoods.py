"""Nearest training images in numbers: how often they are of the right class."""

from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap


@dataclass(frozen=True)
class Neighbourhood:
    """One model's neighbours of test images.

    Attributes:
        queries: image, class, and share of its neighbours that are of that class, of each image shown.
        neighbours: how many are taken of each test image.
        share_right: mean share of neighbours of the right class over all test images, 0..1.
        by_class: that share class by class, for classes with test images.
        chance: that share of neighbours drawn at random.
        tested: number of test images.
        searched: number of training images.
        identical: number of test images with a neighbour of the same features.
    """

    queries: tuple[tuple[int, str, float], ...]
    neighbours: int
    share_right: float
    by_class: dict[str, float]
    chance: float
    tested: int
    searched: int
    identical: int


def read_neighbourhood(files: Files, model: str) -> Neighbourhood | Gap:
    """Read one model's neighbours; a gap in a draft without them."""
    arrays = files.arrays(f"explain/neighbours/{model}.npz")
    if isinstance(arrays, Gap):
        return arrays
    names = arrays["names"].tolist()
    labels = [names[label] for label in arrays["query_label"].tolist()]
    shares = dict(zip(names, arrays["share_by_class"].tolist(), strict=True))
    return Neighbourhood(
        queries=tuple(zip(arrays["query"].tolist(), labels, arrays["purity_query"].tolist(), strict=True)),
        neighbours=int(arrays["neighbours"].shape[1]),
        share_right=float(arrays["share_right"]),
        by_class={name: share for name, share in shares.items() if not np.isnan(share)},
        chance=float(arrays["chance"]),
        **{name: int(arrays[name]) for name in ("tested", "searched", "identical")},
    )
