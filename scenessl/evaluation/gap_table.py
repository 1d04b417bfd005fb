"""The generalisation gap, epoch by epoch: how much better a training does on its train images than on held-out ones."""

from collections.abc import Sequence

from scenessl.evaluation.cells import rounded
from scenessl.evaluation.runs import Run

COLUMNS = (
    "model",
    "seed",
    "epoch",
    "train_accuracy",
    "validation_accuracy",
    "gap",
    "train_loss",
    "validation_loss",
    "loss_gap",
)


def gap_rows(runs: Sequence[Run]) -> list[dict]:
    """Return a row of COLUMNS per run and epoch, 0 (before training) first.

    `gap` is train minus validation accuracy, `loss_gap` validation minus train loss in nats: both grow as a model
    overfits. The train figures are in evaluation mode, without augmentation, on a fixed sample.
    """
    return [_row(run, row) for run in runs for row in run.history]


def _row(run: Run, row: dict) -> dict:
    """Return the row of one epoch."""
    figures = {key: rounded(row[key]) for key in COLUMNS if key in row and key != "epoch"}
    gaps = {
        "gap": rounded(row["train_accuracy"] - row["validation_accuracy"]),
        "loss_gap": rounded(row["validation_loss"] - row["train_loss"]),
    }
    return {"model": run.model, "seed": run.seed, "epoch": int(row["epoch"])} | figures | gaps
