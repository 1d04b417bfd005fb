"""t-SNE maps in numbers: how well the classes part in the plane, and among the features it was made of."""

from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap


@dataclass(frozen=True)
class Parting:
    """How well classes part among `images` images.

    A silhouette lies in -1..1 and is None where it is not defined. A purity is the mean share, 0..1, of an image's
    nearest neighbours that are of its class; `chance` is that of random neighbours, `best` the highest possible.
    """

    images: int
    silhouette: float | None
    purity: float
    silhouette_features: float | None
    purity_features: float
    chance: float
    best: float
    perplexity: float


@dataclass(frozen=True)
class Embedding:
    """One model's maps in the order of the configuration; `purity_k` neighbours count for a purity."""

    partings: tuple[Parting, ...]
    purity_k: int

    @property
    def largest(self) -> Parting:
        """The map of most images, whose numbers are the steadiest."""
        return max(self.partings, key=lambda parting: parting.images)


def read_embedding(files: Files, model: str) -> Embedding | Gap:
    """Read one model's maps; a gap in a draft without them."""
    arrays = files.arrays(f"explain/embedding/{model}.npz")
    if isinstance(arrays, Gap):
        return arrays
    counts = dict.fromkeys(arrays["counts"].tolist())
    return Embedding(tuple(_parting(arrays, count) for count in counts), int(arrays["purity_k"]))


def _parting(arrays: dict[str, np.ndarray], count: int) -> Parting:
    def number(name: str) -> float | None:
        value = float(arrays[f"{name}_{count}"])
        return None if np.isnan(value) else value

    return Parting(
        images=len(arrays[f"image_{count}"]),
        chance=number("purity_chance"),
        best=number("purity_best"),
        **{
            name: number(name)
            for name in ("silhouette", "purity", "silhouette_features", "purity_features", "perplexity")
        },
    )
