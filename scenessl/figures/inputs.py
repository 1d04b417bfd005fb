"""Result files as the figures read them: arrays, tables and choices, each checked for what is drawn from it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from scenessl.errors import UserError
from scenessl.files import read_csv, read_json


def arrays(path: Path | str, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """All arrays of an .npz file; UserError when it cannot be read or lacks one of `keys`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from error
    _require(path, keys, found)
    return found


def images(path: Path | str) -> np.ndarray:
    """Images uint8 [n, C, S, S] of an .npy file, mapped and not read; C is 1 or 3. UserError for another shape."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from error
    if found.ndim != 4 or found.shape[1] not in (1, 3) or found.dtype != np.uint8:
        raise UserError(f"{path}: expected uint8 [n, 1 or 3, S, S], found {found.dtype} {list(found.shape)}.")
    return found


def settings(path: Path | str, keys: Iterable[str]) -> dict:
    """A JSON object; UserError when it cannot be read or lacks one of `keys`."""
    try:
        found = read_json(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    _require(path, keys, found)
    return found


def table(path: Path | str, columns: Iterable[str]) -> list[dict[str, str]]:
    """The rows of a CSV file, at least one; UserError when it cannot be read or lacks one of `columns`."""
    try:
        rows = read_csv(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not rows:
        raise UserError(f"{path} has no rows, so there is nothing to draw. Delete it and run again.")
    _require(path, columns, rows[0])
    return rows


def numbers(path: Path | str, rows: list[dict[str, str]], column: str) -> np.ndarray:
    """One column of `rows` as float64 [n], empty as NaN; UserError when a value is no number."""
    try:
        return np.array([float(row[column]) if row[column] else np.nan for row in rows], dtype=float)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: column {column} holds no number ({error}). Delete the file and run again.") from error


def _require(path: Path | str, names: Iterable[str], found: Mapping) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}. Delete the file and run again.")


def _unreadable(path: Path | str, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or error
    return UserError(f"cannot read {path}: {reason}. Delete the file and run again.")
