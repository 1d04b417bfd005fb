"""The data of the viewers that look at features: t-SNE maps of the test images, and their nearest training images."""

from collections.abc import Iterable, Mapping

import numpy as np

from scenessl.page.material import Material
from scenessl.report.readers.files import Gap, NotThereError
from scenessl.study.manifest import models_of

GRID = 1000
"""A map's points lie on a grid of so many steps, finer than any screen shows it."""
SMALL = 48
"""Pixels of the pictures of test images that are on a map but not among the thumbnails."""
NEIGHBOUR = 80
"""Pixels of a training image."""


def embedding(material: Material) -> dict[str, object]:
    """Give every model's maps, and pictures of their images that the page does not show anyway.

    `models[name]` lists the maps: `images` (ids), `labels`, and `x` and `y`, 0 to GRID, in one unit.
    """
    found = _stored(material, "embedding")
    maps = {name: [_map(arrays, count) for count in arrays["counts"].tolist()] for name, arrays in found.items()}
    mapped = {image for of_model in maps.values() for one in of_model for image in one["images"]}
    more = sorted(mapped.difference(material.stored_thumbnails["images"]))
    return {"models": maps, "classes": material.evidence.classes, "pictures": _pictures(material, more, SMALL)}


def _stored(material: Material, section: str) -> dict[str, Mapping[str, np.ndarray]]:
    """Read what a deliverable left of every model; a draft goes without those that are not there, but not all."""
    files = {name: f"explain/{section}/{name}.npz" for name in models_of(material.evidence.published, section)}
    read = {name: material.files.arrays(file) for name, file in files.items()}
    there = {name: arrays for name, arrays in read.items() if not isinstance(arrays, Gap)}
    if not there:
        raise NotThereError(next(iter(files.values())))
    return there


def _map(arrays: Mapping[str, np.ndarray], count: int) -> dict[str, list[int]]:
    """Give one map, moved and scaled to the grid."""
    points = arrays[f"points_{count}"].astype(np.float64)
    points -= points.min(0)
    x, y = np.rint(points * (GRID / max(points.max(), 1e-9))).astype(int).T.tolist()
    return {"images": arrays[f"image_{count}"].tolist(), "labels": arrays[f"label_{count}"].tolist(), "x": x, "y": y}


def _pictures(material: Material, images: Iterable[int], side: int) -> dict[int, str]:
    return {image: material.picture(image, side) for image in images}


def neighbours(material: Material) -> dict[str, object]:
    """Give the test images and, by model, their nearest training images, the most similar first.

    `models[name]` lists, in the order of the test images, the `ids`, `labels` and cosine `similarity` of the
    neighbours; `pictures` holds each training image once.
    """
    found = _stored(material, "neighbours")
    queries = next(iter(found.values()))["query"].tolist()
    near = {name: [_nearest(arrays, row) for row in range(len(queries))] for name, arrays in found.items()}
    shown = sorted({image for rows in near.values() for row in rows for image in row["ids"]})
    return {
        "images": [_query(material, number, image) for number, image in enumerate(queries, start=1)],
        "models": near,
        "classes": material.evidence.classes,
        "pictures": _pictures(material, shown, NEIGHBOUR),
    }


def _nearest(arrays: Mapping[str, np.ndarray], row: int) -> dict[str, list]:
    similarity = [round(value, 4) for value in arrays["similarity"][row].astype(float).tolist()]
    return {
        "ids": arrays["neighbours"][row].tolist(),
        "labels": arrays["neighbour_label"][row].tolist(),
        "similarity": similarity,
    }


def _query(material: Material, number: int, image: int) -> dict[str, object]:
    row = material.evidence.index[image]
    return {
        "number": number,
        "label": row["label"],
        "class": material.evidence.image_class(image),
        "path": row["path"],
        "uri": material.picture(image),
    }
