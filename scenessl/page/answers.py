"""What every model said of the test images on the page, in whole numbers that a browser reads quickly."""

from collections.abc import Sequence

import numpy as np

from scenessl.evaluation.runs import Predictions
from scenessl.page.material import Material

SHOWN = 5
"""Likeliest answers that are kept of every image."""
PARTS_OF_ONE = 10_000
LEAST = 1e-12


def images(material: Material) -> dict[str, object]:
    """Give the test images on the page and, by model, what was said of them.

    `ids`, `labels` and `paths` follow each other; `models[name]` has, image by image and view by view, `target`, the
    `likeliest` answers (`kept` of each) with their `shares`, the share `own` of the right one (of 10,000) and the
    `loss` (thousandths).
    """
    chosen = material.stored_thumbnails["images"]
    index = material.evidence.index
    return {
        "total": material.stored_thumbnails["total"],
        "ids": chosen,
        "labels": [index[image]["label"] for image in chosen],
        "paths": [index[image]["path"] for image in chosen],
        "classes": material.evidence.classes,
        "models": {name: answers(found, chosen) for name, found in material.predictions.items()},
    }


def answers(found: Predictions, chosen: Sequence[int]) -> dict[str, object]:
    """Give a model's answers on the images `chosen`, see `images`."""
    rows = _rows(found, chosen)
    shares, target = found.probabilities[rows].astype(np.float64), found.target[rows]
    kept = min(SHOWN, shares.shape[1])
    likeliest = np.argsort(-shares, axis=1, kind="stable")[:, :kept]
    own = shares[np.arange(len(rows)), target]
    return {
        "names": list(found.names),
        "views": found.views,
        "kept": kept,
        "target": target.tolist(),
        "likeliest": likeliest.ravel().tolist(),
        "shares": _whole(np.take_along_axis(shares, likeliest, 1).ravel() * PARTS_OF_ONE),
        "own": _whole(own * PARTS_OF_ONE),
        "loss": _whole(-np.log(own.clip(LEAST)) * 1000),
    }


def _rows(found: Predictions, chosen: Sequence[int]) -> np.ndarray:
    """Find the rows of the test images `chosen`, views of an image beside each other."""
    test = np.flatnonzero(found.rows("test"))
    test = test[np.isin(found.image[test], chosen)]
    place = {image: at for at, image in enumerate(chosen)}
    places = np.array([place[image] for image in found.image[test].tolist()], dtype=int)
    return test[np.lexsort((found.view[test], places))]


def _whole(values: np.ndarray) -> list[int]:
    return np.rint(values).astype(int).tolist()
