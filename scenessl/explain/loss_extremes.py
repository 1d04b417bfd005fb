"""The views that a network finds easiest and hardest: those with the lowest and the largest loss."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scenessl.arrays import write_arrays
from scenessl.explain.predicted import part_views, read_answers, take
from scenessl.training.data import Data

PART = "train"
QUANTILES = (0, 0.25, 0.5, 0.75, 1)


def write_loss_extremes(
    *,
    predictions: Path | str,
    task: str,
    options: Mapping[str, object],
    images: int,
    data: Data,
    seed: int,
    output: Path | str,
) -> None:
    """Write the training views with the lowest and the largest loss, as the network saw them.

    The loss is the cross-entropy of the weights that the model ends with (for a pretext task those of the last epoch)
    in evaluation mode: without augmentation, dropout and label smoothing, over all views of all training images. In
    either row an image stands once at most, by its most extreme view.

    Args:
        predictions: predictions.npz of the model.
        task: module name in `scenessl.tasks`.
        options: that task's own settings.
        images: how many of either kind; fewer where there are fewer training images.
        data: the images, their labels and parts.
        seed: of the training, which fixes what the task draws.
        output: .npz, row 0 the lowest and row 1 the largest losses, the most extreme first: `views` uint8
            [2, count, 3, S, S], `image` int32, `view` uint8, `loss` float32, `target`, `predicted` int16 and
            `probability` float32 (of the target) [2, count]; `names` str [K]; of all training views `quantiles` float32
            [5] (0, 25, 50, 75, 100 %) and `mean` float32 of the loss, `accuracy` float32 (0..1), `count` int32.

    Raises:
        UserError: the predictions are not of these images.
    """
    answers = read_answers(predictions, PART)
    loss = answers.loss
    rows = np.array([extremes(loss, answers.image, images), extremes(-loss, answers.image, images)])
    shown = part_views(answers, PART, task=task, options=options, data=data, seed=seed)
    views = take(shown, rows.ravel().tolist())
    arrays = answers.columns(rows) | {
        "views": views.numpy().reshape(*rows.shape, *views.shape[1:]),
        "loss": loss[rows].astype(np.float32),
        "names": answers.names,
        "quantiles": np.quantile(loss, QUANTILES).astype(np.float32),
        "mean": np.float32(loss.mean()),
        "accuracy": np.float32(answers.right.mean()),
        "count": np.int32(len(loss)),
    }
    write_arrays(output, arrays)


def extremes(loss: np.ndarray, image: np.ndarray, count: int) -> list[int]:
    """Find up to `count` rows with the lowest loss, lowest first, of as many images; ties go to the first row."""
    best: dict[int, int] = {}
    for row in np.argsort(loss, kind="stable").tolist():
        best.setdefault(int(image[row]), row)
        if len(best) == count:
            break
    return list(best.values())
