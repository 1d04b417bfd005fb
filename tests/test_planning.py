"""What a workflow finds out once, and what the jobs that it sends to a cluster then need not look at again."""

import copy
import dataclasses
import shutil

import pytest
import yaml
from PIL import Image
from project import ROOT

from scenessl.errors import UserError
from scenessl.study import planning
from scenessl.study.planning import plan, start


@pytest.fixture
def config(tmp_path):
    """The main study on a few images, with random weights."""
    for split in ("train", "test"):
        for name in ("coast", "forest"):
            (tmp_path / "images" / split / name).mkdir(parents=True)
            Image.new("L", (40, 40)).save(tmp_path / "images" / split / name / "1.png")
    given = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for model in given["models"].values():
        model["init"] = "random" if model["init"] == "imagenet" else model["init"]
    return given | {"data": str(tmp_path / "images"), "zip": False, "weights": "none", "label_efficiency": None}


@pytest.fixture
def planned(tmp_path):
    def planned(config, is_job=False, starts=False):
        made = plan(copy.deepcopy(config), ROOT, tmp_path / "results", is_job=is_job)
        if starts:
            start(made, config, tmp_path / "results")
        return made

    return planned


def facts(made):
    """What a plan holds, but for the remarks and the study, which is the configuration's."""
    return {
        field.name: getattr(made, field.name)
        for field in dataclasses.fields(made)
        if field.name not in ("study", "remarks")
    }


def test_a_job_believes_what_its_workflow_found(config, planned, tmp_path):
    first = planned(config, starts=True)
    shutil.rmtree(tmp_path / "images")
    job = planned(config, is_job=True)
    assert facts(job) == facts(first)
    assert list(job.study.models) == list(first.study.models) and job.remarks == []
    with pytest.raises(UserError, match="does not exist"):
        planned(config)


def test_a_job_of_another_configuration_looks_for_itself(config, planned, tmp_path):
    planned(config, starts=True)
    shutil.rmtree(tmp_path / "images")
    with pytest.raises(UserError, match="does not exist"):
        planned(config | {"image_side": 96}, is_job=True)


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"found": {}}'])
def test_a_job_without_its_workflows_notes_looks_for_itself(config, planned, tmp_path, broken):
    first = planned(config, starts=True)
    (tmp_path / "results/scene15/.state/found.json").write_text(broken, encoding="utf-8")
    assert facts(planned(config, is_job=True)) == facts(first)


def test_a_dry_run_needs_no_disk_and_leaves_no_notes(config, planned, tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "WEIGHTS_BYTES", 10**18)
    planned(config)
    assert not (tmp_path / "results/scene15/.state/found.json").exists()
    with pytest.raises(UserError, match="disk:"):
        planned(config, starts=True)


def test_auto_takes_no_more_threads_than_a_cluster_gives(config, planned, monkeypatch):
    monkeypatch.setattr(planning.os, "cpu_count", lambda: 128)
    assert planned(config).threads == 8
    monkeypatch.setattr(planning.os, "cpu_count", lambda: 2)
    assert planned(config).threads == 8  # once per study
