"""Runs of snakemake that are ended as runs get ended, and how a user goes on after that."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from project import copy_project

SCRIPT = re.compile(r"/\.snakemake/scripts/\w+\.(\w+)\.py$")
STUDY = Path(__file__).parent / "study.yaml"
DELTA = "delta.yaml"
CONFIGFILES = ("config.yaml", "studies/demo.yaml", STUDY.name, DELTA)
MAY_DIFFER = ("logs/", "benchmarks/", "data/source.json", "report/report.html", ".state/run.lock")
NO_WORK = ("logs/", "benchmarks/", "data/drawn", "data/.drawn")
LOCKED = "cannot be locked"
PATIENCE = 300  # seconds for a run to end by itself


@dataclass
class Run:
    """One start of snakemake, in a process group of its own, and the file with all that it and its jobs print."""

    process: subprocess.Popen
    output: Path

    def jobs(self) -> dict[psutil.Process, str]:
        """Give the jobs that run now, with the names of their scripts."""
        found = {}
        try:
            for child in psutil.Process(self.process.pid).children():
                name = SCRIPT.search(" ".join(child.cmdline()))
                if name:
                    found[child] = name[1]
        except psutil.NoSuchProcess:
            pass
        return found

    def said(self) -> str:
        """Give what was printed so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, true: Callable[[], object]) -> None:
        """Wait until something is true or the run has ended."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and not true():
            assert time.monotonic() < deadline, self.said()[-3000:]
            time.sleep(0.05)

    def wait(self) -> int:
        """Wait for the end; give the exit status."""
        return self.process.wait(PATIENCE)


@dataclass
class Study:
    """A copy of the project in which one study is made."""

    folder: Path
    runs: list[Run] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @classmethod
    def copied(cls, folder: Path, delta: str = "") -> "Study":
        """Copy the project and the study's configuration; `delta` is one more, as text."""
        copy_project(folder)
        shutil.copy(STUDY, folder / STUDY.name)
        (folder / DELTA).write_text(delta or "{}", encoding="utf-8")
        return cls(folder)

    @property
    def results(self) -> Path:
        """The folder of the study's results."""
        return self.folder / "results" / "killed"

    def start(self, *arguments: str) -> Run:
        """Start snakemake."""
        output = self.folder / f"run{len(self.runs)}.txt"
        # What runs in the background of a script ignores SIGINT and hands that down.
        command = ["env", "--default-signal=INT", sys.executable, "-m", "snakemake", *arguments]
        command += ["--configfile", *CONFIGFILES]
        with open(output, "wb") as file:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONPATH": str(self.folder)},
                start_new_session=True,
            )
        self.runs.append(Run(process, output))
        return self.runs[-1]

    def finish(self, *arguments: str) -> None:
        """Run to the end, which must be a good one."""
        run = self.begin(*arguments)
        assert run.wait() == 0, run.said()[-5000:]

    def begin(self, *arguments: str) -> Run:
        """Start snakemake and wait for its first job; clear the lock of a run that was killed, where it is said how."""
        run = self.start(*arguments)
        run.wait_until(run.jobs)
        if run.process.poll() is None or LOCKED not in run.said():
            return run
        self.unlock(run)
        return self.begin(*arguments)

    def unlock(self, run: Run) -> None:
        """Do what a run that was refused tells its user to do."""
        told = re.search(r"this clears it: rm (\S+)", run.said())
        assert told, run.said()
        locks = list(self.folder.glob(told[1]))
        assert locks, told[0]
        for lock in locks:
            lock.unlink()

    def said(self) -> str:
        """Give what all runs printed."""
        return "".join(run.said() for run in self.runs)

    def progress(self) -> int:
        """Count what was ever there of results and of pieces that jobs go on from: a measure of the work done."""
        for folder, _, names in os.walk(self.results):
            place = os.path.relpath(folder, self.results) + "/"
            if not place.startswith(NO_WORK):
                self.seen.update(place + name for name in names if not name.startswith("."))
        return len(self.seen)

    def files(self) -> dict[str, bytes]:
        """Read every file of the results but those that name times and places, hidden ones and state included."""
        found = {str(path.relative_to(self.results)): path for path in self.results.rglob("*") if path.is_file()}
        return {name: path.read_bytes() for name, path in found.items() if not name.startswith(MAY_DIFFER)}


def _signal_to_group(number: signal.Signals) -> Callable[[Run, random.Random], list[str]]:
    """Make the function that sends a signal to Snakemake and all its jobs, as a terminal does."""

    def end(run: Run, draws: random.Random) -> list[str]:
        hit = list(run.jobs().values())
        os.killpg(run.process.pid, number)
        return hit

    return end


def _snakemake_alone(run: Run, draws: random.Random) -> list[str]:
    """Kill Snakemake and look what becomes of its jobs: they end as well."""
    jobs = run.jobs()
    run.process.kill()
    left = psutil.wait_procs(jobs, timeout=20)[1]
    assert not left, left
    return list(jobs.values())


def _one_job(run: Run, draws: random.Random) -> list[str]:
    """Kill one of the jobs that run; Snakemake ends when the others have."""
    run.wait_until(run.jobs)
    jobs = run.jobs()
    if not jobs:
        return []
    job = draws.choice(sorted(jobs, key=lambda job: job.pid))
    job.kill()
    return [jobs[job]]


WAYS = {
    "SIGKILL to the whole group": _signal_to_group(signal.SIGKILL),
    "SIGKILL to Snakemake alone": _snakemake_alone,
    "SIGKILL to one job alone": _one_job,
    "SIGINT to the whole group": _signal_to_group(signal.SIGINT),
    "SIGTERM to the whole group": _signal_to_group(signal.SIGTERM),
}
