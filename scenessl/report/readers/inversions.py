"""The inverted filters in numbers: which they are, how far they rose, and what their images consist of."""

import json
from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap


@dataclass(frozen=True)
class Unit:
    """One inverted filter, or the sum of them (`number` None, `weight_sum` None).

    `start`, `end`, `natural` are activations (spatial mean after the activation function): of the first and last
    synthetic image, and the highest of any real test image, whose index id is `image`.
    """

    number: int | None
    weight_sum: float | None
    start: float
    end: float
    natural: float
    natural_mean: float
    image: int

    @property
    def rose(self) -> bool:
        """Whether the optimisation raised the activation."""
        return self.end > self.start

    @property
    def exceeds(self) -> bool:
        """Whether the synthetic image drives the filter beyond every real test image."""
        return self.end > self.natural

    @property
    def ratio(self) -> float | None:
        """End over the highest real activation; None where the latter is not positive."""
        return self.end / self.natural if self.natural > 0 else None


@dataclass(frozen=True)
class Inversion:
    """A model's inverted filters, and simple measures of the synthetic images (means over the single filters).

    Attributes:
        contrast: standard deviation of the luminance, in grey levels (0..127.5).
        saturation: mean distance of the largest from the smallest colour channel, in grey levels (0..255).
        wavelength: mean wavelength of the luminance, weighted by spectral power, in image sides (0..1).
        upright: share of edge energy in horizontal edges, 0 to 1; one half means no preferred direction.
    """

    units: tuple[Unit, ...]
    total: Unit
    contrast: float
    saturation: float
    wavelength: float
    upright: float
    settings: dict

    @property
    def filters(self) -> list[int]:
        """Numbers of the inverted filters, in order of their weight sums."""
        return [unit.number for unit in self.units]


def read_inversion(files: Files, model: str) -> Inversion | Gap:
    """Read one model's inversion; a gap in a draft without it."""
    arrays = files.arrays(f"explain/inversion/{model}.npz")
    return arrays if isinstance(arrays, Gap) else _inversion(arrays)


def _inversion(arrays: dict[str, np.ndarray]) -> Inversion:
    number = len(arrays["filters"])
    units = tuple(
        _unit(arrays, at, int(arrays["filters"][at]), float(arrays["weight_sums"][at])) for at in range(number)
    )
    looks = np.array([look(image) for image in arrays["images"][:number]]).mean(0)
    return Inversion(units, _unit(arrays, number, None, None), *map(float, looks), json.loads(str(arrays["settings"])))


def _unit(arrays: dict[str, np.ndarray], at: int, number: int | None, weight_sum: float | None) -> Unit:
    names = ("start", "end", "natural_max", "natural_mean")
    return Unit(number, weight_sum, *(float(arrays[name][at]) for name in names), int(arrays["natural_image"][at]))


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
