"""Model inversion of five filters and their sum: in one batch, against one after the other, and against lucent."""

import copy
import functools
from collections.abc import Iterator
from importlib.metadata import version

import torch
import yaml
from lucent.optvis import objectives, param
from lucent.optvis.render import render_vis

from benchmarks.material import ROOT, SIDE, Material
from benchmarks.pairs import Side, in_turns
from benchmarks.rows import Row
from scenessl.data.crops import normalise
from scenessl.explain.ascent import Ascent, ascend
from scenessl.explain.inversion import Units, goals, start_image
from scenessl.models.network import Network

STEPS = 12


def rows(material: Material) -> Iterator[Row]:
    """Measure both; a step of one image is the unit."""
    model = material.network(15).eval()
    with open(ROOT / "config.yaml", encoding="utf-8") as file:
        settings = yaml.safe_load(file)["inversion"] | {"steps": STEPS}
    filters = list(range(settings.pop("filters")))
    del settings["models"]
    ascent, wanted = Ascent(**settings), goals(len(filters))
    together, single = ours(model, filters, ascent, [wanted]), ours(model, filters, ascent, wanted.split(1))
    stage = f"inversion, {len(wanted)} images"
    yield Row(stage, "one image after the other", in_turns(together, single), 1.0)
    yield Row(stage, f"lucent {version('torch-lucent')}", in_turns(together, lucent(model, filters)), 1.5)


def ours(model: Network, filters: list[int], settings: Ascent, batches: list[torch.Tensor]) -> Side:
    """Climb with the images of each batch at once."""
    limits = tuple(normalise(torch.full((1, 3, 1, 1), value, dtype=torch.uint8)) for value in (0, 255))

    def side() -> int:
        units = Units(model, filters)
        for wanted in batches:
            start = start_image(SIDE, settings.noise, 0).expand(len(wanted), -1, -1, -1)
            ascend(units, wanted, start, limits, settings, seed=0, report=lambda line: None)
        return STEPS * (len(filters) + 1)

    return side


def lucent(model: Network, filters: list[int]) -> Side:
    """Let lucent make an image per filter and one of their sum, with its own regularisers."""
    theirs = copy.deepcopy(model).to(memory_format=torch.contiguous_format).eval()  # as it is built without us

    def side() -> int:
        single = [objectives.channel("features_8", filter) for filter in filters]
        for objective in (*single, objectives.Objective.sum(single)):
            image, quiet = functools.partial(param.image, SIDE), {"progress": False, "show_image": False}
            render_vis(theirs, objective, image, thresholds=(STEPS,), **quiet)
        return STEPS * (len(filters) + 1)

    return side
