"""Several seeds: n counts trainings, intervals and tests are the textbook's, and the sentences turn with them."""

import math
from itertools import combinations

import numpy as np
import pytest
from synthetic_study import PAIRS, judge_pairs, write_study
from synthetic_study import _pair as invented_pair
from test_report_answers import plain

from scenessl.evaluation.difference_table import difference_rows
from scenessl.evaluation.repetitions import MCNEMAR, PAIRED_T, UNTESTED, holm, over_seeds, t_interval, trainings
from scenessl.evaluation.summary_table import MEASURES, summary_rows
from scenessl.files import read_csv
from scenessl.report.answers import accuracy, seeds, usefulness
from scenessl.report.answers.training import accuracy_notes, spread_text
from scenessl.report.evidence import read_evidence
from scenessl.report.verdicts import compare, statement

MODELS = {
    "imagenet_scenes": {"train": "classifier", "init": "imagenet"},
    "random_scenes": {"train": "classifier", "init": "random"},
    "rotation": {"train": "all", "init": "imagenet"},
    "rotation_scenes": {"train": "classifier", "init": "rotation@3"},
    "on_a_classifier": {"train": "classifier", "init": "imagenet_scenes"},
}


def p_of_t(t, freedom):
    """Two-sided p of Student's t by its density's integral (trapezoid), an oracle without SciPy."""
    x = np.linspace(0, abs(t), 200_001)
    scale = math.gamma((freedom + 1) / 2) / math.sqrt(freedom * math.pi) / math.gamma(freedom / 2)
    return 1 - 2 * np.trapezoid(scale * (1 + x**2 / freedom) ** (-(freedom + 1) / 2), x)


def test_n_counts_trainings_not_classifiers_on_the_same_features():
    found = {name: trainings(MODELS, name, 3) for name in (*MODELS, "imagenet", "random")}
    assert found == {
        "imagenet_scenes": 1,
        "random_scenes": 3,
        "rotation": 3,
        "rotation_scenes": 3,
        "on_a_classifier": 1,
        "imagenet": 1,
        "random": 3,
    }


def test_the_interval_over_seeds_is_students():
    low, high = t_interval([0.80, 0.82, 0.87])
    mean, half = 0.83, 4.302653 * math.sqrt(0.0013 / 3)  # t(0.975, 2) of the tables; the variance is 0.0026 / 2
    assert (low, high) == (pytest.approx(mean - half, abs=1e-7), pytest.approx(mean + half, abs=1e-7))
    assert t_interval([0.8]) is None and t_interval([0.8, 0.8]) is None and t_interval([0.8, 0.8 + 2e-16]) is None


@pytest.mark.parametrize("values", [[0.01, 0.02, 0.06], [-0.3, 0.1, 0.12, 0.09, 0.1], [0.05, 0.049]])
def test_the_paired_test_is_that_of_the_differences(values):
    rows = [{"difference": value, "low": -1, "high": 1, "p": 0.5} for value in values]
    found = over_seeds(rows, len(values))
    t = np.mean(values) / (np.std(values, ddof=1) / math.sqrt(len(values)))
    assert (found.test, found.p) == (PAIRED_T, pytest.approx(p_of_t(t, len(values) - 1), abs=1e-6))
    assert (found.low <= 0 <= found.high) == (found.p > 0.05)


def test_one_training_is_judged_by_its_test_images_and_equal_seeds_not_at_all():
    row = {"difference": 0.02, "low": 0.01, "high": 0.03, "p": 0.001}
    assert over_seeds([row], 1).test == MCNEMAR
    assert (over_seeds([row, row], 1).seeds, over_seeds([row, row], 1).p) == (2, 0.001)
    same = over_seeds([row, row], 2)
    assert (same.test, same.p, same.low, same.difference) == (UNTESTED, None, None, 0.02)


def closed_holm(p_values):
    """Holm's corrected p by the closed testing of all subsets with Bonferroni: the largest over subsets that hold i."""
    places = range(len(p_values))
    subsets = [set(chosen) for size in range(1, len(p_values) + 1) for chosen in combinations(places, size)]
    return [max(min(1, len(s) * min(p_values[j] for j in s)) for s in subsets if i in s) for i in places]


def test_holm_is_the_closed_test_of_all_subsets():
    draws = np.random.default_rng(0)
    for p_values in ([0.01, 0.04, 0.03, 0.005], [0.2, 0.2, 0.001], [1.0, 0.9], *draws.random((20, 5)).tolist()):
        assert holm(p_values) == pytest.approx(closed_holm(p_values))
    assert holm([]) == []


def test_a_weak_difference_does_not_stand_among_many():
    models = {name: {"train": "all", "init": "random"} for name in "abcdef"}
    weak = {"seed": 0, "difference": 0.02, "low": 0.001, "high": 0.04, "p": 0.03}
    rows = [weak | {"name_a": "a", "name_b": other} for other in "bcdef"]
    alone, among = difference_rows(rows[:1], models)[0], difference_rows(rows, models)[0]
    assert (alone["verdict"], alone["p_holm"]) == ("a", 0.03)
    assert (among["verdict"], among["p_holm"], among["family"]) == ("open", 0.15, 5)


def test_the_summary_has_no_deviation_for_repeats_on_one_start():
    rows = [
        dict.fromkeys(MEASURES, "") | {"model": name, "test_accuracy": value}
        for name in ("rotation_scenes", "imagenet_scenes")
        for value in (0.8, 0.82, 0.87)
    ]
    own, repeats = summary_rows(rows, MODELS)
    assert (own["trainings"], own["mean"], own["deviation"]) == (3, 0.83, pytest.approx(0.036056))
    assert (repeats["trainings"], repeats["seeds"], repeats["deviation"], repeats["low"]) == (1, 3, "", "")
    assert (repeats["least"], repeats["most"]) == (0.8, 0.87)


def with_differences(folder, values, pair=("rotation_scenes", "imagenet_scenes"), **keywords):
    """An invented study in which one pair differs by `values`, seed by seed, and each seed's own test is certain."""
    root = write_study(folder, seeds=tuple(range(len(values))), per_class=4, **keywords)
    published = read_evidence(root).published
    pairs = [tuple(one) for one in published["comparisons"].values()]
    rows = []
    for one in pairs:
        for seed, value in enumerate(values):
            row = invented_pair(*one, seed, {name: 0.8 for name in set(sum(PAIRS, ()))}, 60)
            if one == pair:
                row |= {"difference": value, "low": value - 0.005, "high": value + 0.005, "p": 1e-6}
            rows.append(row)
    judge_pairs(root, published, rows)
    return read_evidence(root)


@pytest.mark.parametrize(
    ("values", "state", "sentence"),
    [
        ((0.030, 0.0301, 0.0302), "better", "On the test images rotation_scenes is more accurate than imagenet_scenes"),
        ((-0.030, -0.0301, -0.0302), "worse", "imagenet_scenes is more accurate than rotation_scenes, by 3.01"),
        ((0.02, 0.08, 0.05), "open", "These trainings do not tell rotation_scenes and imagenet_scenes apart"),
        ((0.06, -0.06, 0.05), "open", "These trainings do not tell rotation_scenes and imagenet_scenes apart"),
        ((0.03, 0.03, 0.03), "open", "the same in all three seeds, which allows no test"),
    ],
)
def test_the_sentences_turn_with_the_differences_over_seeds(tmp_path, values, state, sentence):
    evidence = with_differences(tmp_path, values)
    verdict = compare(evidence, "rotation_scenes", "imagenet_scenes")
    assert verdict.state == state
    assert sentence in plain(statement(verdict))
    assert plain(statement(verdict)) == plain(statement(compare(evidence, "imagenet_scenes", "rotation_scenes"))) or (
        state == "open"
    )
    useful = {"better": "useful", "worse": "harmful", "open": "open"}[state]
    assert usefulness.usefulness(evidence, "rotation_scenes") == useful


def test_one_seed_rests_on_the_test_images_and_several_on_the_trainings(tmp_path):
    one, three = with_differences(tmp_path / "1", [0.03]), with_differences(tmp_path / "3", [0.03, 0.0301, 0.0302])
    told = plain(statement(compare(one, "rotation_scenes", "imagenet_scenes")))
    assert "exact McNemar test p < 0.001" in told and "standard deviation" not in told
    told = plain(statement(compare(three, "rotation_scenes", "imagenet_scenes")))
    assert "mean of three seeds" in told and "paired t-test p < 0.001" in told and "McNemar" not in told
    assert "another training would give is not covered" in plain(seeds.tests(one))
    assert "the verdicts rest on it" in plain(seeds.tests(three))
    assert "eight listed comparisons are one family" in plain(seeds.tests(one))


def test_repeats_on_given_features_are_named_and_have_no_spread(tmp_path):
    evidence = with_differences(tmp_path, [0.03, 0.031, 0.029])
    notes = plain(accuracy_notes(evidence))
    assert "The features of imagenet_scenes are the same with every seed" in notes
    assert spread_text(evidence.accuracies("imagenet_scenes")) == "88.20"
    assert "±" in spread_text(evidence.accuracies("rotation_scenes"))
    assert seeds.trainings_cell(evidence.summary("imagenet_scenes", "test_accuracy")) == "1 (3 classifiers)"
    assert seeds.trainings_cell(evidence.summary("rotation_scenes", "test_accuracy")) == "3"
    alone = with_differences(tmp_path / "one", [0.03])
    assert "the same with every seed" not in plain(accuracy_notes(alone))


def test_a_winner_over_seeds_needs_the_paired_test(tmp_path):
    pair = ("rotation_scenes", "supervised")
    test = {"supervised": 0.90, "rotation_scenes": 0.86, "perturbation_scenes": 0.80}
    apart = with_differences(tmp_path / "apart", [-0.04, -0.0402, -0.0398], pair, test=test)
    mixed = with_differences(tmp_path / "mixed", [-0.09, 0.02, -0.05], pair, test=test)
    assert "these trainings do not tell it from rotation_scenes" in plain(accuracy.winner(mixed))
    assert "rotation_scenes" not in plain(accuracy.winner(apart)).split("do not tell it from")[-1].split(",")[0]


def test_the_tables_over_seeds_are_there(tmp_path):
    root = write_study(tmp_path, seeds=(0, 1), per_class=2)
    assert {row["trainings"] for row in read_csv(root / "tables/summary.csv")} == {"1", "2"}
    assert all(row["p_holm"] for row in read_csv(root / "tables/differences.csv"))
