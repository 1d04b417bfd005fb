"""Arrays in files (.npz): written whole, read without running anything, damage told in one message."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from scenessl.errors import UserError
from scenessl.files import atomic


def write_arrays(path: Path | str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed npz; the same arrays give the same bytes."""
    with atomic(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_arrays(path: Path | str, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """Read some arrays; raises UserError where the file is missing, damaged or lacks one."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in keys}
    except FileNotFoundError:
        raise UserError(f"{path} is missing. Run the study to its end first.") from None
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}). Delete it and run the study again.") from error
