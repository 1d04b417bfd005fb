"""How many labels frozen features need: a logistic regression on few images of each class, drawn several times."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scenessl.arrays import write_arrays
from scenessl.evaluation.frozen_probe import answers, standardised
from scenessl.models import weights
from scenessl.training.data import Data
from scenessl.training.seeding import generator

ALL = 0  # stands for all labels of the train part


def write_label_efficiency(
    *, features: Mapping[str, Path], data: Data, labels: Sequence[int], draws: int, seed: int, output: Path
) -> None:
    """Write what classifiers on few labels say of the test images.

    All starts get the same images, and more labels of a draw include its fewer ones, so that points are paired.

    Args:
        features: cached features (see `scenessl.training.frozen`) of every start, by its name.
        data: labels and parts.
        labels: numbers of labelled images per class; all of them are added. A number that no class has counts as all.
        draws: how often the labelled images are drawn.
        seed: draws them.
        output: .npz with R rows: `start` str, `labels` (ALL for all), `draw` and `used` (labelled images) int32 [R];
            `predicted` int16 [R, n_test]; `image` int32 and `target` int16 [n_test].
    """
    test, rows, said = data.parts["test"], [], []
    chosen = subsets(data.labels, data.parts["train"], labels, draws, seed)
    for start, path in features.items():
        scaled = standardised(weights.load(path)["features"][0], data.parts["train"])
        for (count, draw), ids in chosen.items():
            found = answers(scaled, data.labels, ids, int(data.labels.max()) + 1)
            rows.append((start, count, draw, len(ids)))
            said.append(found[test].numpy().astype(np.int16))
    names = zip(("start", "labels", "draw", "used"), zip(*rows, strict=True), (np.str_, *[np.int32] * 3), strict=True)
    arrays = {name: np.array(values, kind) for name, values, kind in names}
    targets = {"image": test.numpy().astype(np.int32), "target": data.labels[test].numpy().astype(np.int16)}
    write_arrays(output, arrays | {"predicted": np.stack(said)} | targets)


def subsets(
    labels: Tensor, train: Tensor, counts: Sequence[int], draws: int, seed: int
) -> dict[tuple[int, int], Tensor]:
    """Draw labelled images: (labels per class, draw) -> ids; (ALL, 0) are all. A class with fewer gives all it has."""
    largest = int(torch.bincount(labels[train]).max())
    found = {}
    for draw in range(draws):
        order = train[torch.randperm(len(train), generator=generator(seed, "labels", draw))]
        for count in sorted(count for count in counts if count < largest):
            classes = [order[labels[order] == label][:count] for label in labels[train].unique()]
            found[count, draw] = torch.cat(classes)
    return found | {(ALL, 0): train}
