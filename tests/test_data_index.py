"""The index, its audit and the decoding behind it."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from scenessl.data.decode import Picture, UnreadableError, decoded
from scenessl.data.identity import data_hash
from scenessl.data.index import write_index
from scenessl.errors import UserError
from scenessl.files import read_csv

REAL = Path(__file__).parents[2] / "shared" / "data" / "15-scene"


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def decode(data):
    with decoded(data) as picture:
        return Picture(picture.pixels.copy(), picture.mode)


def noise(seed, mode="RGB", size=(20, 14)):
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def root(tmp_path):
    for number, (split, name) in enumerate((s, c) for s in ("train", "test") for c in ("Öl", "b,c")):
        folder = tmp_path / "data" / split / name
        folder.mkdir(parents=True)
        for i in range(2):
            (folder / f"{i}.png").write_bytes(encoded(noise(10 * number + i, "L")))
    return tmp_path / "data"


def make(root, out, **options):
    paths = {"index": "index.csv", "classes": "classes.json", "audit": "audit.json", "source": "source.json"}
    write_index(root=root, **{key: out / name for key, name in paths.items()}, **options)
    read = [json.loads((out / paths[key]).read_text(encoding="utf-8")) for key in ("classes", "audit", "source")]
    return read_csv(out / "index.csv"), *read


def test_index_of_a_small_set(root, tmp_path):
    rows, classes, audit, source = make(root, tmp_path)
    assert list(rows[0]) == ["image", "split", "label", "class", "path", "sha256", "width", "height", "mode"]
    assert [row["image"] for row in rows] == [str(i) for i in range(8)]
    assert [row["class"] for row in rows] == ["b,c", "b,c", "Öl", "Öl"] * 2
    assert (rows[0]["width"], rows[0]["height"], rows[0]["mode"]) == ("20", "14", "L")
    assert classes["classes"] == ["b,c", "Öl"] and classes["grayscale"] is True and classes["source"] == "folders"
    assert classes["hash"] == data_hash(root, tmp_path / "memory.json")
    assert audit["images"] == 8 and not any(audit[k] for k in ("duplicates", "leaks", "conflicts", "unreadable"))
    assert source == {"root": str(root), "inside": "", "layout": "folders"}


def test_same_images_elsewhere_give_the_same_bytes(root, tmp_path):
    make(root, tmp_path)
    kept = [(tmp_path / name).read_bytes() for name in ("index.csv", "classes.json", "audit.json")]
    make(root.rename(tmp_path / "moved"), tmp_path)
    assert [(tmp_path / name).read_bytes() for name in ("index.csv", "classes.json", "audit.json")] == kept


def test_audit_finds_copies(root, tmp_path):
    for target in ("train/b,c/copy.png", "test/b,c/leak.png", "test/Öl/conflict.png"):
        (root / target).write_bytes((root / "train/b,c/0.png").read_bytes())
    (root / "train/Öl/1.png").write_bytes(encoded(noise(5)))
    rows, classes, audit, _ = make(root, tmp_path)
    train = ["train/b,c/0.png", "train/b,c/copy.png"]
    tests = ["test/b,c/leak.png", "test/Öl/conflict.png"]
    assert audit["duplicates"] == [tests, train]
    assert audit["leaks"] == [{"test": path, "train": train} for path in tests]
    assert audit["conflicts"] == [sorted(tests + train)]
    assert [rows[i]["path"] for i in audit["leaked_images"]] == tests
    assert classes["grayscale"] is False


def test_all_unreadable_images_are_named(root, tmp_path):
    picture = encoded(noise(3, size=(200, 200)), "JPEG")
    bad = {
        "0.jpg": b"",
        "1.jpg": b"not an image",
        "2.jpg": picture[: len(picture) // 2],
        "3.png": encoded(noise(4))[:-30],
    }
    for name, data in bad.items():
        (root / "train/b,c" / name).write_bytes(data)
    with pytest.raises(UserError) as caught:
        make(root, tmp_path)
    message = str(caught.value)
    assert message.startswith("4 images") and "unreadable_images: skip" in message and "\n" not in message
    assert all(f"train/b,c/{name}" in message for name in bad)
    assert not (tmp_path / "index.csv").exists()


def test_long_lists_are_cut(root, tmp_path):
    for i in range(25):
        (root / "test/Öl" / f"bad{i:02}.bmp").write_bytes(b"x")
    with pytest.raises(UserError, match=r"25 images.* and 5 more"):
        make(root, tmp_path)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_unreadable_bytes_say_why(monkeypatch):
    flipped = bytearray(encoded(noise(1, size=(90, 90))))
    flipped[len(flipped) // 2] ^= 0xFF
    for data in (bytes(flipped), b"GIF89a", b"\x89PNG\r\n\x1a\n", encoded(Image.new("F", (9, 9)), "TIFF")):
        with pytest.raises(UnreadableError, match=r"."):
            decode(data)
    with pytest.raises(UnreadableError, match="too narrow"):
        decode(encoded(Image.new("L", (500, 2))))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow itself refuses twice as many
    with pytest.raises(UnreadableError, match="pixels"):
        decode(encoded(Image.new("L", (11, 10))))
    with pytest.raises(UnreadableError, match="pixels"):
        decode(encoded(Image.new("L", (50, 50))))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(noise(2), "PNG", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(decode(data).pixels, expected)


def test_sixteen_bits_are_scaled():
    values = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    for file_format in ("PNG", "TIFF"):
        pixels = decode(encoded(Image.fromarray(values), file_format)).pixels
        assert np.asarray(pixels).tolist() == [[0, 0, 1, 1, 128, 255]] and pixels.mode == "L"


def test_transparent_pixels_lie_on_white():
    image = Image.new("RGBA", (3, 1), (200, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    image.putpixel((2, 0), (0, 0, 0, 51))
    assert np.asarray(decode(encoded(image)).pixels).tolist() == [[[200, 0, 0], [255, 255, 255], [204, 204, 204]]]
    gray = Image.new("LA", (2, 1), (10, 255))
    gray.putpixel((1, 0), (10, 0))
    assert np.asarray(decode(encoded(gray)).pixels).tolist() == [[10, 255]]
    palette = Image.new("P", (2, 1))
    palette.putpalette([9, 8, 7, 1, 2, 3])
    palette.putpixel((1, 0), 1)
    assert np.asarray(decode(encoded(palette, transparency=0)).pixels).tolist() == [[[255, 255, 255], [1, 2, 3]]]


@pytest.mark.skipif(not REAL.exists(), reason="the 15-Scene images are not here")
@pytest.mark.slow
def test_known_facts_of_the_real_images(tmp_path):
    _, classes, audit, _ = make(REAL, tmp_path)
    assert audit["images"] == 4485 and classes["grayscale"] is True
    assert len(audit["leaks"]) == 11 and len(audit["duplicates"]) == 7
    assert audit["conflicts"] == [["test/TallBuilding/image_0300.jpg", "train/InsideCity/image_0305.jpg"]]
