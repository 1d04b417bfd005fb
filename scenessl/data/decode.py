"""From an image file's bytes to 8-bit pixels, the right way up. One reading for the index and the crops.

What is decided here: EXIF orientation is applied; transparent pixels lie on white; 16-bit gray is scaled by 1/257
(65535 becomes 255), never clipped; of several frames the first counts; colour profiles are not applied.
"""

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF")
GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N"})
LONGEST_RATIO = 100  # the shorter side is scaled to a fixed size, and the longer one has to fit in memory


Image.init()  # with a list of formats, Pillow looks only among the decoders it has loaded


class UnreadableError(Exception):
    """The bytes hold no image that can be used; the message says why in a few words."""


@dataclass(frozen=True)
class Picture:
    """A decoded image: `pixels` of mode L (for the gray modes) or RGB, and the mode the file had."""

    pixels: Image.Image
    mode: str


def decode(data: bytes) -> Picture:
    """Decode all of an image.

    Raises:
        UnreadableError: empty, no image, truncated, damaged, too large, or pixels without a known range.
    """
    if not data:
        raise UnreadableError("the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _refuse_size(*image.size)
            image.load()
            mode = image.mode
            return Picture(_eight_bits(_upright(image), image.format), mode)
    except UnreadableError:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableError("not an image of a known format") from error
    except Exception as error:  # decoders raise SyntaxError, struct.error and others on damaged bytes
        raise UnreadableError(" ".join(str(error).split()) or type(error).__name__) from error


def _refuse_size(width: int, height: int) -> None:
    """Refuse what would fill the memory: too many pixels, or a strip that grows when its short side is scaled."""
    if width * height > Image.MAX_IMAGE_PIXELS or max(width, height) > LONGEST_RATIO * min(width, height):
        raise UnreadableError(f"{width} x {height} pixels are too large or too narrow")


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; a damaged EXIF block says nothing about the pixels and is passed over."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image.copy()


def _eight_bits(image: Image.Image, file_format: str | None) -> Image.Image:
    """Return an L image for the gray modes, else an RGB image."""
    # Pillow has called 16-bit gray PNG both "I;16" and "I"
    if image.mode.startswith("I;16") or (image.mode == "I" and file_format == "PNG"):
        return _from_sixteen_bits(image)
    if image.mode in {"I", "F"}:
        raise UnreadableError(f"pixels of mode {image.mode} have no known range; convert to 8 or 16 bits")
    target = "L" if image.mode in GRAY_MODES else "RGB"
    if not image.has_transparency_data:
        return image.convert(target)
    image = image.convert("LA" if target == "L" else "RGBA")
    ground = Image.new(target, image.size, "white")
    ground.paste(image.convert(target), mask=image.getchannel("A"))
    return ground


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    """Scale 0..65535 to 0..255 with rounding."""
    values = np.asarray(image).astype(np.int64)
    return Image.fromarray(((values + 128) // 257).clip(0, 255).astype(np.uint8))


def decode_planes(data: bytes) -> Picture:
    """Take the raw pixels of a square image: all reds by row, all greens, all blues.

    Raises:
        UnreadableError: the bytes are not as many as a square image has.
    """
    side = math.isqrt(len(data) // 3)
    if not data or len(data) != 3 * side * side:
        raise UnreadableError(f"{len(data)} bytes are no square image")
    pixels = np.frombuffer(data, np.uint8).reshape(3, side, side).transpose(1, 2, 0)
    return Picture(Image.fromarray(np.ascontiguousarray(pixels)), "RGB")


DECODERS = {"folders": decode, "batches": decode_planes}  # by a source's layout
