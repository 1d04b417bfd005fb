"""What probes of each block answer for the test images, so that two of them can be compared image by image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scenessl.report.readers.files import Files, Gap


@dataclass(frozen=True)
class Probing:
    """The probes of one start and seed.

    Attributes:
        blocks: names of the network's feature blocks, from the image upwards.
        methods: names of the classifiers.
        target: [images], the labels of the test images.
        predicted: [blocks, methods, images].
        validation: accuracies [blocks, methods], 0..1, NaN without a validation part.
    """

    blocks: tuple[str, ...]
    methods: tuple[str, ...]
    target: np.ndarray
    predicted: np.ndarray
    validation: np.ndarray

    def right(self, block: str, method: str) -> np.ndarray:
        """Tell which test images a probe answers rightly, bool [images]."""
        return self.predicted[self.blocks.index(block), self.methods.index(method)] == self.target

    def accuracy(self, block: str, method: str) -> float:
        """Give a probe's test accuracy, 0..1."""
        return float(self.right(block, method).mean())

    def validation_of(self, block: str, method: str) -> float | None:
        """Give a probe's validation accuracy, 0..1; None without a validation part."""
        value = float(self.validation[self.blocks.index(block), self.methods.index(method)])
        return None if np.isnan(value) else value


def read_probings(files: Files, starts: Sequence[str], seeds: Sequence[int]) -> Mapping[tuple[str, int], Probing | Gap]:
    """Read the probes of every start and seed; gaps in a draft without them."""
    return {(start, seed): _read(files, f"probes/{start}_seed{seed}.npz") for start in starts for seed in seeds}


def _read(files: Files, name: str) -> Probing | Gap:
    arrays = files.arrays(name)
    if isinstance(arrays, Gap):
        return arrays
    names = {key: tuple(arrays[key].tolist()) for key in ("blocks", "methods")}
    return Probing(**names, **{key: arrays[key] for key in ("target", "predicted", "validation")})
