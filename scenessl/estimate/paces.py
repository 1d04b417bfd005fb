"""How long a unit of each kind of work takes here, measured in a short while with the study's network and settings.

What is measured is what runs: the loop of the trainings, the passes of the evaluations, Score-CAM's and the ascent's.
Weights are drawn, images are noise; neither changes what a pass takes.
"""

import os
import subprocess  # nosec B404 # of this interpreter, without a shell
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scenessl.data.batches import PIXELS, Batches
from scenessl.data.crops import Crops, normalise
from scenessl.data.decode import DECODERS
from scenessl.data.drawn import draw
from scenessl.data.scenery import SCENES
from scenessl.data.sources import Source, open_source
from scenessl.data.transforms import crop
from scenessl.estimate import work
from scenessl.estimate.clocks import pace, training_paces
from scenessl.evaluation.logistic import fit_path
from scenessl.evaluation.probes import WITHOUT_VALIDATION
from scenessl.explain.ascent import Ascent, ascend
from scenessl.explain.embedding import embed
from scenessl.explain.inversion import Units, goals, start_image
from scenessl.explain.scorecam import ScoreCam, masked_batch
from scenessl.explain.variants import chosen_formula
from scenessl.models.device import choose_device
from scenessl.models.folding import folded
from scenessl.models.inference import evaluation_batch, score
from scenessl.models.network import Network, build, load_features
from scenessl.models.similarity import nearest, unit
from scenessl.tasks import scenes
from scenessl.training.data import Data
from scenessl.training.epochs import feature_batches, image_batches
from scenessl.training.frozen import new_classifier
from scenessl.training.recipe import learner_of
from scenessl.training.seeding import generator
from scenessl.training.starts import calibrate
from scenessl.training.state import State
from scenessl.training.views import Views, load_task

TRAINING_SHARE = 3  # of a clock's seconds: a step of a network's training takes half of them, and few are no measure
TRAINING_PIXELS = 8 * 224**2  # of a step on a CPU: larger batches take as long by image there, and too long in all
NOISE_IMAGES = 64
FEW_ROWS, MORE_ROWS = 64, 512  # of two regressions, from which a fixed and a growing part follow
MAPPED_IMAGES = 100
DECODED_IMAGES = 12
JOB = "import scenessl.training.network, scenessl.explain.scorecam"
LIGHT_JOB = "import matplotlib.pyplot, numpy, scenessl.files"


@dataclass(frozen=True)
class Workbench:
    """What is measured with.

    Attributes:
        published: the study's configuration, see `workload.Workload`.
        data: images of noise, with as many classes as the study has.
        device: where the networks compute.
        folder: for what is made on the way.
        features: the networks' state, drawn and calibrated: features of a deep network that only was drawn are 1e-14,
            which processors compute with slowly.
    """

    published: Mapping
    data: Data
    device: torch.device
    folder: Path
    features: Mapping[str, Tensor]

    @property
    def side(self) -> int:
        """Pixels of an image's side."""
        return self.published["image_side"]

    @property
    def any_settings(self) -> Mapping:
        """The settings of the first model, for networks that only infer."""
        return next(iter(self.published["models"].values()))["settings"]

    def network(self, outputs: int, settings: Mapping) -> Network:
        """Build the study's network with a model's classifier."""
        drawn = build(self.published["network"], outputs, settings["dropout"], settings["fc_layers"])
        load_features(drawn, self.features)
        return drawn.to(self.device)

    def noise(self, count: int) -> Tensor:
        """Give normalised images [count, 3, S, S]."""
        return normalise(self.data.crops.batch(np.arange(count) % NOISE_IMAGES).to(self.device))


def measure_paces(
    published: Mapping, classes: int, device: str, source: Source | None, drawn: Mapping | None
) -> dict[str, float]:
    """Measure the seconds of a unit of every kind of work that this study may have (see `work`).

    Args:
        published: content of the study's configuration.yaml.
        classes: how many classes its images have.
        device: see `choose_device`.
        source: its images, some of which are decoded; None where there are none yet.
        drawn: settings of the images that it draws itself, else None.
    """
    with tempfile.TemporaryDirectory() as name:
        data = _noise(Path(name), published["image_side"], classes)
        network = build(published["network"], 2)
        calibrate(network, data.crops.batch(range(NOISE_IMAGES)))
        bench = Workbench(published, data, choose_device(device), Path(name), network.state_dict())
        frozen = [line for line in published["models"].values() if line["train"] == "classifier"]
        paces = {work.START: _start(JOB), work.LIGHT_START: _start(LIGHT_JOB)}
        paces |= dict(_images(published, source, drawn, bench.folder))
        paces |= dict(_networks(bench))
        paces |= dict(_inferences(bench))
        paces |= {work.CLIMBED: _climbed(bench)} if published.get("inversion") else {}
        with _one_thread():  # as the jobs on features compute
            paces |= {work.CLASSIFIED: _classified(bench, frozen[0]["settings"])} if frozen else {}
            return paces | dict(_features(bench))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _noise(folder: Path, side: int, classes: int) -> Data:
    """Make images of noise, all of which train."""
    draws = np.random.default_rng(0)
    np.save(folder / "crops.npy", draws.integers(0, 256, (NOISE_IMAGES, 3, side, side), np.uint8))
    labels = torch.arange(NOISE_IMAGES) % classes
    return Data(labels, [str(number) for number in range(classes)], {}, Crops(folder / "crops.npy"))


# --- trainings --------------------------------------------------------------------------------------------------------


def _networks(bench: Workbench) -> Iterator[tuple[str, float]]:
    """Train a few steps of every network, with its own task and recipe."""
    for name, line in bench.published["models"].items():
        if line["train"] == "classifier":
            continue
        task, stated = load_task(line["task"]), line["settings"]
        options = {key: value for key, value in stated.items() if key in task.SETTINGS}
        settings = stated | {"batch_size": _batch_size(stated["batch_size"], bench, task.VIEWS)}
        model = bench.network(len(task.target_names(bench.data.classes)), settings)
        batches = partial(_endless, Views(task, bench.data, bench.device, options), settings)
        learner, state = learner_of(model, settings, task.loss), State(bench.folder / name, "probe")
        kinds = (work.INPUTS + name, work.EPOCHS + name)
        yield from zip(kinds, training_paces(learner, batches, settings, state, TRAINING_SHARE), strict=True)


def _batch_size(wanted: int, bench: Workbench, views: int) -> int:
    """Give the inputs of a step: as many as the recipe says, on a CPU as TRAINING_PIXELS allow, in whole images."""
    most = TRAINING_PIXELS // bench.side**2 if bench.device.type == "cpu" else wanted
    return max(2 * views, min(wanted, most))


def _endless(views: Views, settings: Mapping) -> Iterator:
    """Give batches of one epoch after the other."""
    ids = torch.arange(len(views.data.crops))
    epoch = 0
    while True:
        epoch += 1
        yield from image_batches(views, ids, settings, 0, epoch)


def _classified(bench: Workbench, settings: Mapping) -> float:
    """Train a classifier on features of noise: seconds per image."""
    width = build(bench.published["network"], 2).classifier[-1].in_features
    features = torch.randn(2, NOISE_IMAGES * 8, width, generator=generator(0, "probe"))
    ids = torch.arange(features.shape[1])
    labels = ids % len(bench.data.classes)

    def batches() -> Iterator:
        while True:
            yield from feature_batches(features, labels, ids, settings, generator(0, "draws"))

    learner = learner_of(new_classifier(features, bench.data, settings, 0), settings, scenes.loss)
    return training_paces(learner, batches, settings, State(bench.folder / "classifier", "probe"), 1 / 4)[0]


# --- explanations -----------------------------------------------------------------------------------------------------


def _inferences(bench: Workbench) -> Iterator[tuple[str, float]]:
    """Run the network as after an epoch, and the folded one on images and on an image under masks."""
    batch = evaluation_batch(bench.side)
    model = bench.network(len(bench.data.classes), bench.any_settings)
    views, ids = Views(scenes, bench.data, bench.device, {}), torch.arange(batch)
    folded_model, images = folded(model), bench.noise(batch).contiguous(memory_format=torch.channels_last)

    def scored() -> int:
        score(model, views.evaluation(ids, 0, "probe"))
        return batch

    @torch.inference_mode()
    def plain() -> int:
        folded_model(images).cpu()
        return batch

    yield work.FORWARD, pace(scored)
    if bench.published.get("explain") or bench.published.get("inversion"):
        yield work.FOLDED, pace(plain)
    if bench.published.get("explain"):
        yield work.MASKED, _masked(bench, folded_model)


def _masked(bench: Workbench, model: torch.nn.Module) -> float:
    """Explain an image by the study's formula, from as many channels as two batches hold: seconds per mask."""
    asked, cell = bench.published["explain"], max(1, bench.side // 32)
    batch = masked_batch(bench.device, bench.side)
    cam = ScoreCam(model, chosen_formula(asked["variant"], asked["switches"])[0], batch)
    channels = torch.rand(1, 2 * batch, cell, cell, generator=generator(0, "probe")).to(bench.device)
    image = bench.noise(1)

    def masked() -> int:
        cam.heats(image, [0], channels).cpu()
        return 2 * batch

    return pace(masked)


def _climbed(bench: Workbench) -> float:
    """Take steps of the ascent with as many images as the first model has: seconds per image and step."""
    asked = bench.published["inversion"]
    settings = {key: value for key, value in asked.items() if key not in ("models", "filters", "steps")}
    model = bench.network(2, bench.any_settings)
    wanted = goals(asked["filters"]).to(bench.device)
    units = Units(model, range(asked["filters"])).to(bench.device)
    start = start_image(bench.side, 1.0, 0).to(bench.device).expand(len(wanted), -1, -1, -1)
    limits = (start.amin(), start.amax())

    def steps() -> int:
        climb = Ascent(**settings, steps=1)
        ascend(units, wanted, start, limits, climb, seed=0, report=lambda line: None)[1].cpu()
        return len(wanted)

    return pace(steps)


# --- features, images, jobs -------------------------------------------------------------------------------------------


def _features(bench: Workbench) -> Iterator[tuple[str, float]]:
    """Fit, compare and map random features as wide as the network's, as far as the study does such things."""
    published, draws = bench.published, generator(0, "probe")
    width = build(published["network"], 2).classifier[-1].in_features
    features = torch.randn(MORE_ROWS, width, generator=draws)
    labels = torch.arange(MORE_ROWS) % len(bench.data.classes)

    def fitted(rows: int) -> int:
        list(fit_path(features[:rows], labels[:rows], len(bench.data.classes), [WITHOUT_VALIDATION]))
        return 1

    if any(published.get(section) for section in ("probes", "trajectory", "label_efficiency")):
        few, more = (pace(partial(fitted, rows), 1 / 4) for rows in (FEW_ROWS, MORE_ROWS))
        row = max(0.0, more - few) / (MORE_ROWS - FEW_ROWS)
        yield from ((work.FITS, max(0.0, few - FEW_ROWS * row)), (work.FITTED, row))
    rows = unit(features)
    if published.get("probes") or published.get("neighbours"):
        compared = len(rows) ** 2 * width
        yield work.COMPARED, pace(lambda: (nearest(rows, rows, 10), compared)[1], 1 / 4)
    if published.get("embedding"):
        some = rows[:MAPPED_IMAGES].numpy(), labels[:MAPPED_IMAGES].numpy()
        mapped = partial(embed, *some, published["embedding"]["perplexity"], 0)
        yield work.MAPPED, pace(lambda: (mapped(), work.n_log_n(MAPPED_IMAGES))[1], 1 / 4)


def _images(
    published: Mapping, source: Source | None, drawn: Mapping | None, folder: Path
) -> Iterator[tuple[str, float]]:
    """Read and decode some images of the study, of its drawn ones or of its format; draw some where it does."""
    if drawn:
        begin = time.perf_counter()
        draw(folder / "drawn", images_per_class_train=1, images_per_class_test=1, side=drawn["side"], seed=0, workers=1)
        yield work.PAINTED, (time.perf_counter() - begin) / (2 * len(SCENES))
        source = open_source(folder / "drawn")
    if source is None:  # CIFAR-10, not downloaded yet
        yield work.DECODED, pace(lambda: _squared(Batches.layout, bytes(PIXELS), published), 0)
    else:
        paths = [image.path for image in source.images().images]
        some = paths[:: max(1, len(paths) // DECODED_IMAGES)]
        layout = source.layout
        yield work.DECODED, pace(lambda: sum(_squared(layout, load(), published) for _, load in source.read(some)), 0)


def _squared(layout: str, data: bytes, published: Mapping) -> int:
    """Decode one image and make it a square."""
    with DECODERS[layout](data) as picture:
        crop(picture.pixels, published["image_side"], published["transform"])
    return 1


def _start(code: str) -> float:
    """Start a process that imports what a job does, and nothing else."""
    begin = time.perf_counter()
    place = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": place}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)  # nosec B603 # a constant, no shell
    return time.perf_counter() - begin
