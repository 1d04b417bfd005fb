"""What the workflow itself costs: a run with nothing to do, and the imports of all jobs of the demonstration."""

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.material import Material
from benchmarks.planning import copy
from benchmarks.rows import Limit

DEMO = ["-m", "snakemake", "--configfile", "config.yaml", "studies/demo.yaml"]
IMPORT = re.compile(r"^import time: +(\d+) \|", re.MULTILINE)


def limits(material: Material) -> Iterator[Limit]:
    """Make the demonstration once, and then again with nothing to do."""
    folder = material.folder / "project"
    copy(folder)
    # On the standard error of every process, Snakemake's own included: microseconds of each module's own import.
    said = _run(folder, PYTHONPROFILEIMPORTTIME="1")
    imports = sum(map(int, IMPORT.findall(said))) / 1e6
    yield Limit("imports of all jobs of the demonstration and of Snakemake", imports, 90, "s")
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        _run(folder)
        times.append(time.perf_counter() - begin)
    yield Limit("snakemake with nothing to do", statistics.median(times), 6, "s")


def _run(folder: os.PathLike, **environment: str) -> str:
    """Run the demonstration; give what was printed."""
    done = subprocess.run(
        [sys.executable, *DEMO],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout[-5000:])
    return done.stdout
