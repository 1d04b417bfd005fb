"""The inverted filters in numbers: which they are, how far they rose, and what their images consist of."""

import json
from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap


@dataclass(frozen=True)
class Unit:
    """One inverted filter, or the sum of them (`number` and sums of weights None).

    `start`, `end`, `moved`, `natural` are activations (spatial mean after the activation function): of the first and
    last synthetic image, of the latter on average over sixteen small motions, and the highest of any real test image,
    whose index id is `image`.
    """

    number: int | None
    weight_sum: float | None
    absolute_sum: float | None
    start: float
    end: float
    moved: float
    natural: float
    natural_mean: float
    image: int

    @property
    def rose(self) -> bool:
        """Whether the optimisation raised the activation."""
        return self.end > self.start

    @property
    def exceeds(self) -> bool:
        """Whether the synthetic image, slightly moved, drives the filter beyond every real test image."""
        return self.moved > self.natural

    @property
    def ratio(self) -> float | None:
        """End over the highest real activation, 0 for an end below 0; None where the latter is not positive."""
        return max(0.0, self.end) / self.natural if self.natural > 0 else None


@dataclass(frozen=True)
class Inversion:
    """A model's inverted filters, and simple measures of the synthetic images (means over the single filters).

    Attributes:
        units: the filters that the model chose.
        total: the sum of them.
        further: filters that the first inverted model chose and this one did not.
        absolute_filters: those with the highest sums of absolute weights, as many as `units`.
        answers: what `units` and then `further` answer to real images.
        contrast: standard deviation of the luminance, in grey levels (0..127.5).
        saturation: mean distance of the largest from the smallest colour channel, in grey levels (0..255).
        wavelength: mean wavelength of the luminance, weighted by spectral power, in image sides (0..1).
        upright: share of edge energy in horizontal edges, 0 to 1; one half means no preferred direction.
    """

    units: tuple[Unit, ...]
    total: Unit
    further: tuple[Unit, ...]
    absolute_filters: tuple[int, ...]
    answers: "Answers"
    contrast: float
    saturation: float
    wavelength: float
    upright: float
    settings: dict

    @property
    def filters(self) -> list[int]:
        """Numbers of the inverted filters, in order of their weight sums."""
        return [unit.number for unit in self.units]


@dataclass(frozen=True)
class Answers:
    """Activations of F filters on real test images.

    Attributes:
        filters: their numbers.
        images: ids, int [n], of `responses` float [n, F].
        tested: ids, int [m], of some of them, in all views of the pretext tasks: `views` float [m, views, F] by task.
    """

    filters: tuple[int, ...]
    images: np.ndarray
    responses: np.ndarray
    tested: np.ndarray
    views: dict[str, np.ndarray]

    def of(self, number: int) -> np.ndarray:
        """Give a filter's responses [n]."""
        return self.responses[:, self.filters.index(number)]

    def plain(self) -> np.ndarray:
        """Give the responses to the tested images as they are, [m, F]."""
        row = {int(image): at for at, image in enumerate(self.images)}
        return self.responses[[row[int(image)] for image in self.tested]]


def read_inversion(files: Files, model: str) -> Inversion | Gap:
    """Read one model's inversion; a gap in a draft without it."""
    arrays = files.arrays(f"explain/inversion/{model}.npz")
    return arrays if isinstance(arrays, Gap) else _inversion(arrays)


def _inversion(arrays: dict[str, np.ndarray]) -> Inversion:
    number = len(arrays["filters"])
    units, further = _units(arrays, ""), _units(arrays, "further_")
    looks = np.array([look(image) for image in arrays["images"][:number]]).mean(0)
    total = Unit(None, None, None, **_activations(arrays, "", number))
    answers = Answers(
        filters=tuple(unit.number for unit in (*units, *further)),
        images=arrays["response_images"],
        responses=arrays["responses"],
        tested=arrays["tested"],
        views={name.removeprefix("views_"): values for name, values in arrays.items() if name.startswith("views_")},
    )
    led = tuple(map(int, arrays["absolute_filters"]))
    settings = json.loads(str(arrays["settings"]))
    return Inversion(units, total, further, led, answers, *map(float, looks), settings)


def _units(arrays: dict[str, np.ndarray], prefix: str) -> tuple[Unit, ...]:
    sums = [arrays[f"{prefix}{name}_sums"] for name in ("weight", "absolute")]
    return tuple(
        Unit(int(number), *(float(values[at]) for values in sums), **_activations(arrays, prefix, at))
        for at, number in enumerate(arrays[f"{prefix}filters"])
    )


def _activations(arrays: dict[str, np.ndarray], prefix: str, at: int) -> dict[str, float | int]:
    names = {"start": "start", "end": "end", "moved": "moved", "natural": "natural_max", "natural_mean": "natural_mean"}
    found = {field: float(arrays[f"{prefix}{name}"][at]) for field, name in names.items()}
    return found | {"image": int(arrays[f"{prefix}natural_image"][at])}


def look(image: np.ndarray) -> tuple[float, float, float, float]:
    """Measure contrast, saturation, wavelength and share of horizontal edges of an image, uint8 [S, S, 3].

    A constant image has wavelength 1 and no preferred direction (0.5).
    """
    image = image.astype(np.float64)
    grey = image @ np.array([0.299, 0.587, 0.114])
    saturation = (image.max(2) - image.min(2)).mean()
    down, across = (np.square(np.diff(grey, axis=axis)).sum() for axis in (0, 1))
    upright = down / (down + across) if down + across else 0.5
    return float(grey.std()), float(saturation), _wavelength(grey), float(upright)


def _wavelength(grey: np.ndarray) -> float:
    """Mean wavelength, weighted by spectral power, in image sides."""
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    vertical, horizontal = (np.fft.fftfreq(size) * size for size in grey.shape)
    frequency = np.hypot(vertical[:, None], horizontal[None, :])
    frequency[0, 0] = 1.0
    return float((power / frequency).sum() / power.sum()) if power.sum() > 1e-9 else 1.0
