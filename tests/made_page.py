"""What a page needs of an invented study beside what its report needs: predictions, crops and thumbnails."""

from pathlib import Path

import numpy as np
import yaml

from scenessl.files import read_csv, read_json
from scenessl.page.thumbnails import write_thumbnails

SIDE = 16


def complete(root: Path) -> Path:
    """Add to the invented study at `root` what its page needs."""
    published = yaml.safe_load((root / "configuration.yaml").read_text(encoding="utf-8"))
    images = len(read_csv(root / "data" / "index.csv"))
    noise = np.random.default_rng(0).integers(0, 256, (images, 1, SIDE, SIDE), dtype=np.uint8)
    np.save(root / "data" / "crops.npy", noise)
    for name, model in published["models"].items():
        write_predictions(root, name, model["task"])
    labelled = [root / f"models/{name}/seed0/predictions.npz" for name in label_models(published)]
    parts, crops = root / "data/parts_seed0.csv", root / "data/crops.npy"
    write_thumbnails(root / "page" / "thumbnails.json", crops=crops, parts=parts, predictions=labelled)
    return root


def label_models(published: dict) -> list[str]:
    """Name the models that answer with the labels."""
    return [name for name, model in published["models"].items() if model["task"] == "scenes"]


def write_predictions(root: Path, name: str, task: str) -> None:
    """Write invented predictions of the test images: four views for rotation, one for all else."""
    rows = [row for row in read_csv(root / "data" / "index.csv") if row["split"] == "test"]
    views = 4 if task == "rotation" else 1
    classes = read_json(root / "data" / "classes.json")["classes"]
    names = classes if task == "scenes" else [f"{90 * turn}°" for turn in range(4)]
    drawn = np.random.default_rng(len(name)).dirichlet(np.ones(len(names)), views * len(rows)).astype(np.float32)
    labels = np.array([int(row["label"]) for row in rows])
    view = np.repeat(np.arange(views), len(rows))
    np.savez(
        root / f"models/{name}/seed0/predictions.npz",
        image=np.tile([int(row["image"]) for row in rows], views).astype(np.int32),
        part=np.full(views * len(rows), 2, np.uint8),
        view=view.astype(np.uint8),
        target=(np.tile(labels, views) if task == "scenes" else view).astype(np.int16),
        probabilities=drawn,
        names=np.array(names),
    )
