"""From an image file's bytes to 8-bit pixels, the right way up. One reading for the index and the crops.

What is decided here: EXIF orientation is applied; transparent pixels lie on white; 16-bit gray is scaled by 1/257
(65535 becomes 255), never clipped, and of 16-bit colours the upper byte counts; of several frames the first counts;
colour profiles are not applied. PNG's checksums are checked. JPEG and WebP have none: of these, damage is noticed only
where it stops the decoder or, in JPEG, cuts the end off.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from scenessl.data.room import Room

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF")
GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N"})
LONGEST_RATIO = 100  # the shorter side is scaled to a fixed size, and the longer one has to fit in memory
ROOM = Room(Image.MAX_IMAGE_PIXELS)  # pixels in memory at once; the largest image fits alone
BITS, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0  # of TIFF 6.0, section 8

Image.init()  # with a list of formats, Pillow looks only among the decoders it has loaded
# Pillow's blocks of 16 MB stay with each thread once freed; above 32 MB, glibc gives them back at once (mallopt(3)).
Image.core.set_block_size(2**26)


class UnreadableError(Exception):
    """The bytes hold no image that can be used; the message says why in a few words."""


@dataclass(frozen=True)
class Picture:
    """A decoded image: `pixels` of mode L (for the gray modes) or RGB, and the mode the file had."""

    pixels: Image.Image
    mode: str


@contextmanager
def decoded(data: bytes) -> Iterator[Picture]:
    """Decode all of an image; it has its share of `ROOM`, and pixels, until the block ends.

    Raises:
        UnreadableError: empty, no image, truncated, damaged, too large, or pixels without a known range.
    """
    if not data:
        raise UnreadableError("the file is empty")
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint, once imported, turns it on for the whole process
    with _one_reason():
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    with image:
        with _one_reason():
            _refuse_size(*image.size)
        with ROOM.taken(image.width * image.height):
            with _one_reason():
                picture = _picture(image, data)
            try:
                yield picture
            finally:  # before anybody else takes the room
                picture.pixels.close()
                image.close()


@contextmanager
def _one_reason() -> Iterator[None]:
    """Turn whatever decoders raise into an UnreadableError."""
    try:
        yield
    except UnreadableError:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableError("not an image of a known format") from error
    except Exception as error:  # SyntaxError, struct.error and others on damaged bytes
        raise UnreadableError(" ".join(str(error).split()) or type(error).__name__) from error


def _refuse_size(width: int, height: int) -> None:
    """Refuse what would fill the memory: too many pixels, or a strip that grows when its short side is scaled."""
    if width * height > Image.MAX_IMAGE_PIXELS or max(width, height) > LONGEST_RATIO * min(width, height):
        raise UnreadableError(f"{width} x {height} pixels are too large or too narrow")


def _picture(image: Image.Image, data: bytes) -> Picture:
    """Decode an opened image. As few copies as can be: a large one fills the memory."""
    prepare = PREPARATIONS.get(image.format)
    if prepare:
        prepare(image, data)
    image.load()
    mode = image.mode
    with suppress(Exception):  # a damaged EXIF block says nothing about the pixels
        ImageOps.exif_transpose(image, in_place=True)
    return Picture(_eight_bits(image), mode)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an L image for the gray modes, else an RGB image."""
    # Pillow has called 16-bit gray PNG both "I;16" and "I"
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return _from_sixteen_bits(image)
    if image.mode in {"I", "F"}:
        raise UnreadableError(f"pixels of mode {image.mode} have no known range; convert to 8 or 16 bits")
    target = "L" if image.mode in GRAY_MODES else "RGB"
    if not image.has_transparency_data:
        return image if image.mode == target else image.convert(target)
    clear = "LA" if target == "L" else "RGBA"
    image = image if image.mode == clear else image.convert(clear)
    ground = Image.new(target, image.size, "white")
    ground.paste(image if target == "RGB" else image.convert(target), mask=image.getchannel("A"))
    return ground


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    """Scale 0..65535 to 0..255 with rounding."""
    values = np.asarray(image).astype(np.uint32)
    clear = values == image.info["transparency"] if "transparency" in image.info else None
    values *= 255
    values += 2**15 + 127  # with which the shift rounds v / 257 to the nearest, for all 65,536 values
    values >>= 16
    levels = values.astype(np.uint8)
    if image.format == "TIFF" and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO:  # Pillow minds this up to 8 bits
        levels = 255 - levels
    if clear is not None:
        levels[clear] = 255
    return Image.fromarray(levels)


# --- what Pillow leaves to others, by format --------------------------------------------------------------------------


def _prepare_png(image: Image.Image, data: bytes) -> None:
    """Check the checksums; scale the transparent gray as Pillow scales the pixels."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as again:
        again.verify()
    key, bits = image.info.get("transparency"), data[24]
    if image.mode == "L" and isinstance(key, int):
        image.info["transparency"] = key * 255 // (2**bits - 1)


def _prepare_jpeg(image: Image.Image, data: bytes) -> None:
    """Demand the end: a copy that broke off may be filled up with zeros, which the decoder takes for pixels."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":  # segments up to the start of the scan
        at += 1 if data[at + 1 : at + 2] == b"\xff" else 2 + int.from_bytes(data[at + 2 : at + 4])
    if data[at : at + 2] == b"\xff\xda" and data.find(b"\xff\xd9", at) < 0:
        raise UnreadableError("the file is truncated: its end is missing")


def _prepare_tiff(image: Image.Image, data: bytes) -> None:
    """Refuse 12 bits, which Pillow reads as if they were 16."""
    if 12 in image.tag_v2.get(BITS, ()):
        raise UnreadableError("pixels of 12 bits; convert to 8 or 16 bits")


PREPARATIONS = {"PNG": _prepare_png, "JPEG": _prepare_jpeg, "MPO": _prepare_jpeg, "TIFF": _prepare_tiff}


@contextmanager
def decoded_planes(data: bytes) -> Iterator[Picture]:
    """Take the raw pixels of a square image: all reds by row, all greens, all blues.

    Raises:
        UnreadableError: the bytes are not as many as a square image has.
    """
    side = math.isqrt(len(data) // 3)
    if not data or len(data) != 3 * side * side:
        raise UnreadableError(f"{len(data)} bytes are no square image")
    pixels = np.frombuffer(data, np.uint8).reshape(3, side, side).transpose(1, 2, 0)
    yield Picture(Image.fromarray(np.ascontiguousarray(pixels)), "RGB")


DECODERS = {"folders": decoded, "batches": decoded_planes}  # by a source's layout
