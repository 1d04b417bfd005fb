"""Where the project is, a copy of it, and Snakemake in that."""

import subprocess
import sys
from pathlib import Path

from scenessl.report.checkout import project_files

ROOT = Path(__file__).resolve().parent.parent

RUN = (
    "import resource, subprocess, sys, time; before = time.perf_counter();"
    "done = subprocess.run([sys.executable, '-m', 'snakemake', *sys.argv[1:]], capture_output=True, text=True);"
    "print(done.stdout + done.stderr); print('took', time.perf_counter() - before,"
    "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)"
)


def copy(folder: Path) -> None:
    """Copy the project as a user has it."""
    for name in project_files(ROOT):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())


def planned(folder: Path, *arguments: str) -> tuple[str, float, float]:
    """Run snakemake; return what it printed, seconds and the peak of its memory in MB."""
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    text, _, measured = done.stdout.rpartition("took ")
    seconds, kilobytes = map(float, measured.split())
    return text, seconds, kilobytes / 1024
