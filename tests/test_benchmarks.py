"""The benchmarks are made of parts that are there: nobody runs them daily."""

import os
from importlib import import_module

import pytest

from benchmarks import pairs
from benchmarks.__main__ import NAMES
from benchmarks.material import recipe
from scenessl.models.network import build
from scenessl.tasks import scenes
from scenessl.training.recipe import learner_of

OTHERS = {"scorecam": "pytorch_grad_cam", "inversion": "lucent"}


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_can_be_measured(name):
    if name in OTHERS:
        pytest.importorskip(OTHERS[name], reason="installed by make bench only")
    module = import_module(f"benchmarks.{name}")
    assert callable(getattr(module, "rows", None) or getattr(module, "limits", None) or module.slopes)


@pytest.mark.parametrize("name", ["supervised", "rotation", "perturbation", "classifier"])
def test_the_recipes_that_are_measured_make_learners(name):
    assert learner_of(build("small_resnet", 2), recipe(name), scenes.loss).loss


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


def telling(number):
    assert number == 7
    return os.getpid
