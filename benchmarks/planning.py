"""How long planning a study of many seeds takes, and how much memory: before anything is made, and after all is.

    python -m benchmarks.planning DATA WEIGHTS SEEDS [SEEDS …]

Works in a copy of the project in a temporary folder, and makes nothing: a finished study is one whose files are all
there, empty, and recorded as up to date by `--touch`. Prints a Markdown table; docs/SCALING.md holds one.
"""

import re
import sys
import tempfile
from pathlib import Path

from benchmarks.project import copy, planned


def jobs(text: str) -> int:
    """Read how many jobs a dry run plans."""
    found = re.findall(r"^total +(\d+)", text, re.MULTILINE)
    return int(found[0]) if found else 0


def finish(folder: Path, text: str) -> int:
    """Make every output that a dry run names, empty; return how many."""
    names = [name for line in re.findall(r"^    output: (.*)$", text, re.MULTILINE) for name in line.split(", ")]
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return len(names)


def main() -> None:
    """Plan each number of seeds, unfinished and finished."""
    data, weights, *numbers = sys.argv[1:]
    print("| seeds | jobs | files | to plan all | finished, nothing to do | one seed more |")
    print("| --- | --- | --- | --- | --- | --- |")
    for number in map(int, numbers):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copy(folder)
            config = ["--config", "zip=False", f"data={data}", f"weights={weights}"]
            text, *fresh = planned(folder, "-n", *config, f"seeds={number}")
            files = finish(folder, text)
            planned(folder, "--touch", "--forceall", "--cores", "1", *config, f"seeds={number}")
            _, *done = planned(folder, "-n", *config, f"seeds={number}")
            more_text, *more = planned(folder, "-n", *config, f"seeds={number + 1}")
            cells = [f"{seconds:.1f} s, {peak:.0f} MB" for seconds, peak in (fresh, done, more)]
            print(
                f"| {number} | {jobs(text)} | {files} | {cells[0]} | {cells[1]} | {cells[2]}, {jobs(more_text)} jobs |"
            )


if __name__ == "__main__":
    main()
