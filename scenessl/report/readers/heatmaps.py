"""Where Score-CAM maps lie, in numbers: concentration, centre, extent, and agreement between models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files

HOT = 0.2
"""Share of an image's pixels that counts as its hottest part."""


@dataclass(frozen=True)
class Heat:
    """One map in numbers; None where the map is blank or has no maximum to speak of.

    Attributes:
        concentration: share of all heat within the hottest fifth of the pixels (0.2 for a flat map, 1 at most).
        area: share of the image where the heat is at least half of its maximum.
        across: horizontal centre of the hottest fifth, 0 left to 1 right.
        down: its vertical centre, 0 top to 1 bottom.
        extent: root mean square distance of its pixels from that centre, in image sides.
    """

    concentration: float
    area: float
    across: float
    down: float
    extent: float


@dataclass(frozen=True)
class Heatmaps:
    """The Score-CAM maps of all explained models for the same images.

    `maps[model]` is [images, layers, S, S]; `layers` are indices of the network's feature blocks.
    """

    maps: dict[str, np.ndarray]
    layers: tuple[int, ...]
    confidence: dict[str, np.ndarray]
    variants: dict[str, str]
    stored: dict[str, dict[str, np.ndarray]]

    def beside(self, model: str) -> np.ndarray | None:
        """Give the maps [images, layers, S, S] of the pretext with the same features; None where there is none."""
        return self.stored[model].get("pretext_maps")

    def heat(self, model: str, layer: int) -> list[Heat | None]:
        """Measure the maps of one model and layer, image by image; None for a blank map."""
        maps = list(self.maps[model])
        at = self.layers.index(layer)
        return [measure(single[at]) for single in maps]

    def agreement(self, one: str, other: str, layer: int) -> list[float | None]:
        """Spearman's rank correlation (-1 to 1) of two models' maps, image by image; None for a constant map."""
        pairs = list(zip(self.maps[one], self.maps[other], strict=True))
        at = self.layers.index(layer)
        return [rank_correlation(first[at], second[at]) for first, second in pairs]

    def overlap(self, one: str, other: str, layer: int) -> list[float]:
        """Intersection over union (0..1) of the two models' hottest fifths, image by image."""
        pairs = list(zip(self.maps[one], self.maps[other], strict=True))
        at = self.layers.index(layer)
        return [hot_overlap(first[at], second[at]) for first, second in pairs]


def read_heatmaps(files: Files, models: Sequence[str]) -> Heatmaps:
    """Read the maps of `models`; missing ones are gaps in a draft."""
    arrays = {name: files.arrays(f"explain/scorecam/{name}.npz") for name in models}
    there = {name: found for name, found in arrays.items() if isinstance(found, dict)}
    layers = tuple(int(layer) for layer in next(iter(there.values()))["layers"]) if there else ()
    return Heatmaps(
        maps={name: there[name]["maps"] if name in there else arrays[name] for name in models},
        layers=layers,
        confidence={name: there[name]["confidence"] if name in there else arrays[name] for name in models},
        variants={name: str(found["variant"]) for name, found in there.items()},
        stored=arrays,
    )


def measure(heat: np.ndarray) -> Heat | None:
    """Measure one map [S, S] of values >= 0; None when it holds no heat."""
    heat = np.nan_to_num(np.asarray(heat, dtype=np.float64)).clip(min=0)
    total = heat.sum()
    if total <= 0:
        return None
    hot = _hot_share(heat)
    rows, columns = ((np.arange(size) + 0.5) / size for size in heat.shape)
    down, across = hot.sum(1) @ rows, hot.sum(0) @ columns
    variance = hot.sum(1) @ (rows - down) ** 2 + hot.sum(0) @ (columns - across) ** 2
    return Heat(
        concentration=float(np.sort(heat, axis=None)[-hot_count(heat) :].sum() / total),
        area=float((heat >= heat.max() / 2).mean()),
        across=float(across),
        down=float(down),
        extent=float(np.sqrt(variance)),
    )


def _hot_share(heat: np.ndarray) -> np.ndarray:
    """Spread 1 evenly over the hottest fifth of a map [S, S]; pixels that tie for its last places share them."""
    number = hot_count(heat)
    least = np.sort(heat, axis=None)[-number]
    above, level = heat > max(least, 0), (heat == least) & (least > 0)
    share = above + level * ((number - above.sum()) / max(1, level.sum()))
    return share / share.sum()


def hot_count(heat: np.ndarray) -> int:
    """Number of pixels in the hottest part of a map."""
    return max(1, round(HOT * heat.size))


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of all values, ties with their mean rank (1-based)."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[where.reshape(-1)]


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rank correlation of two maps; None when one of them is constant."""
    first, second = ranks(one), ranks(other)
    if first.std() == 0 or second.std() == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def hot_overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of the hottest fifths of two maps of one shape."""
    first, second = (np.argsort(heat, axis=None, kind="stable")[-hot_count(heat) :] for heat in (one, other))
    common = len(np.intersect1d(first, second))
    return common / (len(first) + len(second) - common)
