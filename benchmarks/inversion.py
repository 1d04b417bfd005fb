"""Model inversion of five filters and their sum: in one batch, against one after the other, and against lucent."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from importlib.metadata import version

import torch

from benchmarks.material import SIDE, Material, configuration
from benchmarks.pairs import Side, apart, in_turns
from benchmarks.rows import Row
from scenessl.data.crops import normalise
from scenessl.explain.ascent import Ascent, ascend
from scenessl.explain.inversion import Units, goals, start_image
from scenessl.models.network import Network

STEPS, FILTERS = 12, 5


def rows(material: Material) -> Iterator[Row]:
    """Measure both; a step of one image is the unit."""
    model, settings = material.network(15).eval(), ascent()
    wanted = goals(FILTERS)
    batched, single = (climb(model, settings, batches) for batches in ([wanted], wanted.split(1)))
    with apart(lucent, material) as theirs:
        found = in_turns(batched, single, theirs)
    others = ("one image after the other", f"lucent {version('torch-lucent')}")
    yield from (Row(f"inversion, {len(wanted)} images", *pair, 1.5) for pair in zip(others, found, strict=True))


def ascent(steps: int = STEPS) -> Ascent:
    """Give the main study's settings, for a few steps."""
    settings = configuration()["inversion"]
    return Ascent(**{field.name: settings[field.name] for field in dataclasses.fields(Ascent)} | {"steps": steps})


def climb(model: Network, settings: Ascent, batches: Sequence[torch.Tensor]) -> Side:
    """Climb with the images of each batch [images, filters] at once."""
    limits = tuple(normalise(torch.full((1, 3, 1, 1), value, dtype=torch.uint8)) for value in (0, 255))

    def side() -> int:
        units = Units(model, range(batches[0].shape[1]))
        for wanted in batches:
            start = start_image(SIDE, settings.noise, 0).expand(len(wanted), -1, -1, -1)
            ascend(units, wanted, start, limits, settings, seed=0, report=lambda line: None)
        return settings.steps * sum(map(len, batches))

    return side


def lucent(material: Material) -> Side:
    """Let lucent make an image per filter and one of their sum, with its own regularisers."""
    from lucent.optvis import objectives, param
    from lucent.optvis.render import render_vis

    theirs = material.network(15).to(memory_format=torch.contiguous_format).eval()  # as it is built without us

    def side() -> int:
        single = [objectives.channel("features_8", filter) for filter in range(FILTERS)]
        for objective in (*single, objectives.Objective.sum(single)):
            image, quiet = functools.partial(param.image, SIDE), {"progress": False, "show_image": False}
            render_vis(theirs, objective, image, thresholds=(STEPS,), **quiet)
        return STEPS * (FILTERS + 1)

    return side
