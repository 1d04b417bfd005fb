"""Runs of Snakemake through the Slurm profile, watched from outside as a user would: by logs and Slurm's commands."""

import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from slurm_machine import Machine, wait_for

FILES = ("config.yaml", "studies/demo.yaml", "tests/slurm/three.yaml")
RESULTS = Path("results", "three")
RUN = RESULTS / "models" / "supervised" / "seed0"  # the training of a minute
LONGEST = 900  # seconds, on a busy machine


class ClusterRun:
    """One `snakemake --workflow-profile profiles/slurm` in the background; a context manager that ends it."""

    def __init__(self, folder: Path, machine: Machine, *arguments: str) -> None:
        """Start it in a copy of the project."""
        self.folder, self.machine = folder, machine
        # What runs in the background of a script ignores SIGINT and hands that down.
        command = ["env", "--default-signal=INT", sys.executable, "-m", "snakemake", *arguments]
        command += ["--workflow-profile", "profiles/slurm"]
        command += ["--seconds-between-status-checks", "2", "--latency-wait", "10", "--configfile", *FILES]
        environment = machine.environment | {"PYTHONPATH": str(folder)}
        with open(folder / "run.log", "ab") as out:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)

    def __enter__(self) -> "ClusterRun":
        """Give the run."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            self.interrupt()

    def said(self) -> str:
        """Give the end of what it printed."""
        return (self.folder / "run.log").read_text(errors="replace")[-6000:]

    def wait(self) -> None:
        """Wait for its end, which must be a good one."""
        self.until(lambda: self.process.poll() is not None)
        assert self.process.returncode == 0, self.said()

    def interrupt(self) -> int:
        """Press Ctrl-C; give the exit status."""
        os.kill(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=120)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to happen while it runs."""
        wait_for(lambda: condition() or self.process.poll() not in (None, 0), LONGEST, self.said)
        assert condition(), self.said()

    def training_job(self) -> str:
        """Give the number of the training that runs now; "" if none does."""
        return self.machine.ask("squeue", "-h", "-tRUNNING", "-ntrain_network", "-o%i").strip()

    def train_until(self, epoch: int) -> str:
        """Wait until a training has finished an epoch; give its job's number."""
        self.until(lambda: self.training_job() and epochs_done(attempts(self.folder)[-1:]) >= epoch)
        return self.training_job()


def attempts(folder: Path) -> list[str]:
    """Read what Slurm kept of each attempt to train, the first one first."""
    logs = (folder / RESULTS / "logs" / "slurm").glob("train_network-supervised-0-*.log")
    numbered = sorted(logs, key=lambda path: int(path.stem.rsplit("-", 1)[1]))
    return [path.read_text(errors="replace") for path in numbered]


def epochs_done(logs: list[str]) -> int:
    """Give the last epoch that a log tells of; 0 for none."""
    found = re.findall(r"^epoch +(\d+)/", "\n".join(logs), re.MULTILINE)
    return int(found[-1]) if found else 0


def went_on_after(log: str) -> int | None:
    """Give the epoch after which an attempt went on; None if it began anew."""
    found = re.search(r"going on after epoch (\d+)", log)
    return int(found[1]) if found else None


def assert_each_went_on(logs: list[str]) -> None:
    """Demand that every attempt but the first begins where the one before it ended.

    Or an epoch later: it may have been killed after it had saved one and before it told.
    """
    assert went_on_after(logs[0]) is None
    for before, log in itertools.pairwise(logs):
        assert went_on_after(log) - epochs_done([before]) in (0, 1)
