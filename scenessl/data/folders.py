"""Images in class folders: which there are, of which class and split. Standard library only: planning uses it."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scenessl.data.names import is_text
from scenessl.data.trees import Entry, Tree, join
from scenessl.errors import UserError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
TEXT_SUFFIXES = frozenset(
    {".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".html", ".htm", ".log", ".ini", ".pdf"}
)
SPLITS = ("train", "test")
SHOWN = 20  # classes named in a message
DEEPEST = 16  # folders of one folder each that are passed through; a link to one above would lead on for ever
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
    """The images of a data set.

    Attributes:
        images: train first, then test; each by class, then by path.
        classes: display names by label, sorted without regard to case.
        folders: the class folders' names by label, as train spells them.
        origin: "given" when the data set comes with its split, else "by seed".
        ignored: relative paths of files that are neither images nor text.

    A name that is not UTF-8 has surrogates for its strange bytes (see `scenessl.data.names`); a class has none such.
    """

    images: tuple[ImageFile, ...]
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    origin: str
    ignored: tuple[str, ...]

    @property
    def labels(self) -> list[int]:
        """The images' labels (positions in `classes`); test may spell a folder in another way than train."""
        by_key = {class_key(name): label for label, name in enumerate(self.classes)}
        by_folder = {folder: by_key[class_key(folder)] for folder in {image.folder for image in self.images}}
        return [by_folder[image.folder] for image in self.images]


def display_name(folder: str) -> str:
    """Return the name of a class as shown: "tall building" for MITtallbuilding, else the folder's, "_" as a space."""
    letters = "".join(sign for sign in folder.casefold() if sign not in " _-")
    spaced = " ".join(folder.replace("_", " ").split()) or folder
    return VARIANTS.get(letters, unicodedata.normalize("NFC", spaced))


def find_images(tree: Tree, *, test_share: float = 1 / 3, seed: int = 0) -> Listing:
    """List the images of a tree: train/ and test/ of class folders, or class folders alone.

    Without a split, `test_share` of each class (at least one image) becomes test: those whose path, hashed with
    `seed`, comes first, so that neither the order of files nor other classes change the draw.

    Raises:
        UserError: there are fewer than two classes, or a class is missing or empty in one split.
    """
    splits = _split_folders(tree)
    ignored: list[str] = []
    if splits:
        found = {split: _read_classes(tree, folder, ignored) for split, folder in splits.items()}
        _require_same_classes(tree, found, splits)
        origin = "given"
    else:
        found = _divide(tree, _read_classes(tree, "", ignored), test_share, seed)
        origin = "by seed"
    train = found["train"]
    if len(train) < 2:
        raise UserError(f"{tree.root} holds {_names(train)}, but at least two classes are needed.{_hint(tree)}")
    return in_label_order(found, origin, ignored)


def folder_around(tree: Tree) -> str:
    """Return the one folder that a tree holds the data set in, "" when the data set is at the root.

    A single folder of folders is passed through, down to the first that is none or that is called train or test.
    """
    around = ""
    for _ in range(DEEPEST):
        folders = [entry.name for entry in tree.entries(around) if entry.is_folder]
        if len(folders) != 1 or folders[0].casefold() in SPLITS:
            return around
        inner = join(around, folders[0])
        if not any(entry.is_folder for entry in tree.entries(inner)):
            return around
        around = inner
    return ""


Classes = dict[str, tuple[str, list[str]]]  # key -> (folder's name, relative paths)


def in_label_order(found: dict[str, Classes], origin: str, ignored: Iterable[str] = ()) -> Listing:
    """Put the classes of train and test in order and their images one after another."""
    train = found["train"]
    keys = sorted(train, key=lambda key: (display_name(train[key][0]).casefold(), key))
    images = [
        ImageFile(split, found[split][key][0], path)
        for split in SPLITS
        for key in keys
        for path in found[split][key][1]
    ]
    folders = tuple(train[key][0] for key in keys)
    return Listing(tuple(images), tuple(map(display_name, folders)), folders, origin, tuple(sorted(ignored)))


def class_key(folder: str) -> str:
    """Two folders with the same key are the same class."""
    return display_name(folder).casefold()


def _split_folders(tree: Tree) -> dict[str, str]:
    """Return {"train": folder, "test": folder}, or {} if there is no split."""
    found: dict[str, str] = {}
    for entry in tree.entries():
        split = entry.name.casefold()
        if split in SPLITS and entry.is_folder:
            if split in found:
                raise UserError(f"{tree.root} holds both {found[split]} and {entry.name}. Keep one of them.")
            found[split] = entry.name
    if len(found) == 1:
        ((split, folder),) = found.items()
        # A class may be called "train"; a split holds folders, a class holds images.
        if any(entry.is_folder for entry in tree.entries(folder)):
            other = SPLITS[1 - SPLITS.index(split)]
            raise UserError(f"{tree.root} holds {folder} but no {other}. Add the folder {other} with the same classes.")
        return {}
    return found


def _read_classes(tree: Tree, folder: str, ignored: list[str]) -> Classes:
    """Return the classes of a folder of class folders; files that are passed over are added to `ignored`."""
    classes: Classes = {}
    for entry in tree.entries(folder):
        _require_sound(tree.root / folder, entry)
        if not entry.is_folder:
            _note(folder, entry, ignored, beside_classes=True)
            continue
        key = class_key(entry.name)
        if key in classes:
            raise UserError(
                f"the folders {classes[key][0]!r} and {entry.name!r} in {tree.root / folder} are one class, "
                f"{display_name(entry.name)!r}. Join or rename them."
            )
        classes[key] = (entry.name, _read_images(tree, join(folder, entry.name), ignored))
    return classes


def _require_sound(place: Path, entry: Entry) -> None:
    """Refuse what may stand for a class but cannot be one."""
    if entry.is_broken:
        raise UserError(f"{place} holds {entry.name!r}, a link that leads nowhere. Mend or remove it.")
    if entry.is_folder and not is_text(entry.name):
        raise UserError(f"{place} holds a class folder whose name is not UTF-8: {entry.name!r}. Rename it.")


def _read_images(tree: Tree, folder: str, ignored: list[str]) -> list[str]:
    """Return the paths of a class folder's images; a class without any is a UserError."""
    entries = tree.entries(folder)
    images = [entry.name for entry in entries if _is_image(entry)]
    if not images:
        inner = " Its images lie one folder deeper than expected." if any(e.is_folder for e in entries) else ""
        raise UserError(f"class folder {tree.root / folder} holds no image.{inner} Add images to it or remove it.")
    for entry in entries:
        _note(folder, entry, ignored)
    return [f"{folder}/{name}" for name in images]


def _is_image(entry: Entry) -> bool:
    return (entry.is_file or entry.is_broken) and _suffix(entry.name) in IMAGE_SUFFIXES


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].casefold()


def _note(folder: str, entry: Entry, ignored: list[str], beside_classes: bool = False) -> None:
    """Remember a file that is not used, unless nobody would expect it to be."""
    known = _suffix(entry.name) in TEXT_SUFFIXES or entry.name.casefold() in {"thumbs.db", "desktop.ini"}
    is_used = _is_image(entry) and not beside_classes
    if not known and not is_used:
        ignored.append(join(folder, entry.name))


def _require_same_classes(tree: Tree, found: dict[str, Classes], splits: dict[str, str]) -> None:
    """Raise UserError naming the classes that one split has and the other lacks."""
    for split, other in (SPLITS, SPLITS[::-1]):
        missing = sorted(found[other][key][0] for key in found[other].keys() - found[split].keys())
        if missing:
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            listed = ", ".join(map(repr, missing[:SHOWN])) + more
            raise UserError(
                f"{tree.root / splits[split]} lacks the class folder {listed}, which {splits[other]} has. "
                "Add it, or remove it from both."
            )


def _divide(tree: Tree, classes: Classes, test_share: float, seed: int) -> dict[str, Classes]:
    """Split every class by seed into train and test."""
    found: dict[str, Classes] = {"train": {}, "test": {}}
    for key, (folder, paths) in classes.items():
        if len(paths) < 2:
            raise UserError(
                f"class folder {tree.root / folder} holds one image; a split needs at least two. Add images."
            )
        drawn = sorted(paths, key=lambda path: _draw(seed, path))
        tests = min(max(1, round(test_share * len(paths))), len(paths) - 1)
        found["test"][key] = (folder, sorted(drawn[:tests]))
        found["train"][key] = (folder, sorted(drawn[tests:]))
    return found


def _draw(seed: int, path: str) -> bytes:
    """Give an image's place in the draw, whatever bytes its name is made of."""
    return hashlib.sha256(f"{seed}\n{path}".encode("utf-8", "surrogateescape")).digest()


def _names(classes: Classes) -> str:
    """Say which class there is."""
    return f"one class folder ({next(iter(classes.values()))[0]})" if classes else "no class folder"


def _hint(tree: Tree) -> str:
    """Point to the folder below when it is the one that was meant."""
    inner = folder_around(tree)
    if inner:
        return f" Perhaps {tree.root / inner} was meant."
    return " Give a folder with one folder per class, or with train/ and test/ of such folders."
