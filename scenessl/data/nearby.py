"""A copy on the machine's own disk of a large file that many jobs read from a shared file system.

Where SCENESSL_CACHE names a folder, the first job of a machine copies the file there, whole and in one go; those that
come with it wait, later ones read the copy. Without it the file is read where it lies.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

from scenessl.errors import UserError
from scenessl.files import atomic

FOLDER = "SCENESSL_CACHE"


def nearby(path: Path | str) -> Path:
    """Give the path to read `path` from: its copy, if there is a folder for copies and room in it, else itself.

    A copy belongs to the path, the size and the time of the file; when they change, it is made anew and the old one
    removed.
    """
    path = Path(path)
    if not os.environ.get(FOLDER):
        return path
    folder = Path(os.environ[FOLDER])
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{name}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _copied(path, folder, name)
    except (OSError, UserError) as error:
        print(f"{FOLDER}: {error}; reading {path} where it lies", file=sys.stderr, flush=True)
        return path


def _copied(path: Path, folder: Path, name: str) -> Path:
    """Copy the file if that was not done, under a name that says of which state it is."""
    state = path.stat()
    copy = folder / f"{name}-{state.st_size}-{state.st_mtime_ns}{path.suffix}"
    if not copy.exists():
        for old in folder.glob(f"{name}-*"):
            old.unlink()
        with atomic(copy) as temporary:
            shutil.copyfile(path, temporary)
    return copy
