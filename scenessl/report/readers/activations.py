"""Class activation maps in numbers: which view, with what answer, and how much heat at the border."""

from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap


@dataclass(frozen=True)
class ActivationMap:
    """The map of one view for its target; `border` is the share of the heat in the outer ring, 0..1."""

    image: int
    view: int
    target: str
    predicted: str
    probability: float
    border: float
    coarse: np.ndarray  # [h, w], before it is enlarged and scaled
    is_odd: bool


@dataclass(frozen=True)
class ActivationMaps:
    """One model's maps, the counter-intuitive one last.

    Attributes:
        maps: all of them.
        even: share of heat in the outer ring were it even.
        searched: number of views among which the counter-intuitive one was found.
        floor: the lowest probability of the target among these.
    """

    maps: tuple[ActivationMap, ...]
    even: float
    searched: int
    floor: float

    @property
    def chosen(self) -> list[ActivationMap]:
        """The maps of the chosen classes."""
        return [one for one in self.maps if not one.is_odd]

    @property
    def odd(self) -> ActivationMap | None:
        """The counter-intuitive one; None where no view is answered rightly."""
        return next((one for one in self.maps if one.is_odd), None)


def read_activations(files: Files, model: str) -> ActivationMaps | Gap:
    """Read one model's maps; a gap in a draft without them."""
    arrays = files.arrays(f"explain/cam/{model}.npz")
    return arrays if isinstance(arrays, Gap) else _activations(arrays)


def _activations(arrays: dict[str, np.ndarray]) -> ActivationMaps:
    names = arrays["names"].tolist()
    maps = tuple(
        ActivationMap(
            image=int(arrays["image"][at]),
            view=int(arrays["view"][at]),
            target=names[int(arrays["target"][at])],
            predicted=names[int(arrays["predicted"][at])],
            probability=float(arrays["probability"][at]),
            border=float(arrays["border"][at]),
            coarse=arrays["coarse"][at],
            is_odd=bool(arrays["odd"][at]),
        )
        for at in range(len(arrays["image"]))
    )
    return ActivationMaps(maps, float(arrays["even"]), int(arrays["searched"]), float(arrays["floor"]))
