"""The project as a user has it: a copy of the working tree, in which tests run the workflow."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scenessl.report.checkout import project_files

ROOT = Path(__file__).parent.parent
JOB = re.compile(r"(?:local)?rule (\w+):$")


@dataclass(frozen=True)
class Project:
    """A copy of the working tree in which snakemake runs; `configfiles` name its study."""

    folder: Path
    configfiles: tuple[str, ...] = ()

    def snakemake(self, *arguments: str, delta: str | None = None) -> subprocess.CompletedProcess:
        """Run snakemake, with a further configuration file of the text `delta` if one is given."""
        files = list(self.configfiles)
        if delta is not None:
            (self.folder / "delta.yaml").write_text(delta, encoding="utf-8")
            files.append("delta.yaml")
        command = [sys.executable, "-m", "snakemake", *arguments]
        command += ["--configfile", *files] if files else []
        environment = os.environ | {"PYTHONPATH": str(self.folder)}
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=environment, check=False)
        (self.folder / "delta.yaml").unlink(missing_ok=True)
        return result

    def planned(self, delta: str | None = None, *targets: str) -> set[str]:
        """Name the jobs that a dry run plans, by default for all: "rule" or "rule model=…, seed=…"."""
        result = self.snakemake("-n", *targets, delta=delta)
        assert result.returncode == 0, result.stderr + result.stdout
        found: list[str] = []
        for line in (result.stdout + result.stderr).splitlines():
            if start := JOB.match(line):
                found.append(start[1])
            elif line.startswith("    wildcards: ") and found:
                found[-1] += " " + line.removeprefix("    wildcards: ")
        return set(found) - {"all"}


def copy_project(folder: Path) -> Path:
    """Copy the working tree, as the submission would."""
    for name in project_files(ROOT):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder
