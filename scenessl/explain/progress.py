"""What an explanation needs to go on after it was killed, and how its arrays are written."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scenessl.files import atomic, read_json, write_json


class Progress:
    """A folder with the arrays of every finished image.

    It lies outside the workflow's declared outputs and is used only when it was begun with the same fingerprint of
    settings, weights and code. Two copies of one job write the same bytes, so that neither needs to wait.
    """

    def __init__(self, folder: Path | str, fingerprint: str) -> None:
        """Take over the folder if it is this explanation's, else begin with an empty one."""
        self.folder = Path(folder)
        if _fingerprint(self.folder) != fingerprint:
            self.remove()
            write_json(self.folder / "fingerprint.json", {"fingerprint": fingerprint})

    def load(self, name: int | str) -> dict[str, np.ndarray] | None:
        """Give the arrays saved under `name`, or None."""
        path = self._path(name)
        if not path.exists():
            return None
        with np.load(path) as file:
            return dict(file)

    def save(self, name: int | str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays under `name`."""
        write_arrays(self._path(name), arrays)

    def remove(self) -> None:
        """Remove the folder, once the result is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: int | str) -> Path:
        return self.folder / f"{name}.npz"


def write_arrays(path: Path | str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed npz; the same arrays give the same bytes."""
    with atomic(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def _fingerprint(folder: Path) -> str | None:
    """Give the fingerprint that the folder was begun with; None where there is none to be read."""
    try:
        return read_json(folder / "fingerprint.json")["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
