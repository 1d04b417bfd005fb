"""Peak memory of the jobs that compute, at the main study's sizes; mapped files are not counted."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from pathlib import Path

import torch

from benchmarks import inversion as one_inversion
from benchmarks import training as one_epoch
from benchmarks.material import Material, recipe
from benchmarks.pairs import Side, apart
from benchmarks.rows import Limit
from scenessl.data.crops import normalise
from scenessl.explain.inversion import goals
from scenessl.explain.scorecam import explain
from scenessl.joblog import job
from scenessl.training.features import write_features
from scenessl.training.state import State

MOST = 4.0  # GB
ANONYMOUS = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)


def limits(material: Material) -> Iterator[Limit]:
    """Run each in a process of its own."""
    for name, work in {
        "training, batches of 32": training,
        "training with distillation, batches of 32": distilled,
        "features": features,
        "Score-CAM": scorecam,
        "inversion": inversion,
    }.items():
        yield Limit(f"anonymous memory: {name}", peak(work, material) / 1e9, MOST, "GB")


def peak(work: Callable[[Material], object], material: Material) -> int:
    """Give the most anonymous memory, in bytes, that a process had while it worked as a job does.

    Raises:
        RuntimeError: it failed.
    """
    watched = update_wrapper(partial(_watched, work), work)  # a failure is told by the work's name
    with apart(watched, material) as side:
        return side()


def _watched(work: Callable[[Material], object], material: Material) -> Side:
    """Work, and look at this process every 20 ms."""
    seen, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            seen[0] = max(seen[0], int(ANONYMOUS.search(Path("/proc/self/status").read_text())[1]) * 1024)

    def side() -> int:
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with job(material.folder / "log", torch.get_num_threads()):
                work(material)
        finally:  # also of a failure, or this process would not end
            done.set()
            watcher.join()
        if not seen[0]:
            raise RuntimeError("nobody looked at this process")
        return seen[0]

    return side


def training(material: Material) -> None:
    """Train a few batches of the supervised recipe."""
    _train(material, recipe("supervised"), task="scenes")


def distilled(material: Material) -> None:
    """Train a few batches of the perturbation's recipe, beside the network whose features it keeps."""
    settings = recipe("perturbation")
    _train(material, settings, task="perturbation", square=settings["square"])


def _train(material: Material, settings: dict, **asked: object) -> None:
    data = material.data()
    one_epoch.ours(material, data, data.parts["train"][:128], settings, **asked)()


def features(material: Material) -> None:
    """Compute the features of every image."""
    state = State(material.folder / "memory", "a")
    output = material.folder / "memory.safetensors"
    write_features(
        start=material.start, start_epoch=None, crops=material.crops, mirrored=[], device="cpu", state=state,
        output=output,
    )  # fmt: skip


def scorecam(material: Material) -> None:
    """Explain one image at the last block."""
    crops = material.data().crops.batch([0])
    explain(material.network(15), crops, [0], [0], normalise, layers=[8])


def inversion(material: Material) -> None:
    """Take a few steps with five filters and their sum."""
    one_inversion.climb(material.network(15), one_inversion.ascent(), [goals(one_inversion.FILTERS)])()
