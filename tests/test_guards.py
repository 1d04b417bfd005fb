"""Numbers that are none stop a training, and the last good epoch stays."""

import math
from dataclasses import replace

import pytest
import torch
from test_training import toy_batches, toy_course, toy_learner, toy_measure
from torch.nn.functional import cross_entropy

from scenessl.errors import UserError
from scenessl.training.loop import fit
from scenessl.training.state import State

FIGURES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
SPOILED = (2, 5)  # epoch and step (of five) at which a toy goes wrong


def spoiling(learner, at=SPOILED):
    """Let the gradient of one step be no number while its loss is one, as where a root reaches 0."""
    first, steps = next(learner.model.parameters()), iter(range(1, 100))

    def loss(model, inputs, targets):
        found = cross_entropy(model(inputs), targets)
        spoiled = next(steps) == 5 * (at[0] - 1) + at[1]
        return found + (0 * first.sum()).sqrt() if spoiled else found

    return replace(learner, loss=loss)


def saved_epoch(state):
    return state.load("latest")["rows"][-1]["epoch"]


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_weights_spoiled_by_the_last_step_of_an_epoch_never_reach_the_state(tmp_path, average):
    state = State(tmp_path, "x")
    with pytest.raises(UserError, match=r"not finite in epoch 2 at learning rate 0\.0\d+\. Lower .*learning_rate"):
        fit(spoiling(toy_learner(average)), toy_batches, toy_measure, toy_course(), state)
    assert saved_epoch(state) == 1
    assert state.load("epoch2") is None
    assert all(tensor.isfinite().all() for tensor in state.load("latest")["model"].values())


def test_figures_that_are_no_numbers_stop_a_training_whose_weights_are_some(tmp_path):
    calls = iter(range(100))
    state = State(tmp_path, "x")
    with pytest.raises(UserError, match="validation_loss is not finite in epoch 3"):
        fit(
            toy_learner(),
            toy_batches,
            lambda model: toy_measure(model) | ({"validation_loss": math.inf} if next(calls) == 3 else {}),
            toy_course(),
            state,
        )
    assert saved_epoch(state) == 2


def test_weights_that_no_output_shows_stop_a_training_as_well(tmp_path):
    with pytest.raises(UserError, match=r"0\.weight is not finite in epoch 2"):
        fit(
            spoiling(toy_learner()),
            toy_batches,
            lambda model: dict.fromkeys(FIGURES, 0.5),
            toy_course(),
            State(tmp_path, "x"),
        )


def test_a_damaged_start_is_called_that(tmp_path):
    learner = toy_learner()
    with torch.no_grad():
        next(learner.model.parameters()).fill_(math.nan)
    with pytest.raises(UserError, match="before the first step"):
        fit(learner, toy_batches, toy_measure, toy_course(), State(tmp_path, "x"))


def test_the_same_settings_end_there_again_and_others_start_anew(tmp_path):
    for first_step in (SPOILED, (1, SPOILED[1])):  # the second start goes on after epoch 1
        with pytest.raises(UserError, match="epoch 2"):
            fit(spoiling(toy_learner(), first_step), toy_batches, toy_measure, toy_course(), State(tmp_path, "high"))
    rows = fit(toy_learner(), toy_batches, toy_measure, toy_course(), State(tmp_path, "low"))
    fresh = fit(toy_learner(), toy_batches, toy_measure, toy_course(), State(tmp_path / "fresh", "low"))
    assert rows == fresh and [row["epoch"] for row in rows] == [0, 1, 2, 3, 4]
