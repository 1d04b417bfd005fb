"""The embedded data set: scenes painted by a seed, so that a study runs with no image at hand."""

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from scenessl.data.canvas import Canvas, Colour, shade
from scenessl.data.scenery import SCENES
from scenessl.errors import UserError

FINER = 3  # scenes are painted this much larger than they are saved, so that edges come out soft


def draw(
    folder: Path | str,
    *,
    images_per_class_train: int,
    images_per_class_test: int,
    side: int,
    seed: int,
    workers: int | None = None,
) -> None:
    """Paint a data set: <folder>/train/<class>/image_0001.png …, test likewise, colour, `side` x `side` pixels.

    Image i of a class depends on the seed, the class, the split and i alone. The folder appears whole or not at all;
    one that exists is replaced.

    Raises:
        UserError: the folder cannot be written.
    """
    folder = Path(folder)
    counts = {"train": images_per_class_train, "test": images_per_class_test}
    jobs = [(split, name, number) for split in counts for name in SCENES for number in range(1, counts[split] + 1)]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for abandoned in folder.parent.glob(".drawn-*"):
            shutil.rmtree(abandoned)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".drawn-") as temporary:
            whole = Path(temporary) / folder.name

            def save(job: tuple[str, str, int]) -> None:
                split, name, number = job
                paint(name, side, [seed, list(SCENES).index(name), number, split == "test"]).save(
                    whole / split / name / f"image_{number:04}.png", compress_level=1
                )

            for split in counts:
                for name in SCENES:
                    (whole / split / name).mkdir(parents=True)
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(save, jobs))
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(whole, folder)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}. Free disk or change the permissions.") from error


def paint(name: str, side: int, seed: int | list[int]) -> Image.Image:
    """Paint one scene of a class, an RGB image of `side` x `side` pixels."""
    rng = np.random.default_rng(seed)
    canvas = Canvas(FINER * side, rng)
    SCENES[name](canvas)
    _clutter(canvas)
    return _develop(_frame(canvas, side), rng)


def _clutter(c: Canvas) -> None:
    """Put things of no class in front: leaves at the edge, a post, a passer-by, a bush."""
    for _ in range(c.count(0, 3)):
        _CLUTTER[c.count(0, len(_CLUTTER) - 1)](c, c.between(0, 1), c.thing(0.4, 1.1))


def _leaves(c: Canvas, x: float, colour: Colour) -> None:
    for _ in range(6):
        c.oval(c.between(-0.05, 0.2) if x < 0.5 else c.between(0.8, 1.05), c.between(0, 0.4), 0.06, colour)


def _post(c: Canvas, x: float, colour: Colour) -> None:
    c.box(x - 0.012, c.between(0.1, 0.4), x + 0.012, 1, colour)


def _passer_by(c: Canvas, x: float, colour: Colour) -> None:
    foot, size = c.between(0.85, 1), c.between(0.2, 0.35)
    c.box(x - size * 0.13, foot - size * 0.8, x + size * 0.13, foot, colour)
    c.oval(x, foot - size * 0.9, size * 0.12, (205, 165, 135))


def _bush(c: Canvas, x: float, colour: Colour) -> None:
    for step in (-1, 0, 1):
        c.oval(x + step * 0.08, 0.98, c.between(0.07, 0.13), shade(colour, 1 - 0.1 * step))


_CLUTTER = (_leaves, _post, _passer_by, _bush)


def _frame(c: Canvas, side: int) -> Image.Image:
    """Take a slightly closer view from another place, level or nearly so, perhaps mirrored; return it at its size."""
    rng = c.rng
    image = c.image.rotate(rng.normal(0, 2), Image.Resampling.BILINEAR, fillcolor=c.palette.sky)
    zoom = rng.uniform(0.74, 0.93)
    left, top = ((1 - zoom) * rng.uniform(0.1, 0.9, 2)).tolist()
    box = [value * image.width for value in (left, top, left + zoom, top + zoom)]
    image = image.resize((side, side), Image.Resampling.LANCZOS, box=tuple(box))
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def _develop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Light that mostly falls from above, a soft lens, exposure, contrast and grain."""
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.7)))
    pixels = np.asarray(image, np.float64) / 255
    down = np.linspace(1, -1, image.height)[:, None, None]
    across = np.linspace(-1, 1, image.width)[None, :, None]
    light = 1 + rng.normal(0.12, 0.07) * down + rng.normal(0, 0.07) * across
    pixels = (pixels - 0.5) * rng.uniform(0.7, 1.15) + 0.5 + rng.normal(0, 0.06) + rng.normal(0, 0.03, 3)
    pixels = pixels * light + rng.normal(0, rng.uniform(0.01, 0.05), pixels.shape)
    return Image.fromarray((pixels.clip(0, 1) * 255).round().astype(np.uint8))
