"""A training's history as TensorBoard reads it: every row once, also after a kill, and none where it is not there."""

import sys
import time

import pytest
from test_training import Interrupted, toy_batches, toy_course, toy_learner, toy_measure

from scenessl.training.events import CURVES, events
from scenessl.training.loop import fit
from scenessl.training.state import State

REASON = "TensorBoard is not installed (requirements-tensorboard.txt)"


def train(folder, kill_after=4):
    """Train for four epochs and write events; return the history."""

    def batches(epoch):
        if epoch > kill_after:
            raise Interrupted
        return toy_batches(epoch)

    with events(folder / "logs" / "toy_seed0.log") as watch:
        return fit(toy_learner(), batches, toy_measure, toy_course(), State(folder / "state", "same"), watch=watch)


def curves(folder):
    """What TensorBoard's own reader finds: by curve, (epoch, value) of every point."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason=REASON)
    found = accumulator.EventAccumulator(str(folder / "logs" / "toy_seed0")).Reload()
    return {name: [(point.step, point.value) for point in found.Scalars(name)] for name in found.Tags()["scalars"]}


def expected(rows):
    return {
        curve: [(row["epoch"], pytest.approx(row[column], rel=1e-6)) for row in rows if row[column] is not None]
        for column, curve in CURVES.items()
    }


def test_every_epoch_is_a_point_of_every_curve(tmp_path):
    rows = train(tmp_path)
    assert len(rows) == 5 and curves(tmp_path) == expected(rows)


def test_a_training_that_goes_on_after_a_kill_has_no_point_twice(tmp_path):
    with pytest.raises(Interrupted):
        train(tmp_path, kill_after=2)
    assert [epoch for epoch, _ in curves(tmp_path)["loss/train"]] == [0, 1, 2]
    whole = train(tmp_path)
    assert curves(tmp_path) == expected(whole)


def test_points_can_be_read_while_the_training_runs(tmp_path):
    with events(tmp_path / "logs" / "toy_seed0.log") as watch:
        watch(dict.fromkeys(CURVES, 0.5) | {"epoch": 0})
        assert curves(tmp_path) == {curve: [(0, 0.5)] for curve in CURVES.values()}


def test_a_tensorboard_that_has_read_the_file_of_before_forgets_its_points(tmp_path, monkeypatch):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason=REASON)
    with pytest.raises(Interrupted):
        train(tmp_path, kill_after=3)
    folder = tmp_path / "logs" / "toy_seed0"
    reader = accumulator.EventAccumulator(str(folder)).Reload()
    later = time.time() + 60  # names of event files hold the second, and are read in order
    monkeypatch.setattr(time, "time", lambda: later)
    train(tmp_path)
    assert [point.step for point in reader.Reload().Scalars("loss/train")] == [0, 1, 2, 3, 4]


def test_training_is_the_same_without_tensorboard_and_where_nothing_can_be_written(tmp_path, monkeypatch, capsys):
    watched = train(tmp_path / "watched")
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "logs").write_text("a file where the folder would be")
    assert train(blocked) == watched
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert train(tmp_path / "without") == watched
    assert not (tmp_path / "without" / "logs").exists()
