"""Image files as they ought not to be, each with what is to be seen in it, made without the code that reads them."""

import base64
import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

# A gradient coded arithmetically (jpegtran -arithmetic); nothing at hand writes such files.
ARITHMETIC = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQ"
    "YEpRUk//yQALCAAQABABAREA/8wABgAQEAX/2gAIAQEAAD8A/wByyPpWQuDgIjoNWP0k8nH/2Q=="
)
ADOBE = b"\xff\xee\x00\x0eAdobe"


class Odd(NamedTuple):
    """A file that can be read: its bytes, its pixels [h, w] or [h, w, 3] as 0..255, and how far they may be off."""

    data: bytes
    truth: np.ndarray
    off: int = 0


def scene(height=24, width=36):
    """A smooth colourful picture, uint8 [h, w, 3], which JPEG hardly changes."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([40 + 4 * x, 220 - 5 * y, 60 + 2 * x + 3 * y], axis=-1).astype(np.uint8)


def gray(height=24, width=36):
    return scene(height, width)[..., 0]


def encoded(pixels, file_format="PNG", **options):
    """Encode an array or an image."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def jpeg(pixels, **options):
    return encoded(pixels, "JPEG", **({"quality": 96, "subsampling": 0} | options))


# --- PNG --------------------------------------------------------------------------------------------------------------


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(size, bits, colour, rows, *before, interlaced=False):
    """Put a PNG together: (width, height), bits a sample, colour type, packed bytes of each row, chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, int(interlaced)))
    content = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(row) for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + content + chunk(b"IEND", b"")


def adam7(pixels):
    """Order the rows of an RGB picture as an interlaced PNG does (PNG specification, 8.2)."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    return [row.tobytes() for y, x, down, across in passes for row in pixels[y::down, x::across]]


def transparent(value):
    """The chunk that names one transparent gray."""
    return chunk(b"tRNS", struct.pack(">H", value))


# --- TIFF -------------------------------------------------------------------------------------------------------------


def tiff(size, bits, photometric, data, *tags, order="<", **changes):
    """Put a TIFF of one strip together; bits: one number a sample; tags: (number, type, values); changes by number."""
    width, height = size
    fields = {256: (4, [width]), 257: (4, [height]), 258: (3, list(bits)), 259: (3, [1]), 262: (3, [photometric])}
    fields |= {273: (4, [8]), 277: (3, [len(bits)]), 278: (4, [height]), 279: (4, [len(data)])}
    fields |= {number: (kind, values) for number, kind, values in tags}
    fields |= {int(number[1:]): (fields[int(number[1:])][0], values) for number, values in changes.items()}
    data += b"\0" * (len(data) % 2)
    start = 8 + len(data) + 2 + 12 * len(fields) + 4
    directory, far = struct.pack(order + "H", len(fields)), b""
    for number, (kind, values) in sorted(fields.items()):
        packed = struct.pack(order + {3: "H", 4: "I"}[kind] * len(values), *values)
        place = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack(order + "I", start + len(far))
        far += packed if len(packed) > 4 else b""
        directory += struct.pack(order + "HHI", number, kind, len(values)) + place
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data))
    return head + data + directory + bytes(4) + far


# --- JPEG, WebP, GIF, BMP ---------------------------------------------------------------------------------------------


def four_inks(pixels):
    """The inks cyan, magenta, yellow, black [h, w, 4] that print a picture: each takes its share of the light away."""
    pixels = pixels.astype(float)
    light = pixels.max(axis=-1, keepdims=True)
    return np.concatenate([255 - 255 * pixels / light, 255 - light], axis=-1).round().astype(np.uint8)


def cmyk(inks):
    return jpeg(Image.fromarray(inks, "CMYK"))


def ycck(inks):
    """A JPEG of Adobe's YCCK: the three inks as luminance and colour, black inverted (Adobe TN5116)."""
    cyan, magenta, yellow, black = np.moveaxis(inks.astype(float), -1, 0)
    luminance = 0.299 * cyan + 0.587 * magenta + 0.114 * yellow
    planes = [luminance, 128 + (yellow - luminance) / 1.772, 128 + (cyan - luminance) / 1.402, 255 - black]
    stored = np.stack(planes, axis=-1).round().clip(0, 255).astype(np.uint8)
    plain = cmyk(255 - stored)  # Pillow writes inks inverted
    at = plain.index(ADOBE) + len(ADOBE) + 6  # where the marker says how the planes are meant
    return plain[:at] + b"\x02" + plain[at + 1 :]


def without_adobe(data):
    """Take the marker out that says whose CMYK it is."""
    at = data.index(ADOBE)
    return data[:at] + data[at + 16 :]


def rle8(indices, palette):
    """A BMP of 8-bit runs, rows from below (Microsoft's BI_RLE8)."""
    height, width = indices.shape
    body = b"".join(b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in indices[::-1]) + b"\0\1"
    colours = b"".join(bytes([*colour[::-1], 0]) for colour in palette)
    start = 14 + 40 + len(colours)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 0, 0, len(palette), 0)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + info + colours + body


def bmp565(pixels):
    """A BMP of 16 bits, rows from above, and what remains of the colours."""
    height, width, _ = pixels.shape
    red, green, blue = pixels[..., 0] >> 3, pixels[..., 1] >> 2, pixels[..., 2] >> 3
    words = (red.astype(np.uint16) << 11) | (green.astype(np.uint16) << 5) | blue
    assert width % 2 == 0  # rows are filled up to four bytes
    info = struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 16, 3, 0, 0, 0, 0, 0)
    body = words.astype("<u2").tobytes()
    head = struct.pack("<2sIHHI", b"BM", 66 + len(body), 0, 0, 66)
    return head + info + struct.pack("<III", 0xF800, 0x07E0, 0x001F) + body


def with_exif(data, exif):
    """Put an EXIF block of any bytes behind a JPEG's first marker."""
    block = b"Exif\0\0" + exif
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def orientation(value, *others):
    """An EXIF block of an orientation and other entries of 12 bytes."""
    entries = [struct.pack("<HHIHH", 0x0112, 3, 1, value, 0), *others]
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


def turned(pixels, value):
    """Undo an EXIF orientation (JEITA CP-3451, 4.6.4): where the 0th row and the 0th column are seen."""
    swapped = np.swapaxes(pixels, 0, 1) if value >= 5 else pixels
    down, across = value in {3, 4, 7, 8}, value in {2, 3, 6, 7}
    return swapped[:: -1 if down else 1, :: -1 if across else 1]


def arithmetic():
    y, x = np.mgrid[0:16, 0:16]
    return Odd(base64.b64decode(ARITHMETIC), (8 * y + 7 * x).astype(np.uint8), 4)
