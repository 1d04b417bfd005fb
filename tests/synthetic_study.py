"""Invented results of a whole study, in the formats of the result files: for tests of what reads them."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml
from synthetic_curves import write_curves
from synthetic_looks import names_of, write_looks, write_npz
from synthetic_repeats import write_repeats
from synthetic_trials import write_trials

from scenessl.evaluation.comparison_table import COLUMNS as COMPARISONS
from scenessl.evaluation.difference_table import COLUMNS as DIFFERENCES
from scenessl.evaluation.difference_table import difference_rows
from scenessl.evaluation.gap_table import COLUMNS as GAPS
from scenessl.evaluation.gap_table import gap_rows
from scenessl.evaluation.runs import Run
from scenessl.evaluation.summary_table import COLUMNS as SUMMARY
from scenessl.evaluation.summary_table import summary_rows
from scenessl.files import write_csv, write_json
from scenessl.study.manifest import figure_files, models_of, own_pretext

FIFTEEN = [
    "bedroom",
    "suburb",
    "industrial",
    "kitchen",
    "living_room",
    "coast",
    "forest",
    "highway",
    "inside_city",
    "mountain",
    "open_country",
    "street",
    "tall_building",
    "office",
    "store",
]
TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
SETTINGS = {
    "optimizer": "adamw",
    "learning_rate": 5e-4,
    "learning_rate_classifier": 1.5e-3,
    "layer_decay": 0.8,
    "momentum": 0.9,
    "weight_decay": 0.05,
    "keep_features": 0.0,
    "batch_size": 32,
    "epochs": 12,
    "schedule": "cosine",
    "warmup": 0.1,
    "label_smoothing": 0.1,
    "dropout": 0.2,
    "fc_layers": 1,
    "batch_norm": "train",
    "augmentation": ["flip", "crop"],
    "weight_average": 0.0,
    "precision": "fp32",
    "select": "best",
    "early_stop": None,
}
REASONS = {
    "learning_rate": "of the last feature block; a third of it underfits in the same number of epochs",
    "layer_decay": "earlier blocks are more general and need to change less",
    "weight_decay": "against overfitting a small train part",
    "augmentation": "a mirrored or slightly closer view shows the same",
}
PRETEXT = {"epochs": 6, "select": "last", "keep_features": 1.0, "label_smoothing": 0.0}
STOPS = {"rotation": 0.96, "perturbation": 0.99}
TEST = {
    "supervised": 0.945,
    "rotation": 0.971,
    "rotation_scenes": 0.884,
    "perturbation": 0.995,
    "perturbation_scenes": 0.842,
    "perturbation_scenes_3": 0.846,
    "imagenet_scenes": 0.878,
    "random_scenes": 0.221,
    "rotation_classes": 0.69,
    "random_classes": 0.48,
    "rotation_finetuned": 0.951,
}
PAIRS = [
    ("rotation_scenes", "supervised"),
    ("perturbation_scenes", "supervised"),
    ("rotation_scenes", "imagenet_scenes"),
    ("perturbation_scenes", "imagenet_scenes"),
    ("rotation_scenes", "random_scenes"),
    ("perturbation_scenes", "random_scenes"),
    ("rotation_scenes", "perturbation_scenes"),
    ("perturbation_scenes", "perturbation_scenes_3"),
    ("supervised", "rotation_classes"),
    ("rotation_classes", "random_classes"),
    ("rotation_finetuned", "supervised"),
    ("rotation_finetuned", "rotation_classes"),
]
DEMO = {
    "data": {"kind": "drawn", "hash": "d" * 64},
    "weights": {"kind": "none", "name": "random weights", "sha256": None},
}
WOBBLE = 0.0015  # by which the difference of two models varies from seed to seed
FIGURE_SIZES = {  # millimetres; as the real figures, where their size matters to the page
    "pretext": (150, 70),
    "curves": (170, 62),
    "confusion": (130, 125),
    "accuracy": (170, 85),
    "early": (170, 40),
    "reliability": (170, 112),
    "trajectory": (170, 177),
    "label_efficiency": (170, 76),
    "leaks": (170, 29),
    "scorecam_comparison": (170, 205),
    "scorecam": (140, 205),
    "inversion_traces": (170, 60),
    "inversion": (170, 97),
    "same_filters": (170, 126),
    "class_responses": (170, 105),
    "scorecam_shared": (170, 205),
    "filters": (170, 200),
    "filter_kinds": (170, 165),
    "cam": (170, 122),
    "loss_extremes": (170, 190),
    "embedding": (170, 88),
    "neighbours": (170, 200),
    "probes": (170, 75),
}


def write_study(
    root: Path, classes=None, seeds=(0,), demo=False, test=None, per_class=20, document="scene15", flags=None, **changes
) -> Path:
    """Write the results of an invented study below `root`.

    Args:
        root: folder to write to.
        classes: class names; those of the document's images by default.
        seeds: the study's seeds.
        demo: drawn data and random weights, without the pretrained control.
        test: test accuracies by model name, in place of TEST.
        per_class: test images of each class.
        document: the assignment, and with it the study.
        flags: models by name that learned nothing, and why.
        changes: keys of configuration.yaml to replace.
    """
    made = cifar10_configuration(seeds, demo) if document == "cifar10" else configuration(seeds, demo)
    published = made | {"document": document} | changes
    if published["validation"] == "test":
        published["trials"] = None  # as the study does
    accuracies = TEST | (test or {})
    write_yaml(root / "configuration.yaml", published)
    classes = list(classes or (TEN if document == "cifar10" else FIFTEEN))
    images = _write_data(root, classes, seeds, published, per_class, grayscale=document == "scene15")
    _write_models(root, published, accuracies)
    _write_tables(root, published, accuracies, classes, per_class, flags or {})
    targets = np.array([row["label"] for row in images if row["split"] == "test"])
    write_curves(root, published, targets)
    write_repeats(root, published, targets)
    write_trials(root, published)
    _write_explanations(root, published, images)
    write_looks(root, published, images)
    _write_figures(root, published)
    write_json(root / "provenance.json", _provenance(published))
    return root


def write_yaml(path: Path, data: object) -> None:
    """Write YAML, keys in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


def configuration(seeds=(0,), demo=False) -> dict:
    """The published configuration."""
    start = "random" if demo else "imagenet"
    lines = {
        "supervised": ("scenes", start, "all"),
        "rotation": ("rotation", start, "all"),
        "rotation_scenes": ("scenes", "rotation", "classifier"),
        "perturbation": ("perturbation", start, "all"),
        "perturbation_scenes": ("scenes", "perturbation", "classifier"),
        "perturbation_scenes_3": ("scenes", "perturbation@3", "classifier"),
        "imagenet_scenes": ("scenes", "imagenet", "classifier"),
        "random_scenes": ("scenes", "random", "classifier"),
    }
    if demo:
        del lines["imagenet_scenes"]
    return {
        "study": "demo" if demo else "scene15",
        "title": "Self-Supervised Scene Classification",
        "date": None,
        "student": {"first_name": "Zoë", "last_name": "Peeters-Núñez", "number": "0123456"},
        "words": {"4b": "I had hoped for more & was <surprised>.\n\nStill, rotation keeps nearly everything."},
        "data": {"kind": "folders", "hash": "a" * 64},
        "weights": {"kind": "file", "name": "ImageNet backbone (local file)", "sha256": "b" * 64},
        "network": "efficientnet_b0",
        "transform": "imagenet",
        "document": "scene15",
        "image_side": 64 if demo else 224,
        "seeds": list(seeds),
        "validation": 0.15,
        "validation_reason": "a part of train decides about epochs and settings, so that the test part never does",
        "models": {name: _model(name, *line) for name, line in lines.items()},
        "comparisons": {f"pair{at}": list(pair) for at, pair in enumerate(PAIRS) if set(pair) <= set(lines)},
        "explain": {
            "models": ["supervised", "rotation_scenes", "perturbation_scenes"],
            "images": 8,
            "sample": 12,
            "layers": [8, 2, 1],
            "variant": "paper",
            "switches": {},
            "colour_map": "jet",
        },
        "inversion": {"models": ["supervised", "rotation", "perturbation"], "filters": 5, "steps": 20},
        "loss_extremes": {"models": ["rotation", "perturbation"], "images": 8},
        "embedding": {"models": ["supervised", "rotation", "perturbation"], "images": [100, 2000], "perplexity": 30},
        "neighbours": {"models": ["supervised", "rotation", "perturbation"], "images": 5, "neighbours": 10},
        "trajectory": {"models": ["rotation", "perturbation"], "epochs": [1, 3], "images": 100},
        "label_efficiency": {
            "starts": [*([] if demo else ["imagenet"]), "rotation", "perturbation", "random"],
            "labels": [1, 10],
            "draws": 3,
        },
        "trials": {
            "sweeps": ["supervised", "rotation", "random_scenes"],
            "learning_rate": [0.3, 3],
            "batch_size": [0.5],
            "ablations": ["supervised", "random_scenes"],
            "inputs": 150,
            "epochs": 3,
            "validation": 200,
            "full": False,
        },
        "repeats": {"models": ["rotation_scenes", "perturbation_scenes", "perturbation_scenes_3"], "seeds": 3},
        "roles": {
            "supervised": "supervised",
            "schemes": ["supervised", "rotation_scenes", "perturbation_scenes"],
            "pretexts": ["rotation", "perturbation"],
            "controls": ["random_scenes"] if demo else ["imagenet_scenes", "random_scenes"],
            "early": "perturbation_scenes_3",
            "latest": "perturbation_scenes",
        },
    } | (DEMO if demo else {})


def cifar10_configuration(seeds=(0,), demo=False) -> dict:
    """The published configuration of the second study."""
    lines = {
        "supervised": ("scenes", "random", "all"),
        "rotation": ("rotation", "random", "all"),
        "rotation_classes": ("scenes", "rotation", "classifier"),
        "random_classes": ("scenes", "random", "classifier"),
        "rotation_finetuned": ("scenes", "rotation", "all"),
    }
    return (
        {key: value for key, value in configuration(seeds).items() if key not in ("explain", "inversion")}
        | (DEMO if demo else {"weights": DEMO["weights"]})
        | {
            "study": "demo" if demo else "cifar10",
            "title": "A Tale of Two Networks",
            "words": {"4.5": "I had expected less of the rotations."},
            "network": "small_resnet",
            "transform": "whole",
            "document": "cifar10",
            "image_side": 32,
            "models": {name: _without_stop(_model(name, *line)) for name, line in lines.items()},
            "comparisons": {f"pair{at}": list(pair) for at, pair in enumerate(PAIRS) if set(pair) <= set(lines)},
            "explain": None,
            "filters": {
                "models": ["supervised", "rotation"],
                "layers": ["features.0.0", "features.1.0.conv1"],
                "shown": 8,
            },
            "cam": {"models": ["supervised", "rotation_classes", "rotation"], "classes": 3, "colour_map": "jet"},
            "loss_extremes": {"models": ["rotation"], "images": 10},
            "embedding": {"models": ["supervised", "rotation"], "images": [100, 2000], "perplexity": 30},
            "neighbours": {"models": ["supervised", "rotation"], "images": 5, "neighbours": 10},
            "trajectory": {"models": ["rotation"], "epochs": [1, 3], "images": 100},
            "label_efficiency": {"starts": ["rotation", "random"], "labels": [1, 10], "draws": 3},
            "trials": configuration(seeds)["trials"] | {"sweeps": ["random_classes"], "ablations": ["random_classes"]},
            "repeats": {"models": ["rotation_classes"], "seeds": 3},
            "probes": {"starts": ["supervised", "rotation", "random"], "knn": [1, 10, 200], "temperature": 0.07},
            "roles": {
                "supervised": "supervised",
                "schemes": ["supervised", "rotation_classes", "rotation_finetuned"],
                "pretexts": ["rotation"],
                "controls": ["random_classes"],
                "early": None,
                "latest": None,
            },
        }
    )


def _without_stop(model: dict) -> dict:
    """A model that trains all its epochs, from a start that is not kept."""
    return model | {"settings": model["settings"] | {"early_stop": None, "keep_features": 0.0}}


def _model(name: str, task: str, init: str, train: str) -> dict:
    settings = dict(SETTINGS)
    if task != "scenes":
        settings |= PRETEXT | {"early_stop": {"accuracy": STOPS[task], "gain": 0.002, "patience": 1, "after": 3}}
    if task == "perturbation":
        settings["square"] = 10
    if train == "classifier":
        settings |= {
            "batch_norm": "frozen",
            "augmentation": ["flip"],
            "layer_decay": 1.0,
            "learning_rate_classifier": 3e-3,
        }
    reasons = {key: REASONS.get(key, "as good on the validation images as its neighbours") for key in settings}
    return {"task": task, "init": init, "train": train, "settings": settings, "reasons": reasons}


def _write_data(root: Path, classes: list[str], seeds, published: dict, per_class: int, grayscale: bool) -> list[dict]:
    """Write index, classes, audit and parts; returns the rows of the index."""
    rows = []
    for split, number in (("train", 20), ("test", per_class)):
        for label, name in enumerate(classes):
            for at in range(number):
                path = f"{split}/{name}/image_{at:04d}.jpg"
                rows.append({"image": len(rows), "split": split, "label": label, "class": name, "path": path})
    fixed = {"sha256": "0" * 64, "width": 256, "height": 256, "mode": "L"}
    columns = ["image", "split", "label", "class", "path", *fixed]
    write_csv(root / "data/index.csv", [row | fixed for row in rows], columns)
    classes_json = {"classes": classes, "folders": classes, "origin": "given", "source": published["data"]["kind"]}
    write_json(root / "data/classes.json", classes_json | {"hash": "a" * 64, "grayscale": grayscale})
    test = next(row for row in rows if row["split"] == "test")
    audit = {
        "images": len(rows),
        "duplicates": [[rows[0]["path"], rows[1]["path"]]],
        "leaks": [{"test": test["path"], "train": [rows[2]["path"]]}],
        "conflicts": [],
        "unreadable": [],
        "leaked_images": [test["image"]],
    }
    write_json(root / "data/audit.json", audit)
    held = published["validation"] != "test"
    for seed in seeds:
        parts = [
            {
                "image": row["image"],
                "part": "validation" if held and row["image"] % 7 == 0 and row["split"] == "train" else row["split"],
            }
            for row in rows
        ]
        write_csv(root / f"data/parts_seed{seed}.csv", parts, ["image", "part"])
    return rows


def _write_models(root: Path, published: dict, accuracies: dict) -> None:
    for name, model in published["models"].items():
        epochs = model["settings"]["epochs"]
        for seed in published["seeds"]:
            folder = root / f"models/{name}/seed{seed}"
            best, rows = _epochs(model, accuracies[name])
            write_csv(folder / "history.csv", rows, list(rows[0]))
            selection = {
                "selected_epoch": best,
                "last_epoch": epochs,
                "best_epoch": epochs - 2,
                "planned_epochs": epochs,
                "rule": model["settings"]["select"],
                "why": "highest validation accuracy, ties to the lower loss"
                if model["task"] == "scenes"
                else "the latest epoch",
                "stopped_early": False,
                "train_images": 255,
                "views_per_image": {"rotation": 4, "perturbation": 2}.get(model["task"], 1),
                "precision": model["settings"]["precision"],
            }
            write_json(folder / "selection.json", selection)


def _history(epoch: int, best: int, final: float) -> dict:
    """Losses and accuracies that settle until the best epoch; from then on, the model overfits."""
    share = 1 - 0.5**epoch if epoch < best else 1.0
    past = max(0, epoch - best)
    return {
        "epoch": epoch,
        "learning_rate": 0.0005,
        "running_loss": 2.0 - share if epoch else "",
        "train_loss": round(2.7 - 2.4 * share - 0.02 * past, 4),
        "train_accuracy": round(0.07 + (min(final + 0.03, 1) - 0.07) * share, 4),
        "validation_loss": round(2.7 - 2.1 * share + 0.04 * past, 4),
        "validation_accuracy": round(0.07 + (final - 0.07) * share - 0.002 * past, 4),
    }


def _write_tables(root, published: dict, accuracies: dict, classes: list[str], per_class: int, flags: dict) -> None:
    number = len(classes) * per_class
    held = published["validation"] != "test"
    accuracy, fitting, recall, confusion = [], [], [], []
    for name, model in published["models"].items():
        for seed in published["seeds"]:
            value = min(1.0, min(accuracies[name], 0.99) + 0.004 * (seed - published["seeds"][0]))
            half = 1.96 * np.sqrt(value * (1 - value) / number)
            accuracy.append(
                {
                    "model": name,
                    "task": model["task"],
                    "init": model["init"],
                    "train": model["train"],
                    "seed": seed,
                    "train_accuracy": min(value + 0.03, 1),
                    "validation_accuracy": value - 0.002 if held else "",
                    "test_accuracy": value,
                    "test_low": value - half,
                    "test_high": min(value + half, 1),
                    "test_accuracy_unleaked": value - 0.0004,
                    "balanced_accuracy": value - 0.003,
                    "macro_f1": value - 0.004,
                    "calibration_error": 0.03,
                    "confidence": min(1.0, value + 0.025),
                    "test_loss": 3.1,
                    "chance": 1 / len(names_of(model["task"], classes)),
                    "flag": flags.get(name, ""),
                    "n_train": 255,
                    "n_validation": 45 if held else 0,
                    "n_test": number,
                    "n_test_unleaked": number - 1,
                    "views": {"rotation": 4, "perturbation": 2}.get(model["task"], 1),
                    "selected_epoch": 10,
                    "planned_epochs": 12,
                    "rule": "best",
                    "why": "highest validation accuracy",
                }
            )
            fitting.append(_fitting(name, seed, value))
            names = names_of(model["task"], classes)
            shown = per_class if names is classes else number
            rows = _confusions(name, seed, value, names, shown)
            confusion += rows
            recall += [
                {
                    "model": name,
                    "seed": seed,
                    "class": row["true"],
                    "n": shown,
                    "recall": row["count"] / shown,
                    "precision": value,
                    "f1": value,
                }
                for row in rows
                if row["true"] == row["predicted"]
            ]
    for file, rows in {"accuracy": accuracy, "fitting": fitting, "per_class": recall, "confusion": confusion}.items():
        write_csv(root / f"tables/{file}.csv", rows, list(rows[0]))
    pairs = [
        _pair(a, b, seed, accuracies, number)
        for a, b in published["comparisons"].values()
        for seed in published["seeds"]
    ]
    judge_pairs(root, published, pairs)
    write_csv(root / "tables/gaps.csv", _gaps(published, accuracies), GAPS)
    write_csv(root / "tables/summary.csv", summary_rows(accuracy, published["models"]), SUMMARY)


def judge_pairs(root: Path, published: dict, pairs: list[dict]) -> None:
    """Write invented comparisons, and what they are together."""
    write_csv(root / "tables/comparisons.csv", pairs, COMPARISONS)
    write_csv(root / "tables/differences.csv", difference_rows(pairs, published["models"]), DIFFERENCES)


def _gaps(published: dict, accuracies: dict) -> list[dict]:
    """The gaps of the invented histories."""
    runs = [(name, seed, model) for name, model in published["models"].items() for seed in published["seeds"]]
    return [
        row
        for name, seed, model in runs
        for row in gap_rows([Run(name, seed, model, None, _epochs(model, accuracies[name])[1], {})])
    ]


def _epochs(model: dict, final: float) -> tuple[int, list[dict]]:
    """The best epoch of a training, and its history."""
    epochs = model["settings"]["epochs"]
    best = epochs if model["settings"]["select"] == "last" else epochs - 2
    return best, [_history(epoch, best, final) for epoch in range(epochs + 1)]


def _fitting(name: str, seed: int, value: float) -> dict:
    overfits = name == "supervised"
    return {
        "model": name,
        "seed": seed,
        "epochs": 12,
        "train_loss_start": 2.7,
        "train_loss_end": 0.31,
        "validation_loss_lowest": 0.52,
        "validation_loss_lowest_epoch": 8,
        "validation_loss_last": 0.6 if overfits else 0.52,
        "gap_selected": 0.032,
        "gap_last": 0.041,
        "overfits_from": 9 if overfits else "",
        "verdict": "overfits from epoch 9" if overfits else "underfits" if value < 0.5 else "no overfitting seen",
        "evidence": (
            "validation loss is lowest at epoch 8 (0.520) and ends at 0.600; train loss meanwhile goes from 0.402 to "
            "0.310"
        ),
    }


def _confusions(name: str, seed: int, value: float, classes: list[str], per_class: int) -> list[dict]:
    """All pairs of classes; every class loses its errors to the next one."""
    rows = []
    for label, true in enumerate(classes):
        wrong = min(per_class, max(0, round((1 - value) * per_class + (label * 7 + len(name)) % 3 - 1)))
        following = classes[(label + 1) % len(classes)]
        for predicted in classes:
            count = per_class - wrong if predicted == true else wrong if predicted == following else 0
            rows.append({"model": name, "seed": seed, "true": true, "predicted": predicted, "count": count})
    return rows


def _pair(a: str, b: str, seed: int, accuracies: dict, number: int) -> dict:
    """A paired comparison whose test follows the size of the difference."""
    difference = accuracies[a] - accuracies[b] + WOBBLE * ((seed + 1) % 3 - 1)
    half = 0.011
    right = round(abs(difference) * number) + 12
    return {
        "name_a": a,
        "name_b": b,
        "seed": seed,
        "n": number,
        "accuracy_a": accuracies[a],
        "accuracy_b": accuracies[b],
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "only_a_right": right if difference > 0 else 12,
        "only_b_right": 12 if difference > 0 else right,
        "p": 0.0004 if abs(difference) > half else 0.31,
        "p_holm": 0.004 if abs(difference) > half else 1.0,
    }


def _write_explanations(root: Path, published: dict, images: list[dict]) -> None:
    tests = [row for row in images if row["split"] == "test"]
    if published.get("explain"):
        _write_scorecam(root, published, tests)
    if published.get("inversion"):
        write_npz(root / "explain/extractors.npz", _extractors(published["inversion"]["models"]))
    for at, name in enumerate(models_of(published, "inversion")):
        arrays = _inversion(at, tests) | _answers(at, tests, list(published["roles"]["pretexts"]))
        write_npz(root / f"explain/inversion/{name}.npz", arrays)


def _write_scorecam(root: Path, published: dict, tests: list[dict]) -> None:
    explain = published["explain"]
    labels = sorted({row["label"] for row in tests})
    chosen = [next(row for row in tests if row["label"] == label) for label in labels][: explain["images"]]
    listed = [
        {"number": at, "image": row["image"], "label": row["label"], "class": row["class"], "path": row["path"]}
        for at, row in enumerate(chosen, 1)
    ]
    choice = {
        "images": listed,
        "wanted": explain["images"],
        "sample": [{key: row[key] for key in ("image", "label")} for row in tests[: explain["sample"]]],
        "common_correct": int(0.7 * len(tests)),
        "test_images": len(tests),
    }
    write_json(root / "explain/choice.json", choice | {"models": explain["models"]})
    for at, name in enumerate(explain["models"]):
        beside = own_pretext(published, name) is not None
        arrays = _explained(chosen, explain["layers"], at, beside)
        sample = _explained(tests[: explain["sample"]], [8], 10 + at, beside)
        arrays |= {f"sample_{key}": values[:, 0] if values.ndim > 1 else values for key, values in sample.items()}
        arrays |= {"layers": np.array(explain["layers"]), "variant": np.array(explain["variant"])}
        arrays |= {"variants": np.array(["paper", "gradcam", "torchcam", "authors"])}
        write_npz(root / f"explain/scorecam/{name}.npz", arrays | {"variant_maps": _maps(1, [8, 8, 8, 8], at)[0]})


def _explained(rows: list[dict], layers: list[int], seed: int, beside: bool) -> dict:
    """Maps of some images, and how far they show what the network uses."""
    rng, shape = np.random.default_rng(100 + seed), (len(rows), len(layers))
    confidence = rng.uniform(0.5, 1, len(rows)).astype(np.float32)
    arrays = {
        "maps": _maps(len(rows), layers, seed),
        "images": np.array([row["image"] for row in rows], np.int32),
        "targets": np.array([row["label"] for row in rows], np.int32),
        "confidence": confidence,
        "kept": (confidence[:, None] * rng.uniform(0.5, 1.1, shape)).clip(0, 1).astype(np.float32),
        "deletion": rng.uniform(0.1, 0.4, shape).astype(np.float32),
        "insertion": rng.uniform(0.5, 0.9, shape).astype(np.float32),
    }
    if beside:
        pretext = {"maps": _maps(len(rows), layers, 50 + seed), "targets": np.zeros(len(rows), np.int32)}
        arrays |= {f"pretext_{key}": values for key, values in (pretext | {"confidence": confidence}).items()}
    return arrays


def _maps(number: int, layers: list[int], seed: int) -> np.ndarray:
    """Blobs of heat whose width and place vary by model, image and layer."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :16] / 16
    maps = np.zeros((number, len(layers), 16, 16), np.float32)
    for image in range(number):
        for at, layer in enumerate(layers):
            down, across = rng.uniform(0.3, 0.8, 2)
            width = 0.15 if layer == 8 else 0.6
            maps[image, at] = np.exp(-((rows - down) ** 2 + (columns - across) ** 2) / width**2) + rng.uniform(
                0, 0.05, (16, 16)
            )
    return maps


def _inversion(seed: int, tests: list[dict]) -> dict:
    rng = np.random.default_rng(seed)
    return {
        "images": rng.integers(0, 255, (6, 16, 16, 3), np.uint8),
        "filters": np.array([70, 1250, 944, 833 + seed, 768 - seed], np.int32),
        "weight_sums": np.array([9.1, 8.2, 7.9, 7.7, 7.5], np.float32),
        "trace": np.linspace(0, 5, 21, dtype=np.float32)[None].repeat(6, 0),
        "start": np.full(6, -0.2, np.float32),
        "end": np.array([6, 7, 5, 4, 0.9, 22], np.float32),
        "moved": np.array([5, 6, 4, 3, 0.8, 20], np.float32),
        "absolute_sums": np.array([30, 29, 28, 27, 26], np.float32),
        "absolute_filters": np.array([70, 3, 4, 5, 6], np.int32),
        "natural_max": np.array([1.1, 1.2, 0.9, 2.0, 1.0, 4.0], np.float32),
        "natural_image": np.array(
            [tests[(at * 31 + seed) % len(tests)]["image"] for at in (0, 1, 2, 0, 3, 1)], np.int32
        ),
        "natural_mean": np.full(6, 0.1, np.float32),
        "settings": np.array(json.dumps({"steps": 20})),
    }


def _extractors(models: list[str]) -> dict:
    """Models that part from block to block."""
    pairs = list(combinations(models, 2))
    return {
        "one": np.array([one for one, _ in pairs]),
        "other": np.array([other for _, other in pairs]),
        "blocks": np.array([f"features.{place}" for place in range(9)]),
        "cka": np.linspace(1, 0.6, 9, dtype=np.float32)[None] - 0.05 * np.arange(len(pairs))[:, None],
        "distance": np.linspace(0, 0.3, 9, dtype=np.float32)[None] + 0.02 * np.arange(len(pairs))[:, None],
        "sampled": np.array(300, np.int32),
    }


def _answers(seed: int, tests: list[dict], pretexts: list[str]) -> dict:
    """What is known of further filters, and what all filters answer to real images and their views."""
    rng, own = np.random.default_rng(70 + seed), {70, 1250, 944, 833 + seed, 768 - seed}
    further = [number for number in (70, 1250, 944, 833, 768) if number not in own]
    filters, some = 5 + len(further), tests[:: max(1, len(tests) // 40)]
    labels = np.array([row["label"] for row in tests])
    responses = labels[:, None] % 4 + rng.normal(0, 1, (len(tests), filters))
    at = [tests.index(row) for row in some]
    numbers = {name: np.full(len(further), 2.0, np.float32) for name in ("weight_sums", "absolute_sums", "start")}
    numbers |= dict.fromkeys(("end", "moved", "natural_max", "natural_mean"), np.full(len(further), 3.0, np.float32))
    turns = responses[at][:, None] + rng.normal(0, 0.3, (len(at), 4, filters))
    turns[:, 0] += 1
    views = {"rotation": turns, "perturbation": responses[at][:, None] + rng.normal(0, 0.3, (len(at), 2, filters))}
    arrays = {f"further_{name}": values for name, values in numbers.items()}
    arrays |= {f"views_{name}": views[name].astype(np.float32) for name in pretexts}
    return arrays | {
        "further_filters": np.array(further, np.int32),
        "further_images": rng.integers(0, 255, (len(further), 16, 16, 3), np.uint8),
        "further_natural_image": np.full(len(further), tests[0]["image"], np.int32),
        "responses": responses.astype(np.float32),
        "response_images": np.array([row["image"] for row in tests], np.int32),
        "tested": np.array([row["image"] for row in some], np.int32),
    }


def _write_figures(root: Path, published: dict) -> None:
    for file in figure_files(published):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        start = max((start for start in FIGURE_SIZES if path.stem.startswith(start)), key=len)
        width, height = FIGURE_SIZES[start]
        head = f'width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}"'
        shape = f'<rect width="{width}" height="{height}" fill="#dde6ee"/>'
        label = f'<text x="5" y="12" font-size="6">{path.stem}</text>'
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{shape}{label}</svg>')


def _provenance(published: dict) -> dict:
    return {
        "libraries": {"python": "3.13.1", "torch": "2.15.0", "torchvision": "0.29.2", "weasyprint": "70.0"},
        "hardware": {"device": "cpu", "compute_threads": 2},
        "git": "0123abc",
        "data_hash": published["data"]["hash"],
        "weights": published["weights"],
    }
