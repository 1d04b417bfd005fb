"""The hash of a data set: what it holds, not where it lies. Standard library only: the workflow plans with it."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from scenessl.data.batches import FILES, Batches
from scenessl.data.folders import Listing
from scenessl.data.sources import Source, each, open_source
from scenessl.data.trees import Load
from scenessl.errors import UserError
from scenessl.files import atomic

READERS = 8  # threads; they wait for the disk more than they compute
UNREADABLE = "unreadable"  # stands for the hash of what cannot be read; what to do about it, the index says


def data_hash(root: Path | str, memory: Path | str, code: Mapping[str, str] | None = None) -> str:
    """Return the data set's hash (64 hexadecimal digits): over split, class, path and content of every image.

    The same images in another folder or in an archive have the same hash. One that cannot be read changes it when it
    can, and stops nothing here. `memory` is a JSON file of what has been hashed, by path, size and times of change; it
    saves reading again, and is written anew when it is missing, broken or old. It keeps the hash of every image where
    each is a file, and that of the whole where few files hold all.

    Args:
        root: the folder or the archive.
        memory: the JSON file.
        code: hashes of the code that lists images; where few files hold all, they are listed anew when it changes.

    Raises:
        UserError: see `open_source` and `Source.images`.
    """
    root, memory = Path(root).absolute(), Path(memory)
    holders = _holders(root)
    if not holders:
        return _hash_of_many(root, memory)
    facts = {"root": str(root), "code": code, "files": {str(file): _mark(file) for file in holders}}
    known = _recall(memory)
    if isinstance(known.get("hash"), str) and known == facts | {"hash": known["hash"]}:
        return known["hash"]
    source = open_source(root)
    listing = source.images()
    contents = _contents(source, [image.path for image in listing.images])
    found = combine(listing, [contents[image.path] for image in listing.images])
    _remember(memory, facts | {"hash": found})
    return found


def combine(listing: Listing, shas: Sequence[str]) -> str:
    """Return the data set's hash from its images' content hashes or `UNREADABLE`, given in the listing's order."""
    rows: Iterable[list[str]] = (
        [image.split, listing.classes[label], image.path, sha]
        for image, label, sha in zip(listing.images, listing.labels, shas, strict=True)
    )
    total = hashlib.sha256()
    for row in sorted(rows):
        total.update(json.dumps(row).encode() + b"\n")
    return total.hexdigest()


def _holders(root: Path) -> list[Path]:
    """Return the few files that hold all images, an archive or CIFAR-10's batches; none where each image is a file."""
    if root.is_file():
        return [root]
    source = open_source(root)
    files = [source.tree.root / name for name in FILES] if source.layout == Batches.layout else []
    return [file for file in files if file.is_file()]


def _hash_of_many(root: Path, memory: Path) -> str:
    """Hash images that each are a file, and read only those that have changed."""
    source = open_source(root)
    listing = source.images()
    known = _recall_files(memory, root)
    marks = {image.path: _mark(f"{root}/{image.path}") for image in listing.images}
    fresh = _contents(source, [path for path, mark in marks.items() if known.get(path, [])[:-1] != mark])
    shas = {path: fresh.get(path) or known[path][-1] for path in marks}
    if fresh or len(known) != len(shas):
        files = {path: [*mark, shas[path]] for path, mark in marks.items() if mark and shas[path] != UNREADABLE}
        _remember(memory, {"root": str(root), "files": files})
    return combine(listing, [shas[image.path] for image in listing.images])


def _contents(source: Source, paths: Iterable[str]) -> dict[str, str]:
    """Hash the bytes of images by path."""
    return dict(each(source, paths, _content, READERS))


def _content(_: str, load: Load) -> str:
    try:
        return hashlib.sha256(load()).hexdigest()
    except OSError:
        return UNREADABLE


def _mark(path: Path | str) -> list[int] | None:
    """Return what changes with a file's content, if it is there: size, and times of the last change in nanoseconds."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _recall(memory: Path) -> dict:
    """Read the memory; one that is missing or broken is empty."""
    try:
        data = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _recall_files(memory: Path, root: Path) -> dict[str, list]:
    """Read what is known of the single images of a folder."""
    data = _recall(memory)
    try:
        sound = data["root"] == str(root) and all(len(row) == 4 for row in data["files"].values())
        return data["files"] if sound else {}
    except (KeyError, TypeError, AttributeError):
        return {}


def _remember(memory: Path, data: Mapping) -> None:
    """Write the memory. It only saves time, so that a folder that cannot be written is no reason to stop."""
    with suppress(UserError, OSError), atomic(memory) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")
