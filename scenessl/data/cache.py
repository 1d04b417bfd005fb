"""Writes the crops: torchvision's transform for EfficientNet-B0 up to its normalisation, once per image."""

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as transform

from scenessl.data.decode import UnreadableError, decode
from scenessl.errors import UserError
from scenessl.files import atomic, read_csv, read_json


def write_crops(
    *,
    index: Path | str,
    classes: Path | str,
    source: Path | str,
    crops: Path | str,
    side: int = 224,
    workers: int | None = None,
) -> None:
    """Write the crops of all images of an index as a memory-mappable uint8 array [n, C, side, side].

    C is 1 when all images are grayscale, else 3. Every thread holds one image; the array itself lies on the disk.

    Raises:
        UserError: an image is missing, or is not the one that the index was made of.
    """
    rows = read_csv(index)
    root = Path(read_json(source)["root"])
    mode = "L" if read_json(classes)["grayscale"] else "RGB"
    shape = (len(rows), len(mode), side, side)
    with atomic(crops) as temporary, ThreadPoolExecutor(workers) as pool:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        _reserve(temporary)

        def fill(number: int) -> None:
            array[number] = _planes(crop(_pixels(root, rows[number]).convert(mode), side))

        for _ in pool.map(fill, range(len(rows))):
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


def crop(image: Image.Image, side: int = 224) -> Image.Image:
    """Resize the shorter side (bicubic, 256 for a `side` of 224 and in that ratio for others) and cut the centre.

    At 224 this is `EfficientNet_B0_Weights.IMAGENET1K_V1.transforms()` without its last two steps.
    """
    resized = transform.resize(image, [round(256 / 224 * side)], InterpolationMode.BICUBIC)
    return transform.center_crop(resized, [side, side])


def _planes(image: Image.Image) -> np.ndarray:
    """Return an L or RGB image's pixels, uint8 [C, height, width]."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _pixels(root: Path, row: dict[str, str]) -> Image.Image:
    """Read the image of a row of the index; other bytes than the index saw are refused."""
    path = root / row["path"]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}. Start again, so that the images are listed anew."
        ) from error
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise UserError(f"{path} has changed since it was listed. Start again, so that the images are listed anew.")
    try:
        return decode(data).pixels
    except UnreadableError as error:
        raise UserError(f"cannot read {path}: {error}. Remove or replace it.") from error
