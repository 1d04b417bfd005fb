"""CIFAR-10 as torchvision keeps it: pickles of raw pixels, read without running them. Standard library only."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from scenessl.data.folders import Classes, Listing, class_key, in_label_order
from scenessl.data.pickles import Array, ForeignNameError, unpickle
from scenessl.data.trees import Load, Tree, gone
from scenessl.errors import UserError

FOLDER = "cifar-10-batches-py"
META = "batches.meta"
# torchvision.datasets.CIFAR10: the files and their MD5, which it checks whenever it opens them
TRAIN = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
}
TEST = {"test_batch": "40351d587109b95175f43aff81a1287e"}
FILES = TRAIN | TEST | {META: "5ff9c542aee3614f3951f8cda6e48888"}
COPY = "give a copy as `data: /path`, which may be cifar-10-batches-py, cifar-10-python.tar.gz or class folders."
WAYS_OUT = f"Two ways out: set `download: true` there, and the first job downloads it (170 MB); or {COPY}"
PIXELS = 3 * 32 * 32  # bytes of an image: 32 x 32 reds by row, as many greens, as many blues


def official_hash() -> str:
    """Return the hash of the official data set, which is known before it has been."""
    return hashlib.sha256(json.dumps(["CIFAR10", FILES], sort_keys=True).encode()).hexdigest()


def holds_batches(tree: Tree) -> bool:
    """Tell whether the batches lie at the root of a tree, perhaps not all of them."""
    return any(entry.is_file and entry.name in {META, "data_batch_1"} for entry in tree.entries())


class Batches:
    """CIFAR-10's images. The path of one names its batch and its row: data_batch_1#0017."""

    layout = "batches"

    def __init__(self, tree: Tree) -> None:
        """Take the tree whose root holds the batches."""
        self.tree = tree

    def images(self, **_: object) -> Listing:
        """List all images; the data set comes with its split, so that none is drawn.

        Raises:
            UserError: a file is missing, is not what CIFAR-10 has there, or wants to run something.
        """
        here = {entry.name for entry in self.tree.entries() if entry.is_file}
        missing = [name for name in FILES if name not in here]
        if missing:
            raise UserError(f"{self.tree.root} lacks {', '.join(missing)}. Get CIFAR-10's files again.")
        names, labels = [], {}
        for file, load in self.tree.read(FILES):
            place = self.tree.root / file
            content = _unpickled(place, load)
            if file == META:
                names = _class_names(content, place)
            else:
                _, labels[file] = _pixels_and_labels(content, place)
        found = {split: self._classes(files, labels, names) for split, files in (("train", TRAIN), ("test", TEST))}
        return in_label_order(found, "given")

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Load]]:
        """Give these images' pixels, uint8 [3, 32, 32] as 3,072 bytes, batch by batch.

        Raises:
            UserError: see `images`; or there is no such image any more.
        """
        wanted = set(paths)
        files = {path.partition("#")[0] for path in wanted}
        for file, load in self.tree.read(file for file in FILES if file in files):
            place = self.tree.root / file
            pixels, labels = _pixels_and_labels(_unpickled(place, load), place)
            for row in range(len(labels)):
                path = _path(file, row)
                if path in wanted:
                    wanted.remove(path)
                    yield path, Load(partial(pixels.__getitem__, slice(row * PIXELS, (row + 1) * PIXELS)), PIXELS)
        if wanted:
            raise gone(self.tree.root, min(wanted))

    def _classes(self, files: Iterable[str], labels: Mapping[str, list[int]], names: list[str]) -> Classes:
        """Sort the rows of some batches by class."""
        classes: Classes = {class_key(name): (name, []) for name in names}
        lists = [paths for _, paths in classes.values()]
        for file in files:
            for row, label in enumerate(labels[file]):
                if label not in range(len(names)):
                    raise _wrong(self.tree.root / file, f"label {label} of {len(names)} classes")
                lists[label].append(_path(file, row))
        for name, paths in classes.values():
            if not paths:
                raise UserError(f"{self.tree.root} holds no image of the class {name!r} in {' or '.join(files)}.")
        return classes


def _path(file: str, row: int) -> str:
    return f"{file}#{row:04}"


def _class_names(content: dict, place: Path) -> list[str]:
    """Return the names by label of batches.meta."""
    names = content.get("label_names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _wrong(place, "no list of label_names")
    if not all(name.strip() and name.isprintable() for name in names):
        raise _wrong(place, "one of label_names is no word")
    if len({class_key(name) for name in names}) != len(names) or len(names) < 2:
        raise _wrong(place, "label_names are fewer than two, or two are the same")
    return names


def _pixels_and_labels(content: dict, place: Path) -> tuple[bytes, list[int]]:
    """Return a batch's pixels, `PIXELS` bytes an image, and its labels."""
    data, labels = content.get("data"), content.get("labels")
    if not isinstance(labels, list) or not all(type(label) is int and label.bit_length() < 64 for label in labels):
        raise _wrong(place, "no list of labels")
    if not isinstance(data, Array) or not data.is_plain or data.shape != (len(labels), PIXELS):
        raise _wrong(place, f"data is no array of bytes of shape ({len(labels)}, {PIXELS})")
    try:
        pixels = data.content()
    except (TypeError, ValueError) as error:
        raise _wrong(place, "data has no bytes") from error
    if len(pixels) != len(labels) * PIXELS:
        raise _wrong(place, f"data has {len(pixels)} bytes")
    return pixels, labels


def _wrong(place: Path, reason: str) -> UserError:
    return UserError(f"{place} is damaged or no file of CIFAR-10's ({reason}). Get CIFAR-10's files again.")


def _unpickled(place: Path, load: Load) -> dict:
    """Read a pickled dict of plain values and `Array`s."""
    try:
        content = unpickle(load())
    except OSError as error:
        raise UserError(f"cannot read {place}: {error.strerror}. Change its permissions.") from error
    except ForeignNameError as name:
        raise UserError(
            f"{place} wants Python to run {_line(name)}, which no file of CIFAR-10's does. Nothing was run. "
            "Do not trust this copy; get CIFAR-10's files again."
        ) from None
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to ask for
        raise _wrong(place, _line(error) or type(error).__name__) from error
    if not isinstance(content, dict):
        raise _wrong(place, "no dict")
    return content


def _line(error: Exception) -> str:
    """Give an error's text in one short line of plain signs, since a pickle may have written it."""
    return ascii(" ".join(str(error).split()))[1:-1][:200]
