"""Train the classifiers of frozen models anew with further seeds, on the same cached features and parts of the data."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from scenessl.arrays import write_arrays
from scenessl.models import weights
from scenessl.models.inference import logits_of
from scenessl.models.network import evaluation_mode
from scenessl.training.data import Data
from scenessl.training.frozen import fit_classifier
from scenessl.training.state import State


def write_repeats(
    *,
    settings: Mapping[str, Mapping],
    features: Mapping[str, Path],
    data: Data,
    seeds: Sequence[int],
    state: State,
    output: Path,
) -> None:
    """Write what every repeat says of the test images; a repeat that `state` holds is not trained again.

    A seed draws what it draws for `scenessl.training.frozen.train_classifier`: the first weights, dropout, the order
    of the images and the view of each. Features and parts stay the same for all seeds, so that the seed of a model's
    own training gives its own predictions again.

    Args:
        settings: of every frozen model, by its name.
        features: the file of its cached features, likewise.
        data: labels and parts of the seed that the features are of.
        seeds: a repeat of every model for each.
        state: keeps the finished repeats, and the epochs of the one under way.
        output: .npz with R rows: `model` str, `seed` and `selected_epoch` int32 [R]; `predicted` int16 [R, n_test];
            `image` int32 and `target` int16 [n_test].
    """
    rows, said = [], []
    for name, own in settings.items():
        cached = weights.load(features[name])["features"]
        for seed in seeds:
            found = state.once_by_training(f"{name}_seed{seed}", functools.partial(_repeat, cached, data, own, seed))
            rows.append((name, seed, found["selected_epoch"]))
            said.append(found["predicted"].numpy().astype(np.int16))
    columns = zip(
        ("model", "seed", "selected_epoch"), zip(*rows, strict=True), (np.str_, np.int32, np.int32), strict=True
    )
    test = data.parts["test"]
    targets = {"image": test.numpy().astype(np.int32), "target": data.labels[test].numpy().astype(np.int16)}
    arrays = {name: np.array(values, kind) for name, values, kind in columns}
    write_arrays(output, arrays | {"predicted": np.stack(said)} | targets)


def _repeat(features: Tensor, data: Data, settings: Mapping, seed: int, state: State) -> dict:
    """Train a classifier on features [views, n, width]; give its epoch and the labels [n_test] it says."""
    classifier, epoch = retrained(features, data, settings, seed, state)
    with evaluation_mode(classifier):
        logits = logits_of(classifier, features[0, data.parts["test"]])
    return {"selected_epoch": epoch, "predicted": logits.argmax(1)}


def retrained(features: Tensor, data: Data, settings: Mapping, seed: int, state: State) -> tuple[nn.Module, int]:
    """Train as `train_classifier` does; give classifier and epoch as selected."""
    classifier, selection, _ = fit_classifier(features, data, settings, seed=seed, state=state)
    classifier.load_state_dict(state.load(f"epoch{selection.selected_epoch}"))
    return classifier, selection.selected_epoch
