"""Where the time went: what Snakemake measured of every job, for the page only."""

import re
from collections.abc import Iterable
from pathlib import Path

from scenessl.page.material import Material
from scenessl.report.numbers import DASH

STAGES = {
    "train": "Training",
    "features": "Features for classifiers",
    "predict": "Predictions",
    "scorecam": "Score-CAM",
    "cam": "Class activation maps",
    "inversion": "Model inversion",
    "embedding": "Maps of the features",
    "neighbours": "Nearest neighbours",
    "probes": "Probes",
}
"""Folders of benchmarks/ in words; any other is named as it is."""

STARTS = ("imagenet", "random")
SUBJECT = re.compile(r"[^@,-]*")
"""The model or start in a job's name: "rotation" in "rotation@3, seed 0"."""


def times(material: Material) -> dict[str, object]:
    """Give the jobs, longest first, and their sum by stage; a re-made job counts with its last run.

    What was measured for models that the study no longer has does not count.

    `seconds` are by the clock, `processor` seconds of all cores, `memory` the peak in MB.
    """
    subjects = {*STARTS, *material.evidence.models}
    jobs = [job for job in _jobs(material.root / "benchmarks") if SUBJECT.match(job["name"])[0] in subjects]
    jobs.sort(key=lambda job: -job["seconds"])
    stages = [_stage(stage, jobs) for stage in dict.fromkeys(job["stage"] for job in jobs)]
    return {"jobs": jobs, "stages": sorted(stages, key=lambda stage: -stage["seconds"])}


def _jobs(folder: Path) -> Iterable[dict[str, object]]:
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


def _stage(stage: str, jobs: Iterable[dict]) -> dict[str, object]:
    seconds = [job["seconds"] for job in jobs if job["stage"] == stage]
    return {"stage": stage, "jobs": len(seconds), "seconds": sum(seconds), "time": duration(sum(seconds))}


def duration(seconds: float | None) -> str:
    """Write a time: 7.3 s, 1 min 24 s, 2 h 5 min; a dash for none."""
    if seconds is None:
        return DASH
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours = round(seconds) // 60, round(seconds / 60) // 60
    return f"{minutes} min {round(seconds) % 60} s" if minutes < 60 else f"{hours} h {round(seconds / 60) % 60} min"
