"""Where images come from: class folders or CIFAR-10's batches, on the disk or in an archive. Standard library only."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from scenessl.data import batches
from scenessl.data.archives import SUFFIXES, Archive, is_archive
from scenessl.data.batches import Batches, holds_batches
from scenessl.data.folders import Listing, find_images, folder_around
from scenessl.data.trees import LARGEST, Folder, Load, Tree, join
from scenessl.errors import UserError

AHEAD = 16  # images that the reading thread is ahead of whoever asks: in work, or waiting for it

T = TypeVar("T")


class Source(Protocol):
    """A data set's images.

    Attributes:
        tree: the files; its root is the folder in which the data set begins.
        layout: "folders" (each image is an encoded file) or "batches" (each is 3,072 bytes of raw pixels).
    """

    tree: Tree
    layout: str

    def images(self, *, test_share: float = 1 / 3, seed: int = 0) -> Listing:
        """List all images; a data set without a split gets one (see `scenessl.data.folders.find_images`)."""

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Load]]:
        """Give each of these images once, in the order that is quickest; `Load` may run in any thread."""


class ClassFolders:
    """Images as files in class folders."""

    layout = "folders"

    def __init__(self, tree: Tree) -> None:
        """Take the tree whose root holds train/ and test/ or the class folders."""
        self.tree = tree

    def images(self, *, test_share: float = 1 / 3, seed: int = 0) -> Listing:
        """List all images; see `scenessl.data.folders.find_images`."""
        return find_images(self.tree, test_share=test_share, seed=seed)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Load]]:
        """Give the files of these images."""
        return self.tree.read(paths)


LAYOUTS = {source.layout: source for source in (ClassFolders, Batches)}


def open_source(root: Path | str, inside: str | None = None, layout: str | None = None) -> Source:
    """Open the data set in a folder or an archive.

    Args:
        root: the folder or the archive.
        inside: the folder in it that holds the data set; looked for by default.
        layout: see `Source`; looked for by default.

    Raises:
        UserError: there is no such folder or archive, or it cannot be read.
    """
    tree = _open_tree(Path(root))
    if inside is None or layout is None:
        inside, layout = _look_into(tree)
    return LAYOUTS[layout](tree.below(inside))


def described(source: Source) -> dict[str, str]:
    """Return what `open_source` needs to open a source again without looking into it."""
    return {"root": str(source.tree.given), "inside": source.tree.inside, "layout": source.layout}


def each(
    source: Source, paths: Iterable[str], work: Callable[[str, Load], T], workers: int | None = None
) -> Iterator[tuple[str, T]]:
    """Give (path, work(path, load)) for each of these images, in the source's order.

    This thread goes through the source, `workers` others work, one per core by default: more hinder each other between
    two calls of the decoder. At most `AHEAD` images and `LARGEST` bytes are between the two.
    """
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        begun: deque[tuple[str, int, Future[T]]] = deque()
        for path, load in source.read(paths):
            while begun and (len(begun) >= AHEAD or load.size + sum(size for _, size, _ in begun) > LARGEST):
                done, _, result = begun.popleft()
                yield done, result.result()
            begun.append((path, load.size, pool.submit(work, path, load)))
        for path, _, result in begun:
            yield path, result.result()


def _open_tree(root: Path) -> Tree:
    if root.is_dir():
        return Folder(root)
    if not root.exists():
        raise UserError(f"data folder {root} does not exist. Give the folder that holds train/ and test/.")
    if not is_archive(root) or not root.is_file():
        raise UserError(f"{root} is neither a folder nor an archive ({', '.join(SUFFIXES)}).")
    return Archive(root)


def _look_into(tree: Tree) -> tuple[str, str]:
    """Find the folder that holds the data set, and what it is made of.

    Archives are often packed with the folder around their content, which is passed through; on the disk, the folder
    itself can be given.
    """
    inside = folder_around(tree) if isinstance(tree, Archive) else ""
    here = tree.below(inside)
    if holds_batches(here):
        return inside, Batches.layout
    if any(entry.is_folder and entry.name == batches.FOLDER for entry in here.entries()):
        return join(inside, batches.FOLDER), Batches.layout
    return inside, ClassFolders.layout
