"""The crops against torchvision's own transform, pixel for pixel."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.models import EfficientNet_B0_Weights
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms._presets import ImageClassification

from scenessl.data.cache import write_crops
from scenessl.data.crops import MEAN, STD, Crops, normalise
from scenessl.data.decode import decoded
from scenessl.data.index import write_index
from scenessl.data.transforms import crop
from scenessl.errors import UserError
from scenessl.files import read_csv

REAL = Path(__file__).parents[2] / "shared" / "data" / "15-scene"
PRESET = EfficientNet_B0_Weights.IMAGENET1K_V1.transforms()


def colours(size, seed=0):
    """A smooth picture with noise, so that resizing has something to overshoot at."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(coarse).astype(int) + rng.integers(-40, 40, (size[1], size[0], 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def saved(image, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def build(root, out, side=224, **options):
    paths = {key: out / key for key in ("index", "classes", "audit", "source")}
    write_index(root=root, **paths)
    write_crops(**{k: paths[k] for k in ("index", "classes", "source")}, crops=out / "crops.npy", side=side, **options)
    return read_csv(out / "index"), Crops(out / "crops.npy")


def expected(path, preset=PRESET):
    """What torchvision makes of the image converted to RGB by an independent reading."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):
        image = Image.fromarray(np.floor(np.asarray(image).astype(float) / 257 + 0.5).astype(np.uint8))
    elif "A" in image.mode or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(rgba, mask=rgba.getchannel("A"))
    return preset(image.convert("RGB"))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """All modes and formats, sizes around, above and below the crop's."""
    root, image = tmp_path_factory.mktemp("mixed"), colours((300, 260))
    small, tall = colours((90, 70), 1), colours((231, 517), 2)
    alpha = Image.fromarray(np.linspace(0, 255, 300 * 260).reshape(260, 300).astype(np.uint8))
    sixteen = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 256 + 77)
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = image.copy()
    clear.putalpha(alpha)
    gray_clear = image.convert("L")
    gray_clear.putalpha(alpha)
    for name, picture, options in (
        ("rgb.jpg", image, {}),
        ("rgb.webp", tall, {}),
        ("rgb.bmp", small, {}),
        ("rgb.tiff", tall, {"compression": "tiff_lzw"}),
        ("turned.jpeg", tall, {"exif": exif}),
        ("gray.jpg", small.convert("L"), {}),
        ("palette.png", image.convert("P"), {}),
        ("bits.png", image.convert("1"), {}),
        ("cmyk.jpg", image.convert("CMYK"), {}),
        ("cmyk.tif", image.convert("CMYK"), {}),
        ("rgba.png", clear, {}),
        ("la.png", gray_clear, {}),
        ("sixteen.png", sixteen, {}),
        ("sixteen.tif", sixteen, {}),
    ):
        saved(picture, root / "train" / "one" / name, **options)
    for split, name in (("train", "two"), ("test", "one"), ("test", "two")):
        saved(small, root / split / name / "x.png")
    return root


def test_every_mode_equals_the_preset(mixed, tmp_path):
    rows, crops = build(mixed, tmp_path)
    assert crops.array.shape == (len(rows), 3, 224, 224) and crops.array.dtype == np.uint8
    assert {row["mode"] for row in rows} >= {"RGB", "L", "P", "1", "CMYK", "RGBA", "LA", "I;16"}
    batch = normalise(crops.batch(range(len(rows))))
    for row, image in zip(rows, batch, strict=True):
        difference = (image - expected(mixed / row["path"])).abs().max().item()
        assert difference <= 1e-6, row["path"]


@pytest.mark.parametrize("side", [32, 64, 96])
def test_other_sides_equal_the_preset_of_that_side(mixed, tmp_path, side):
    rows, crops = build(mixed, tmp_path, side)
    preset = ImageClassification(
        crop_size=side, resize_size=round(256 / 224 * side), interpolation=InterpolationMode.BICUBIC
    )
    for number in range(0, len(rows), 3):
        image = normalise(crops.batch([number]))[0]
        assert (image - expected(mixed / rows[number]["path"], preset)).abs().max() <= 1e-6
    assert crops.side == side and len(crops) == len(rows)


@pytest.mark.parametrize("side", [32, 300])
def test_whole_images_are_resized_as_torchvision_does(mixed, tmp_path, side):
    rows, crops = build(mixed, tmp_path, side, transform="whole")
    preset = v2.Compose([v2.Resize([side, side], InterpolationMode.BICUBIC), v2.PILToTensor()])
    for number in range(0, len(rows), 3):
        assert (crops.batch([number])[0] == expected(mixed / rows[number]["path"], preset)).all()


def test_whole_images_of_that_size_stay_as_they_are(tmp_path):
    for number, place in enumerate(("train/a", "train/b", "test/a", "test/b")):
        saved(colours((32, 32), number), tmp_path / "data" / place / "x.png")
    rows, crops = build(tmp_path / "data", tmp_path, 32, transform="whole")
    for row, image in zip(rows, crops.array, strict=True):
        assert (image.transpose(1, 2, 0) == np.asarray(Image.open(tmp_path / "data" / row["path"]))).all()


def test_constants_are_the_presets():
    assert (list(MEAN), list(STD)) == (PRESET.mean, PRESET.std)


def test_gray_sets_take_one_channel(tmp_path):
    for number, place in enumerate(("train/a", "train/b", "test/a", "test/b")):
        saved(colours((60, 50), number).convert("L"), tmp_path / "data" / place / "x.png")
    rows, crops = build(tmp_path / "data", tmp_path)
    assert crops.array.shape == (4, 1, 224, 224) and isinstance(crops.array, np.memmap)
    batch = crops.batch(torch.tensor([3, 0]))
    assert batch.shape == (2, 3, 224, 224) and batch.dtype == torch.uint8
    for image, row in zip(normalise(batch), (rows[3], rows[0]), strict=True):
        assert (image - expected(tmp_path / "data" / row["path"])).abs().max() <= 1e-6


def test_batches_are_their_own(tmp_path):
    np.save(tmp_path / "crops.npy", np.zeros((2, 1, 4, 4), np.uint8))
    crops = Crops(tmp_path / "crops.npy")
    batch = crops.batch(np.array([1, 1]))
    batch[0, 0] = 9
    assert batch[0, 1].max() == batch[1].max() == crops.batch([1]).max() == 0
    normal = normalise(batch)
    assert normal.is_contiguous(memory_format=torch.channels_last) and batch[0, 0].min() == 9
    assert crops.batch([]).shape == (0, 3, 4, 4)


def test_changed_and_missing_images_are_refused(mixed, tmp_path):
    root = tmp_path / "data"
    for place in ("train/a", "train/b", "test/a", "test/b"):
        saved(colours((60, 50)), root / place / "x.png")
    build(root, tmp_path, 32)
    again = {key: tmp_path / key for key in ("index", "classes", "source")} | {"crops": tmp_path / "new.npy"}
    saved(colours((60, 50), 7), root / "test/a/x.png")
    with pytest.raises(UserError, match=r"test/a/x\.png has changed"):
        write_crops(**again, side=32)
    (root / "test/a/x.png").unlink()
    with pytest.raises(UserError, match=r"cannot read .*test/a/x\.png"):
        write_crops(**again, side=32)
    assert not (tmp_path / "new.npy").exists() and not list(tmp_path.glob(".new*"))


@pytest.mark.skipif(not REAL.exists(), reason="the 15-Scene images are not here")
def test_real_images_equal_the_preset(tmp_path):
    paths = sorted(REAL.rglob("*.jpg"))[::150]
    for path in paths:
        with decoded(path.read_bytes()) as picture:
            pixels = np.array(crop(picture.pixels))
        image = normalise(torch.from_numpy(pixels).expand(1, 3, 224, 224))[0]
        assert (image - expected(path)).abs().max() <= 1e-6
    with io.BytesIO(paths[0].read_bytes()) as file:
        assert (PRESET(Image.open(file).convert("RGB")) == expected(paths[0])).all()
