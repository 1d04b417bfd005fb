"""Numbers that are none stop a training; a model that learned nothing is flagged in the report, not discussed."""

import html
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_study import PUBLISHED, make_study
from synthetic_study import write_study
from test_training import toy_batches, toy_course, toy_learner, toy_measure
from torch.nn.functional import cross_entropy

from scenessl.errors import UserError
from scenessl.evaluation import flags
from scenessl.evaluation.flags import flag, loss_on_test
from scenessl.evaluation.runs import Predictions
from scenessl.evaluation.tables import write_tables
from scenessl.files import read_csv
from scenessl.report import flags as report_flags
from scenessl.report import text
from scenessl.report.answers import accuracy, expectations, loss, training, usefulness
from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html
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


# --- what learned nothing ---------------------------------------------------------------------------------------------


def made(predicted, target, sure=0.6, answers=4):
    """Predictions of the test part; `sure` is the probability of what is answered."""
    probabilities = np.full((len(target), answers), (1 - sure) / (answers - 1), np.float32)
    probabilities[np.arange(len(target)), predicted] = sure
    return Predictions(
        image=np.arange(len(target)),
        part=np.full(len(target), 2, np.uint8),
        view=np.zeros(len(target), np.uint8),
        target=np.array(target),
        probabilities=probabilities,
        names=tuple("abcd"[:answers]),
    )


def test_one_answer_for_all_is_flagged_unless_all_are_alike():
    assert flag(made([1] * 8, [0, 1, 2, 3] * 2)) == flags.CONSTANT
    assert flag(made([1] * 8, [1] * 8)) == ""


def test_below_chance_is_flagged_only_with_a_loss_above_that_of_a_guess():
    wrong, target = [1, 2, 3, 0] * 2, [0, 1, 2, 3] * 2
    assert flag(made(wrong, target)) == flags.BELOW
    assert flag(made([0, 2, 3, 0, *wrong[4:]], target)) == flags.BELOW  # 1 of 8, chance is 2 of 8
    assert flag(made([0, 1, 3, 0, *wrong[4:]], target, sure=0.99)) == ""  # at chance, however large the loss
    assert flag(made(wrong, target, sure=0.250001)) == flags.BELOW
    hesitant = replace(made(wrong, target), probabilities=np.full((8, 4), 0.25, np.float32))
    assert loss_on_test(hesitant) == pytest.approx(math.log(4))
    assert flag(hesitant) == flags.CONSTANT  # the first of equals each time


def test_other_parts_and_an_empty_test_part_count_for_nothing():
    found = made([1] * 8, [0, 1, 2, 3] * 2)
    train = replace(found, part=np.zeros(8, np.uint8))
    assert flag(train) == "" and loss_on_test(train) is None


def test_the_table_of_accuracies_names_the_flag(tmp_path):
    study = make_study(tmp_path / "toy")
    path = study / "models" / "a" / "seed1" / "predictions.npz"
    data = dict(np.load(path))
    np.savez(path, **data | {"probabilities": np.tile(np.float32([0.9, 0.1]), (len(data["target"]), 1))})
    write_tables(study, PUBLISHED, tmp_path)
    rows = {(row["model"], row["seed"]): row for row in read_csv(tmp_path / "accuracy.csv")}
    assert rows["a", "1"]["flag"] == flags.CONSTANT and rows["a", "1"]["chance"] == "0.5"
    assert float(rows["a", "1"]["test_loss"]) == pytest.approx(-(3 * math.log(0.9) + math.log(0.1)) / 4, abs=1e-5)
    assert rows["turns", "0"]["chance"] == "0.25"


def plain(markups):
    joined = " ".join(str(markup) for markup in (markups if isinstance(markups, list) else [markups]) if markup)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", joined)).replace("\u00a0", " ").split())


def said(evidence):
    """Everything that the answers of a study say of accuracies."""
    about = [accuracy.schemes, accuracy.early_latest, usefulness.useful, text.findings, training.accuracy_notes]
    return {answer.__name__: plain(answer(evidence)) for answer in about}


def test_without_flags_nothing_is_said_of_them(tmp_path):
    evidence = read_evidence(write_study(tmp_path, test={"random_scenes": 0.1467}))
    assert report_flags.warning(evidence) is None
    assert not any("earned nothing" in found or "no result of" in found for found in said(evidence).values())
    assert "random_scenes, a classifier on a random start" in said(evidence)["useful"]


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (flags.CONSTANT, "gives every test image the same answer"),
        (flags.BELOW, "a guess is for 6.67 %, at a loss of 3.10"),
    ],
)
def test_a_flagged_scheme_is_named_and_not_discussed(tmp_path, why, words):
    evidence = read_evidence(write_study(tmp_path, flags={"rotation_scenes": why}))
    found = said(evidence)
    for answer in ("schemes", "useful", "findings", "accuracy_notes"):
        assert words in found[answer], answer
    assert (
        "rotation_scenes most often takes" not in found["schemes"]
        and "exceeds that of rotation_scenes" not in found["schemes"]
    )
    assert "more accurate than rotation_scenes" not in found["schemes"]
    assert "not to be judged for rotation_scenes" in found["useful"]
    assert "the worth of the pretext for rotation_scenes is open" in found["useful"]
    assert usefulness.usefulness(evidence, "perturbation_scenes") == "harmful"  # the others are judged as before


@pytest.mark.parametrize(
    "name",
    ["supervised", "rotation", "perturbation_scenes", "perturbation_scenes_3", "imagenet_scenes", "random_scenes"],
)
def test_whatever_is_flagged_no_sentence_compares_it(tmp_path, name):
    evidence = read_evidence(write_study(tmp_path, flags={name: flags.BELOW}))
    text = " ".join(said(evidence).values())
    assert f"{name} is right for" in text
    assert not re.search(
        rf"more accurate than {name}\b|{name} is more accurate|not tell {name} and|(above|below) {name}\b,", text
    )
    assert plain(report_flags.warning(evidence)).startswith("Learned nothing that")


def test_a_study_in_which_nothing_learned_has_no_winner(tmp_path):
    schemes = ("supervised", "rotation_scenes", "perturbation_scenes")
    evidence = read_evidence(write_study(tmp_path, flags=dict.fromkeys(schemes, flags.BELOW)))
    assert plain(accuracy.winner(evidence)).endswith("So no scheme has a result to compare.")
    two = read_evidence(write_study(tmp_path / "two", flags=dict.fromkeys(schemes[:2], flags.BELOW)))
    assert "That leaves perturbation_scenes" in plain(accuracy.winner(two))


def test_expectations_and_curves_of_the_second_study_leave_a_flagged_model_open(tmp_path):
    evidence = read_evidence(
        write_study(tmp_path, document="cifar10", flags={"rotation": flags.CONSTANT, "rotation_classes": flags.BELOW})
    )
    judged = expectations.labels_lead(evidence)
    assert judged.outcome == expectations.UNDECIDED and "a guess is for" in plain(judged.found)
    assert "no result of a model that learned" in plain(loss.pretext_curves(evidence))


@pytest.mark.parametrize("document", ["scene15", "cifar10"])
@pytest.mark.parametrize("failed", [["supervised"], ["rotation"], ["rotation", "supervised"], None])
def test_the_report_shows_the_warning_and_refers_to_all_it_holds(tmp_path, document, failed):
    evidence = read_evidence(write_study(tmp_path, document=document))
    for row in evidence.tables["accuracy"]:
        row["flag"] = flags.BELOW if failed is None or row["model"] in failed else ""
    shown = plain(render_html(evidence, paper(Path(__file__).parents[1] / "templates")))
    assert "Learned nothing that" in shown and "no result of a model that learned" in shown
