"""What the workflow itself costs: the demonstration's time outside its computations, and a run with nothing to do."""

import csv
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.material import Material
from benchmarks.project import copy
from benchmarks.rows import Limit

DEMO = ["-m", "snakemake", "--configfile", "config.yaml", "studies/demo.yaml"]
PROBE = Path(__file__).parent / "startup"
SNAKEMAKE = "Snakemake"


def limits(material: Material) -> Iterator[Limit]:
    """Make the demonstration once, and then again with nothing to do."""
    folder, startups = material.folder / "project", material.folder / "startups.tsv"
    copy(folder)
    _run(folder, PROBE, BENCHMARK_STARTUPS=str(startups))
    spent = outside(startups)
    print("\n".join(_table(spent)), file=sys.stderr)
    jobs = [seconds for script, times in spent.items() if script != SNAKEMAKE for seconds in times]
    yield Limit(f"start and imports of the demonstration's {len(jobs)} jobs, CPU time", sum(jobs), 90, "s")
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        _run(folder)
        times.append(time.perf_counter() - begin)
    yield Limit("snakemake with nothing to do", statistics.median(times), 6, "s")


def outside(startups: Path) -> Mapping[str, list[float]]:
    """Read what each process spent outside our computations, CPU seconds by script.

    Of a job, these are Python's start and all imports; of Snakemake's own process, everything. What a process spends
    while it ends, after its last line of Python, is left out.
    """
    spent = defaultdict(list)
    with open(startups, encoding="utf-8", newline="") as file:
        for place, start, imports, total in csv.reader(file, delimiter="\t"):
            # Snakemake runs a copy of each script: .snakemake/scripts/tmp1a2b3c4d.curves.py
            _, temporary, script = Path(place).name.rpartition(".py")[0].rpartition(".")
            if temporary:
                spent[script].append(float(start) + float(imports))
            else:
                spent[SNAKEMAKE].append(float(total))
    return spent


def _table(spent: Mapping[str, list[float]]) -> Iterator[str]:
    """Say where it went, the most expensive first."""
    for script, times in sorted(spent.items(), key=lambda item: -sum(item[1])):
        yield f"{script:20} {len(times):3} x {statistics.mean(times):5.2f} s = {sum(times):5.1f} s"


def _run(folder: Path, *searched: Path, **environment: str) -> None:
    """Run the demonstration, with further folders of modules that Python looks in first."""
    done = subprocess.run(
        [sys.executable, *DEMO],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*searched, folder]))} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout[-5000:])
