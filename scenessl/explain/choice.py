"""The test images that the compared models are explained on, chosen once for all of them."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from scenessl.arrays import read_arrays
from scenessl.data.parts import PARTS
from scenessl.files import read_csv, write_json


def write_choice(
    *,
    predictions: Mapping[str, Path | str],
    index: Path | str,
    output: Path | str,
    wanted: int,
    sampled: int,
    seed: int,
) -> None:
    """Choose up to `wanted` test images that all models classify rightly, and write choice.json.

    Args:
        predictions: predictions.npz by model name, all of one seed and of the same task.
        index: index.csv, for the classes and paths of the images.
        output: choice.json. Fewer common images than `wanted`: those there are, none included.
        wanted: how many images are shown.
        sampled: how many images, the same ones first, averages are taken over.
        seed: of the order in which images are taken.
    """
    rows = {int(row["image"]): row for row in read_csv(index)}
    judged = [_judged(path) for path in predictions.values()]
    shared = set.intersection(*(set(images) for images in judged))
    common = [image for image in sorted(shared) if all(images[image] for images in judged)]
    chosen = choose(common, {image: int(rows[image]["label"]) for image in common}, max(wanted, sampled), seed)
    described = [_described(number, rows[image]) for number, image in enumerate(chosen, start=1)]
    data = {
        "images": described[:wanted],
        "wanted": wanted,
        "sample": [{key: image[key] for key in ("image", "label")} for image in described[:sampled]],
        "common_correct": len(common),
        "test_images": len(shared),
        "models": list(predictions),
    }
    write_json(output, data)


def choose(images: Iterable[int], labels: Mapping[int, int], wanted: int, seed: int) -> list[int]:
    """Take up to `wanted` images in a fixed order: one of each class, then a second of each, and so on.

    Within these rounds the order is that of a hash of seed and image, so that it does not depend on which other
    images there are.
    """
    order = sorted(images, key=lambda image: (hashlib.sha256(f"{seed}:{image}".encode()).digest(), image))
    taken: Counter[int] = Counter()
    rounds = []
    for image in order:
        rounds.append(taken[labels[image]])
        taken[labels[image]] += 1
    return [order[at] for at in np.argsort(rounds, kind="stable")][:wanted]


def _judged(path: Path | str) -> dict[int, bool]:
    """Tell for every test image of a predictions.npz, as it is (its first view), whether its class was found."""
    found = read_arrays(path, ("image", "part", "view", "target", "probabilities"))
    rows = (found["part"] == PARTS.index("test")) & (found["view"] == 0)
    right = found["probabilities"].argmax(1) == found["target"]
    return dict(zip(found["image"][rows].tolist(), right[rows].tolist(), strict=True))


def _described(number: int, row: Mapping[str, str]) -> dict[str, object]:
    """Make one image's entry in choice.json from its row of the index."""
    return {
        "number": number,
        "image": int(row["image"]),
        "label": int(row["label"]),
        "class": row["class"],
        "path": row["path"],
    }
