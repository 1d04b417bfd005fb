"""Result files as plain values; a file that is not there is an error or, in a draft, a gap that names it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import yaml

from scenessl.errors import UserError
from scenessl.files import read_csv, read_json

TEXTS = frozenset(
    [
        "model",
        "task",
        "init",
        "train",
        "rule",
        "why",
        "flag",
        "class",
        "true",
        "predicted",
        "name_a",
        "name_b",
        "verdict",
        "evidence",
        "setting",
        "value",
        "reason",
        "part",
        "split",
        "path",
        "sha256",
        "mode",
        "start",
        "block",
        "method",
        "measure",
        "control",
        "over",
        "test",
        "form",
        "kind",
    ]
)
"""Columns that are never numbers, even where they look like one (a class may be called 007)."""


class NotThereError(Exception):
    """A draft touched a result file that has not been made yet."""

    def __init__(self, file: str) -> None:
        """Remember which file is missing."""
        super().__init__(f"not there yet: {file}")
        self.file = file


class Gap:
    """Stands for the content of a missing file; any use of it raises NotThereError."""

    def __init__(self, file: str) -> None:
        """Remember the file's name."""
        object.__setattr__(self, "_file", file)

    def _touched(self, *_: object) -> None:
        raise NotThereError(object.__getattribute__(self, "_file"))

    __getitem__ = __iter__ = __len__ = __bool__ = __contains__ = _touched
    __str__ = __html__ = __float__ = __int__ = __eq__ = _touched
    __hash__ = None

    def __getattr__(self, name: str) -> None:
        """Raise NotThereError, whatever is asked."""
        self._touched()


class Row(dict):
    """A row of a table in a draft; a column that it lacks, being an earlier version's, is not there yet."""

    def __init__(self, values: dict, file: str) -> None:
        """Take the row's values and the name of its file."""
        super().__init__(values)
        self.file = file

    def __missing__(self, column: str) -> None:
        """Raise NotThereError."""
        raise NotThereError(self.file)


class Files:
    """The files of one study's results, read by relative name."""

    def __init__(self, root: Path | str, draft: bool = False) -> None:
        """Read below `root`; with `draft`, missing files are collected in `missing` instead of being errors."""
        self.root = Path(root)
        self.draft = draft
        self.missing: list[str] = []

    def there(self, file: str) -> bool:
        """Tell whether a file is there; note it as missing in a draft, UserError otherwise."""
        if (self.root / file).is_file():
            return True
        if not self.draft:
            raise UserError(f"the report needs {self.root / file}, which is not there. Run snakemake to make it.")
        if file not in self.missing:
            self.missing.append(file)
        return False

    def table(self, file: str) -> list[dict]:
        """Read a CSV file: text columns as str, all others as int, float or, when empty, None."""
        rows = self._read(file, lambda path: [typed(row, file) for row in read_csv(path)])
        return [Row(row, file) for row in rows] if self.draft and not isinstance(rows, Gap) else rows

    def json(self, file: str) -> dict:
        """Read a JSON file."""
        return self._read(file, read_json)

    def yaml(self, file: str) -> dict:
        """Read a YAML file."""
        return self._read(file, lambda path: yaml.safe_load(path.read_text(encoding="utf-8")))

    def arrays(self, file: str) -> dict[str, np.ndarray]:
        """Read all arrays of an NPZ file."""
        return self._read(file, _arrays)

    def _read(self, file: str, reader: Callable[[Path], object]) -> object:
        if not self.there(file):
            return Gap(file)
        try:
            return reader(self.root / file)
        except (ValueError, KeyError, EOFError, yaml.YAMLError, json.JSONDecodeError, BadZipFile) as error:
            raise UserError(f"cannot read {self.root / file}: {error}. Delete it and run snakemake again.") from error


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an NPZ file without unpickling anything."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def typed(row: dict[str, str], file: str) -> dict:
    """Turn a CSV row's texts into values; ValueError names file and column of a number that is none."""
    return {key: value if key in TEXTS else _number(value, f"{file}, column {key}") for key, value in row.items()}


def _number(text: str, where: str) -> float | int | None:
    """Read one number; empty and NaN become None."""
    if text in ("", None):
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{where}: {text!r} is not a number") from None
    if not math.isfinite(value):
        return None
    return int(text) if text.lstrip("-").isdecimal() else value
