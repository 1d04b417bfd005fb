"""Folders of files, on the disk here and in archives elsewhere, as one thing. Standard library only."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from scenessl.data.names import printable
from scenessl.errors import UserError

LARGEST = 2**28  # bytes of one file


@dataclass(frozen=True)
class Load:
    """Gives a file's bytes when called, or raises OSError.

    Attributes:
        content: what reads them.
        size: how many they are, as far as that is known before.
    """

    content: Callable[[], bytes]
    size: int = 0

    def __call__(self) -> bytes:
        """Read the file."""
        return self.content()


class Entry(NamedTuple):
    """What stands in a folder. A link is what it leads to, or broken; sockets and the like are nothing of all this."""

    name: str
    is_folder: bool
    is_file: bool
    is_broken: bool = False


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
            UserError: it cannot be read.
        """
        place = self.root / folder
        try:
            with os.scandir(place) as found:
                return sorted(_entry(entry) for entry in found if not is_hidden(entry.name))
        except OSError as error:
            shown = printable(str(place))
            raise UserError(f"cannot read the folder {shown}: {error.strerror}. Change its permissions.") from error

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Load]]:
        """Give the files in the order asked for; nothing is read before `Load` is called."""
        root = str(self.root)
        return ((path, _load(f"{root}/{path}")) for path in paths)

    def below(self, folder: str) -> "Folder":
        """Return a folder of this one."""
        return Folder(self.given, join(self.inside, folder))


def join(folder: str, path: str) -> str:
    """Put two relative paths together; either may be ""."""
    return f"{folder}/{path}" if folder and path else folder or path


def is_hidden(name: str) -> bool:
    """Tell what users do not see and systems leave behind."""
    return name.startswith(".") or name == "__MACOSX"


def too_large(size: int) -> OSError:
    """Say that a file is not read because of its size."""
    return OSError(errno.EFBIG, f"its {size / 1e6:,.0f} MB are more than the {LARGEST / 1e6:.0f} MB that are read")


def gone(root: Path, path: str) -> UserError:
    """Say that a file which was listed is not there."""
    shown = printable(f"{root} holds no {path}")
    return UserError(f"{shown} any more. Start again, so that the images are listed anew.")


def _entry(entry: os.DirEntry) -> Entry:
    """Say what an entry is."""
    try:
        is_folder, is_file = entry.is_dir(), entry.is_file()
        is_broken = not (is_folder or is_file) and not os.path.exists(entry)
    except OSError:  # links in a circle, or to where one may not look
        is_folder, is_file, is_broken = False, False, True
    return Entry(entry.name, is_folder, is_file, is_broken)


def _load(path: str) -> Load:
    try:
        size = os.stat(path).st_size
    except OSError:
        size = 0  # reading it will say why
    return Load(partial(_content, path), min(size, LARGEST))


def _content(path: str) -> bytes:
    """Read a file; one that is too large, or a link that leads nowhere, is an OSError that says so."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise too_large(size)
            return file.read()
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise OSError(error.errno, "it is a link to what is not there") from error
        raise
