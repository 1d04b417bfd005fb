"""Folders of files, on the disk here and in archives elsewhere, as one thing. Standard library only."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from scenessl.errors import UserError

Load = Callable[[], bytes]  # gives a file's bytes, or raises OSError


class Entry(NamedTuple):
    """What stands in a folder; a broken link is neither folder nor file."""

    name: str
    is_folder: bool
    is_file: bool


class Tree(Protocol):
    """Files in folders. Paths are relative to the root, with forward slashes; "" is the root itself.

    Attributes:
        given: the folder or the archive.
        inside: the folder in it that is the root, or "".
        root: both together, for messages: root / path says where a file is, also in an archive.
    """

    given: Path
    inside: str
    root: Path

    def entries(self, folder: str = "") -> list[Entry]:
        """Return what a folder holds, by name, hidden entries left out."""

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Load]]:
        """Give each of these files once, in the order that is quickest; `Load` may run in any thread."""

    def below(self, folder: str) -> "Tree":
        """Return the tree whose root is a folder of this one."""


class Folder:
    """A folder on the disk."""

    def __init__(self, given: Path | str, inside: str = "") -> None:
        """Take the folder's path, and that of a folder in it."""
        self.given, self.inside = Path(given), inside
        self.root = self.given / inside

    def entries(self, folder: str = "") -> list[Entry]:
        """List a folder; links are followed.

        Raises:
            UserError: it cannot be read, or holds a name that is not UTF-8.
        """
        place = self.root / folder
        try:
            with os.scandir(place) as found:
                entries = [Entry(e.name, e.is_dir(), e.is_file()) for e in found if not is_hidden(e.name)]
        except OSError as error:
            raise UserError(f"cannot read the folder {place}: {error.strerror}. Change its permissions.") from error
        return in_order(entries, place)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Load]]:
        """Give the files in the order asked for; nothing is read before `Load` is called."""
        root = str(self.root)
        return ((path, partial(_content, f"{root}/{path}")) for path in paths)

    def below(self, folder: str) -> "Folder":
        """Return a folder of this one."""
        return Folder(self.given, join(self.inside, folder))


def join(folder: str, path: str) -> str:
    """Put two relative paths together; either may be ""."""
    return f"{folder}/{path}" if folder and path else folder or path


def is_hidden(name: str) -> bool:
    """Tell what users do not see and systems leave behind."""
    return name.startswith(".") or name == "__MACOSX"


def in_order(entries: Iterable[Entry], place: Path) -> list[Entry]:
    """Sort the entries of a folder by name; a name that is not UTF-8 is a UserError."""
    entries = sorted(entries)
    for entry in entries:
        if not _is_text(entry.name):
            raise UserError(f"{place} holds a name that is not UTF-8: {entry.name!r}. Rename it.")
    return entries


def _is_text(name: str) -> bool:
    """Say whether a name is valid Unicode (undecodable bytes come as surrogates)."""
    return not any(0xD800 <= ord(sign) <= 0xDFFF for sign in name)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def gone(root: Path, path: str) -> UserError:
    """Say that a file which was listed is not there."""
    return UserError(f"{root} holds no {path} any more. Start again, so that the images are listed anew.")
