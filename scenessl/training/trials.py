"""Train one model several times with single settings replaced, and judge each by the same validation images."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from scenessl.arrays import write_arrays
from scenessl.models import weights
from scenessl.models.device import choose_device
from scenessl.models.inference import logits_of, score
from scenessl.models.network import evaluation_mode
from scenessl.tasks import scenes
from scenessl.training.data import Data, spread
from scenessl.training.epochs import feature_batches, feature_steps, image_batches, image_steps
from scenessl.training.frozen import new_classifier
from scenessl.training.loop import DivergedError, fit
from scenessl.training.recipe import course_of, learner_of, measure_with, sample_train, start_model
from scenessl.training.seeding import generator
from scenessl.training.state import State
from scenessl.training.views import Views, load_task

WATCHED = 16  # views that the log's lines after each epoch rest on; a trial is judged once, at its end


@dataclass(frozen=True)
class TrialSetup:
    """How the trials of one model are trained and judged.

    Attributes:
        build: settings -> a new model.
        loss: of the task.
        batches: settings, epoch -> (inputs, targets) of that epoch.
        steps: settings -> steps of an epoch.
        show: ids, purpose -> (inputs, targets) of an evaluation, view after view in each batch.
        views: of every image.
        parts: "train" and "validation" -> ids of the images that are used.
        share: of the study's training that a trial is, in images seen.
        epochs: of a trial, at most; None for the planned ones.
        seed: of all that is drawn.
    """

    build: Callable[[Mapping], nn.Module]
    loss: Callable[..., Tensor]
    batches: Callable[[Mapping, int], Iterator]
    steps: Callable[[Mapping], int]
    show: Callable[[Tensor, str], Iterator]
    views: int
    parts: Mapping[str, Tensor]
    share: float
    epochs: int | None
    seed: int


def try_network(
    *,
    task: str,
    options: Mapping[str, object],
    settings: Mapping[str, object],
    trials: Sequence[Mapping],
    inputs: int | None,
    epochs: int | None,
    validation: int,
    seed: int,
    start: Path,
    start_epoch: int | str | None,
    data: Data,
    state: State,
    device: str,
    output: Path,
) -> None:
    """Train all layers once per trial and write what `write_trials` writes; the test part is not looked at.

    `trials` are as `scenessl.study.trials.planned` lists them, the training as set first. `inputs` (an image in all
    views of the task) and `epochs` bound a training, None for neither; about `validation` images judge it. The other
    arguments are those of `scenessl.training.network.train_network`.
    """
    module, where = load_task(task), choose_device(device)
    shown, outputs = Views(module, data, where, options), len(module.target_names(data.classes))
    parts = chosen_parts(data, inputs and inputs // module.VIEWS, validation, seed)
    train = parts["train"]
    seen = len(train) * _epochs(settings, epochs) / (len(data.parts["train"]) * settings["epochs"])
    setup = TrialSetup(
        build=lambda own: start_model(start, start_epoch, outputs, own, seed).to(where),
        loss=module.loss,
        batches=lambda own, epoch: image_batches(shown, train, own, seed, epoch),
        steps=lambda own: image_steps(train, own, shown),
        show=lambda ids, purpose: shown.evaluation(ids, seed, purpose),
        views=module.VIEWS,
        parts=parts,
        share=seen,
        epochs=epochs,
        seed=seed,
    )
    write_trials(setup, settings, trials, state, output)


def try_classifier(
    *,
    settings: Mapping[str, object],
    trials: Sequence[Mapping],
    validation: int,
    seed: int,
    features: Path,
    data: Data,
    state: State,
    output: Path,
) -> None:
    """Train the classifier on cached features once per trial, as long as in the study, and write the same file."""
    cached, labels = weights.load(features)["features"], data.labels
    parts = chosen_parts(data, None, validation, seed)
    train = parts["train"]

    setup = TrialSetup(
        build=lambda own: new_classifier(cached, data, own, seed),
        loss=scenes.loss,
        batches=lambda own, epoch: feature_batches(cached, labels, train, own, generator(seed, "draws", epoch)),
        steps=lambda own: feature_steps(train, own),
        show=lambda ids, purpose: iter([(cached[0, ids], labels[ids])]),
        views=1,
        parts=parts,
        share=1.0,
        epochs=None,
        seed=seed,
    )
    write_trials(setup, settings, trials, state, output)


def chosen_parts(data: Data, train: int | None, validation: int, seed: int) -> dict[str, Tensor]:
    """Choose images to train and to judge with, about as many as said, of every class the same share."""
    wanted = {"train": train, "validation": validation}
    return {part: _stratified(data.parts[part], data.labels, number, seed) for part, number in wanted.items()}


def _stratified(ids: Tensor, labels: Tensor, number: int | None, seed: int) -> Tensor:
    """Draw a share of the images of each class, one at least; ascending."""
    share = 1.0 if number is None else min(1.0, number / len(ids))
    order = ids[torch.randperm(len(ids), generator=generator(seed, "trials"))]
    classes = [order[labels[order] == label] for label in labels[ids].unique()]
    return torch.cat([own[: max(1, round(share * len(own)))] for own in classes]).sort().values


def write_trials(
    setup: TrialSetup, settings: Mapping[str, object], trials: Sequence[Mapping], state: State, output: Path
) -> None:
    """Train and judge every trial that `state` does not hold yet, and write them together.

    Writes, with T trials, `kind`, `setting` and `value` (as JSON) str [T]; `validation` float32 [T, n] and `train`
    float32 [T, m], the share of an image's views that is classified rightly (NaN where a training diverged); `epochs`,
    `train_images` and `views` int32.
    """
    changed = [bounded(settings, trial["replaced"], setup) for trial in trials]
    found = [
        state.once_by_training(f"trial{number}", partial(_judged, setup, own)) for number, own in enumerate(changed)
    ]
    texts = {key: np.array([trial[key] for trial in trials], np.str_) for key in ("kind", "setting")}
    texts["value"] = np.array([json.dumps(trial["value"]) for trial in trials], np.str_)
    scores = {part: torch.stack([one[part] for one in found]).numpy() for part in ("validation", "train")}
    sizes = {"epochs": changed[0]["epochs"], "train_images": len(setup.parts["train"]), "views": setup.views}
    write_arrays(output, texts | scores | {key: np.array(value, np.int32) for key, value in sizes.items()})


def bounded(settings: Mapping[str, object], replaced: Mapping[str, object], setup: TrialSetup) -> dict[str, object]:
    """Give the settings of a trial: the last of its epochs counts, whatever validation would choose.

    A moving average of the weights remembers as large a share of a short training as of the study's.
    """
    own = dict(settings) | dict(replaced)
    fixed = {"epochs": _epochs(own, setup.epochs), "select": "last", "early_stop": None}
    return own | fixed | {"weight_average": own["weight_average"] ** (1 / setup.share)}


def _epochs(settings: Mapping[str, object], most: int | None) -> int:
    """Count the epochs of a trial, never more than the study's."""
    return min(most or settings["epochs"], settings["epochs"])


def _judged(setup: TrialSetup, own: Mapping, epochs: State) -> dict[str, Tensor]:
    """Train with the settings `own` and score images of both parts; NaN where the training diverged."""
    parts = setup.parts
    judges = {"validation": parts["validation"], "train": sample_train(parts, setup.seed)}
    model = setup.build(own)
    try:
        _train(model, setup, own, epochs)
        found = {part: _scores(model, setup.show(ids, part), setup.views) for part, ids in judges.items()}
    except DivergedError as error:
        print(error, file=sys.stderr, flush=True)  # that a setting makes a training diverge is a finding
        found = {part: torch.full((len(ids),), torch.nan) for part, ids in judges.items()}
    return found


def _train(model: nn.Module, setup: TrialSetup, own: Mapping, state: State) -> None:
    """Train by the common loop; leaves the model as its last epoch does, averaged if the settings say so."""
    few = {part: spread(ids, max(1, WATCHED // setup.views)) for part, ids in setup.parts.items()}
    rows = fit(
        learner_of(model, own, setup.loss),
        lambda epoch: setup.batches(own, epoch),
        measure_with(
            lambda model, ids, purpose: score(model, setup.show(ids, purpose)), few["train"], few["validation"]
        ),
        course_of(own, setup.seed, setup.steps(own)),
        state,
    )
    model.load_state_dict(state.load(f"epoch{rows[-1]['epoch']}"))


def _scores(model: nn.Module, batches: Iterator, views: int) -> Tensor:
    """Compute the share of every image's views that is classified rightly: float32 [n]."""
    with evaluation_mode(model):
        right = [(logits_of(model, inputs).argmax(1) == targets).float() for inputs, targets in batches]
    return torch.cat([one.reshape(views, -1).mean(0).cpu() for one in right])
