"""The folders that a study writes to, looked at before its first job: room, permission, and who else is at work."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

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


def lock_remarks(results: Path, root: Path) -> Iterator[str]:
    """Say that another run makes this study, or was killed and left its lock.

    Snakemake refuses a second run of the same files by itself. The way out that it names, --unlock, would need the
    killed run's configuration once more, and would take a living run of another study its lock as well.
    """
    locks = root / RECORDS / "locks"
    for lock in sorted(locks.glob("*.lock")):
        if any(line.startswith(f"{results}/") for line in _lines(lock)):
            since = datetime.fromtimestamp(lock.stat().st_mtime).strftime("%d %B, %H:%M")
            yield (
                f"lock: another run has been making {results} since {since}: wait for it, or end it. If it was killed, "
                f"this clears its lock: rm {locks}/{lock.name.split('.')[0]}.*.lock"
            )
            return


def _lines(path: Path) -> list[str]:
    """Read a text file that may have gone meanwhile."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _size(count: int) -> str:
    """Write a number of bytes."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
