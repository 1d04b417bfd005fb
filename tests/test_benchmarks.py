"""The benchmarks are made of parts that are there: nobody runs them daily."""

from importlib import import_module

import pytest

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
