"""Beside accuracy: balanced accuracy, F1, calibration, leaked images and gaps, by oracles, in figures and in words."""

import json

import numpy as np
import pytest
from drawing import check_labels, figure_of, same_bytes, words
from sklearn.metrics import balanced_accuracy_score, f1_score
from synthetic_study import write_study
from test_report_answers import evidence_with, plain

from scenessl.errors import UserError
from scenessl.evaluation.calibration import bins_of, calibration_error, mean_confidence, reliability_rows
from scenessl.evaluation.gap_table import gap_rows
from scenessl.evaluation.metrics import balanced_accuracy, confusion_matrix, macro_f1
from scenessl.evaluation.runs import Predictions, Run
from scenessl.figures import leaks as leak_sheet
from scenessl.figures import reliability
from scenessl.files import write_csv, write_json
from scenessl.report.answers import beside, training
from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html


def predictions(probabilities, target):
    """Predictions of test images, one view each."""
    count = len(target)
    zeros = np.zeros(count, np.uint8)
    names = tuple("abcdefghij"[: len(probabilities[0])])
    return Predictions(np.arange(count), zeros + 2, zeros, np.array(target), np.array(probabilities, np.float32), names)


def drawn(count=500, classes=5, seed=0):
    random = np.random.default_rng(seed)
    return random.dirichlet(np.full(classes, 0.5), count), random.integers(0, classes, count)


# --- Figures of merit ---


@pytest.mark.parametrize("seed", range(3))
def test_balanced_accuracy_and_f1_are_those_of_scikit_learn(seed):
    probabilities, target = drawn(40, 6, seed)
    target[target == 5] = 0  # a class without images is called but does not occur
    predicted = probabilities.argmax(1)
    counts = confusion_matrix(target, predicted, 6)
    assert balanced_accuracy(counts) == pytest.approx(
        np.mean([(predicted[target == k] == k).mean() for k in np.unique(target)])
    )
    assert macro_f1(counts) == pytest.approx(f1_score(target, predicted, average="macro"))


def test_balanced_accuracy_agrees_with_scikit_learn_where_every_class_occurs():
    probabilities, target = drawn()
    counts = confusion_matrix(target, probabilities.argmax(1), 5)
    assert balanced_accuracy(counts) == pytest.approx(balanced_accuracy_score(target, probabilities.argmax(1)))


def slow_error(probabilities, target):
    """The calibration error by its definition, image by image."""
    members = {}
    for row, true in zip(probabilities, target, strict=True):
        confidence = max(row)
        place = next(b for b in range(15) if confidence <= (b + 1) / 15 or b == 14)
        members.setdefault(place, []).append((confidence, int(np.argmax(row) == true)))
    gaps = [len(m) * abs(np.mean([c for c, _ in m]) - np.mean([r for _, r in m])) for m in members.values()]
    return sum(gaps) / len(target)


def test_the_calibration_error_is_its_definition():
    probabilities, target = drawn()
    found = predictions(probabilities, target)
    assert calibration_error(found) == pytest.approx(slow_error(found.probabilities.astype(float), target), abs=1e-9)
    assert mean_confidence(found) == pytest.approx(probabilities.max(1).mean(), abs=1e-6)


def test_certain_answers_err_by_their_errors_and_right_ones_not_at_all():
    certain = np.eye(4)[[0, 1, 2, 3]]
    assert calibration_error(predictions(certain, [0, 1, 2, 3])) == 0
    assert calibration_error(predictions(certain, [0, 1, 2, 0])) == 0.25
    assert calibration_error(predictions(np.full((4, 4), 0.25), [0, 0, 1, 2])) == 0.25  # right for half, at 0.25


def test_every_row_is_in_one_bin_and_empty_bins_have_no_row():
    found = predictions(*drawn())
    rows = reliability_rows([Run("m", 3, {"task": "scenes"}, found, [], {})])
    assert sum(row["n"] for row in rows) == 500 == bins_of(found)[0].sum()
    assert all(row["low"] - 1e-6 <= row["confidence"] <= row["high"] + 1e-6 for row in rows)
    assert len(rows) == np.count_nonzero(bins_of(found)[0])


def test_gaps_are_train_minus_validation_of_every_epoch():
    history = [
        {"epoch": 0.0, "train_accuracy": 0.1, "validation_accuracy": 0.1, "train_loss": 2.0, "validation_loss": 2.0},
        {"epoch": 1.0, "train_accuracy": 0.9, "validation_accuracy": 0.7, "train_loss": 0.3, "validation_loss": 0.9},
    ]
    rows = gap_rows([Run("m", 0, {}, None, history, {})])
    assert [(row["epoch"], row["gap"], row["loss_gap"]) for row in rows] == [(0, 0.0, 0.0), (1, 0.2, 0.6)]


# --- Figures ---


def bins(model, shares, seed=0):
    """Rows of reliability.csv: n, confidence and accuracy of some bins."""
    return [
        {"model": model, "task": "scenes", "seed": seed, "low": place / 15, "high": (place + 1) / 15, "n": n}
        | {"confidence": confidence, "accuracy": accuracy}
        for place, (n, confidence, accuracy) in shares.items()
    ]


def test_the_diagram_shows_accuracy_against_confidence_all_seeds_together(tmp_path, monkeypatch):
    rows = bins("one", {14: (30, 0.95, 0.8), 7: (10, 0.5, 0.4)}) + bins("one", {14: (10, 0.99, 1.0)}, seed=1)
    rows += [row | {"task": "rotation"} for row in bins("turns", {14: (5, 1, 1)})]
    rows += [row for at in range(5) for row in bins(f"a_long_name_of_model_{at}", {3: (5, 0.25, 0.2)})]
    write_csv(tmp_path / "reliability.csv", rows, list(rows[0]))
    errors = [(name, 0, 0.02) for name in dict.fromkeys(row["model"] for row in rows)] + [("one", 1, 0.06)]
    columns = ("model", "seed", "calibration_error")
    write_csv(tmp_path / "accuracy.csv", [dict(zip(columns, row, strict=True)) for row in errors], columns)
    tables = {"reliability": tmp_path / "reliability.csv", "accuracies": tmp_path / "accuracy.csv"}
    figure = figure_of(reliability, monkeypatch, tmp_path, **tables)
    assert len(figure.axes) == 6 and "turns" not in words(figure)
    first = figure.axes[0]
    np.testing.assert_allclose(first.lines[1].get_xydata(), [[50, 40], [96, 85]])
    assert "error 4.00" in words(figure) and "error 2.00" in words(figure)  # means over the seeds
    check_labels(figure, monkeypatch)
    same_bytes(reliability, tmp_path, **tables)


def leaked(folder, number):
    """Write an index, an audit with `number` leaks, and crops."""
    rows = [{"image": at, "class": f"class {at}", "path": f"train/{at}.png"} for at in range(20)]
    rows += [{"image": 20 + at, "class": f"class {at}", "path": f"test/{at}.png"} for at in range(20)]
    write_csv(folder / "index.csv", rows, list(rows[0]))
    leaks = [{"test": f"test/{at}.png", "train": [f"train/{at}.png"]} for at in range(number)]
    write_json(folder / "audit.json", {"leaks": leaks})
    np.save(folder / "crops.npy", np.random.default_rng(0).integers(0, 255, (40, 3, 8, 8), np.uint8))
    return {"audit": folder / "audit.json", "index": folder / "index.csv", "crops": folder / "crops.npy"}


@pytest.mark.parametrize(("number", "pictures"), [(0, 0), (1, 2), (7, 14), (20, 24)])
def test_leaks_are_shown_beside_their_copies_up_to_a_number(tmp_path, monkeypatch, number, pictures):
    files = leaked(tmp_path, number)
    figure = figure_of(leak_sheet, monkeypatch, tmp_path, shown=12, **files)
    assert len(figure.axes) == pictures
    if number:
        shown = np.asarray(figure.axes[1].images[0].get_array())
        np.testing.assert_array_equal(shown, np.load(files["crops"])[0].transpose(1, 2, 0))
        assert "test, image 20" in words(figure) and "train, image 0" in words(figure)
    check_labels(figure, monkeypatch)


def test_a_leak_that_the_index_does_not_know_is_named(tmp_path):
    files = leaked(tmp_path, 1)
    write_json(files["audit"], {"leaks": [{"test": "test/none.png", "train": ["train/0.png"]}]})
    with pytest.raises(UserError, match=r"test/none\.png"):
        leak_sheet.draw(shown=12, output=tmp_path / "x.svg", **files)


# --- Sentences ---


def change(evidence, measure, **values):
    """Give models other figures in accuracy.csv and summary.csv."""
    for name, value in values.items():
        for row in evidence.rows("accuracy", model=name):
            row[measure] = value
        evidence.summary(name, measure)["mean"] = value


def test_leaks_are_reported_with_the_corrected_accuracy_or_not_at_all(tmp_path):
    evidence = evidence_with(tmp_path)
    told = plain(training.accuracy_notes(evidence))
    assert "One image of the test part has a copy in train" in told
    assert "change by −0.04 points at most" in told and "the copies do not carry the results" in told
    change(evidence, "test_accuracy_unleaked", supervised=0.80)
    told = plain(beside.leaks(evidence))
    assert "change by −14.50 points at most (supervised, to 80.00 %)" in told and "so the figures without" in told
    evidence.audit["leaked_images"] = []
    assert "No test image has a copy" in plain(beside.leaks(evidence))


def test_leaks_have_a_column_and_pictures_only_where_there_are_any(tmp_path):
    root = write_study(tmp_path, per_class=2)
    assert "Without copies" in (html := render_html(read_evidence(root), paper("templates")))
    assert "Test images with a copy in train" in html
    audit = json.loads((root / "data/audit.json").read_text()) | {"leaks": [], "leaked_images": []}
    write_json(root / "data/audit.json", audit)
    assert "Without copies" not in (html := render_html(read_evidence(root), paper("templates")))
    assert "Test images with a copy in train" not in html


def test_the_caption_says_how_many_of_the_leaks_are_shown(tmp_path):
    evidence = evidence_with(tmp_path)
    assert beside.leaks_caption(evidence).startswith("Test images with a copy in train")
    evidence.audit["leaks"] *= 40
    assert beside.leaks_caption(evidence).startswith("The first 12 of 40 test images")


@pytest.mark.parametrize(
    ("confidence", "sentence", "way"),
    [
        (0.99, "supervised is overconfident: mean confidence is above the 95 % interval of the accuracy (+4.50", 1),
        (0.70, "supervised is underconfident: mean confidence is below the 95 % interval of the accuracy (−24.50", -1),
        (0.946, "mean confidence agrees with the accuracy within its 95 % interval", 0),
    ],
)
def test_over_and_underconfidence_turn_with_the_probabilities(tmp_path, confidence, sentence, way):
    evidence = evidence_with(tmp_path)
    change(evidence, "confidence", supervised=confidence)
    assert beside.direction(evidence, "supervised") == way
    told = plain(beside.notes(evidence))
    assert sentence in told
    assert ("overconfident" in told.split("underconfident")[0]) or way != 1


def test_the_best_calibrated_model_is_the_one_with_the_least_error(tmp_path):
    evidence = evidence_with(tmp_path)
    change(evidence, "calibration_error", rotation_scenes=0.012)
    assert "it is lowest in rotation_scenes (1.20 %)" in plain(beside.notes(evidence))
    change(evidence, "calibration_error", supervised=0.001)
    assert "it is lowest in supervised (0.10 %)" in plain(beside.notes(evidence))


def test_balance_and_order_turn_with_the_figures(tmp_path):
    evidence = evidence_with(tmp_path)
    told = plain(beside.notes(evidence))
    assert "no matter of how many images a class has" in told and "orders the schemes as accuracy does" in told
    change(evidence, "balanced_accuracy", rotation_scenes=0.70)
    change(evidence, "macro_f1", rotation_scenes=0.70)
    told = plain(beside.notes(evidence))
    assert "most in rotation_scenes (−18.40 points), where some classes are recognised worse" in told
    assert "otherwise than accuracy: supervised, perturbation_scenes and rotation_scenes" in told


def test_the_gap_is_told_with_its_largest_epoch_and_over_seeds(tmp_path):
    one, three = evidence_with(tmp_path / "1"), evidence_with(tmp_path / "3", seeds=(0, 1, 2))
    for row in one.rows("gaps", model="supervised", epoch=5):
        row["gap"] = 0.5
    told = plain(training.fitting(one))
    assert "is +3.20 points; it is largest at epoch 5 (+50.00 points)" in told
    assert "all seeds" not in told
    assert "(all seeds: 3.20 ± 0.00)" in plain(training.fitting(three))
