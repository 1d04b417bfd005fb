"""A training's history as event files, for TensorBoard: where it is installed, beside a log and never among results.

What this module does is part of how a job writes its log: rules/study.smk leaves it out of what trainings depend on.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from scenessl.training.loop import Watch, unwatched

CURVES = {
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "running_loss": "loss/running",
    "train_accuracy": "accuracy/train",
    "validation_accuracy": "accuracy/validation",
    "learning_rate": "learning_rate",
}
"""Column of a history -> name of the curve; what stands before a slash is a group."""


@contextmanager
def events(log: Path | str) -> Iterator[Watch]:
    """Give the function that adds rows to the event file of a training, in a folder with the name of its log.

    A training that goes on after a kill, or is made anew, hands all its rows over again: each file begins with the word
    to forget what stands in those of before, so that no point is there twice. A TensorBoard that is at work needs the
    files of before where they are.

    Without TensorBoard (requirements-tensorboard.txt), or where nothing can be written, rows go nowhere: what a
    training makes counts for more than being watched.
    """
    writer = _opened(Path(log).with_suffix(""))
    try:
        yield partial(_add, writer) if writer else unwatched
    finally:
        with suppress(OSError):
            if writer:
                writer.close()


def _opened(folder: Path) -> object | None:
    """Open a new event file in a folder; None without TensorBoard, or if the folder cannot be written."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    try:
        return SummaryWriter(folder, purge_step=0)
    except OSError as error:
        print(f"no event file for TensorBoard: {error}", file=sys.stderr, flush=True)
        return None


def _add(writer: object, row: Mapping[str, float | None]) -> None:
    """Write a row's figures at its epoch, so that they can be read at once."""
    with suppress(OSError):
        for column, curve in CURVES.items():
            if row[column] is not None:
                writer.add_scalar(curve, row[column], row["epoch"])
        writer.flush()
