"""Run the benchmarks and print their table.

python -m benchmarks [training frozen scorecam inversion decoding] [--data FOLDER] [--weights FILE]
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
from benchmarks.rows import HEAD
from scenessl.joblog import job

NAMES = ("training", "frozen", "scorecam", "inversion", "decoding")


def main() -> None:
    """Measure what is asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare our stages with others'.")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="stages, all by default")
    parser.add_argument("--data", type=Path, help="folder with images; drawn ones by default")
    parser.add_argument("--weights", type=Path, help="file with ImageNet weights; random ones by default")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, job(Path(folder) / "log", asked.threads):
        material = prepare(Path(folder), asked.data, asked.weights)
        print("\n".join(machine()), HEAD, sep="\n\n", flush=True)
        for name in asked.names or NAMES:
            for row in import_module(f"benchmarks.{name}").rows(material):
                print(row.line(), flush=True)


def machine() -> Iterator[str]:
    """Say what the figures were measured on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "numpy", "pillow"))
    capability = torch.backends.cpu.get_cpu_capability()
    yield f"{torch.get_num_threads()} threads, {capability}, {platform.system()}; {packages}"


if __name__ == "__main__":
    main()
