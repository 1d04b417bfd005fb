import csv

import numpy as np
import pytest
from made_study import CLASSES, PUBLISHED, make_run, make_study
from sklearn.metrics import confusion_matrix

from scenessl.errors import UserError
from scenessl.evaluation.accuracy_table import accuracy_rows
from scenessl.evaluation.cells import rounded, significant, words
from scenessl.evaluation.fitting_table import fitting_rows, overfits_from, underfits_by
from scenessl.evaluation.metrics import wilson_interval
from scenessl.evaluation.runs import Run, read_run, read_runs
from scenessl.evaluation.tables import pairs, write_tables
from scenessl.files import read_csv
from scenessl.study import manifest

TABLES = [f"{name}.csv" for name in manifest.TABLES]


@pytest.fixture
def study(tmp_path):
    return make_study(tmp_path / "toy")


@pytest.fixture
def tables(study):
    write_tables(study, PUBLISHED, study / "tables")
    return {path.name: read_csv(path) for path in (study / "tables").iterdir()}


def row(rows, **wanted):
    (found,) = [one for one in rows if all(one[key] == value for key, value in wanted.items())]
    return found


def stored(study, model, seed):
    return np.load(study / "models" / model / f"seed{seed}" / "predictions.npz")


def test_every_table_is_written_and_again_with_the_same_bytes(study, tables, tmp_path):
    assert sorted(tables) == sorted(TABLES)
    for path in write_tables(study, PUBLISHED, tmp_path / "again"):
        assert path.read_bytes() == (study / "tables" / path.name).read_bytes()


def test_accuracies_are_those_of_the_stored_predictions(study, tables):
    for model, seed in (("a", 0), ("b", 1), ("turns", 0)):
        found, data = row(tables["accuracy.csv"], model=model, seed=str(seed)), stored(study, model, seed)
        right = data["probabilities"].argmax(1) == data["target"]
        for number, part in enumerate(("train", "validation", "test")):
            assert float(found[f"{part}_accuracy"]) == pytest.approx(right[data["part"] == number].mean(), abs=1e-6)
        kept = (data["part"] == 2) & (data["image"] != 9)
        assert float(found["test_accuracy_unleaked"]) == pytest.approx(right[kept].mean(), abs=1e-6)


def test_images_are_counted_not_views(tables):
    found = row(tables["accuracy.csv"], model="turns", seed="0")
    assert [found[f"n_{part}"] for part in ("train", "validation", "test", "test_unleaked")] == ["4", "2", "4", "3"]
    low, high = wilson_interval(float(found["test_accuracy"]), 4)
    assert (found["views"], float(found["test_low"]), float(found["test_high"])) == (
        "4",
        pytest.approx(low, abs=1e-6),
        pytest.approx(high, abs=1e-6),
    )


def test_without_a_validation_part_its_accuracy_is_empty(study):
    run = read_run(study, "a", 0, PUBLISHED["models"]["a"])
    run.predictions.part[run.predictions.part == 1] = 0
    (found,) = accuracy_rows([run], [])
    assert (found["validation_accuracy"], found["n_validation"], found["n_train"]) == ("", 0, 6)


def test_confusion_counts_agree_with_scikit_learn(study, tables):
    data = stored(study, "turns", 1)
    test = data["part"] == 2
    expected = confusion_matrix(data["target"][test], data["probabilities"][test].argmax(1), labels=range(4))
    rows = [int(one["count"]) for one in tables["confusion.csv"] if (one["model"], one["seed"]) == ("turns", "1")]
    assert rows == expected.ravel().tolist()


def test_per_class_counts_the_rows_of_the_test_part(tables):
    assert row(tables["per_class.csv"], model="a", seed="0", **{"class": CLASSES[0]})["n"] == "3"
    assert row(tables["per_class.csv"], model="turns", seed="0", **{"class": "90"})["n"] == "4"


def test_comparisons_pair_the_images_of_the_test_part(study, tables):
    found, (a, b) = row(tables["comparisons.csv"], seed="1"), (stored(study, "a", 1), stored(study, "b", 1))
    right = [(one["probabilities"].argmax(1) == one["target"])[one["part"] == 2] for one in (a, b)]
    assert int(found["only_a_right"]) == (right[0] & ~right[1]).sum()
    assert float(found["difference"]) == pytest.approx(right[0].mean() - right[1].mean())
    assert (found["name_a"], found["name_b"], found["n"]) == ("a", "b", "4")


def test_comparison_does_not_depend_on_the_order_of_rows(study, tables):
    path = study / "models" / "b" / "seed0" / "predictions.npz"
    data = dict(np.load(path))
    order = np.random.default_rng(3).permutation(len(data["image"]))
    np.savez(path, **{key: value[order] if key != "names" else value for key, value in data.items()})
    write_tables(study, PUBLISHED, study / "shuffled")
    for name in TABLES:
        assert (study / "shuffled" / name).read_bytes() == (study / "tables" / name).read_bytes()


def test_models_of_different_tasks_are_not_compared(study):
    with pytest.raises(UserError, match="turns"):
        write_tables(study, PUBLISHED | {"comparisons": [["a", "turns"]]}, study / "tables")


def test_pairs_are_listed_or_named():
    assert pairs({"comparisons": {"x": ["a", "b"], "y": None}}) == pairs({"comparisons": [["a", "b"]]}) == [["a", "b"]]
    assert pairs({}) == []


def test_settings_are_wide_and_reasons_are_long(tables):
    found = row(tables["settings.csv"], model="turns")
    assert (found["learning_rate"], found["augmentation"], found["early_stop"]) == (
        "0.0005",
        "none",
        "accuracy 0.9, patience 2",
    )
    assert found["momentum"] == ""
    assert len(tables["reasons.csv"]) == 3 * 4
    assert row(tables["reasons.csv"], model="b", setting="learning_rate")["reason"] == "tried"


def test_a_tasks_own_setting_gets_a_column(study):
    models = {"p": PUBLISHED["models"]["a"] | {"settings": {"square": 10}, "reasons": {"square": "as asked"}}}
    (study / "models" / "p" / "seed0").parent.mkdir()
    make_run(study / "models" / "p" / "seed0", "scenes", 0)
    write_tables(study, PUBLISHED | {"models": models, "seeds": [0], "comparisons": []}, study / "tables")
    assert row(read_csv(study / "tables" / "settings.csv"), model="p")["square"] == "10"


def test_words():
    values = [None, [], {}, True, 0.05, ["flip", "crop"], {"gain": None}, "adamw"]
    assert [words(value) for value in values] == [
        "none",
        "none",
        "none",
        "yes",
        "0.05",
        "flip, crop",
        "gain none",
        "adamw",
    ]


def test_rounding():
    assert (str(rounded(-1e-9)), rounded(2 / 3), rounded(None), significant(1.23456789e-12)) == (
        "0.0",
        0.666667,
        "",
        1.23457e-12,
    )


def history(train, validation, accuracy=0.99):
    return [
        {
            "epoch": float(i),
            "train_loss": t,
            "validation_loss": v,
            "train_accuracy": accuracy,
            "validation_accuracy": 0.9,
        }
        for i, (t, v) in enumerate(zip(train, validation, strict=True))
    ]


@pytest.mark.parametrize(
    "train, validation, epoch",
    [
        ([2, 1, 0.5, 0.3, 0.1], [2, 1, 0.8, 0.9, 1.0], 3),
        ([2, 1, 0.5, 0.3, 0.1], [2, 1, 0.8, 0.81, 0.83], None),  # a rise within the margin
        ([2, 1, 0.5, 0.3, 0.1], [2, 1, 0.8, 0.9, 0.8], None),  # it came back
        ([2, 1, 0.5, 0.6, 0.7], [2, 1, 0.8, 0.9, 1.0], None),  # train loss rises as well: not overfitting
        ([2, 0.9, 0.5, 0.3, 0.1], [2, 1, 1.2, 1.01, 1.3], 4),  # counted from where it stays above
        ([2, 0.1, 0.05, 0.01], [2, 0.001, 0.005, 0.008], None),  # a rise below 0.01 nats is noise
        ([2, 1, 0.5], [0.1, 1, 0.8], None),  # epoch 0 is no trained epoch
    ],
)
def test_overfitting_starts_where_the_validation_loss_stays_above_its_lowest(train, validation, epoch):
    assert overfits_from(history(train, validation)) == epoch


def test_underfitting_is_a_low_train_accuracy_or_a_steep_end():
    flat, steep = [2, 1, 0.5, 0.49], [2, 1.5, 1.0, 0.5]
    assert underfits_by(history(flat, flat)) is None
    assert "50.0 %" in underfits_by(history(flat, flat, accuracy=0.5))
    assert "last epoch" in underfits_by(history(steep, steep))
    assert underfits_by(history(steep, [2, 1, 0.5, 0.5])) is None  # validation no longer falls


def test_fitting_row_names_its_figures(study):
    (found,) = fitting_rows([read_run(study, "a", 0, PUBLISHED["models"]["a"])])
    assert (found["verdict"], found["overfits_from"]) == ("overfits from epoch 3", 3)
    assert (found["validation_loss_lowest_epoch"], found["validation_loss_lowest"], found["epochs"]) == (2, 0.6, 3)
    assert (found["gap_selected"], found["gap_last"]) == (0.1, 0.15)
    assert "0.600" in found["evidence"] and "0.900" in found["evidence"]


def test_both_verdicts_can_hold_and_a_loss_that_is_no_number_is_its_own():
    def verdict(rows):
        return fitting_rows([Run("m", 0, {}, None, rows, {"selected_epoch": 1})])[0]["verdict"]

    rising = ([2, 1, 0.5, 0.3], [2, 1, 1.5, 2])
    assert verdict(history(*rising, accuracy=0.6)) == "underfits; overfits from epoch 2"
    assert verdict(history([2, 1, float("nan")], [2, 1, float("nan")])) == "diverged"
    assert verdict(history([2, 1, 0.5, 0.49], [2, 1, 0.5, 0.49])) == "no overfitting seen"


def test_a_missing_or_damaged_result_is_named(study):
    path = study / "models" / "b" / "seed1" / "predictions.npz"
    path.write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(UserError, match=r"b/seed1/predictions\.npz is damaged"):
        read_runs(study, PUBLISHED)
    path.unlink()
    with pytest.raises(UserError, match=r"b/seed1/predictions\.npz is missing"):
        read_runs(study, PUBLISHED)


def test_names_with_commas_quotes_and_accents_survive(study):
    path = study / "models" / "a" / "seed0" / "predictions.npz"
    names = ['a "quoted", one', "zürich\u2028x"]
    np.savez(path, **(dict(np.load(path)) | {"names": np.array(names)}))
    make = PUBLISHED | {"models": {"a": PUBLISHED["models"]["a"]}, "seeds": [0], "comparisons": {}}
    write_tables(study, make, study / "tables")
    with open(study / "tables" / "per_class.csv", newline="", encoding="utf-8") as file:
        assert [one["class"] for one in csv.DictReader(file)] == names
