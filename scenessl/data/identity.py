"""The hash of a data set: what it holds, not where it lies. Standard library only: the workflow plans with it."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from scenessl.data.folders import Listing
from scenessl.errors import UserError
from scenessl.files import atomic


def data_hash(listing: Listing, root: Path | str, memory: Path | str) -> str:
    """Return the data set's hash (64 hexadecimal digits): over split, class, path and content of every image.

    The same images in another folder have the same hash. `memory` is a JSON file of contents already hashed, by
    path, size and times of change; it saves reading again, and is written anew when it is missing, broken or old.

    Raises:
        UserError: an image cannot be read.
    """
    root = Path(root).resolve()
    known = _recall(Path(memory), root)
    marks = [_mark(root, image.path) for image in listing.images]
    wanted = [
        image.path for image, mark in zip(listing.images, marks, strict=True) if known.get(image.path, [])[:-1] != mark
    ]
    with ThreadPoolExecutor() as pool:
        fresh = dict(zip(wanted, pool.map(lambda path: _content(root, path), wanted), strict=True))
    shas = [fresh.get(image.path) or known[image.path][-1] for image in listing.images]
    if fresh or len(known) != len(shas):
        pairs = zip(listing.images, marks, shas, strict=True)
        _remember(Path(memory), root, {image.path: [*mark, sha] for image, mark, sha in pairs})
    return combine(listing, shas)


def combine(listing: Listing, shas: Sequence[str]) -> str:
    """Return the data set's hash from its images' content hashes, given in the listing's order."""
    rows: Iterable[list[str]] = (
        [image.split, listing.classes[label], image.path, sha]
        for image, label, sha in zip(listing.images, listing.labels, shas, strict=True)
    )
    total = hashlib.sha256()
    for row in sorted(rows):
        total.update(json.dumps(row).encode() + b"\n")
    return total.hexdigest()


def _mark(root: Path, path: str) -> list[int]:
    """Return what changes with a file's content: its size, and the times of its last change in nanoseconds."""
    try:
        status = os.stat(f"{root}/{path}")
    except OSError as error:
        raise _unreadable(path, error) from error
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _content(root: Path, path: str) -> str:
    try:
        with open(f"{root}/{path}", "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> UserError:
    return UserError(f"cannot read the image {path}: {error.strerror}. Replace it or change its permissions.")


def _recall(memory: Path, root: Path) -> dict[str, list]:
    """Read the memory; one that is missing, broken or of another folder is empty."""
    try:
        data = json.loads(memory.read_text(encoding="utf-8"))
        sound = data["root"] == str(root) and all(len(row) == 4 for row in data["files"].values())
        return data["files"] if sound else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remember(memory: Path, root: Path, files: dict[str, list]) -> None:
    """Write the memory. It only saves time, so that a folder that cannot be written is no reason to stop."""
    with suppress(UserError, OSError), atomic(memory) as temporary:
        temporary.write_text(json.dumps({"root": str(root), "files": files}), encoding="utf-8")
