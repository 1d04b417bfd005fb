"""Sweeps over seeds: what adding one trains, what going on without one says, and what many look like."""

import copy
import re

import pytest
import yaml
from project import ROOT

from scenessl.errors import UserError
from scenessl.figures import accuracy
from scenessl.files import write_csv
from scenessl.study.declared import task_settings
from scenessl.study.graph import Study
from scenessl.study.unfinished import RUN, advice, unfinished

TASKS = task_settings(ROOT / "scenessl" / "tasks")
MAIN = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def study(**changes):
    return Study(copy.deepcopy(MAIN) | changes, TASKS)


@pytest.mark.parametrize(
    ("seeds", "missing", "left"),
    [(3, [], (0, 1, 2)), (3, [1], (0, 2)), (3, 1, (0, 2)), (4, "0, 2", (1, 3)), ([7, 5, 9], [5], (7, 9))],
)
def test_a_study_goes_on_without_its_missing_seeds_and_publishes_both(seeds, missing, left):
    made = study(seeds=seeds, missing_seeds=missing)
    assert made.seeds == left
    published = made.published({}, {})
    assert published["seeds"] == list(left)
    whole = set(range(seeds)) if isinstance(seeds, int) else set(seeds)
    assert set(published["missing_seeds"]) == whole - set(left)


@pytest.mark.parametrize(("missing", "words"), [([3], "3: not among"), ("0,1,2", "names every seed")])
def test_seeds_that_cannot_be_missing_are_refused(missing, words):
    with pytest.raises(UserError, match=f"missing_seeds: .*{words}"):
        study(seeds=3, missing_seeds=missing)


def finish(folder, model, seed):
    place = folder / "models" / model / f"seed{seed}"
    place.mkdir(parents=True)
    for name in RUN:
        (place / name).touch()


def test_seeds_that_lack_a_result_are_named_with_the_way_on(tmp_path):
    published = {"models": {"a": {}, "b": {}}, "seeds": [0, 1, 4], "missing_seeds": [3]}
    assert advice(tmp_path, published) == ""  # none is finished: there is nothing to go on with
    for seed in (0, 1, 4):
        finish(tmp_path, "a", seed)
        finish(tmp_path, "b", seed)
    assert unfinished(tmp_path, published) == {} and advice(tmp_path, published) == ""
    (tmp_path / "models/b/seed4/predictions.npz").unlink()
    assert unfinished(tmp_path, published) == {4: ["b"]}
    text = advice(tmp_path, published)
    assert "1 of 3 seeds" in text and "seed 4: b" in text and "--config missing_seeds=3,4" in text


def wildcard(jobs, name):
    return {found[1] for job in jobs if (found := re.search(rf"{name}=([\w@-]+)", job))}


@pytest.mark.slow
def test_another_seed_trains_itself_alone_and_explains_nothing_anew(with_another_seed):
    jobs = with_another_seed
    assert wildcard(jobs, "seed") == {"1"}
    assert {start.rpartition("seed")[2] for start in wildcard(jobs, "start")} == {"1"}
    kinds = {job.split()[0] for job in jobs}
    assert {"train_network", "train_classifier", "tables", "accuracy", "curves", "confusion", "report"} <= kinds
    assert not kinds & {"index", "crops", "scorecam", "inversion", "choice", "embedding", "neighbours", "loss_extremes"}


@pytest.mark.slow
def test_going_on_without_the_added_seed_trains_nothing(demo, with_another_seed):
    jobs = demo.planned("seeds: 2\nmissing_seeds: [1]")
    assert {job.split()[0] for job in jobs} <= {"configuration", "report", "page", "checks", "submission", "provenance"}
    assert demo.planned("seeds: 2\nmissing_seeds: []") == with_another_seed


def accuracies(path, seeds):
    """accuracy.csv of two models and so many seeds."""
    rows = [
        {"model": model, "task": "scenes", "seed": seed, "test_accuracy": 0.9 - 0.001 * seed, "n_test": 200}
        for model in ("a", "b")
        for seed in range(seeds)
    ]
    write_csv(path, rows, list(rows[0]))
    return path


@pytest.mark.parametrize("seeds", [1, 3, 40])
def test_the_chart_of_accuracies_fits_a_page_whatever_the_number_of_seeds(tmp_path, seeds):
    accuracy.draw(accuracies=accuracies(tmp_path / "a.csv", seeds), classes=15, output=tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    height = float(re.search(r'height="([\d.]+)pt"', text)[1]) / 72 * 25.4
    assert height < 60
    assert ("Wilson" in text) == (seeds < 40) and ("a point per seed" in text) == (seeds == 40)
