"""The folders that a study writes to, looked at before its first job: room, permission, and who else is at work."""

import base64
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from scenessl.errors import UserError

HELD = ".state/run.lock"  # below a study's results
_held: list[IO[str]] = []
RECORDS = ".snakemake"  # where the workflow notes what it has made; without room there it ends in tracebacks
ROOM = 20_000_000  # bytes for those notes, for logs and tables


def disk_problems(results: Path, root: Path, needed: int) -> list[str]:
    """Say what is wrong with the disk of the results, else with that of the workflow's records below `root`.

    `needed` is how many bytes the results will take.
    """
    return _problems("results", results, needed + ROOM) or _problems("records", root / RECORDS, ROOM)


def _existing(path: Path) -> Path:
    """Find the nearest existing folder (or file) above a path."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())


def _problems(name: str, folder: Path, needed: int) -> list[str]:
    """Demand a folder that can be written, and room in it."""
    place = _existing(folder)
    return [*_unwritable(name, place), *_space(place, needed)]


def _unwritable(name: str, place: Path) -> Iterator[str]:
    """Write something; permissions alone do not tell (read-only mounts, quotas). Room is not the matter here."""
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            reason = error.strerror or error
            yield f"{name}: {place} cannot be written ({reason}). Change that, or work in another folder."


def _space(place: Path, needed: int) -> Iterator[str]:
    """Demand enough free disk."""
    free = shutil.disk_usage(place).free
    if free < needed:
        yield (
            f"disk: the run takes about {_size(needed)}, and {_size(free)} are free in {place}. "
            "Free some, work on another disk, or lower epochs or seeds."
        )


# Snakemake's own lock does not do for two studies of one clone: the one that ends first removes all locks of the
# folder (9.27.1). So every run holds a file of its study for as long as its process lives, and no longer.


def hold(results: Path | str) -> None:
    """Hold a study's results until this process ends.

    Raises:
        UserError: another run does. Where the system knows no such locks, nothing is held.
    """
    path = Path(results) / HELD
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - closed by the end of the process
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(_busy(results, file)) from None
    except OSError:
        return
    file.truncate(0)
    file.write(f"process {os.getpid()} on {os.uname().nodename}, since {_clock(time.time())}")
    file.flush()
    _held.append(file)


def run_remarks(results: Path | str, root: Path) -> Iterator[str]:
    """Say that another run makes this study, else that one was killed and left Snakemake's lock.

    The way out that Snakemake names, --unlock, needs the killed run's configuration once more.
    """
    if held := _held_by_another(results):
        yield held
        return
    locks = root / RECORDS / "locks"
    for lock in sorted(locks.glob("*.lock")):
        if any(line.startswith(f"{results}/") for line in _lines(lock)):
            begun, number = _clock(lock.stat().st_mtime), lock.name.partition(".")[0]
            yield (
                f"lock: the run of {results} begun on {begun} is gone from this machine, and its lock is still there. "
                f"If it was killed, this clears it: rm {locks}/{number}.*.lock"
            )
            return


def remove_unfinished(results: Path | str, root: Path) -> None:
    """Remove what a killed run left with Snakemake's mark that it is not finished, unless another run is at work.

    Snakemake makes such a file anew, but nothing that reads it as `ancient` (dag.py, update_needrun, 9.27.1: a job that
    is forced hides all that descends from it), and ends well. A file that is missing leads on.
    """
    if _held_by_another(results):
        return
    marks = root / RECORDS / "incomplete"
    for mark in sorted(marks.rglob("*")):
        if mark.is_file() and (marked := _marked(mark.relative_to(marks))).startswith(f"{results}/"):
            with suppress(OSError):  # gone, or a folder, which is not read as `ancient`
                (root / marked).unlink()


def _marked(mark: Path) -> str:
    """Read the name of the file that a mark is for: Base64, cut into folders "@…" where it is long."""
    try:
        return base64.urlsafe_b64decode("".join(part.removeprefix("@") for part in mark.parts)).decode()
    except ValueError:
        return ""


def _held_by_another(results: Path | str) -> str:
    """Say which other run holds a study's results, if one does."""
    with suppress(OSError), open(Path(results) / HELD, encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _busy(results, file)
    return ""


def _busy(results: Path | str, file: IO[str]) -> str:
    """Name the run that holds a file."""
    file.seek(0)
    return f"lock: another run makes {results} ({file.read()}). Wait for it, or end it."


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%d %B, %H:%M")


def _lines(path: Path) -> list[str]:
    """Read a text file that may have gone meanwhile."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _size(count: int) -> str:
    """Write a number of bytes."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
