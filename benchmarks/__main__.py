"""Run the benchmarks and print their tables.

python -m benchmarks [STAGE …] [--data FOLDER] [--weights FILE] [--threads NUMBER]
"""

import argparse
import platform
import tempfile
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks.material import prepare
from benchmarks.rows import HEAD, LIMITS, SLOPES
from scenessl.joblog import job

RATIOS = ("training", "frozen", "scorecam", "inversion", "decoding")
SIZES = ("memory", "workflow")
SCALES = ("scaling",)
NAMES = (*RATIOS, *SIZES, *SCALES)
TABLES = ((HEAD, RATIOS, "rows"), (LIMITS, SIZES, "limits"), (SLOPES, SCALES, "slopes"))


def main() -> None:
    """Measure what is asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare our stages with others'.")
    parser.add_argument("names", nargs="*", metavar="STAGE", help=f"all by default: {', '.join(NAMES)}")
    parser.add_argument("--data", type=Path, help="folder with train/ and test/; drawn images by default")
    parser.add_argument("--weights", type=Path, help="file with ImageNet weights; random ones by default")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"no such stage: {', '.join(sorted(unknown))}. There are {', '.join(NAMES)}.")
    with tempfile.TemporaryDirectory() as folder, job(Path(folder) / "log", asked.threads):
        material = prepare(Path(folder), asked.data, asked.weights)
        print("\n".join(machine()), flush=True)
        for head, stages, measure in TABLES:
            print(f"\n{head}", flush=True)
            for name in stages:
                if name in (asked.names or NAMES):
                    for row in getattr(import_module(f"benchmarks.{name}"), measure)(material):
                        print(row.line(), flush=True)


def machine() -> Iterator[str]:
    """Say what the figures were measured on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "numpy", "pillow"))
    capability = torch.backends.cpu.get_cpu_capability()
    yield f"{torch.get_num_threads()} threads, {capability}, {platform.system()}; {packages}"


if __name__ == "__main__":
    main()
