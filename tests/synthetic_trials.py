"""Invented trials of settings, in the format of the result files, with their table."""

import json
from pathlib import Path

import numpy as np
from synthetic_looks import write_npz

from scenessl.evaluation.trial_table import COLUMNS, read_trials, trial_rows
from scenessl.files import read_csv, write_csv
from scenessl.study.trials import planned

IMAGES = 200
VIEWS = {"rotation": 4, "perturbation": 2}


def write_trials(root: Path, published: dict, moved=None, kept=0.8, gap=0.1) -> None:
    """Write the trials that a study asks for, then their table.

    Args:
        root: the study's results folder.
        published: its configuration.
        moved: (setting, JSON of the value) -> by how much the accuracy is higher than as set; None for a training that
            diverged. Of all others, it is the same.
        kept: validation accuracy as set.
        gap: train minus validation accuracy of all.
    """
    parts = read_csv(root / f"data/parts_seed{published['seeds'][0]}.csv")
    train = sum(row["part"] == "train" for row in parts)
    for (form, name), trials in planned(published).items():
        views = VIEWS.get(published["models"][name]["task"], 1)
        changes = [(moved or {}).get((trial["setting"], json.dumps(trial["value"])), 0.0) for trial in trials]
        arrays = {
            "kind": np.array([trial["kind"] for trial in trials]),
            "setting": np.array([trial["setting"] for trial in trials]),
            "value": np.array([json.dumps(trial["value"]) for trial in trials]),
            "validation": np.stack([_scores(kept, change, views) for change in changes]),
            "train": np.stack([_scores(kept + gap, change, views) for change in changes]),
            "epochs": np.array(3 if form == "short" else published["models"][name]["settings"]["epochs"], np.int32),
            "train_images": np.array(train // 2 if form == "short" else train, np.int32),
            "views": np.array(views, np.int32),
        }
        write_npz(root / f"trials/{form}/{name}.npz", arrays)
    if published.get("trials"):
        write_csv(root / "tables/trials.csv", trial_rows(read_trials(root, published)), COLUMNS)


def _scores(share: float, change: float | None, views: int) -> np.ndarray:
    """The first images are right in all views, one in some, the others in none: float32 [IMAGES]."""
    if change is None:
        return np.full(IMAGES, np.nan, np.float32)
    right = np.arange(IMAGES * views) < round(min(1.0, share + change) * IMAGES * views)
    return right.reshape(IMAGES, views).mean(1).astype(np.float32)
