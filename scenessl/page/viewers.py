"""The data of every part of the page that can be operated, as plain values."""

import base64
from collections.abc import Callable, Sequence

import matplotlib
import numpy as np
from PIL import Image

from scenessl.page import features, times
from scenessl.page.material import Material
from scenessl.page.pictures import picture
from scenessl.report.readers.files import Gap, NotThereError

MAP_SIDE = 56
"""Pixels of a Score-CAM map: the feature blocks that are shown give no more than this."""
TRACE_POINTS = 200


def images(material: Material) -> dict[str, object]:
    """Name the models whose answers the images can be filtered by; the images themselves are embedded once."""
    len(material.evidence.index)  # a draft without it has no images
    models = list(material.labelled)
    if not models:
        raise NotThereError(material.file_of(material.evidence.label_models[0], "predictions.npz"))
    shown, total = len(material.stored_thumbnails["images"]), material.stored_thumbnails["total"]
    return {"models": models, "classes": material.evidence.classes, "shown": shown, "total": total}


def confusion(material: Material) -> dict[str, object]:
    """Give the confusion matrix of every model: rows are true answers, columns predicted ones."""
    rows = material.evidence.rows("confusion", seed=material.evidence.first)
    found: dict[str, dict] = {}
    for row in rows:
        one = found.setdefault(row["model"], {"names": [], "counts": []})
        if row["true"] not in one["names"]:
            one["names"].append(row["true"])
        one["counts"].append(row["count"])
    return {"models": found}


def scorecam(material: Material) -> dict[str, object]:
    """Give the explained images and, by model, their maps (bytes of MAP_SIDE² pixels) with the peak of each."""
    evidence = material.evidence
    chosen = evidence.choice["images"]
    maps = {name: _maps(material, name) for name in evidence.published["explain"]["models"]}
    there = {name: found for name, found in maps.items() if found}
    if not there and maps:
        raise NotThereError(f"explain/scorecam/{next(iter(maps))}.npz")
    colours = matplotlib.colormaps[evidence.published["explain"]["colour_map"]](np.linspace(0, 1, 256))
    return {
        "images": [_explained(material, entry) for entry in chosen],
        "layers": list(evidence.heatmaps.layers),
        "side": MAP_SIDE,
        "colours": np.rint(colours[:, :3] * 255).astype(int).tolist(),
        "models": there,
    }


def _explained(material: Material, entry: dict) -> dict[str, object]:
    """Give one explained image; its `uri` is the picture."""
    return {key: entry[key] for key in ("number", "class", "path")} | {"uri": material.picture(entry["image"])}


def _maps(material: Material, model: str) -> dict[str, object] | None:
    """Encode a model's maps, image by image and layer by layer; None where a draft has none."""
    maps = material.evidence.heatmaps.maps[model]
    if isinstance(maps, Gap):
        return None
    flat = maps.reshape(-1, *maps.shape[-2:])
    confidence = material.evidence.heatmaps.confidence[model]
    return {
        "confidence": [round(float(share), 4) for share in confidence],
        "peaks": [float(f"{heat.max():.5g}") for heat in flat],
        "maps": [base64.b64encode(_bytes(heat)).decode() for heat in flat],
    }


def _bytes(heat: np.ndarray) -> bytes:
    """Scale a map to its own maximum and MAP_SIDE pixels, one byte each."""
    top = float(heat.max())
    scaled = heat.astype(np.float32) / top * 255 if top > 0 else np.zeros_like(heat, dtype=np.float32)
    small = Image.fromarray(scaled).resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BOX)
    return np.rint(np.asarray(small)).clip(0, 255).astype(np.uint8).tobytes()


def curves(material: Material, shown: Sequence[str]) -> dict[str, object]:
    """Give the history of every training and the epoch that was selected; the models `shown` are ticked at first."""
    evidence = material.evidence
    pairs = [(name, seed) for name in evidence.models for seed in evidence.seeds]
    there = [pair for pair in pairs if not isinstance(evidence.histories[pair], Gap)]
    if not there:
        raise NotThereError("models/{}/seed{}/history.csv".format(*pairs[0]))
    absent = [f"models/{name}/seed{seed}/history.csv" for name, seed in pairs if (name, seed) not in there]
    return {
        "part": evidence.held_out,
        "absent": absent,
        "shown": list(shown),
        "trainings": [_training(material, *pair) for pair in there],
    }


def _training(material: Material, model: str, seed: int) -> dict[str, object]:
    """Give one training's curves, a value per epoch; None where there is none.

    What decided about the epoch is `validation`, also where that was the test part.
    """
    history, selection = (found[model, seed] for found in (material.evidence.histories, material.evidence.selections))
    columns = {
        f"{name}_{metric}": [row.get(f"{name}_{metric}") for row in history]
        for name in ("train", "validation")
        for metric in ("loss", "accuracy")
    }
    selected = None if isinstance(selection, Gap) else selection["selected_epoch"]
    epochs = [int(row["epoch"]) for row in history]
    return {"model": model, "seed": seed, "epochs": epochs, "selected": selected, "columns": columns}


def inversion(material: Material) -> dict[str, object]:
    """Give every synthetic image with the rise of its activation and the test image that excites the filter most."""
    names = material.evidence.published["inversion"]["models"]
    there = [name for name in names if not isinstance(material.evidence.inversions[name], Gap)]
    if not there:
        raise NotThereError(f"explain/inversion/{names[0]}.npz")
    return {"models": {name: _units(material, name) for name in there}}


def _units(material: Material, model: str) -> list[dict[str, object]]:
    found, stored = material.evidence.inversions[model], material.files.arrays(f"explain/inversion/{model}.npz")
    units = [*found.units, found.total]
    return [_unit(material, unit, stored["images"][at], stored["trace"][at]) for at, unit in enumerate(units)]


def _unit(material: Material, unit: object, image: np.ndarray, trace: np.ndarray) -> dict[str, object]:
    """Give one filter: its synthetic image, its trace (thinned) and its best test image."""
    steps = np.unique(np.linspace(0, len(trace) - 1, TRACE_POINTS).astype(int))
    low, high = int(image.min()), int(image.max())
    stretched = ((image.astype(np.float32) - low) * (255 / max(1, high - low))).astype(np.uint8)
    return {
        "filter": unit.number,
        "synthetic": picture(stretched.transpose(2, 0, 1)),
        "real": material.picture(unit.image),
        "path": material.evidence.index[unit.image]["path"],
        "class": material.evidence.image_class(unit.image),
        "steps": steps.tolist(),
        "trace": [float(f"{value:.4g}") for value in trace[steps]],
        "natural": float(f"{unit.natural:.4g}"),
        "end": float(f"{unit.end:.4g}"),
    }


DATA: dict[str, Callable[..., dict]] = {
    "images": images,
    "confusion": confusion,
    "scorecam": scorecam,
    "curves": curves,
    "inversion": inversion,
    "embedding": features.embedding,
    "neighbours": features.neighbours,
    "times": times.times,
}
"""The viewers: each takes the material and what its place in the text adds, and has a template of its name."""
