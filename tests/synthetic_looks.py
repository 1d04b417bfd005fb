"""Invented filters, maps, embeddings, neighbours, loss extremes and probes of a study, as their files hold them."""

from pathlib import Path

import numpy as np

from scenessl.files import write_csv
from scenessl.study.manifest import asked, models_of

KINDS = ["oriented edge", "centre-surround", "colour-opponent", "low-pass"]
TURNS = ["0°", "90°", "180°", "270°"]
SQUARES = ["black", "white"]
PARTING = {"supervised": 0.31, "rotation": 0.06, "perturbation": 0.02}  # silhouettes of the features
RIGHT = {"supervised": 0.82, "rotation": 0.41, "perturbation": 0.22}  # shares of right neighbours
PROBED = {
    "supervised": (0.45, 0.66, 0.79, 0.86),
    "rotation": (0.44, 0.68, 0.75, 0.69),
    "random": (0.4, 0.5, 0.52, 0.48),
}
"""Test accuracies of the linear probe on each block."""
METHODS = {"linear": 0.0, "linear pooled": -0.04, "knn 1": -0.12, "knn 10": -0.08, "knn 200": -0.07}
BLOCKS = [f"features.{number}" for number in range(4)]


def names_of(task: str, classes: list[str]) -> list[str]:
    """What a task's network can answer."""
    return {"rotation": TURNS, "perturbation": SQUARES}.get(task, classes)


def write_looks(root: Path, published: dict, images: list[dict]) -> None:
    """Write what the study asks for; `images` are the rows of its index."""
    writers = {
        "filters": _filters,
        "cam": _cam,
        "loss_extremes": _extremes,
        "embedding": _embedding,
        "neighbours": _neighbours,
    }
    for section, make in writers.items():
        for at, name in enumerate(models_of(published, section)):
            write_npz(root / f"explain/{section}/{name}.npz", make(name, at, published, images))
    if asked(published, "probes"):
        _write_probes(root, published, images)


def write_npz(path: Path, arrays: dict) -> None:
    """Write arrays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def _classes(images: list[dict]) -> list[str]:
    return [name for _, name in sorted({(row["label"], row["class"]) for row in images})]


def _split(images: list[dict], split: str) -> list[dict]:
    return [row for row in images if row["split"] == split]


def _filters(name: str, at: int, published: dict, images: list[dict]) -> dict:
    """The first layer sees colours; the second network has a few more of no kind there."""
    rng = np.random.default_rng(at)
    arrays = {"kinds": np.array(KINDS)}
    for place, layer in enumerate(published["filters"]["layers"]):
        channels = 3 if place == 0 else 32
        scores = rng.uniform(0.1, 0.9, (32, 4)).astype(np.float32)
        if place:
            scores[:, 2] = np.nan
        kind = (np.arange(32) % (4 if place == 0 else 2)).astype(np.int32)
        kind[: 2 + 2 * at] = -1
        order = [0, 1, 2, 3] if place == 0 else [0, 1, 3]
        shown = published["filters"]["shown"]
        arrays |= {
            f"name_{place}": np.array(layer),
            f"kernels_{place}": rng.normal(size=(32, channels, 3, 3)).astype(np.float32),
            f"scores_{place}": scores,
            f"kind_{place}": kind,
            f"orientation_{place}": rng.uniform(0, 180, 32).astype(np.float32),
            f"explained_{place}": rng.uniform(0.4, 0.9, 32).astype(np.float32),
            f"picked_{place}": np.arange(10, 10 + shown, dtype=np.int32),
            f"picked_kind_{place}": np.array([order[number % len(order)] for number in range(shown)], np.int32),
        }
    return arrays


def _cam(name: str, at: int, published: dict, images: list[dict]) -> dict:
    task, wanted = published["models"][name]["task"], published["cam"]["classes"]
    names, tests = names_of(task, _classes(images)), _split(images, "test")
    labels = sorted({row["label"] for row in tests})[:wanted]
    shown = [next(row for row in tests if row["label"] == label) for label in labels] + [tests[-1]]
    own = [row["label"] if task == "scenes" else 1 + place % (len(names) - 1) for place, row in enumerate(shown)]
    rng, target = np.random.default_rng(7), np.array(own, np.int16)  # the same maps for all models, but for some noise
    maps = rng.uniform(size=(len(shown), 8, 8)) + 0.3 * np.random.default_rng(at).uniform(size=(len(shown), 8, 8))
    return {
        "image": np.array([row["image"] for row in shown], np.int32),
        "view": np.where(task == "scenes", 0, target).astype(np.uint8),
        "target": target,
        "predicted": target,
        "probability": np.linspace(0.99, 0.93, len(shown), dtype=np.float32),
        "coarse": maps.astype(np.float32),
        "odd": np.arange(len(shown)) == len(shown) - 1,
        "border": np.array([*[0.31, 0.28, 0.35][: len(shown) - 1], 0.71], np.float32),
        "even": np.float32(0.4375),
        "names": np.array(names),
        "searched": np.int32(6021 - at),
        "floor": np.float32(0.9),
    }


def _extremes(name: str, at: int, published: dict, images: list[dict]) -> dict:
    count, task = published["loss_extremes"]["images"], published["models"][name]["task"]
    names, trained = names_of(task, _classes(images)), _split(images, "train")
    chosen = [[trained[(7 * place + 3 * row) % len(trained)]["image"] for place in range(count)] for row in (0, 1)]
    loss = np.stack([np.linspace(0.0001, 0.002, count), np.linspace(9.8, 6.1, count)]).astype(np.float32)
    target = np.arange(2 * count).reshape(2, count) % len(names)
    predicted = target.copy()
    predicted[1] = (target[1] + len(names) // 2) % len(names)
    return {
        "image": np.array(chosen, np.int32),
        "loss": loss,
        "target": target.astype(np.int16),
        "predicted": predicted.astype(np.int16),
        "probability": np.exp(-loss),
        "names": np.array(names),
        "quantiles": np.array([0.0001, 0.02, 0.14, 0.71, 9.8], np.float32),
        "mean": np.float32(0.52),
        "accuracy": np.float32(0.834),
        "count": np.int32(len(names) * len(trained)),
    }


def _embedding(name: str, at: int, published: dict, images: list[dict]) -> dict:
    tests, silhouette = _split(images, "test"), PARTING.get(name, 0.1)
    arrays = {"counts": np.array(published["embedding"]["images"], np.int32), "purity_k": np.int32(10)}
    for count in published["embedding"]["images"]:
        values = {
            "silhouette": silhouette + 0.05,
            "purity": 0.4 + silhouette,
            "silhouette_features": silhouette,
            "purity_features": 0.45 + silhouette,
            "purity_chance": 0.1,
            "purity_best": 0.9 if count <= 100 else 1.0,
            "perplexity": published["embedding"]["perplexity"],
        }
        arrays |= {f"{key}_{count}": np.float32(value) for key, value in values.items()}
        arrays[f"image_{count}"] = np.array([row["image"] for row in tests[:count]], np.int32)
        arrays[f"label_{count}"] = np.array([row["label"] for row in tests[:count]], np.int16)
        arrays[f"points_{count}"] = np.random.default_rng(at).normal(size=(len(tests[:count]), 2)).astype(np.float32)
    return arrays


def _neighbours(name: str, at: int, published: dict, images: list[dict]) -> dict:
    tests, share, classes = _split(images, "test"), RIGHT.get(name, 0.3), _classes(images)
    labels = sorted({row["label"] for row in tests})[: published["neighbours"]["images"]]
    trained = _split(images, "train")[: published["neighbours"]["neighbours"]]
    return {
        "query": np.array([next(row["image"] for row in tests if row["label"] == label) for label in labels], np.int32),
        "query_label": np.array(labels, np.int16),
        "neighbours": np.array([[row["image"] for row in trained]] * len(labels), np.int32),
        "neighbour_label": np.array([[row["label"] for row in trained]] * len(labels), np.int16),
        "similarity": np.array([np.linspace(1, 0.5, len(trained))] * len(labels), np.float32),
        "purity_query": np.full(len(labels), round(share, 1), np.float32),
        "share_right": np.float32(share),
        "share_by_class": np.linspace(share - 0.1, share + 0.1, len(classes), dtype=np.float32),
        "chance": np.float32(1 / len(classes)),
        "tested": np.int32(len(tests)),
        "searched": np.int32(len(images) - len(tests)),
        "identical": np.int32(1),
        "names": np.array(classes),
    }


def _write_probes(root: Path, published: dict, images: list[dict]) -> None:
    """Probes that are right on as many test images as PROBED and METHODS say, the same images first."""
    tests, rows = _split(images, "test"), []
    target = np.array([row["label"] for row in tests], np.int16)
    held = published["validation"] != "test"
    for start in published["probes"]["starts"]:
        shares = np.clip(np.add.outer(PROBED[start], list(METHODS.values())), 0, 1)
        right = np.arange(len(target)) < np.round(shares[..., None] * len(target))
        for seed in published["seeds"]:
            arrays = {
                "blocks": np.array(BLOCKS),
                "methods": np.array(list(METHODS)),
                "target": target,
                "predicted": np.where(right, target, target + 1).astype(np.int16),
                "validation": (shares if held else np.full(shares.shape, np.nan)).astype(np.float32),
            }
            write_npz(root / f"probes/{start}_seed{seed}.npz", arrays)
            rows += [_probe(start, seed, block, way, right.mean(2)[b, w], len(target))
                     for b, block in enumerate(BLOCKS) for w, way in enumerate(METHODS)]  # fmt: skip
    write_csv(root / "tables/probes.csv", rows, list(rows[0]))


def _probe(start: str, seed: int, block: str, method: str, accuracy: float, number: int) -> dict:
    half = 1.96 * np.sqrt(accuracy * (1 - accuracy) / number)
    line = {"start": start, "seed": seed, "block": block, "method": method, "dimension": 2048, "n_test": number}
    figures = {"test_accuracy": accuracy, "test_low": accuracy - half, "test_high": accuracy + half}
    return line | figures | {"validation_accuracy": accuracy}
