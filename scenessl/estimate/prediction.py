"""From counted work and measured paces to seconds: by job, by stage and for the whole study, as a table and a file."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scenessl.data.scenery import SCENES
from scenessl.data.sources import Source, open_source
from scenessl.estimate import work
from scenessl.estimate.paces import measure_paces
from scenessl.estimate.stages import STAGES, duration
from scenessl.estimate.work import Images, Job, Network
from scenessl.estimate.workload import Workload
from scenessl.files import write_json
from scenessl.models.network import describe
from scenessl.study import manifest
from scenessl.study.declared import task_views
from scenessl.training.precision import resolved

CIFAR10 = (10, 5000, 1000)  # classes, and images of each in train and test
GRADIENT = (work.CLIMBED, work.INPUTS)  # kinds that go back through the network, by how they begin
PASSES = (work.FORWARD, work.FOLDED, work.MASKED)  # kinds that only go forward


def write_estimate(
    *,
    published: Mapping,
    root: str | None,
    drawn: Mapping | None,
    results: Path,
    threads: int,
    cores: int,
    device: str,
    output: Path,
) -> str:
    """Count the study's work, measure what a unit takes here, write what follows, and give it as a table to print.

    Args:
        published: content of the study's configuration.yaml; nothing of the study need be made.
        root: its images, or where they will be.
        drawn: settings of the images that it draws itself, else None.
        results: the study's results, where jobs that are done have left what they make.
        threads: that a job with a network computes with.
        cores: that jobs share.
        device: see `choose_device`.
        output: JSON of `seconds` (of the whole study, see `elapsed`), `sum` (of all jobs' seconds), `jobs` (stage,
            name and seconds of each), `paces` (seconds of a unit of each kind of work), `threads` and `cores`.
    """
    source = open_source(root) if root and not drawn and os.path.exists(root) else None
    images = count_images(source, drawn, published["validation"])
    jobs = Workload(published, images, study_network(published)).jobs()
    paces = measure_paces(decided(published, Path(results)), images.classes, device, source, drawn)
    seconds = {job.output: predicted(job, paces) for job in jobs}
    one_at_a_time = device != "cpu"  # the workflow lets one job at a time hold the GPU that there may be
    whole = elapsed(jobs, seconds, threads, cores, one_at_a_time=one_at_a_time)
    rows = [{"stage": job.stage, "name": job.name, "seconds": seconds[job.output]} for job in jobs]
    facts = {"seconds": whole, "sum": sum(seconds.values()), "threads": threads, "cores": cores}
    write_json(output, {**facts, "paces": paces, "jobs": rows})
    there = {job.output for job in jobs if (Path(results) / job.output).exists()}
    return "\n".join(table(jobs, seconds, there, whole, images))


def decided(published: Mapping, results: Path | None = None) -> Mapping:
    """Put in the precision that a study has found for its trainings; fp32 where it has not looked yet."""
    models = {}
    for name, line in published["models"].items():
        file = results and results / manifest.precision_file(line["settings"]["batch_size"])
        found = resolved(line["settings"], file) if file and file.exists() else _assumed(line["settings"])
        models[name] = line | {"settings": found}
    return {**published, "models": models}


def _assumed(settings: Mapping) -> Mapping:
    return settings | {"precision": "fp32"} if settings["precision"] == "auto" else settings


def count_images(source: Source | None, drawn: Mapping | None, share: float | str) -> Images:
    """Count the images of a source, of drawn ones, or of CIFAR-10, which is not there yet; and divide them."""
    if source is None:
        classes, train, test = CIFAR10
        if drawn:
            classes, train, test = len(SCENES), drawn["images_per_class_train"], drawn["images_per_class_test"]
        return Images.divided([label for label in range(classes) for _ in range(train)], classes * test, share)
    listing = source.images()
    split = [image.split for image in listing.images]
    train = [label for label, part in zip(listing.labels, split, strict=True) if part == "train"]
    return Images.divided(train, split.count("test"), share)


def study_network(published: Mapping) -> Network:
    """Describe the study's network for its images."""
    rows = describe(published["network"], published["image_side"], outputs=2)[:-1]
    blocks = [(row["channels"], row["side"]) for row in rows]
    return Network(blocks, task_views(Path(__file__).parents[1] / "tasks"))


def predicted(job: Job, paces: Mapping[str, float]) -> float:
    """Give a job's seconds: each kind of its work times what a unit takes."""
    return sum(amount * paces[kind] for kind, amount in job.work.items() if amount)


def elapsed(
    jobs: Sequence[Job], seconds: Mapping[str, float], threads: int, cores: int, *, one_at_a_time: bool
) -> float:
    """Give the least time that all jobs together take; what waits for what keeps some cores idle beside it.

    No less than the thread-seconds of all jobs shared by the cores, than the longest chain of jobs that wait for each
    other, and than the jobs of a GPU (`one_at_a_time`) one after the other.
    """
    busy = sum(seconds[job.output] * (min(threads, cores) if job.whole else 1) for job in jobs) / cores
    held = sum(seconds[job.output] for job in jobs if job.whole) if one_at_a_time else 0.0
    return max(busy, held, longest_chain(jobs, seconds))


def longest_chain(jobs: Iterable[Job], seconds: Mapping[str, float]) -> float:
    """Sum the seconds along the longest chain of jobs, each of which needs an output of the one before."""
    needs = {job.output: job.needs for job in jobs}
    ends: dict[str, float] = {}

    def end(output: str) -> float:
        if output not in ends:
            before = (end(producer(need)) for need in needs[output] if producer(need))
            ends[output] = seconds[output] + max(before, default=0.0)
        return ends[output]

    def producer(need: str) -> str:
        """Find the job of a file: a training makes its epochs with its weights."""
        made = need.replace("epochs.safetensors", "weights.safetensors")
        return made if made in needs else ""

    return max(map(end, needs), default=0.0)


def table(
    jobs: Sequence[Job], seconds: Mapping[str, float], there: set[str], whole: float, images: Images
) -> Iterable[str]:
    """Write the estimate for a terminal: by stage, jobs, passes of the network and time; then the whole."""
    yield f"{images.all:,} images of {images.classes} classes; a pass is one image through the network"
    yield f"{'stage':<26} {'jobs':>5} {'there':>5} {'forward':>11} {'and back':>11} {'time':>11}"
    for stage, title in STAGES.items():
        own = [job for job in jobs if job.stage == stage]
        if own:
            passes = [sum(_passes(job, kinds) for job in own) for kinds in (PASSES, GRADIENT)]
            done = sum(job.output in there for job in own)
            time = duration(sum(seconds[job.output] for job in own))
            yield f"{title:<26} {len(own):>5} {done:>5} {passes[0]:>11,.0f} {passes[1]:>11,.0f} {time:>11}"
    yield f"one job after the other: {duration(sum(seconds.values()))}"
    yield f"the whole study on this machine, jobs beside each other: about {duration(whole)}"
    yield "(of the whole study, whatever is there; less with early stopping, more beside other work on the machine)"


def _passes(job: Job, kinds: Sequence[str]) -> float:
    return sum(amount for kind, amount in job.work.items() if kind.startswith(tuple(kinds)))
