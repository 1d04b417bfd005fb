"""Where the time went: what Snakemake measured of every job, beside what was estimated before; for the page only."""

import re
from collections.abc import Collection, Container, Iterable, Mapping
from pathlib import Path

from scenessl.estimate.stages import STAGES, duration
from scenessl.files import read_json
from scenessl.page.material import Material

ESTIMATE = "estimate.json"
"""Beside the folders of benchmarks/: what `snakemake estimate` predicted."""

STARTS = ("imagenet", "random")
SUBJECT = re.compile(r"[^@,-]*")
"""The model or start in a job's name: "rotation" in "rotation@3, seed 0"."""
FORM = re.compile("(short|full)_")
"""Before the model in the name of its trials."""
OF_ALL = re.compile(r"all|seed\d+")
"""Jobs of no single model."""


def times(material: Material) -> dict[str, object]:
    """Give the jobs, longest first, and their sum by stage; a re-made job counts with its last run.

    What was measured for models that the study no longer has does not count.

    `seconds` are by the clock, `processor` seconds of all cores, `memory` the peak in MB, `estimated` the seconds that
    were predicted for the same jobs: None where none were. `estimate` is the time predicted for the whole study, and
    `both` the sums over the jobs that were predicted and measured.
    """
    subjects = {*STARTS, *material.evidence.models}
    folder = material.root / "benchmarks"
    whole, estimated = read_estimate(folder / ESTIMATE)
    jobs = [job for job in _jobs(folder, estimated) if _is_of(subjects, job["name"])]
    jobs.sort(key=lambda job: -job["seconds"])
    titles = dict.fromkeys(job["stage"] for job in jobs)
    stages = [_stage(title, [job for job in jobs if job["stage"] == title]) for title in titles]
    stages.sort(key=lambda stage: -stage["seconds"])
    both = _stage("all", [job for job in jobs if job["estimated"] is not None])
    return {"jobs": jobs, "stages": stages, "estimate": None if whole is None else duration(whole), "both": both}


def _is_of(subjects: Container[str], name: str) -> bool:
    """Tell whether a job is of one of these models and starts, or of all."""
    subject = SUBJECT.match(name)[0]
    return subject in subjects or FORM.sub("", subject, count=1) in subjects or bool(OF_ALL.fullmatch(name))


def read_estimate(file: Path) -> tuple[float | None, dict[tuple[str, str], float]]:
    """Read what was predicted: for the whole study, and by stage and job; nothing where there is no such file."""
    try:
        found = read_json(file)
        by_job = {(job["stage"], job["name"]): float(job["seconds"]) for job in found["jobs"]}
        return float(found["seconds"]), by_job
    except (OSError, ValueError, KeyError, TypeError):
        return None, {}


def _jobs(folder: Path, estimated: Mapping[tuple[str, str], float]) -> Iterable[dict[str, object]]:
    for file in sorted(folder.rglob("*.tsv")):
        row = _last_row(file)
        if row:
            stage = file.relative_to(folder).parts[0]
            name = file.stem.replace("_seed", ", seed ").replace("-seed", ", seed ")
            processor = row.get("cpu_time")
            yield {"stage": STAGES.get(stage, stage), "name": name, "seconds": row["s"], "time": duration(row["s"])} | {
                "processor": processor,
                "processor_time": duration(processor),
                "memory": row.get("max_rss"),
                "estimated": estimated.get((stage, file.stem)),
            }


def _last_row(file: Path) -> dict[str, float | None] | None:
    """Read the last line of a benchmark file; None where it holds no time."""
    lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    if len(lines) < 2:
        return None
    row = {key: _number(value) for key, value in zip(lines[0], lines[-1], strict=False)}
    return row if row.get("s") is not None else None


def _number(text: str) -> float | None:
    """Read a number; Snakemake writes NA or - for what it could not measure."""
    try:
        return float(text)
    except ValueError:
        return None


def _stage(title: str, jobs: Collection[Mapping]) -> dict[str, object]:
    """Sum jobs up; what was estimated only where it was for all of them."""
    seconds, predicted = sum(job["seconds"] for job in jobs), [job["estimated"] for job in jobs]
    estimated = None if None in predicted else sum(predicted)
    found = {"stage": title, "jobs": len(jobs), "seconds": seconds, "time": duration(seconds)}
    return found | {"estimated": estimated, "estimated_time": duration(estimated)}
