"""How the arrays of an explanation are written."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scenessl.files import atomic


def write_arrays(path: Path | str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed npz; the same arrays give the same bytes."""
    with atomic(path) as temporary:
        np.savez_compressed(temporary, **arrays)
