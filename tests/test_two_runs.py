"""Two runs at once: of one study, the second says so and ends; of two studies, both are made as if alone."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from tiny_study import CONFIGFILES, TRAINING, delta, tiny_project, write_images

from scenessl.errors import UserError
from scenessl.study.folders import hold, run_remarks


def test_a_lock_is_of_the_study_whose_files_it_names(tmp_path):
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("results/one/data/index.csv\n")
    (locks / "3.output.lock").write_text("results/two/a\nresults/two/b\n")
    for study, number in (("results/one", "0"), ("results/two", "3")):
        (remark,) = run_remarks(study, tmp_path)
        assert f"run of {study} begun" in remark and remark.endswith(f"rm {locks}/{number}.*.lock")
    assert list(run_remarks("results/on", tmp_path)) == list(run_remarks("results/two", tmp_path / "other")) == []


def test_a_study_is_held_as_long_as_the_process_lives(tmp_path):
    code = f"from scenessl.study.folders import hold; hold({str(tmp_path)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout.readline() == "held\n"
        (remark,) = run_remarks(tmp_path, tmp_path)
        with pytest.raises(UserError, match=rf"another run makes .* \(process {other.pid} on .*, since .*\)\. Wait"):
            hold(tmp_path)
        assert f"process {other.pid}" in remark
        other.kill()
    assert not list(run_remarks(tmp_path, tmp_path))
    hold(tmp_path)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    many, few = write_images(folder / "many", 80), write_images(folder / "few")
    made = tiny_project(folder / "project")
    for study, images, epochs in (("one", many, 200), ("two", few, 1)):  # the first runs for minutes
        (made.folder / f"{study}.yaml").write_text(delta(images, study, epochs))
    return made


def begin(project, study, target=f"results/{{}}/{TRAINING}"):
    """Start a run of a study, by default of its training, in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", "-c1", target.format(study)]
    command += ["--configfile", *CONFIGFILES, f"{study}.yaml"]
    environment = os.environ | {"PYTHONPATH": str(project.folder)}
    return subprocess.Popen(
        command, cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,
    )  # fmt: skip


def finish(run):
    """Wait for a run and give what it said."""
    _, text = run.communicate(timeout=900)
    return text


@contextmanager
def training(project, study):
    """Have a training under way that has just finished an epoch; kill all of it at the end if it is still there."""
    states = project.folder / "results" / study / ".state" / "train"
    before = len(list(states.rglob("epoch*")))
    run = begin(project, study)
    try:
        wait_for(lambda: run.poll() is not None or len(list(states.rglob("epoch*"))) > before + 1)
        yield run
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            finish(run)


def wait_for(condition, seconds=120):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_a_second_run_says_so_and_a_killed_run_says_how_to_go_on(project):
    with training(project, "one") as first:
        second, beside = begin(project, "one"), begin(project, "two")
        refused(second, finish(second), first)
        assert "lock:" not in finish(beside) and beside.returncode == 0  # another study of the same clone
        assert (project.folder / "results" / "two" / TRAINING).exists()
        second = begin(project, "one")  # by now Snakemake has dropped the lock of the first, with that of the other
        refused(second, finish(second), first)
    with training(project, "one"):  # killed as well, with its lock in place
        pass
    text = finish(begin(project, "one"))
    (command,) = set(re.findall(r"this clears it: (rm \.snakemake/locks/\S+)", text))
    subprocess.run(command, shell=True, cwd=project.folder, check=True)
    with training(project, "one") as again:
        os.killpg(again.pid, signal.SIGTERM)
        assert "going on after epoch" in finish(again)


def refused(run, text, first):
    """Demand that a run ended since the first makes its study, and did the first no harm."""
    assert run.returncode == 1 and first.poll() is None, text
    assert f"another run makes results/one (process {first.pid} on " in text and "Traceback" not in text, text


FEWER = "trajectory: null\nlabel_efficiency: null\nrepeats: null\ntrials: null\n"


@pytest.mark.torture
def test_two_whole_studies_of_one_clone_at_once(project):
    """From images to reports, checks included, in one folder; each with the bytes that it has alone."""

    def make(*studies):
        runs = [begin(project, study, "results/{}/report/checks.json") for study in studies]
        texts = [finish(run) for run in runs]
        assert [run.returncode for run in runs] == [0] * len(runs), "\n".join(texts)[-5000:]
        return [files(project.folder / "results" / study) for study in studies]

    for study in ("left", "right"):
        named = (project.folder / "two.yaml").read_text().replace("study: two", f"study: {study}")
        (project.folder / f"{study}.yaml").write_text(f"{named}\n{FEWER}")
    left, right = make("left", "right")
    shutil.rmtree(project.folder / "results" / "right")
    (alone,) = make("right")
    assert right == alone
    assert left.keys() == right.keys()


def files(study):
    """Hash what a study made, by name, but for logs, times and pages with absolute paths."""
    outside = {"logs", "benchmarks", ".state"}
    made = [path for path in study.rglob("*") if path.is_file() and path.relative_to(study).parts[0] not in outside]
    return {
        str(path.relative_to(study)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in made
        if path.suffix != ".html"
    }
