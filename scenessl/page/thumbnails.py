"""Thumbnails of the test images, made once: of all, or of a sample in which the models disagree first."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scenessl.data.parts import read_parts
from scenessl.evaluation.runs import Predictions, read_predictions
from scenessl.files import write_json
from scenessl.page.pictures import to_image, webp

MOST = 3000
"""Test images on a page."""
SIDE = 80
"""Pixels of a thumbnail; 3,000 photographs of this size take about 7 MB."""
SEED = 0


def write_thumbnails(
    output: Path | str, *, crops: Path | str, parts: Path | str, predictions: Sequence[Path | str], most: int = MOST
) -> None:
    """Write the thumbnails as JSON.

    Args:
        output: see `thumbnails`.
        crops: uint8 [images, 1 or 3, S, S] as .npy.
        parts: the part of every image, as CSV.
        predictions: of the models that answer with the labels, one seed.
        most: images on the page.
    """
    test = read_parts(parts)["test"].tolist()
    chosen = choose(test, [read_predictions(path) for path in predictions], most)
    write_json(output, thumbnails(np.load(crops, mmap_mode="r"), chosen, len(test)))


def thumbnails(crops: np.ndarray, chosen: Sequence[int], total: int) -> dict[str, object]:
    """Give `images` (ids), the `total` that they are taken from, and their content as WebP in base64."""
    content = [webp(to_image(crops[image], SIDE), "thumbnail") for image in chosen]
    return {"total": total, "images": list(chosen), "webp": content}


def choose(test: Sequence[int], predictions: Sequence[Predictions], most: int = MOST) -> list[int]:
    """Choose at most `most` test images, in ascending order: those first of which some model is right and some wrong.

    The rest, and which of too many, is drawn with a fixed seed.
    """
    if len(test) <= most:
        return sorted(test)
    apart = disagreements(predictions)
    shuffled = np.random.default_rng(SEED).permutation(np.asarray(sorted(test)))
    ranked = sorted(shuffled.tolist(), key=lambda image: image not in apart)
    return sorted(ranked[:most])


def disagreements(predictions: Sequence[Predictions]) -> set[int]:
    """Name the test images that one model classifies rightly and another wrongly."""
    right: dict[int, set[bool]] = {}
    for found in predictions:
        rows = found.rows("test")
        for image, is_right in zip(found.image[rows].tolist(), found.right[rows].tolist(), strict=True):
            right.setdefault(image, set()).add(is_right)
    return {image for image, verdicts in right.items() if len(verdicts) > 1}


def thumbnails_of(stored: Mapping[str, object]) -> dict[int, str]:
    """Give every thumbnail's data: URI by the image's id."""
    return {
        image: f"data:image/webp;base64,{content}"
        for image, content in zip(stored["images"], stored["webp"], strict=True)
    }
