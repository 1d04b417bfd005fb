"""Where Score-CAM maps lie, in numbers: concentration, centre, extent, and agreement between models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

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
        return known(self._pairwise(one, other, layer)[0])

    def overlap(self, one: str, other: str, layer: int) -> list[float | None]:
        """Intersection over union (0..1) of the two models' hottest parts, image by image; None as above."""
        return known(self._pairwise(one, other, layer)[1])

    def _pairwise(self, one: str, other: str, layer: int) -> tuple[np.ndarray, np.ndarray]:
        ones, others = (self.maps[name][:] for name in (one, other))  # first, for a gap to be named
        at = self.layers.index(layer)
        return pairwise(ones[:, at], others[:, at])


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


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rank correlation of two maps; None when one of them is constant."""
    return known(pairwise(one[None], other[None])[0])[0]


def pairwise(ones: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare maps [n, S, S] pair by pair: rank correlations and overlaps of the hottest parts, float [n].

    NaN where one of the two maps is constant, and in the overlap where neither has heat.
    """
    flat = [maps.reshape(len(maps), -1).astype(float) for maps in (ones, others)]
    varied = np.all([np.ptp(maps, axis=1) > 0 for maps in flat], axis=0)
    ranks = [rankdata(maps, axis=1) - (maps.shape[1] + 1) / 2 for maps in flat]
    hot = [_hottest(maps) for maps in flat]
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = (ranks[0] * ranks[1]).sum(1) / np.sqrt((ranks[0] ** 2).sum(1) * (ranks[1] ** 2).sum(1))
        overlap = (hot[0] & hot[1]).sum(1) / (hot[0] | hot[1]).sum(1)
    return np.where(varied, correlation, np.nan), np.where(varied, overlap, np.nan)


def _hottest(maps: np.ndarray) -> np.ndarray:
    """Mark the hottest fifth of each row of [n, pixels], bool: ties for its last places all, pixels without heat never.

    Score-CAM leaves much of many maps at 0; were the fifth filled up from there, the order of pixels would decide.
    """
    least = np.partition(maps, -hot_count(maps[0]), axis=1)[:, -hot_count(maps[0]), None]
    return (maps > 0) & (maps >= least)


def known(values: np.ndarray) -> list[float | None]:
    """Turn numbers into a list, with None for those that do not exist."""
    return [float(value) if np.isfinite(value) else None for value in values]
