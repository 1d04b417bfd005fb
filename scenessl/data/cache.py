"""Writes the crops: every image once, decoded and transformed up to the normalisation."""

import errno
import hashlib
import os
from pathlib import Path

import numpy as np
from PIL import Image

from scenessl.data.decode import DECODERS, UnreadableError
from scenessl.data.names import printable
from scenessl.data.sources import each, open_source
from scenessl.data.transforms import crop
from scenessl.data.trees import Load
from scenessl.errors import UserError
from scenessl.files import atomic, read_csv, read_json


def write_crops(
    *,
    index: Path | str,
    classes: Path | str,
    source: Path | str,
    crops: Path | str,
    side: int = 224,
    transform: str = "imagenet",
    workers: int | None = None,
) -> None:
    """Write the crops of all images of an index as a memory-mappable uint8 array [n, C, side, side].

    C is 1 when all images are grayscale, else 3. Every thread holds one image, large ones wait for each other; the
    array itself lies on the disk.

    Args:
        index: CSV of the images.
        classes: JSON, of which `grayscale` counts.
        source: JSON of where the images are.
        crops: the array.
        side: of the crops, in pixels.
        transform: how images become squares; see `crop`.
        workers: threads; all cores by default.

    Raises:
        UserError: an image is missing, or is not the one that the index was made of.
    """
    rows = {row["path"]: row for row in read_csv(index)}
    images = open_source(**read_json(source))
    mode = "L" if read_json(classes)["grayscale"] else "RGB"
    shape = (len(rows), len(mode), side, side)
    with atomic(crops) as temporary:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        _reserve(temporary)

        def fill(path: str, load: Load) -> None:
            place, row = printable(str(images.tree.root / path)), rows[path]
            data = _same_bytes(place, load, row["sha256"])
            try:
                with DECODERS[images.layout](data) as picture:
                    array[int(row["image"])] = _planes(crop(_in_mode(picture.pixels, mode), side, transform))
            except UnreadableError as error:
                raise UserError(f"cannot read {place}: {error}. Remove or replace it.") from error

        for _ in each(images, rows, fill, workers):
            pass
        array.flush()


def _reserve(path: Path) -> None:
    """Take the file's disk space now: a memory map that meets a full disk later kills the process (SIGBUS)."""
    if not hasattr(os, "posix_fallocate"):
        return
    with open(path, "r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert an image, without a copy where it has that mode."""
    return image if image.mode == mode else image.convert(mode)


def _planes(image: Image.Image) -> np.ndarray:
    """Return an L or RGB image's pixels, uint8 [C, height, width]."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _same_bytes(place: str, load: Load, sha256: str) -> bytes:
    """Read an image; other bytes than the index saw are refused."""
    try:
        data = load()
    except OSError as error:
        raise UserError(
            f"cannot read {place}: {error.strerror}. Start again, so that the images are listed anew."
        ) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UserError(f"{place} has changed since it was listed. Start again, so that the images are listed anew.")
    return data
