"""The filters of a few layers in numbers: how many of which kind, and which were picked."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap

NO_KIND = "none of them"


@dataclass(frozen=True)
class FilterLayer:
    """One convolution's filters.

    Attributes:
        name: of the convolution in the network.
        shape: filters, input channels, height and width of a kernel.
        kinds: names of the kinds.
        kind: of each filter, by its place in `kinds`; -1 where no score exceeds chance.
        scores: [filters, kinds], 0..1, NaN for a kind that the layer cannot have.
        orientation: of each filter's best edge, degrees 0..180 counter-clockwise from the horizontal [filters].
        explained: share of each kernel's energy in its leading spatial pattern [filters].
        picked: pairs of filter and kind, in the order shown.
    """

    name: str
    shape: tuple[int, ...]
    kinds: tuple[str, ...]
    kind: np.ndarray
    scores: np.ndarray
    orientation: np.ndarray
    explained: np.ndarray
    picked: tuple[tuple[int, int], ...]

    @property
    def sees_colours(self) -> bool:
        """Whether the input channels are red, green and blue."""
        return self.shape[1] == 3

    @property
    def counts(self) -> dict[str, int]:
        """Number of filters of each kind, and of none, in the order of the kinds; kinds it cannot have are left out."""
        possible = [place for place in range(len(self.kinds)) if not np.isnan(self.scores[:, place]).any()]
        found = {self.kinds[place]: int((self.kind == place).sum()) for place in possible}
        return found | {NO_KIND: int((self.kind < 0).sum())}

    def shares(self) -> dict[str, float]:
        """Share of the filters of each kind, and of none, 0..1."""
        return {kind: number / self.shape[0] for kind, number in self.counts.items()}

    def picked_of(self, kind: int) -> list[int]:
        """Numbers of the filters picked for a kind."""
        return [number for number, of in self.picked if of == kind]


def read_filters(files: Files, model: str) -> tuple[FilterLayer, ...] | Gap:
    """Read one model's filters, layer by layer; a gap in a draft without them."""
    arrays = files.arrays(f"explain/filters/{model}.npz")
    if isinstance(arrays, Gap):
        return arrays
    return tuple(_layer(arrays, place) for place in range(sum(key.startswith("name_") for key in arrays)))


def _layer(arrays: Mapping[str, np.ndarray], place: int) -> FilterLayer:
    pairs = zip(arrays[f"picked_{place}"].tolist(), arrays[f"picked_kind_{place}"].tolist(), strict=True)
    return FilterLayer(
        name=str(arrays[f"name_{place}"]),
        shape=tuple(arrays[f"kernels_{place}"].shape),
        kinds=tuple(arrays["kinds"].tolist()),
        picked=tuple(pairs),
        **{name: arrays[f"{name}_{place}"] for name in ("kind", "scores", "orientation", "explained")},
    )
