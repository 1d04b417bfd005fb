"""What a killed job finds again: its own finished pieces, whole, and nothing else."""

import contextlib
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from snakemake.persistence.file import FilePersistence
from torture.killing import WAYS, Study
from toy_runs import made_data, made_run

from scenessl.data.crops import Crops, normalise
from scenessl.files import atomic
from scenessl.joblog import SNAKEMAKE
from scenessl.models import weights
from scenessl.models.network import evaluation_mode, pool, rebuild
from scenessl.study.folders import remove_unfinished
from scenessl.study.states import remove_finished
from scenessl.training import features
from scenessl.training.state import State, fingerprint, held, resumable

ROOT = Path(__file__).parent.parent
RULE = re.compile(r"^ *rule (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
TRAINING = "results/killed/models/rotation/seed0/weights.safetensors"
FEW = """
data: {images_per_class_train: 4, images_per_class_test: 2}
recipes: {rotation: {epochs: {value: 6, reason: enough to be killed in}}}
"""
PIECE = {"tensor": torch.arange(5.0), "rows": [{"epoch": 1, "loss": None}]}


class Killed(Exception):
    """Stands for a kill."""


def test_a_piece_comes_back(tmp_path):
    state = State(tmp_path / "s", "a")
    state.save("one", PIECE)
    found = State(tmp_path / "s", "a").load("one")
    assert torch.equal(found["tensor"], PIECE["tensor"])
    assert found["rows"] == PIECE["rows"]
    assert state.load("two") is None


def test_a_piece_of_another_fingerprint_is_not_there(tmp_path):
    State(tmp_path, "a").save("one", PIECE)
    assert State(tmp_path, "b").load("one") is None


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_piece_that_is_cut_is_not_there(tmp_path, share):
    State(tmp_path, "a").save("one", PIECE)
    data = (tmp_path / "one.pt").read_bytes()
    (tmp_path / "one.pt").write_bytes(data[: int(share * len(data))])
    assert State(tmp_path, "a").load("one") is None


@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.999])
def test_a_piece_with_one_other_bit_is_not_there(tmp_path, share):
    State(tmp_path, "a").save("one", PIECE)
    data = bytearray((tmp_path / "one.pt").read_bytes())
    data[int(share * len(data))] ^= 1
    (tmp_path / "one.pt").write_bytes(data)
    assert State(tmp_path, "a").load("one") is None


def test_what_was_made_once_is_not_made_again(tmp_path):
    made = []
    for _ in range(3):
        assert State(tmp_path, "a").once("x", lambda: made.append(1) or torch.ones(2)).tolist() == [1, 1]
    assert made == [1]


def test_the_fingerprint_holds_settings_code_data_and_files(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    facts = {"lr": 1, "code": {"x.py": "a"}, "data": ["keys/crops@1", "keys/parts@1"]}
    others = [{"lr": 2}, {"code": {"x.py": "b"}}, {"data": ["keys/crops@2", "keys/parts@1"]}]
    prints = {fingerprint(facts | other, [tmp_path / "a"]) for other in ({}, *others)}
    assert len(prints | {fingerprint(facts, [tmp_path / "b"]), fingerprint(facts, [])}) == 6
    assert fingerprint(dict(reversed(facts.items())), [tmp_path / "a"]) in prints


def test_every_state_is_tied_to_all_that_its_job_reads_of_the_images():
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").rglob("*.smk"))
    resumed = {name: body for name, body in RULE.findall(rules) if " state=" in body}
    trainings = {"train_network", "train_classifier", "try_network", "try_classifier"}
    assert set(resumed) == trainings | {"features", "repeats", "scorecam", "inversion"}
    for name, body in resumed.items():
        script = (ROOT / "workflow_scripts" / f"{name}.py").read_text(encoding="utf-8")
        named = set(re.findall(r"source\.(\w+_key)", script.split("with resumable")[0]))
        assert named == set(re.findall(r"(\w+_key)=", body))


def test_a_state_goes_when_its_job_has_finished_and_stays_while_it_has_not(tmp_path):
    for name in ("done", "killed"):
        with contextlib.suppress(Killed), resumable(tmp_path / "train" / name, {}, []) as state:
            state.save("one", PIECE)
            if name == "killed":
                raise Killed
    remove_finished(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["train", "killed", "one.pt"]


def test_a_state_that_is_taken_up_again_is_not_finished(tmp_path):
    for error in (None, Killed):
        with contextlib.suppress(Killed), resumable(tmp_path / "s", {}, []) as state:
            state.save("one", PIECE)
            if error:
                raise error
    remove_finished(tmp_path)
    assert state.load("one") is not None


def test_the_lock_is_given_back_also_on_error(tmp_path):
    with pytest.raises(Killed), held(tmp_path / "state"):
        raise Killed
    with held(tmp_path / "state"):
        pass
    assert list(tmp_path.iterdir()) == []


def copy_of(folder, settings, times):
    """Stand for a copy of a job: take half a second for its only piece."""

    def make():
        times.put(time.monotonic())
        time.sleep(0.5)
        times.put(time.monotonic())
        return settings["lr"]

    with resumable(folder / "s", settings, []) as state:
        (folder / "out").write_text(str(state.once("piece", make)))


@pytest.mark.parametrize(("second", "made"), [(1, 1), (2, 2)])
def test_a_second_copy_waits_and_takes_the_pieces_of_its_own_settings_only(tmp_path, second, made):
    context = multiprocessing.get_context("fork")
    times = context.SimpleQueue()
    copies = [context.Process(target=copy_of, args=(tmp_path, {"lr": rate}, times)) for rate in (1, second)]
    copies[0].start()
    begin = times.get()
    copies[1].start()
    for copy in copies:
        copy.join(20)
        assert copy.exitcode == 0
    found = [begin] + [times.get() for _ in range(2 * made - 1)]
    assert times.empty()
    assert found == sorted(found)
    assert (tmp_path / "out").read_text() == str(second)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Write a feature cache of a toy; gives the function, which counts the pieces it computes."""
    monkeypatch.setattr(features, "evaluation_batch", lambda side: 8)
    monkeypatch.setattr(features, "PIECE", 2)
    data, made, whole = made_data(tmp_path), [], features.pooled
    start = made_run(tmp_path, data, "rotation")["model"]

    def write(name, kill_at=None):
        def piece(*arguments, **named):
            if len(made) == kill_at:
                raise Killed
            made.append(1)
            return whole(*arguments, **named)

        monkeypatch.setattr(features, "pooled", piece)
        made.clear()
        state = State(tmp_path / f"{name}.state", "a")
        asked = {"start_epoch": None, "crops": tmp_path / "crops.npy", "mirrored": range(9, 60), "device": "cpu"}
        features.write_features(start=start, state=state, output=tmp_path / name, **asked)
        return len(made)

    write.folder = tmp_path
    return write


@pytest.mark.parametrize("kill_at", [0, 3, 8])
def test_a_killed_feature_cache_goes_on_after_its_last_piece_with_the_same_bytes(cached, kill_at):
    assert cached("whole") == 9  # 69 images by 16, 51 of them mirrored as well
    with pytest.raises(Killed):
        cached("killed", kill_at)
    assert cached("killed") == 9 - kill_at
    assert (cached.folder / "killed").read_bytes() == (cached.folder / "whole").read_bytes()


def test_a_spoilt_piece_of_a_feature_cache_is_made_anew(cached):
    cached("whole")
    with pytest.raises(Killed):
        cached("killed", 5)
    (cached.folder / "killed.state" / "plain2.pt").write_bytes(b"half a fi")
    assert cached("killed") == 5
    assert (cached.folder / "killed").read_bytes() == (cached.folder / "whole").read_bytes()


def test_the_pieces_of_features_are_those_of_one_pass(cached):
    cached("whole")
    model = rebuild(next(cached.folder.glob("*.safetensors")))
    images = Crops(cached.folder / "crops.npy").batch(range(69))
    with evaluation_mode(model):
        expected = [pool(model, normalise(shown)) for shown in (images, images.flip(-1))]
    plain, mirrored = weights.load(cached.folder / "whole")["features"]
    torch.testing.assert_close(plain, expected[0])
    torch.testing.assert_close(mirrored[9:60], expected[1][9:60])
    assert mirrored[:9].isnan().all() and mirrored[60:].isnan().all()


def test_what_a_killed_writer_left_goes_and_what_a_living_one_writes_stays(tmp_path):
    abandoned, other = tmp_path / ".weights-abcd_123.bin", tmp_path / ".weights-of-mine.bin"
    for path in (abandoned, other):
        path.write_text("half")
    with atomic(tmp_path / "weights.bin") as first:
        assert not abandoned.exists()
        first.write_text("first")
        with atomic(tmp_path / "weights.bin") as second:
            assert first.exists()
            second.write_text("second")
        assert (tmp_path / "weights.bin").read_text() == "second"
    assert (tmp_path / "weights.bin").read_text() == "first"
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "weights.bin"]


JOB = """
import sys, time
from pathlib import Path
from scenessl.joblog import job
with job(sys.argv[1]):
    Path(sys.argv[2]).touch()
    time.sleep(60)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"


def test_a_job_ends_with_the_process_that_started_it(tmp_path):
    sign = tmp_path / "sign"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, JOB, tmp_path / "log", sign], cwd=ROOT)
    while not sign.exists():
        assert parent.poll() is None
        time.sleep(0.05)
    jobs = psutil.Process(parent.pid).children()
    parent.kill()
    assert psutil.wait_procs(jobs, 10)[1] == []
    parent.wait()


def test_a_job_whose_snakemake_is_gone_does_not_begin(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    command = [sys.executable, "-c", JOB, tmp_path / "log", tmp_path / "sign"]
    found = subprocess.run(
        command, cwd=ROOT, env=os.environ | {SNAKEMAKE: str(gone.pid)}, capture_output=True, check=False
    )
    assert found.returncode == 1
    assert b"is gone" in found.stderr
    assert not (tmp_path / "sign").exists()


def mark_unfinished(root, *names):
    """Leave the marks of Snakemake at what a job was making when it was killed."""
    marks = root / ".snakemake" / "incomplete"
    marks.mkdir(parents=True, exist_ok=True)
    snakemake = SimpleNamespace(_fetch_max_len=lambda subject: os.pathconf(subject, "PC_NAME_MAX"))
    for name in names:
        mark = Path(FilePersistence._record_path(snakemake, str(marks), name))
        mark.parent.mkdir(exist_ok=True)
        mark.write_text('{"external_jobid": null}')


def test_what_is_marked_as_unfinished_goes_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    long = f"results/one/data/{'é' * 100}/crops.npy"
    marked = ("results/one/data/index.csv", long, "results/one/drawn", "results/ones/a", "b.txt")
    for name in (*marked, "results/one/data/classes.json"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch() if "." in name or "ones" in name else Path(name).mkdir()
    mark_unfinished(tmp_path, *marked, "results/one/never/made")
    (tmp_path / ".snakemake" / "incomplete" / "no base64 ~").touch()
    remove_unfinished("results/one", Path())
    left = {name for name in (*marked, "results/one/data/classes.json") if Path(name).exists()}
    assert left == {*marked[2:], "results/one/data/classes.json"}


def test_what_another_run_is_making_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results/one").mkdir(parents=True)
    Path("results/one/index.csv").touch()
    mark_unfinished(tmp_path, "results/one/index.csv")
    code = "from scenessl.study.folders import hold; hold('results/one'); print('held', flush=True); input()"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True, env=environment) as other:
        assert other.stdout.readline() == "held\n"
        remove_unfinished("results/one", Path())
        assert Path("results/one/index.csv").exists()
        other.kill()
    remove_unfinished("results/one", Path())
    assert not Path("results/one/index.csv").exists()


@pytest.mark.slow
def test_a_training_that_was_killed_three_times_ends_with_the_bytes_of_an_undisturbed_one(tmp_path):
    whole = Study.copied(tmp_path / "whole", FEW)
    whole.finish(TRAINING)
    killed = Study(shutil.copytree(whole.folder, tmp_path / "killed", ignore=shutil.ignore_patterns("run*.txt")))
    shutil.rmtree(killed.results / "models")
    # killed first between the end of a job and Snakemake's note of it
    mark_unfinished(killed.folder, "results/killed/data/index.csv", "results/killed/data/crops.npy")
    for epoch, way in enumerate(
        ("SIGKILL to Snakemake alone", "SIGTERM to the whole group", "SIGINT to the whole group")
    ):
        run = killed.begin(TRAINING)
        run.wait_until(lambda run=run, epoch=epoch: f"epoch{epoch + 1:>4}/" in run.said())
        assert WAYS[way](run, random.Random(0)) == ["train_network"]
        assert run.wait() != 0
        assert "Traceback" not in run.said()
    killed.finish(TRAINING)
    assert killed.said().count("going on after epoch") >= 3  # the log of a job that was ended is shown again
    assert killed.files() == whole.files()
