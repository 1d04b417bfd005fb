"""Run `snakemake --lint` and fail on any finding but one.

The one: it wants a conda environment or a container for every rule. The environment is pinned for the whole workflow
(requirements.txt, constraints.txt), and a container that nobody runs would be a promise that nobody keeps.
"""

import re
import subprocess  # nosec B404 # of Snakemake, without a shell
import sys

ALLOWED = "Specify a conda environment or container for each rule."
COMMAND = [sys.executable, "-m", "snakemake", "--lint", "--configfile", "config.yaml", "studies/demo.yaml"]


def titles(output: str) -> list[tuple[str, str]]:
    """Read Snakemake's text: (place, title) of every finding."""
    found, place = [], "the workflow"
    for line in output.splitlines():
        if start := re.match(r"Lints for (.*):$", line):
            place = start[1]
        elif title := re.match(r"    \* (.*):$", line):
            found.append((place, title[1]))
    return found


def main() -> int:
    """Lint the workflow of the current folder."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)  # nosec B603 # a constant, no shell
    everything = titles(done.stdout + done.stderr)
    found = [f"{place}: {title}" for place, title in everything if title != ALLOWED]
    if done.returncode and not everything:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        return 1
    print("\n".join(found) or "snakemake --lint: nothing but its word on conda and containers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
