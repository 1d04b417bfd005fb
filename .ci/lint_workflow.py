"""Run `snakemake --lint` and fail on any finding but one.

The one: it wants a conda environment or a container for every rule. The environment is pinned for the whole workflow
(requirements.txt, constraints.txt), and a container that nobody runs would be a promise that nobody keeps.
"""

import json
import subprocess
import sys

ALLOWED = "Specify a conda environment or container for each rule."


def findings(report: dict) -> list[str]:
    """List the findings that count: "place: title"."""
    items = [*report.get("rules", []), *report.get("snakefiles", [])]
    pairs = [(item.get("for"), lint["title"]) for item in items for lint in item.get("lints", [])]
    return [f"{place}: {title}" for place, title in pairs if title.rstrip(".:") != ALLOWED.rstrip(".")]


def main() -> int:
    """Lint the workflow of the current folder."""
    command = [sys.executable, "-m", "snakemake", "--lint", "json", "--configfile", "config.yaml", "studies/demo.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout[done.stdout.index("{") :]) if done.stdout.strip() else {}
    except ValueError:
        report = None
    if report is None or (done.returncode and not report):
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        return 1
    found = findings(report)
    print("\n".join(found) or "snakemake --lint: nothing but the expected word on containers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
