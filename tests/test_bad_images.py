"""Odd and damaged images: each is read as it is meant, pixel by pixel, or refused with a reason; nothing else."""

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import odd_images as odd
import pytest
from odd_images import Odd, encoded, gray, jpeg, png, scene, tiff
from PIL import Image, ImageFile

from scenessl.data.cache import write_crops
from scenessl.data.decode import UnreadableError, decoded
from scenessl.data.index import write_index
from scenessl.errors import UserError
from scenessl.files import read_csv

ROOT = Path(__file__).parent.parent
PALETTE = [(1, 2, 3), (50, 60, 70), (100, 90, 80), (255, 0, 255)]
SMALL = np.add.outer(np.arange(24), np.arange(36)).astype(np.uint8) % 4  # indices of the palette, or two-bit gray

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")


def packed(values, bits):
    """Pack samples of a few bits into the bytes of rows."""
    kept = np.unpackbits(values.astype(np.uint8)[..., None], axis=-1)[..., -bits:]
    return np.packbits(kept.reshape(len(values), -1), axis=-1)


def sixteen(levels):
    """16-bit samples, big-endian, whose nearest eight bits are `levels`."""
    return (levels.astype(int) * 257 + 77).clip(0, 65535).astype(">u2")


def over_white(pixels, alpha):
    """What shows of pixels of an opacity 0..255 on white."""
    alpha = alpha[..., None] / 255 if pixels.ndim == 3 else alpha / 255
    return pixels * alpha + 255 * (1 - alpha)


def frames(file_format, **options):
    """An animation whose first picture counts."""
    more = [Image.fromarray(255 - scene()), Image.fromarray(scene() // 2)]
    return encoded(scene(), file_format, save_all=True, append_images=more, **options)


def late_frame():
    """A GIF whose first picture covers the middle of its canvas only; the rest is transparent."""
    image = Image.fromarray(SMALL[6:18, 9:27])
    image.putpalette(np.array(PALETTE).flatten().tolist())
    whole = bytearray(encoded(image, "GIF", transparency=3))
    whole[6:10] = struct.pack("<HH", 36, 24)  # the canvas
    at = whole.index(b",\0\0\0\0" + struct.pack("<HH", 18, 12))
    whole[at + 1 : at + 5] = struct.pack("<HH", 9, 6)
    return bytes(whole)


def late_frame_shown():
    shown, inner = np.full((24, 36, 3), 255), SMALL[6:18, 9:27]
    shown[6:18, 9:27] = np.where((inner == 3)[..., None], 255, np.array(PALETTE)[inner])
    return shown


def readable():
    """Give name -> what can be read; the names end as their users would have it, rightly or not."""
    colour, inks = scene(), odd.four_inks(scene())
    level, shades = gray(), gray() // 16
    alpha = np.linspace(0, 255, level.size).reshape(level.shape).astype(np.uint8)
    clear = png((36, 24), 2, 0, packed(SMALL, 2), odd.transparent(1))
    both = np.dstack([level, alpha])
    palette_chunk = odd.chunk(b"PLTE", np.array(PALETTE, np.uint8).tobytes())
    rows = sixteen(level)
    some = rows[3, 5]
    return {
        "progressive.jpg": Odd(jpeg(colour, progressive=True), colour, 3),
        "arithmetic.jpg": odd.arithmetic(),
        "gray.jpg": Odd(jpeg(level), level, 3),
        "restarts.jpg": Odd(jpeg(colour, restart_marker_blocks=1), colour, 3),
        "fill_bytes.jpg": Odd(b"\xff\xd8\xff\xff\xff" + jpeg(colour)[2:], colour, 3),
        "garbage_after_the_end.jpg": Odd(jpeg(colour) + b"\xff\xda garbage" * 99, colour, 3),
        "zeros_after_the_end.jpg": Odd(jpeg(colour) + bytes(4096), colour, 3),
        "two_pictures.jpg": Odd(frames("MPO", quality=96, subsampling=0), colour, 3),
        "cmyk.jpg": Odd(odd.cmyk(inks), colour, 5),
        "ycck.jpg": Odd(odd.ycck(inks), colour, 6),
        "cmyk_of_nobody.jpg": Odd(odd.without_adobe(odd.cmyk(inks)), colour, 5),
        "jpeg.png": Odd(jpeg(colour), colour, 3),
        "png.jpg": Odd(encoded(colour), colour),
        "webp.bmp": Odd(encoded(colour, "WEBP", lossless=True), colour),
        "bmp.tiff": Odd(encoded(colour, "BMP"), colour),
        "one_bit.png": Odd(png((36, 24), 1, 0, packed(SMALL % 2, 1)), SMALL % 2 * 255),
        "two_bits_one_transparent.png": Odd(clear, np.where(SMALL == 1, 255, SMALL * 85)),
        "four_bits_one_transparent.png": Odd(
            png((36, 24), 4, 0, packed(shades, 4), odd.transparent(5)), np.where(shades == 5, 255, shades * 17)
        ),
        "sixteen_bits.png": Odd(png((36, 24), 16, 0, map(bytes, rows)), level),
        "sixteen_bits_one_transparent.png": Odd(
            png((36, 24), 16, 0, map(bytes, rows), odd.transparent(some)), np.where(rows == some, 255, level)
        ),
        "sixteen_bit_colours.png": Odd(png((36, 24), 16, 2, map(bytes, sixteen(colour))), colour, 1),
        "palette.png": Odd(png((36, 24), 2, 3, packed(SMALL, 2), palette_chunk), np.array(PALETTE)[SMALL]),
        "palette_transparent.png": Odd(
            png((36, 24), 2, 3, packed(SMALL, 2), palette_chunk, odd.chunk(b"tRNS", b"\xff\x00")),
            np.where((SMALL == 1)[..., None], 255, np.array(PALETTE)[SMALL]),
        ),
        "gray_and_alpha.png": Odd(png((36, 24), 8, 4, map(bytes, both)), over_white(level, alpha), 1),
        "rgba.png": Odd(encoded(np.dstack([colour, alpha])), over_white(colour, alpha), 1),
        "interlaced.png": Odd(png((36, 24), 8, 2, odd.adam7(colour), interlaced=True), colour),
        "animated.png": Odd(frames("PNG"), colour),
        "animated_beside_it.png": Odd(frames("PNG", default_image=True), colour),
        "animated.webp": Odd(frames("WEBP", lossless=True), colour),
        "rgba.webp": Odd(
            encoded(np.dstack([colour, alpha]), "WEBP", lossless=True, exact=True), over_white(colour, alpha), 1
        ),
        "animated_gif.jpg": Odd(encoded(Image.fromarray(level), "GIF", save_all=True, append_images=[]), level),
        "part_of_its_canvas_gif.png": Odd(late_frame(), late_frame_shown()),
        "from_above.bmp": Odd(odd.bmp565(colour), colour, 8),
        "runs.bmp": Odd(odd.rle8(SMALL, PALETTE), np.array(PALETTE)[SMALL]),
        "many_pages.tif": Odd(frames("TIFF"), colour),
        "lzw.tif": Odd(encoded(colour, "TIFF", compression="tiff_lzw"), colour),
        "jpeg.tif": Odd(encoded(colour, "TIFF", compression="jpeg", quality=96), colour, 12),
        "cmyk.tif": Odd(encoded(Image.fromarray(inks, "CMYK"), "TIFF"), colour, 2),
        "one_bit_white_is_zero.tif": Odd(tiff((36, 24), [1], 0, packed(SMALL % 2, 1).tobytes()), 255 - SMALL % 2 * 255),
        "sixteen_bits.tif": Odd(tiff((36, 24), [16], 1, rows.astype("<u2").tobytes()), level),
        "sixteen_bits_big_endian.tif": Odd(tiff((36, 24), [16], 1, rows.tobytes(), order=">"), level),
        "sixteen_bits_white_is_zero.tif": Odd(tiff((36, 24), [16], 0, rows.astype("<u2").tobytes()), 255 - level),
        "sixteen_bit_colours.tif": Odd(tiff((36, 24), [16] * 3, 2, sixteen(colour).astype("<u2").tobytes()), colour, 1),
        "plane_by_plane.tif": Odd(
            tiff(
                *((36, 24), [8] * 3, 2, colour.transpose(2, 0, 1).tobytes(), (284, 3, [2])),
                _273=[8, 8 + 864, 8 + 1728],
                _279=[864] * 3,
            ),
            colour,
        ),
        "strips_of_gigabytes.tif": Odd(tiff((36, 24), [8] * 3, 2, colour.tobytes(), _279=[2**32 - 1]), colour),
        "one_pixel.png": Odd(encoded(colour[:1, :1]), colour[:1, :1]),
        "damaged_exif.jpg": Odd(odd.with_exif(jpeg(colour), b"\x01\x02 damaged" * 9), colour, 3),
        "exif_beyond_the_end.jpg": Odd(
            odd.with_exif(jpeg(colour), odd.orientation(6, struct.pack("<HHII", 0x0131, 2, 5000, 60000))),
            odd.turned(colour, 6),
            3,
        ),
        "exif_turned_nine_ways.jpg": Odd(odd.with_exif(jpeg(colour), odd.orientation(9)), colour, 3),
    }


def bomb(size=(20000, 20000), bits=8, colour=2, width=3):
    """A black PNG, by default of a megabyte that would be more than one gigabyte; `width`: bytes of a pixel."""
    length, packer = size[1] * (size[0] * width + 1), zlib.compressobj(9)
    start, part = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH), 2**24
    block = packer.compress(bytes(part)) + packer.flush(zlib.Z_FULL_FLUSH)  # stands for itself, so may be repeated
    rest = zlib.compress(bytes(length % part), 9)[2:-4]
    content = start + block * (length // part) + rest + struct.pack(">HH", length % 65521, 1)  # Adler-32 of zeros
    header = odd.chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + odd.chunk(b"IDAT", content) + odd.chunk(b"IEND", b"")


def with_wrong_sum(data, kind):
    data, at = bytearray(data), data.index(kind)
    data[at + 4 + struct.unpack(">I", data[at - 4 : at])[0]] ^= 1
    return bytes(data)


def refused():
    """Give name -> (bytes, a pattern of the reason)."""
    colour, level = scene(), gray()
    text = odd.chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(10**7), 9))
    gif = bytearray(encoded(level, "GIF"))
    gif[6:10] = struct.pack("<HH", 65535, 65535)
    huge_jpeg, size = jpeg(level), struct.pack(">HH", 24, 36)
    huge_jpeg = huge_jpeg.replace(size, struct.pack(">HH", 65500, 65500), 1)
    huge_webp = bytearray(encoded(colour, "WEBP", lossless=True))
    huge_webp[21:25] = struct.pack("<I", 2**28 - 1 | huge_webp[24] >> 4 << 28)  # 14 bits of width, 14 of height
    huge_bmp = bytearray(encoded(colour, "BMP"))
    huge_bmp[18:26] = struct.pack("<ii", 2**31 - 1, 2**31 - 1)
    foreign = "not an image of a known format"
    return {
        "empty.jpg": (b"", "the file is empty"),
        "text.jpg": (b"this is no image\n" * 50, foreign),
        "page.jpg": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", foreign),
        "drawing_svg.png": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', foreign),
        "phone_heic.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), foreign),
        "new_avif.jpg": (encoded(colour, "AVIF"), foreign),
        "document_pdf.png": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", foreign),
        "archive_zip.png": (b"PK\3\4" + bytes(60), foreign),
        "zeros.jpg": (bytes(5000), foreign),
        "no_pixels.png": (png((0, 0), 8, 2, []), "."),
        "float.tif": (encoded(level.astype(np.float32), "TIFF"), "mode F have no known range"),
        "int.tif": (encoded(level.astype(np.int32), "TIFF"), "mode I have no known range"),
        "signed.tif": (
            tiff((36, 24), [16], 1, level.astype("<i2").tobytes(), (339, 3, [2])),
            "mode I have no known range",
        ),
        "twelve_bits.tif": (tiff((36, 24), [12], 1, bytes(36 * 24 * 3 // 2)), "12 bits"),
        "wrong_sum.png": (with_wrong_sum(encoded(colour), b"IDAT"), "checksum"),
        "wrong_sum_of_the_header.png": (with_wrong_sum(encoded(colour), b"IHDR"), foreign),
        "strip.png": (encoded(np.zeros((1, 5000), np.uint8)), "5000 x 1 pixels are too large or too narrow"),
        "bomb.png": (bomb(), r"exceeds limit|20000 x 20000"),
        "bomb_within_the_limit_of_the_library.png": (bomb((9999, 9999)), "9999 x 9999 pixels are too large"),
        "bomb_in_a_text.png": (png((36, 24), 8, 2, map(bytes, colour), text), "too large|known format"),
        "bomb.tif": (tiff((60000, 60000), [8], 1, bytes(99)), "exceeds limit"),
        "declared.tif": (tiff((9000, 9000), [8], 1, bytes(99)), "truncated"),
        "declared_lzw.tif": (tiff((9000, 9000), [8], 1, bytes(99), _259=[5]), "decoder error"),
        "bomb_gif.png": (bytes(gif), "exceeds limit"),
        "bomb.jpg": (huge_jpeg, "exceeds limit"),
        "bomb.bmp": (bytes(huge_bmp), "."),
        "bomb.webp": (bytes(huge_webp), "exceeds limit"),
    }


READABLE, REFUSED = readable(), refused()


def pixels_of(data):
    with decoded(data) as picture:
        return np.asarray(picture.pixels).astype(float)


def same(found, truth, off):
    """Compare with the truth; what has colours where the truth is gray has the same in all three."""
    truth = truth[..., None] if found.ndim == 3 and truth.ndim == 2 else truth
    return found.shape[:2] == truth.shape[:2] and np.abs(found - truth).max() <= off


# --- one by one -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", READABLE)
def test_what_can_be_read_is_read_as_it_is_meant(name):
    data, truth, off = READABLE[name]
    assert same(pixels_of(data), truth, off)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_reason(name):
    data, reason = REFUSED[name]
    with pytest.raises(UnreadableError, match=reason) as caught, decoded(data):
        pass
    assert "0x" not in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.parametrize("value", range(1, 9))
def test_every_orientation_is_applied_once_in_every_format(value):
    colour, exif = scene(), odd.orientation(value)
    expected = odd.turned(colour, value)
    assert same(pixels_of(odd.with_exif(jpeg(colour), exif)), expected, 3)
    for name, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        assert same(pixels_of(encoded(colour, name, exif=b"Exif\0\0" + exif, **options)), expected, 0)
    assert same(pixels_of(tiff((36, 24), [8] * 3, 2, colour.tobytes(), (274, 3, [value]))), expected, 0)


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"compression": "jpeg"}),
    ],
)
def test_a_file_cut_anywhere_is_refused_or_whole(file_format, options):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    whole = encoded(pixels, file_format, **options)
    truth = pixels_of(whole)
    eighths = [len(whole) * part // 8 for part in range(1, 8)]
    for cut in (2, 4, 12, 16, 30, 60, 120, *eighths, len(whole) - 12, len(whole) - 2, len(whole) - 1):
        try:
            found = pixels_of(whole[:cut])
        except UnreadableError as error:
            assert str(error)
        else:  # what is missing says no more than that the file ends
            assert cut > eighths[-1] and np.array_equal(found, truth), cut


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF"])
def test_a_copy_that_broke_off_and_was_filled_up_with_zeros_is_refused(file_format):
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    whole = encoded(pixels, file_format)
    for part in range(1, 8):
        cut = len(whole) * part // 8
        with pytest.raises(UnreadableError), decoded(whole[:cut] + bytes(len(whole) - cut)):
            pass


def test_sixteen_bits_become_the_nearest_eight():
    values = np.arange(65536).reshape(256, 256)
    found = pixels_of(tiff((256, 256), [16], 1, values.astype("<u2").tobytes()))
    assert np.array_equal(found, np.floor(values / 257 + 0.5))


# --- all together -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set of all of them."""
    root = tmp_path_factory.mktemp("odd")
    content = {name: case.data for name, case in READABLE.items()} | {name: data for name, (data, _) in REFUSED.items()}
    for name, data in content.items():
        (root / "train" / "a").mkdir(parents=True, exist_ok=True)
        (root / "train" / "a" / name).write_bytes(data)
    for place in ("train/b", "test/a", "test/b"):
        (root / place).mkdir(parents=True)
        (root / place / "x.png").write_bytes(encoded(scene()))
    return root


def test_one_message_names_all_that_cannot_be_read(folder, tmp_path):
    files = {key: tmp_path / key for key in ("index", "classes", "audit", "source")}
    with pytest.raises(UserError, match=f"{len(REFUSED)} images in .*unreadable_images: skip") as caught:
        write_index(root=folder, **files)
    assert sum(f"train/a/{name} (" in str(caught.value) for name in REFUSED) == 20
    assert not any(f"train/a/{name} (" in str(caught.value) for name in READABLE)
    assert not list(tmp_path.iterdir())


def test_each_is_read_or_named_in_the_audit(folder, tmp_path, capsys):
    files = {key: tmp_path / key for key in ("index", "classes", "audit", "source")}
    write_index(root=folder, unreadable="skip", **files)
    audit, rows = json.loads(files["audit"].read_text("utf-8")), read_csv(files["index"])
    assert {item["path"] for item in audit["unreadable"]} == {f"train/a/{name}" for name in REFUSED}
    assert all(item["reason"] for item in audit["unreadable"])
    assert {row["path"] for row in rows} >= {f"train/a/{name}" for name in READABLE}
    assert audit["images"] == len(rows) == len(READABLE) + 3
    assert [row["image"] for row in rows] == [str(number) for number in range(len(rows))]
    assert f"{len(REFUSED)} images" in capsys.readouterr().out
    given = {key: files[key] for key in ("index", "classes", "source")}
    write_crops(**given, crops=tmp_path / "crops.npy", side=32, transform="whole")
    crops = np.load(tmp_path / "crops.npy")
    expected = Image.fromarray(scene()).resize((32, 32), Image.Resampling.BICUBIC)
    (row,) = (row for row in rows if row["path"] == "train/a/interlaced.png")
    assert crops.shape == (len(rows), 3, 32, 32)
    assert np.array_equal(crops[int(row["image"])].transpose(1, 2, 0), np.asarray(expected))


PEAK = """
import resource, sys
sys.path.insert(0, {project!r})
from scenessl.data.{module} import {function}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{function}(workers=16, **{arguments!r})
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(module, function, **arguments):
    """Run a function with 16 threads in a process of its own; give the bytes that it took at most."""
    arguments = {key: str(value) for key, value in arguments.items()}
    code = PEAK.format(project=str(ROOT), module=module, function=function, arguments=arguments)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, result.stdout.split()[-2:])
    return 1024 * (after - before)


@pytest.mark.slow
def test_many_threads_and_large_images_take_no_more_memory_than_one(tmp_path):
    side = (9400, 9400)  # 88 million pixels, just what is accepted
    large = {
        "rgba.png": bomb(side, 8, 6, 4),
        "sixteen.png": bomb(side, 16, 0, 2),
        "progressive.jpg": encoded(Image.new("RGB", side), "JPEG", progressive=True),
    }
    for place in ("train/a", "train/b", "test/a", "test/b"):
        (tmp_path / "data" / place).mkdir(parents=True)
        for name, data in large.items() if place.endswith("a") else [("small.png", bomb((9, 9), 8, 6, 4))]:
            (tmp_path / "data" / place / name).write_bytes(data)
        for number in range(5):
            (tmp_path / "data" / place / f"bomb{number}.png").write_bytes(REFUSED["bomb.png"][0])
        with open(tmp_path / "data" / place / "endless.bmp", "wb") as file:
            file.truncate(50 * 10**9)
    files = {key: tmp_path / key for key in ("index", "classes", "audit", "source")}
    assert peak("index", "write_index", root=tmp_path / "data", unreadable="skip", **files) < 1.5e9
    assert len(read_csv(files["index"])) == 8
    given = {key: files[key] for key in ("index", "classes", "source")}
    assert peak("cache", "write_crops", **given, crops=tmp_path / "crops.npy") < 1.5e9


def test_the_pictures_are_what_a_viewer_would_show():
    """The truths above are written by hand; where Pillow needs no help it has to agree."""
    for name in ("progressive.jpg", "palette.png", "rgba.webp", "lzw.tif"):
        seen = Image.open(io.BytesIO(READABLE[name].data)).convert("RGBA")
        seen = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
        assert same(np.asarray(seen).astype(float), READABLE[name].truth, READABLE[name].off), name


def test_a_library_that_lets_truncated_images_pass_changes_nothing(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    stream = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(stream, "BMP")
    with pytest.raises(UnreadableError), decoded(stream.getvalue()[:-400]):
        pass
