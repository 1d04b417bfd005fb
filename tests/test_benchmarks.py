"""The benchmarks are made of parts that are there: nobody runs them daily."""

import os
import time
from importlib import import_module

import pytest

from benchmarks import memory, pairs
from benchmarks.__main__ import TABLES
from benchmarks.material import Material, recipe
from scenessl.models.network import build
from scenessl.tasks import scenes
from scenessl.training.recipe import learner_of

OTHERS = {"scorecam": "pytorch_grad_cam", "inversion": "lucent"}


@pytest.mark.parametrize(("name", "measure"), [(name, measure) for _, names, measure in TABLES for name in names])
def test_every_stage_can_be_measured(name, measure):
    if name in OTHERS:
        pytest.importorskip(OTHERS[name], reason="installed by make bench only")
    assert callable(getattr(import_module(f"benchmarks.{name}"), measure))


@pytest.mark.parametrize("name", ["supervised", "rotation", "perturbation", "classifier"])
def test_the_recipes_that_are_measured_make_learners(name):
    settings = recipe(name)
    learner = learner_of(build("small_resnet", 2), settings, scenes.loss)
    assert settings["weight_decay"] in {group["weight_decay"] for group in learner.optimizer.param_groups}


def test_sides_take_turns_in_both_orders_and_each_is_compared_with_ours(monkeypatch):
    clock, order = [0.0], []
    monkeypatch.setattr(pairs.time, "perf_counter", lambda: clock[0])

    def side(name, seconds, work=1):
        def turn():
            order.append(name)
            clock[0] += seconds
            return work

        return turn

    slower, faster = pairs.in_turns(side("a", 2), side("b", 6), side("c", 8, work=8))
    assert slower.gains == [3.0] * pairs.PAIRS and faster.gain == 0.5
    assert "".join(order).startswith("abc" + "abccba") and len(order) == 3 * (pairs.PAIRS + 1)


@pytest.mark.slow
def test_a_side_apart_works_in_another_process_that_ends_with_it():
    with pairs.apart(telling, 7) as side:
        process = side()
        assert process not in (0, os.getpid()) and side() == process
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.slow
@pytest.mark.parametrize("make", ["never_made", "failing"])
def test_a_side_apart_that_fails_says_which(make):
    with pytest.raises(RuntimeError, match=f"{make} ended with status 1"), pairs.apart(globals()[make]) as side:
        side()


def never_made():
    raise ValueError("no side")


def failing():
    def side():
        raise ValueError("no turn")

    return side


@pytest.mark.slow
def test_the_memory_of_work_that_fails_is_an_error_and_no_wait(tmp_path):
    material = Material(tmp_path, tmp_path, tmp_path)
    with pytest.raises(RuntimeError, match="forgetful ended with status 1"):
        memory.peak(forgetful, material)
    assert 2**30 < memory.peak(holding, material) < 2**31


def forgetful(material):
    raise ValueError("no work")


def holding(material):
    held = bytearray(b"1") * 2**30
    time.sleep(0.2)
    return held


def telling(number):
    assert number == 7
    return os.getpid
