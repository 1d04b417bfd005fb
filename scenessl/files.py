"""Files that appear whole or not at all."""

import csv
import fcntl
import glob
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO

from scenessl.errors import UserError
from scenessl.formulas import guard, unguard

PROBE = bytes(1_000_000)


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` on success, remove it on error.

    The temporary name keeps the suffix, since some writers choose their format by it. What a killed process left of
    the same path is removed.
    Raises UserError when the folder cannot be written or the disk is full, whatever the writer made of it.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{path.stem[:40]}-"
        _remove_abandoned(path.parent, prefix, path.suffix)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
        temporary = Path(name)
        _claim(handle)
        yield temporary
        _settle(temporary)
        os.replace(temporary, path)
    except UserError:
        raise
    except Exception as error:
        reason = _reason(error, temporary)
        if reason is None:
            raise
        raise UserError(
            f"cannot write {path}: {reason}. Free disk or change the permissions, and start again."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
            os.close(handle)


def _claim(file: IO | int) -> bool:
    """Lock an open file as long as it is open; False if another process has, or where the system knows no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_abandoned(folder: Path, prefix: str, suffix: str) -> None:
    """Remove temporary files that no process holds any more."""
    for path in folder.glob(f"{glob.escape(prefix)}????????{glob.escape(suffix)}"):
        with suppress(OSError), open(path, "rb") as file:
            if _claim(file):
                path.unlink()


def _reason(error: Exception, temporary: Path | None) -> str | None:
    """Say why a file could not be written; None when that is not what went wrong.

    Libraries written in other languages have errors of their own: safetensors names the system's in its text, torch
    only says that a write failed, and numpy how many bytes were taken. Then the file is asked whether it takes more.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if told := re.search(r"\(os error (\d+)\)", str(error)):
        return os.strerror(int(told[1]))
    return _refusal(temporary) or (str(error) if isinstance(error, OSError) else None)


def _refusal(path: Path | None) -> str | None:
    """Say why a file takes no more bytes; None when it takes them."""
    try:
        if path is not None:
            with open(path, "ab") as file:
                file.write(PROBE)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        return error.strerror
    return None


def _settle(path: Path) -> None:
    """Give the file ordinary permissions and push it to the disk, so that a rename never names an empty file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, data: object) -> None:
    """Write `data` as indented JSON with a final newline; keys keep their order."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path | str) -> dict:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_csv(path: Path | str, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Write `rows` with exactly `columns`, guarded against spreadsheets; a row with another key is a ValueError."""
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(_Lines(file), fieldnames=list(columns), lineterminator=_Lines.END)
        writer.writeheader()
        writer.writerows({key: guard(value) for key, value in row.items()} for row in rows)


class _Lines:
    """Ends lines with a line feed, while the writer quotes a carriage return, which Python 3.11 does not otherwise."""

    END = "\r\n"

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, line: str) -> int:
        """Write a line, which the writer hands over whole."""
        return self.file.write(line.removesuffix(self.END) + "\n")


def read_csv(path: Path | str) -> list[dict[str, str]]:
    """Read what `write_csv` wrote as a list of rows; every value is a string."""
    with open(path, newline="", encoding="utf-8") as file:
        return [{key: unguard(cell) for key, cell in row.items()} for row in csv.DictReader(file)]
