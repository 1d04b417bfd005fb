"""Stored arrays read back, with a message for those who damaged them."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scenessl.errors import UserError


def read_arrays(path: Path, keys: Sequence[str]) -> dict[str, np.ndarray]:
    """Read some arrays of an .npz file; raises UserError when it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in keys}
    except FileNotFoundError:
        raise UserError(f"{path} is missing. Run the study to its end first.") from None
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}). Delete it and run the study again.") from error
