"""A finished study, made up in milliseconds, for the tests of tables, archive and checks."""

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import yaml

from scenessl.evaluation.tables import write_tables
from scenessl.files import write_csv, write_json, write_text
from scenessl.report.provenance import write_provenance

CLASSES = ("=cmd|calc", "côte & <b>")
ENTRY = {
    "init": "random",
    "train": "all",
    "settings": {"optimizer": "adamw", "learning_rate": 0.0005, "augmentation": [], "early_stop": None},
    "reasons": {"optimizer": "-robust", "learning_rate": "tried", "augmentation": "none", "early_stop": "short"},
}
PUBLISHED = {
    "study": "toy",
    "student": {"first_name": "Zoë", "last_name": "Łukasz", "number": "0123"},
    "data": {"kind": "folders", "hash": "abc"},
    "weights": {"kind": "none", "name": None, "sha256": None},
    "seeds": [0, 1],
    "validation": 0.2,
    "comparisons": {"first": ["a", "b"]},
    "models": {
        "a": ENTRY | {"task": "scenes"},
        "b": ENTRY | {"task": "scenes", "train": "classifier"},
        "turns": ENTRY
        | {"task": "rotation", "settings": ENTRY["settings"] | {"early_stop": {"accuracy": 0.9, "patience": 2}}},
    },
}
# split, part, label of the ten images; image 9 is a copy of image 0
IMAGES = [("train", "train", 0), ("train", "train", 1)] * 2 + [("train", "validation", 0), ("train", "validation", 1)]
IMAGES += [("test", "test", label) for label in (0, 0, 1, 0)]


def make_study(root: Path, published: dict = PUBLISHED) -> Path:
    """Write all stored files of a study but tables and provenance; return `root`."""
    write_text(root / "configuration.yaml", yaml.safe_dump(published, sort_keys=False, allow_unicode=True))
    _make_data(root, published)
    for number, (model, entry) in enumerate(published["models"].items()):
        for seed in published["seeds"]:
            make_run(root / "models" / model / f"seed{seed}", entry["task"], 10 * number + seed)
    return root


def finish_study(root: Path, project: Path) -> Path:
    """Write a study with tables and provenance; return `root`."""
    make_study(root)
    write_tables(root, PUBLISHED, root / "tables")
    write_provenance(root / "provenance.json", root=root, project=project, machine={"device": "cpu", "threads": 1})
    return root


def image_bytes(image: int) -> bytes:
    """Return what the file of an image holds; images 0 and 9 are equal."""
    return f"image {image % 9}".encode()


def _make_data(root: Path, published: dict) -> None:
    index = [
        {"image": i, "split": split, "label": label, "class": CLASSES[label], "path": f"{split}/{i}.png",
         "sha256": hashlib.sha256(image_bytes(i)).hexdigest(), "width": 8, "height": 8, "mode": "L"}
        for i, (split, _, label) in enumerate(IMAGES)
    ]  # fmt: skip
    write_csv(root / "data" / "index.csv", index, list(index[0]))
    write_json(root / "data" / "classes.json", {"classes": list(CLASSES)})
    write_json(root / "data" / "audit.json", {"images": len(index), "leaked_images": [9]})
    for seed in published["seeds"]:
        parts = [{"image": i, "part": part} for i, (_, part, _) in enumerate(IMAGES)]
        write_csv(root / "data" / f"parts_seed{seed}.csv", parts, ("image", "part"))


def make_run(folder: Path, task: str, seed: int) -> None:
    """Write history, selection, predictions and (empty) weights of one run."""
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(b"weights")
    losses = [(1.4, 1.4), (0.8, 0.7), (0.5, 0.6), (0.2, 0.9)]
    history = [
        {"epoch": epoch, "learning_rate": 0.01, "running_loss": train if epoch else "", "train_loss": train,
         "train_accuracy": 0.5 + 0.15 * epoch, "validation_loss": validation, "validation_accuracy": 0.5 + 0.1 * epoch}
        for epoch, (train, validation) in enumerate(losses)
    ]  # fmt: skip
    write_csv(folder / "history.csv", history, list(history[0]))
    selection = {"selected_epoch": 2, "last_epoch": 3, "best_epoch": 2, "planned_epochs": 3, "rule": "best"}
    write_json(folder / "selection.json", selection | {"why": "highest validation accuracy", "train_images": 4})
    np.savez(folder / "predictions.npz", **predictions(task, seed))


def predictions(task: str, seed: int) -> dict[str, np.ndarray]:
    """Return made-up predictions of all images in every view of the task."""
    views, names = (4, ("0", "90", "180", "270")) if task == "rotation" else (1, CLASSES)
    image = np.repeat(np.arange(len(IMAGES), dtype=np.int32), views)
    view = np.tile(np.arange(views, dtype=np.uint8), len(IMAGES))
    part = np.array([("train", "validation", "test").index(part) for _, part, _ in IMAGES], np.uint8)[image]
    labels = np.array([label for _, _, label in IMAGES], np.int16)[image]
    raw = np.random.default_rng(seed).random((len(image), len(names)), np.float32)
    return {
        "image": image,
        "part": part,
        "view": view,
        "target": view.astype(np.int16) if views > 1 else labels,
        "probabilities": raw / raw.sum(1, keepdims=True),
        "names": np.array(names),
    }


def make_project(folder: Path) -> Path:
    """Write a small project with all that must be left out; return `folder`."""
    texts = {
        "Snakefile": "rule all:", "Makefile": "check:", "install.sh": "", "config.yaml": "study: toy",
        "README.md": "read", "requirements.txt": "numpy", "requirements-dev.txt": "pytest",
        ".gitignore": "__pycache__/\n/results/*\n!/results/README.md\nlocal.yaml\n",
        ".ci/run": "#!/bin/sh", "scenessl/new.py": "x = 1", "scenessl/__pycache__/new.pyc": "", "rules/a.smk": "#",
        "results/README.md": "layout", "results/toy/secret.csv": "no", "local.yaml": "data: /home/me", ".env": "KEY=1",
        "scenessl/.env": "KEY=1", "docs/id_rsa": "key", "docs/w.safetensors": "w", "other/thing.py": "not listed",
        "tests/data/local.yaml": "data: /home/me",
    }  # fmt: skip
    for name, text in texts.items():
        write_text(folder / name, text)
    (folder / "docs" / "copy.png").write_bytes(image_bytes(3))  # an image of the data set
    (folder / ".ci" / "run").chmod(0o755)
    return folder


def run_git(folder: Path, *arguments: str) -> None:
    """Run git in `folder`, independent of the user's own settings."""
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)
