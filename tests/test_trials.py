"""Trials of settings: what is tried, that a trial is the study's training, its worth, and sentences that turn."""

import numpy as np
import pytest
from scipy import stats
from synthetic_study import configuration, write_study, write_yaml
from synthetic_trials import write_trials
from test_report_answers import plain
from toy_runs import OPTIONS, made_data, made_run

from scenessl.errors import UserError
from scenessl.evaluation.trial_table import DIVERGED, trial_rows
from scenessl.files import read_csv
from scenessl.report.answers import training
from scenessl.report.answers import trials as told
from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html
from scenessl.report.settings_tables import reasons
from scenessl.study.trials import ABLATION, FULL, OFF, SHORT, planned
from scenessl.training import trials
from scenessl.training.features import write_features
from scenessl.training.frozen import train_classifier
from scenessl.training.network import train_network
from scenessl.training.state import State

SETTINGS = {
    "optimizer": "adamw",
    "learning_rate": 1e-3,
    "learning_rate_classifier": 3e-3,
    "layer_decay": 0.8,
    "momentum": 0.9,
    "weight_decay": 0.05,
    "keep_features": 0.0,
    "batch_size": 8,
    "epochs": 3,
    "schedule": "cosine",
    "warmup": 0.1,
    "label_smoothing": 0.1,
    "dropout": 0.2,
    "fc_layers": 1,
    "batch_norm": "train",
    "augmentation": ["flip", "shift"],
    "weight_average": 0.5,
    "precision": "fp32",
    "select": "best",
    "early_stop": None,
}
ASKED = {"learning_rate": [0.3, 3], "batch_size": [0.5, 2], "inputs": 12, "epochs": 1, "validation": 6, "full": False}


def study(**changes):
    models = {
        "network": {"task": "scenes", "train": "all", "settings": SETTINGS},
        "frozen": {"task": "scenes", "train": "classifier", "settings": SETTINGS | {"augmentation": ["flip"]}},
        "pretext": {"task": "rotation", "train": "all", "settings": SETTINGS},
    }
    return {"models": models, "trials": ASKED | {"sweeps": [], "ablations": []} | changes}


# --- What is tried ---


def test_a_sweep_varies_rates_together_then_the_batch_size():
    (found,) = planned(study(sweeps=["network"])).values()
    assert [trial["replaced"] for trial in found] == [
        {},
        {"learning_rate": 3e-4, "learning_rate_classifier": 9e-4},
        {"learning_rate": 3e-3, "learning_rate_classifier": 9e-3},
        {"batch_size": 4},
        {"batch_size": 16},
    ]


def test_what_changes_nothing_is_not_tried():
    assert planned(study(sweeps=["network"], learning_rate=[1.0], batch_size=[1, 1.05])) == {}
    (found,) = planned(study(sweeps=["pretext"], learning_rate=[], batch_size=[1.2, 0.5, 0.6, 2])).values()
    assert [trial["value"] for trial in found] == [None, 4, 16]  # 9 are two images in four turns, as 8 are


def test_an_ablation_switches_off_what_is_in_use_one_at_a_time():
    found = planned(study(ablations=["network", "frozen"]))
    assert list(found) == [(SHORT, "network"), (FULL, "frozen")]
    first = [trial["replaced"] for trial in found[SHORT, "network"]]
    assert first[1:3] == [{"augmentation": ["shift"]}, {"augmentation": ["flip"]}]
    assert [{key: OFF[key]} for key in OFF if key not in ("augmentation", "keep_features")] == first[3:]
    assert {"augmentation": []} in [trial["replaced"] for trial in found[FULL, "frozen"]]
    assert {"layer_decay": 1.0} not in [trial["replaced"] for trial in found[FULL, "frozen"]]


def test_in_full_only_ablations_of_networks_are_made_and_nothing_where_nothing_is_asked():
    both = study(sweeps=["network"], ablations=["network"])
    assert list(planned(both)) == [(SHORT, "network")]
    full = planned(both, full=True)[FULL, "network"]
    assert {trial["kind"] for trial in full[1:]} == {ABLATION}
    assert planned(study()) == planned({"trials": None}) == planned({}) == {}


# --- A trial is the study's training ---


@pytest.fixture
def data(tmp_path):
    return made_data(tmp_path)


def try_it(folder, data, task, settings=SETTINGS, changes=({},), inputs=None, epochs=None, validation=9):
    found = [
        {"kind": "kept" if not change else ABLATION, "setting": "", "value": None, "replaced": change}
        for change in changes
    ]
    trials.try_network(
        task=task, options=OPTIONS[task], settings=settings, trials=found, inputs=inputs, epochs=epochs,
        validation=validation, seed=0, start=folder / "scenes0.safetensors", start_epoch=None,
        data=data, state=State(folder / "state", "same"), device="cpu", output=folder / "tried.npz",
    )  # fmt: skip
    with np.load(folder / "tried.npz") as file:
        return dict(file)


@pytest.mark.parametrize("task", ["scenes", "rotation"])
def test_as_set_and_in_full_it_ends_where_the_studys_training_ends(tmp_path, data, task):
    made_run(tmp_path, data, "scenes")
    outputs = {name: tmp_path / name for name in ("weights", "epochs", "history", "selection")}
    train_network(
        task=task, options={}, settings=SETTINGS | {"select": "last"}, seed=0, start=tmp_path / "scenes0.safetensors",
        start_epoch=None, data=data, state=State(tmp_path / "own", "x"), device="cpu", outputs=outputs,
    )  # fmt: skip
    last = read_csv(outputs["history"])[-1]
    unseen = data.parts.copy()
    del unseen["test"]
    found = try_it(tmp_path, type(data)(data.labels, data.classes, unseen, data.crops), task)
    assert found["validation"].mean() == pytest.approx(float(last["validation_accuracy"]), abs=1e-5)
    assert found["train"].mean() == pytest.approx(float(last["train_accuracy"]), abs=1e-5)
    assert found["views"] == (4 if task == "rotation" else 1) and found["epochs"] == 3


def test_on_cached_features_it_ends_where_the_studys_classifier_ends(tmp_path, data):
    run = made_run(tmp_path, data, "scenes")
    features, own = tmp_path / "features", SETTINGS | {"augmentation": ["flip"], "select": "last"}
    write_features(
        start=run["model"], start_epoch=None, crops=tmp_path / "crops.npy", mirrored=data.parts["train"].tolist(),
        device="cpu", state=State(tmp_path / "f", "x"), output=features,
    )  # fmt: skip
    outputs = {name: tmp_path / name for name in ("weights", "epochs", "history", "selection")}
    train_classifier(
        settings=own, seed=0, start=run["model"], start_epoch=None, features=features, data=data,
        state=State(tmp_path / "own", "x"), outputs=outputs,
    )  # fmt: skip
    last = read_csv(outputs["history"])[-1]
    (kept, *_) = planned(study(sweeps=["frozen"]))[FULL, "frozen"]
    trials.try_classifier(
        settings=own, trials=[kept], validation=9, seed=0, features=features, data=data,
        state=State(tmp_path / "tried", "x"), output=tmp_path / "tried.npz",
    )  # fmt: skip
    with np.load(tmp_path / "tried.npz") as found:
        assert found["validation"].mean() == pytest.approx(float(last["validation_accuracy"]), abs=1e-5)
        assert found["train"].mean() == pytest.approx(float(last["train_accuracy"]), abs=1e-5)


def test_in_short_every_class_has_its_share_and_the_average_remembers_less(tmp_path, data):
    parts = trials.chosen_parts(data, 6, 3, 0)
    assert {part: data.labels[ids].bincount().tolist() for part, ids in parts.items()} == {
        "train": [2, 2, 2],
        "validation": [1, 1, 1],
    }
    assert set(parts["train"].tolist()) < set(data.parts["train"].tolist())
    made_run(tmp_path, data, "scenes")
    found = try_it(tmp_path, data, "perturbation", inputs=12, epochs=1, validation=3)
    assert found["train_images"] == 6 and found["epochs"] == 1 and found["validation"].shape == (1, 3)
    setup = trials.TrialSetup(*[None] * 6, parts=parts, share=0.25, epochs=5, seed=0)
    own = trials.bounded(SETTINGS, {}, setup)
    assert own["weight_average"] == pytest.approx(0.5**4)
    assert own["epochs"] == SETTINGS["epochs"]  # never more than the study's


def test_a_killed_job_goes_on_with_the_trial_it_was_at(tmp_path, data, monkeypatch):
    made_run(tmp_path, data, "scenes")
    changes, made = ({}, {"dropout": 0.0}, {"warmup": 0.0}), []
    build, fail = trials.start_model, [True]

    def counted(*given):
        made.append(given[3]["dropout"])
        if len(made) == 3 and fail:
            raise KeyboardInterrupt
        return build(*given)

    whole = try_it(tmp_path, data, "scenes", changes=changes)
    monkeypatch.setattr(trials, "start_model", counted)
    (tmp_path / "tried.npz").unlink()
    for file in (tmp_path / "state").iterdir():
        file.unlink()
    with pytest.raises(KeyboardInterrupt):
        try_it(tmp_path, data, "scenes", changes=changes)
    fail.clear()
    again = try_it(tmp_path, data, "scenes", changes=changes)
    assert made == [0.2, 0.0, 0.2, 0.2]
    assert all(np.array_equal(whole[key], again[key]) for key in whole)
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["trial0.pt", "trial1.pt", "trial2.pt"]


def test_a_setting_that_makes_a_training_diverge_is_a_finding(tmp_path, data):
    made_run(tmp_path, data, "scenes")
    found = try_it(tmp_path, data, "scenes", SETTINGS | {"optimizer": "sgd"}, ({}, {"learning_rate": 1e30}))
    assert np.isfinite(found["validation"][0]).all() and np.isnan(found["validation"][1]).all()


def test_a_damaged_start_is_no_finding(tmp_path, data, monkeypatch):
    made_run(tmp_path, data, "scenes")
    build = trials.start_model

    def damaged(*given):
        model = build(*given)
        next(model.parameters()).data.fill_(float("nan"))
        return model

    monkeypatch.setattr(trials, "start_model", damaged)
    with pytest.raises(UserError, match="before the first step"):
        try_it(tmp_path, data, "scenes")


def test_epochs_stay_until_what_was_found_is_saved(tmp_path, data, monkeypatch):
    made_run(tmp_path, data, "scenes")
    save = State.save

    def killed(state, name, piece):
        if name == "trial0":
            raise KeyboardInterrupt
        save(state, name, piece)

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(State, "save", killed)
        try_it(tmp_path, data, "scenes")
    epochs = tmp_path / "state" / "epochs_trial0"
    assert (epochs / "epoch3.pt").is_file()
    try_it(tmp_path, data, "scenes")
    assert not epochs.exists()
    epochs.mkdir()  # as a kill right after saving leaves it
    try_it(tmp_path, data, "scenes")
    assert not epochs.exists()


def test_a_full_disk_is_no_finding(tmp_path, data, monkeypatch):
    made_run(tmp_path, data, "scenes")

    def full(*_):
        raise UserError("no room") from OSError(28, "no space left")

    monkeypatch.setattr(State, "save", full)
    with pytest.raises(UserError, match="no room"):
        try_it(tmp_path, data, "scenes")


# --- What it is worth ---


def arrays(scores, views=1):
    scores = np.array(scores, np.float32)
    kinds = ["kept", *["sweep"] * (len(scores) - 1)]
    texts = {"kind": np.array(kinds), "setting": np.array(["x"] * len(kinds)), "value": np.array(["1"] * len(kinds))}
    sizes = {"epochs": np.array(3), "train_images": np.array(5), "views": np.array(views)}
    return texts | sizes | {"validation": scores, "train": scores}


def test_one_view_is_judged_by_mcnemar_and_the_family_by_holm():
    kept, better, same = np.repeat([1, 0], 50), np.repeat([1, 0], [75, 25]), np.repeat([1, 0], [51, 49])
    first, second, third = trial_rows({("short", "m"): arrays([kept, better, same])})
    assert (first["difference"], first["verdict"], first["family"]) == ("", "", "")
    expected = stats.binomtest(25, 25, 0.5).pvalue
    assert second["difference"] == 0.25 and second["p"] == pytest.approx(expected, rel=1e-5)
    assert second["p_holm"] == pytest.approx(2 * expected, rel=1e-5) and second["verdict"] == "a"
    assert third["difference"] == pytest.approx(0.01) and third["verdict"] == "open"


def test_several_views_are_judged_image_by_image():
    random = np.random.default_rng(0)
    kept, worse = random.integers(2, 5, 40) / 4, random.integers(0, 4, 40) / 4
    _, row = trial_rows({("short", "m"): arrays([kept, worse], views=4)})
    found = stats.ttest_rel(worse, kept)
    assert row["p"] == pytest.approx(found.pvalue, rel=1e-4) and row["verdict"] == "b"
    interval = found.confidence_interval(0.95)
    assert (row["low"], row["high"]) == (pytest.approx(interval.low, abs=1e-5), pytest.approx(interval.high, abs=1e-5))


def test_images_that_all_differ_alike_are_judged_by_the_sign_test():
    kept = np.full(10, 0.5)
    _, row, few = trial_rows({("short", "m"): arrays([kept, kept + 0.25, kept - 0.5], views=4)})
    assert (row["difference"], row["low"], row["high"], row["verdict"]) == (0.25, 0.25, 0.25, "a")
    assert row["p"] == pytest.approx(2.0**-9, rel=1e-5) and few["verdict"] == "b"
    _, row = trial_rows({("short", "m"): arrays([kept[:3], kept[:3] + 0.25], views=4)})
    assert row["p"] == 0.25 and row["verdict"] == "open"


def test_what_diverged_or_never_differs_has_no_interval():
    kept = np.repeat([1.0, 0.0], 20)
    _, same, diverged = trial_rows({("short", "m"): arrays([kept, kept, np.full(40, np.nan)], views=2)})
    assert (same["difference"], same["low"], same["p"], same["verdict"]) == (0.0, "", "", "open")
    assert (diverged["validation_accuracy"], diverged["difference"], diverged["verdict"]) == ("", "", DIVERGED)


# --- Sentences ---


def read_with(folder, moved, **more):
    root = write_study(folder, per_class=2)
    write_trials(root, read_evidence(root).published, moved, **more)
    return read_evidence(root)


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (
            {"0.00015": -0.1, "0.0015": -0.2},
            "of the three values, 5e-4 had the highest accuracy, 80.00 %; 1.5e-4 (−10.00 points, 95 %",
        ),
        (
            {"0.00015": -0.01, "0.0015": -0.015},
            "5e-4 had the highest accuracy, 80.00 %; none is shown to differ from 5e-4: 1.5e-4 (−1.00 points",
        ),
        (
            {"0.0015": 0.15},
            "1.5e-3 had the highest accuracy, 95.00 %; 5e-4, which was set, had 80.00 %; 1.5e-3 (+15",
        ),
        ({}, "none had a higher accuracy than 5e-4, 80.00 %; none is shown to differ from 5e-4"),
        ({"0.0015": None, "0.00015": -0.2}, "with 1.5e-3 the training diverged"),
        ({"0.0015": None, "0.00015": None}, "of the three values, 5e-4 had the highest accuracy, 80.00 %; with"),
    ],
)
def test_the_reason_says_what_the_sweep_found(tmp_path, moved, words):
    evidence = read_with(tmp_path, {("learning_rate", value): change for value, change in moved.items()})
    (row,) = [row for row in reasons(evidence) if row["setting"] == "learning rate" and "supervised" in row["models"]]
    said = plain(row["measured"][0])
    assert said.startswith("Tried on supervised with 200 validation images:") and words in said.replace("e−", "e-")
    assert ("was not changed after that" in said) == ("0.0015" in moved and (moved["0.0015"] or 0) > 0.1)
    worse = " worse" in said
    assert worse == (-0.2 in moved.values()) and not ("none is shown" in said and worse)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (-0.15, "has a validation accuracy of 65.00 % instead of 80.00 % (−15.00 points"),
        (0.15, "the setting costs accuracy there"),
        (0.01, "no effect on accuracy is shown"),
        (None, "With 0 in place of 0.1, supervised diverged"),
    ],
)
def test_a_strategy_is_worth_what_its_ablation_found(tmp_path, change, words):
    evidence = read_with(tmp_path, {("label_smoothing", "0.0"): change}, gap=0.05)
    (said,) = [text for text in map(plain, training.strategies(evidence)) if text.startswith("Label smoothing")]
    assert words in said and ("the setting raises the accuracy there" in said) == (change == -0.15)
    assert change is None or "and a generalisation gap of +5.00 points instead of +5.00 points" in said
    assert "was not measured" in said  # in the other classifiers
    (chosen,) = [text for text in map(plain, training.strategies(evidence)) if text.startswith("Selecting the epoch")]
    assert chosen.endswith("What it changes was not measured.")


def test_the_full_form_is_told_where_there_is_one(tmp_path):
    root = write_study(tmp_path, per_class=2)
    asked = configuration()["trials"] | {"full": True}
    root = write_study(tmp_path, per_class=2, trials=asked)
    evidence = read_evidence(root)
    rows = [row for row in told.ablation_rows(evidence) if row["model"] == "supervised"]
    assert {(row["form"], row["epochs"]) for row in rows} == {("full", 12)}
    assert {row["form"] for row in told.sweep_rows(evidence) if row["model"] == "supervised"} == {"short"}
    assert "as in the study, up to their last epoch" in plain(told.ablations(evidence))
    assert "short training" not in plain(told.ablations(evidence)) and "short training" in plain(told.sweeps(evidence))


@pytest.mark.parametrize("asked", [None, "sweeps", "ablations"])
def test_without_trials_nothing_is_said_to_be_measured(tmp_path, asked):
    left = asked and configuration()["trials"] | {asked: []}
    evidence = read_evidence(write_study(tmp_path, per_class=2, trials=left))
    html = render_html(evidence, paper("templates"))
    assert ('id="sweeps"' in html) == (asked == "ablations") and ('id="ablations"' in html) == (asked == "sweeps")
    assert ("contributes on its own was not measured" in html) == (asked != "sweeps")
    assert ("Tried on" in html) == (asked == "ablations")


def test_an_ablated_pretext_is_judged_on_its_own_task_and_that_is_said(tmp_path):
    asked = configuration()["trials"] | {"ablations": ["rotation"]}
    evidence = read_evidence(write_study(tmp_path, per_class=2, trials=asked))
    assert "The accuracy of rotation is that on its own task" in plain(told.ablations(evidence))
    assert "own task" not in plain(told.ablations(read_evidence(write_study(tmp_path, per_class=2))))
    assert "Distillation" in plain(
        next(text for text in training.strategies(evidence) if "With 0 in place of 1" in text)
    )


def test_short_is_what_had_fewer_images_or_epochs(tmp_path):
    asked = configuration()["trials"] | {"sweeps": ["supervised"]}
    evidence = read_evidence(write_study(tmp_path, per_class=2, trials=asked))
    words = "They trained in short, by fewer {} than in the study."
    assert words.format("images and epochs") in plain(told.sweeps(evidence))
    for row in evidence.tables["trials"]:
        row["train_images"] = evidence.total("train")
    assert words.format("epochs") in plain(told.sweeps(evidence))
    for row in evidence.tables["trials"]:
        row["epochs"] = evidence.models[row["model"]].settings["epochs"]
    said = plain(told.sweeps(evidence))
    assert "trained as in the study" in said and "short training" not in said


def test_a_draft_does_not_tell_the_trials_of_another_plan(tmp_path):
    root = write_study(tmp_path, per_class=2)
    published = read_evidence(root).published
    write_yaml(root / "configuration.yaml", published | {"trials": published["trials"] | {"learning_rate": [0.1, 3]}})
    html = render_html(read_evidence(root, draft=True), paper("templates"))
    assert "Not there yet: <code>tables/trials.csv" in html and "Tried on" not in html and 'id="reasons"' in html


def test_a_draft_names_the_trials_that_are_missing_and_shows_the_rest(tmp_path):
    root = write_study(tmp_path, per_class=2)
    (root / "tables/trials.csv").unlink()
    html = render_html(read_evidence(root, draft=True), paper("templates"))
    assert html.count("Not there yet: <code>tables/trials.csv") >= 1
    assert 'id="reasons"' in html and "Weight decay" in html and "Tried on" not in html
