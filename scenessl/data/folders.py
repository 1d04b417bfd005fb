"""Images in folders: which there are, of which class and split. Standard library only: the workflow plans with it."""

import hashlib
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scenessl.errors import UserError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
TEXT_SUFFIXES = frozenset(
    {".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".html", ".htm", ".log", ".ini", ".pdf"}
)
SPLITS = ("train", "test")
OUTDOOR = ("coast", "forest", "highway", "inside city", "mountain", "open country", "street", "tall building")
PLAIN = ("bedroom", "industrial", "kitchen", "living room", "office", "store", "suburb", *OUTDOOR)
# Copies of 15-Scene name a folder after the class or, as the original does, after the collection and the class.
VARIANTS = {name.replace(" ", ""): name for name in PLAIN}
VARIANTS |= {"mit" + name.replace(" ", ""): name for name in OUTDOOR}
VARIANTS |= {"calsuburb": "suburb", "paroffice": "office"}


class ImageFile(NamedTuple):
    """One image: its split ("train" or "test"), the name of its class folder, its path relative to the root."""

    split: str
    folder: str
    path: str


@dataclass(frozen=True)
class Listing:
    """The images of a data folder.

    Attributes:
        images: train first, then test; each by class, then by path.
        classes: display names by label, sorted without regard to case.
        folders: the class folders' names by label, as train spells them.
        origin: "given" when train and test are folders, else "by seed".
        ignored: relative paths of files that are neither images nor text.
    """

    images: tuple[ImageFile, ...]
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    origin: str
    ignored: tuple[str, ...]

    @property
    def labels(self) -> list[int]:
        """The images' labels (positions in `classes`); test may spell a folder in another way than train."""
        by_key = {_key(name): label for label, name in enumerate(self.classes)}
        by_folder = {folder: by_key[_key(folder)] for folder in {image.folder for image in self.images}}
        return [by_folder[image.folder] for image in self.images]


def display_name(folder: str) -> str:
    """Return the name of a class as shown: "tall building" for MITtallbuilding, else the folder's, "_" as a space."""
    letters = "".join(sign for sign in folder.casefold() if sign not in " _-")
    spaced = " ".join(folder.replace("_", " ").split()) or folder
    return VARIANTS.get(letters, unicodedata.normalize("NFC", spaced))


def find_images(root: Path | str, *, test_share: float = 1 / 3, seed: int = 0) -> Listing:
    """List the images under `root`: train/ and test/ of class folders, or class folders alone.

    Without a split, `test_share` of each class (at least one image) becomes test: those whose path, hashed with
    `seed`, comes first, so that neither the order of files nor other classes change the draw.

    Raises:
        UserError: the folder is missing, has fewer than two classes, or a class is missing or empty in one split.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"data folder {root} does not exist. Give the folder that holds train/ and test/.")
    splits = _split_folders(root)
    ignored: list[str] = []
    if splits:
        found = {split: _read_classes(root, folder, ignored) for split, folder in splits.items()}
        _require_same_classes(root, found["train"], found["test"], splits)
        origin = "given"
    else:
        found = _divide(root, _read_classes(root, root, ignored), test_share, seed)
        origin = "by seed"
    return _listing(root, found, origin, ignored)


Classes = dict[str, tuple[str, list[str]]]  # key -> (folder's name, relative paths)


def _listing(root: Path, found: dict[str, Classes], origin: str, ignored: list[str]) -> Listing:
    """Put the classes in order and their images one after another."""
    train = found["train"]
    if len(train) < 2:
        raise UserError(f"{root} holds {_names(train)}, but at least two classes are needed.{_hint(root)}")
    keys = sorted(train, key=lambda key: (display_name(train[key][0]).casefold(), key))
    images = [
        ImageFile(split, found[split][key][0], path)
        for split in SPLITS
        for key in keys
        for path in found[split][key][1]
    ]
    folders = tuple(train[key][0] for key in keys)
    return Listing(tuple(images), tuple(map(display_name, folders)), folders, origin, tuple(sorted(ignored)))


def _key(folder: str) -> str:
    """Two folders with the same key are the same class."""
    return display_name(folder).casefold()


def _entries(folder: Path) -> list[os.DirEntry]:
    """Return what a folder holds by name, without hidden entries and those that systems leave behind."""
    try:
        with os.scandir(folder) as entries:
            kept = [entry for entry in entries if not entry.name.startswith(".") and entry.name != "__MACOSX"]
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror}. Change its permissions.") from error
    for entry in kept:
        if not _is_text(entry.name):
            raise UserError(f"{folder} holds a name that is not UTF-8: {entry.name!r}. Rename it.")
    return sorted(kept, key=lambda entry: entry.name)


def _is_text(name: str) -> bool:
    """Say whether a name from the disk is valid Unicode (undecodable bytes come as surrogates)."""
    return not any(0xD800 <= ord(sign) <= 0xDFFF for sign in name)


def _split_folders(root: Path) -> dict[str, Path]:
    """Return {"train": folder, "test": folder}, or {} if there is no split."""
    found: dict[str, Path] = {}
    for entry in _entries(root):
        split = entry.name.casefold()
        if split in SPLITS and entry.is_dir():
            if split in found:
                raise UserError(f"{root} holds both {found[split].name} and {entry.name}. Keep one of them.")
            found[split] = Path(entry.path)
    if len(found) == 1:
        ((split, folder),) = found.items()
        # A class may be called "train"; a split holds folders, a class holds images.
        if any(entry.is_dir() for entry in _entries(folder)):
            other = SPLITS[1 - SPLITS.index(split)]
            raise UserError(f"{root} holds {folder.name} but no {other}. Add the folder {other} with the same classes.")
        return {}
    return found


def _read_classes(root: Path, folder: Path, ignored: list[str]) -> Classes:
    """Return the classes of a folder of class folders; files that are passed over are added to `ignored`."""
    classes: Classes = {}
    for entry in _entries(folder):
        if not entry.is_dir():
            _note(root, entry, ignored, beside_classes=True)
            continue
        key = _key(entry.name)
        if key in classes:
            raise UserError(
                f"the folders {classes[key][0]!r} and {entry.name!r} in {folder} are one class, "
                f"{display_name(entry.name)!r}. Join or rename them."
            )
        classes[key] = (entry.name, _read_images(root, Path(entry.path), ignored))
    return classes


def _read_images(root: Path, folder: Path, ignored: list[str]) -> list[str]:
    """Return the relative paths of a class folder's images; a class without any is a UserError."""
    entries = _entries(folder)
    images = [entry for entry in entries if _suffix(entry.name) in IMAGE_SUFFIXES and entry.is_file()]
    if not images:
        inner = " Its images lie one folder deeper than expected." if any(e.is_dir() for e in entries) else ""
        raise UserError(f"class folder {folder} holds no image.{inner} Add images to it or remove it.")
    for entry in entries:
        _note(root, entry, ignored)
    start = folder.relative_to(root).as_posix()
    return [f"{start}/{entry.name}" for entry in images]


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].casefold()


def _note(root: Path, entry: os.DirEntry, ignored: list[str], beside_classes: bool = False) -> None:
    """Remember a file that is not used, unless nobody would expect it to be."""
    known = _suffix(entry.name) in TEXT_SUFFIXES or entry.name.casefold() in {"thumbs.db", "desktop.ini"}
    is_used = _suffix(entry.name) in IMAGE_SUFFIXES and entry.is_file() and not beside_classes
    if not known and not is_used:
        ignored.append(Path(entry.path).relative_to(root).as_posix())


def _require_same_classes(root: Path, train: Classes, test: Classes, splits: dict[str, Path]) -> None:
    """Raise UserError naming the classes that one split lacks."""
    for classes, others, split in ((train, test, "train"), (test, train, "test")):
        missing = sorted(others[key][0] for key in others.keys() - classes.keys())
        if missing:
            listed = ", ".join(map(repr, missing))
            other = SPLITS[1 - SPLITS.index(split)]
            raise UserError(
                f"{splits[split]} lacks the class folder {listed}, which {splits[other].name} has. "
                "Add it, or remove it from both."
            )


def _divide(root: Path, classes: Classes, test_share: float, seed: int) -> dict[str, Classes]:
    """Split every class by seed into train and test."""
    found: dict[str, Classes] = {"train": {}, "test": {}}
    for key, (folder, paths) in classes.items():
        if len(paths) < 2:
            raise UserError(f"class folder {root / folder} holds one image; a split needs at least two. Add images.")
        drawn = sorted(paths, key=lambda path: hashlib.sha256(f"{seed}\n{path}".encode()).digest())
        tests = min(max(1, round(test_share * len(paths))), len(paths) - 1)
        found["test"][key] = (folder, sorted(drawn[:tests]))
        found["train"][key] = (folder, sorted(drawn[tests:]))
    return found


def _names(classes: Classes) -> str:
    """Say which class there is."""
    return f"one class folder ({next(iter(classes.values()))[0]})" if classes else "no class folder"


def _hint(root: Path) -> str:
    """Point to the folder below when it is the one that was meant."""
    below = [entry for entry in _entries(root) if entry.is_dir()]
    if len(below) == 1 and any(entry.is_dir() for entry in _entries(Path(below[0].path))):
        return f" Perhaps {below[0].path} was meant."
    return " Give a folder with one folder per class, or with train/ and test/ of such folders."
