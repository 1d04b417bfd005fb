"""Archives of images, zip and tar: gone through in one pass, never unpacked. Standard library only.

Nothing in an archive can lead out of it: links and devices are refused, and so are paths that are absolute or hold
"..". Memory stays bounded whatever a header claims, since no more than `LARGEST` bytes are ever read at once.
"""

import errno
import gzip
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from scenessl.data.trees import LARGEST, Entry, Load, gone, is_hidden, join, too_large
from scenessl.errors import UserError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
ENCRYPTED, UTF8_NAME = 0x1, 0x800  # flags of a zip's members

Folders = dict[str, dict[str, bool]]  # folder -> what it holds: name -> whether that is a folder


def is_archive(path: Path | str) -> bool:
    """Tell an archive by its name."""
    return str(path).casefold().endswith(SUFFIXES)


class Archive:
    """The files of an archive as a tree (see `scenessl.data.trees.Tree`)."""

    def __init__(self, given: Path | str, inside: str = "", listed: Folders | None = None) -> None:
        """Take the archive's path, that of a folder in it, and what the archive holds if that is known."""
        self.given, self.inside = Path(given), inside
        self.root = self.given / inside
        self._listed = listed

    def entries(self, folder: str = "") -> list[Entry]:
        """List a folder; the first call goes through the archive.

        Raises:
            UserError: the archive is damaged, encrypted or not one, or holds what could lead out of it.
        """
        found = self._folders().get(join(self.inside, folder), {})
        return sorted(Entry(name, is_folder, not is_folder) for name, is_folder in found.items())

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Load]]:
        """Go through the archive and give these files in its order.

        Raises:
            UserError: the archive is damaged or lacks a file.
        """
        wanted = {join(self.inside, path): path for path in paths}
        with _one_message(self.given):
            for member in _members(self.given):
                path = None if member.is_folder else wanted.pop(member.path, None)
                if path is not None:
                    yield path, _loaded(member)
        if wanted:
            raise gone(self.root, min(wanted.values()))

    def below(self, folder: str) -> "Archive":
        """Return the same archive, seen from a folder in it."""
        return Archive(self.given, join(self.inside, folder), self._listed)

    def _folders(self) -> Folders:
        """List the archive once."""
        if self._listed is None:
            with _one_message(self.given):
                self._listed = _tree(self.given, _members(self.given))
        return self._listed


class _Member(NamedTuple):
    """One file or folder of an archive; `load` works until the next one is asked for."""

    path: str
    is_folder: bool
    size: int
    load: Callable[[], bytes]


def _loaded(member: _Member) -> Load:
    """Read a file now, since later the archive is somewhere else."""
    data = None if member.size > LARGEST else member.load()

    def content() -> bytes:
        if data is None:
            raise too_large(member.size)
        return data

    return Load(content, len(data or b""))


def _tree(file: Path, members: Iterable[_Member]) -> Folders:
    """Sort members into folders, those that are only implied by a path included."""
    folders: Folders = {"": {}}
    for path, is_folder, *_ in members:
        if is_folder:
            _add_folder(file, folders, path)
            continue
        folder, _, name = path.rpartition("/")
        _add_folder(file, folders, folder)
        if name in folders[folder]:
            raise _twice(file, path)
        folders[folder][name] = False
    return folders


def _add_folder(file: Path, folders: Folders, path: str) -> None:
    """Make sure that a folder and those above it are there."""
    if path not in folders:
        above, _, name = path.rpartition("/")
        _add_folder(file, folders, above)
        if name in folders[above]:
            raise _twice(file, path)
        folders[above][name] = True
        folders[path] = {}


def _twice(file: Path, path: str) -> UserError:
    return UserError(f"{file} holds {path!r} twice. Pack it anew.")


# --- going through an archive -----------------------------------------------------------------------------------------


def _members(file: Path) -> Iterator[_Member]:
    """Give the files and folders of an archive in their order, hidden ones left out; refuse everything else."""
    for name, mode, size, load in (_zip if file.suffix.casefold() == ".zip" else _tar)(file):
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if name.startswith("/") or ".." in parts:
            raise UserError(f"{file} holds a path that leads out of it: {name!r}. Pack the folder of images anew.")
        if any(map(is_hidden, parts)):
            continue
        if mode not in {stat.S_IFREG, stat.S_IFDIR}:
            raise UserError(
                f"{file} holds {name!r}, which is neither a file nor a folder, and links are not followed. "
                "Pack it anew with what they point to (tar --dereference --hard-dereference)."
            )
        yield _Member("/".join(parts), mode == stat.S_IFDIR, size, load)


def _zip(file: Path) -> Iterator[tuple[str, int, int, Callable[[], bytes]]]:
    """Give (name, kind as in stat, size, load) of every member of a zip archive."""
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.flag_bits & ENCRYPTED:
                raise UserError(f"{file} is encrypted. Pack it without a password.")
            name = info.filename
            if not info.flag_bits & UTF8_NAME:  # zipfile takes it for cp437, but it is what the disk had
                name = name.encode("cp437").decode("utf-8", "surrogateescape")
            kind = stat.S_IFMT(info.external_attr >> 16) or stat.S_IFREG
            yield name, stat.S_IFDIR if info.is_dir() else kind, info.file_size, partial(archive.read, info)


def _tar(file: Path) -> Iterator[tuple[str, int, int, Callable[[], bytes]]]:
    """Give (name, kind as in stat, size, load) of every member of a tar archive, compressed or not."""
    with (
        _decompressed(file) as stream,
        tarfile.open(fileobj=_Bounded(stream), mode="r:", encoding="utf-8", tarinfo=_Header) as archive,
    ):
        while (info := archive.next()) is not None:
            archive.members.clear()  # tarfile would keep all headers
            kind = stat.S_IFREG if info.isfile() else stat.S_IFDIR if info.isdir() else 0
            yield info.name, kind, info.size, partial(_tar_content, archive, info)
        while stream.read(2**20):  # the checksums of gzip and xz stand at the end
            pass


def _decompressed(file: Path) -> BinaryIO:
    """Open a tar archive by its first bytes."""
    with open(file, "rb") as raw:
        start = raw.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(file)
    if start == b"\xfd7zXZ\x00":
        import lzma  # a Python may have been built without it

        return lzma.open(file)
    return open(file, "rb")


def _tar_content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    with archive.extractfile(info) as member:
        return member.read()


class _Bounded:
    """A stream that refuses to read more at once than an image may have: tar headers claim lengths of their own."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.seek, self.tell = stream, stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        if size > LARGEST + tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._stream.read(size)


class _Header(tarfile.TarInfo):
    """A header that says so when it is broken or missing: tarfile takes most such for the archive's end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "_Header":
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # the block of zeros at the end
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


@contextmanager
def _one_message(file: Path) -> Iterator[None]:
    """Turn whatever goes wrong with an archive into a UserError that names it."""
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        if error.errno in {None, errno.EINVAL}:  # gzip's complaints, and places that lie before the start
            raise _damaged(file, error) from error
        raise UserError(f"cannot read {file}: {error.strerror}. Change its permissions, or give a copy.") from error
    except Exception as error:  # tarfile, zipfile and the decompressors raise errors of many kinds
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(f"{file} is damaged, incomplete or no archive ({reason}). Get it or pack it again.")
