"""How the cost of each stage grows: slopes between the logarithms of size and seconds, 1 where cost is proportional.

What the stages are made of is timed at a few sizes. What whole stages take is predicted, as by `snakemake estimate`,
for the main study at one, two and four times its images, seeds, trained networks or channels.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch

from benchmarks import inversion as one_inversion
from benchmarks import training as one_epoch
from benchmarks.material import ROOT, SIDE, Material, configuration, recipe
from benchmarks.project import copy, planned
from benchmarks.rows import Slope
from scenessl.data.crops import normalise
from scenessl.estimate.paces import measure_paces
from scenessl.estimate.prediction import decided, predicted, study_network
from scenessl.estimate.stages import STAGES
from scenessl.estimate.work import EPOCHS, INPUTS, Images
from scenessl.estimate.workload import Workload
from scenessl.explain.inversion import goals
from scenessl.explain.scorecam import ScoreCam, masked_batch
from scenessl.explain.variants import VARIANTS
from scenessl.models.folding import folded
from scenessl.models.inference import score
from scenessl.study.declared import task_settings
from scenessl.study.graph import Study
from scenessl.tasks import scenes
from scenessl.training.views import Views

SCENE15 = Images(train=1275, validation=225, test=2985, classes=15)
TIMES = (1, 2, 4)
SEEDS = (1, 10, 30, 100)


def slopes(material: Material) -> Iterator[Slope]:
    """Time the parts, count the stages, plan the workflow."""
    for stage, size, sizes, make in (
        ("training", "images", (16, 32, 64), training),
        ("inference", "images", (16, 32, 64, 128), inference),
        ("Score-CAM", "channels", (32, 64, 128, 256), scorecam),
        ("inversion", "filters", (2, 4, 8), inversion),
    ):
        side = make(material)
        yield Slope(stage, size, sizes, [seconds(side, count) for count in sizes])
    yield from counted()
    yield Slope("planning", "seeds", SEEDS, [plan(material, count) for count in SEEDS])


def seconds(side: Callable[[int], object], size: int) -> float:
    """Take the processor's seconds of the quickest of three rounds: other work on the machine counts for little."""
    found = []
    for _ in range(3):
        begin = time.process_time()
        side(size)
        found.append(time.process_time() - begin)
    return min(found)


def training(material: Material) -> Callable[[int], object]:
    """Make an epoch of some images, reading, augmenting and keeping its state included."""
    data, settings = material.data(), recipe("supervised") | {"batch_size": 16}
    return lambda count: one_epoch.ours(material, data, data.parts["train"][:count], settings)()


def inference(material: Material) -> Callable[[int], object]:
    """Score some images, as after an epoch."""
    data, model = material.data(), material.network(15)
    views = Views(scenes, data, torch.device("cpu"), {})
    return lambda count: score(model, views.evaluation(data.parts["train"][:count], 0, "scaling"))


def scorecam(material: Material) -> Callable[[int], object]:
    """Make the map of an image from some channels."""
    image = normalise(material.data().crops.batch([0]))
    cam = ScoreCam(folded(material.network(15)), VARIANTS["paper"], masked_batch("cpu", SIDE))
    channels = torch.rand(1, 256, 7, 7)
    return lambda count: cam.heats(image, [0], channels[:, :count])


def inversion(material: Material) -> Callable[[int], object]:
    """Take two steps of the ascent for some filters and their sum."""
    model, settings = material.network(2), one_inversion.ascent(steps=2)
    return lambda count: one_inversion.climb(model, settings, [goals(count)])()


def counted() -> Iterator[Slope]:
    """Predict the main study's stages, grown in one direction at a time; stages that stay are left out."""
    paces = measure_paces(decided(_published()), SCENE15.classes, "cpu", None, None)
    for name, _ in _copies(_published()["models"], max(TIMES)):
        original = name.rpartition("_")[0]
        paces |= {kind + name: paces[kind + original] for kind in (INPUTS, EPOCHS)}
    for what in ("images", "seeds", "networks", "channels"):
        found = [by_stage(what, factor, paces) for factor in TIMES]
        for stage in (stage for stage in found[0] if found[-1][stage] != found[0][stage]):
            yield Slope(f"{STAGES[stage]} (predicted)", what, TIMES, [sums[stage] for sums in found])


def by_stage(what: str, factor: int, paces: Mapping[str, float]) -> dict[str, float]:
    """Sum the predicted seconds by stage at `factor` times as many images, seeds, trained networks or channels."""
    many = {part: factor * getattr(SCENE15, part) for part in ("train", "validation", "test")}
    images = replace(SCENE15, **many) if what == "images" else SCENE15
    published = _published(**{what: factor} if what in ("seeds", "networks") else {})
    network = study_network(published)
    if what == "channels":  # as many more masks; a pass through the network takes what it takes
        network = replace(network, blocks=[(factor * channels, side) for channels, side in network.blocks])
    sums: dict[str, float] = {}
    for job in Workload(published, images, network).jobs():
        sums[job.stage] = sums.get(job.stage, 0.0) + predicted(job, paces)
    return sums


def _published(seeds: int = 1, networks: int = 1) -> dict:
    """Give the main study with some seeds and every network several times."""
    config = configuration()
    models = config["models"] | dict(_copies(config["models"], networks))
    study = Study(config | {"seeds": seeds, "models": models}, task_settings(ROOT / "scenessl" / "tasks"))
    return study.published({"kind": "folders"}, {})


def _copies(models: Mapping[str, Mapping], times: int) -> Iterator[tuple[str, Mapping]]:
    """Give every model of which all layers train under further names."""
    trained = {name: line for name, line in models.items() if line["train"] == "all"}
    yield from ((f"{name}_{number}", line) for number in range(1, times) for name, line in trained.items())


def plan(material: Material, seeds: int) -> float:
    """Time a dry run of the demonstration with some seeds."""
    folder = material.folder / "planned"
    if not folder.exists():
        copy(folder)
    arguments = ["-n", "--configfile", "config.yaml", "studies/demo.yaml", "--config", f"seeds={seeds}"]
    return planned(folder, *arguments)[1]
