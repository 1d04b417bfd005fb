"""What a study's results were made from and with: versions, machine, code, data, and the hash of every result file.

No clock time, host name or absolute path, so that the same results made again give the same bytes. The file is made
when results are; a commit alone changes nothing, and the commit named is the one the results were described at.
"""

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml

from scenessl.errors import UserError
from scenessl.evaluation.runs import RUN_FILES
from scenessl.files import write_json
from scenessl.report.checkout import code_state
from scenessl.study.manifest import measured_files, run_files, table_files

LIBRARIES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "scikit-learn",
    "pillow",
    "safetensors",
    "matplotlib",
    "jinja2",
    "weasyprint",
    "pypdf",
    "pypdfium2",
    "snakemake",
    "PyYAML",
)
NAME = "provenance.json"


def write_provenance(path: Path | str, *, root: Path | str, project: Path | str, machine: Mapping[str, object]) -> None:
    """Write provenance.json of a finished study.

    Args:
        path: of the file.
        root: the study's results folder.
        project: the folder of the code, a git checkout or not.
        machine: where the models were trained, as facts that name no host: for example
            {"cpu": cpu_model(), "device": "cuda", "device_name": "NVIDIA H200", "threads": 2}.

    Raises:
        UserError: a result file is missing.
    """
    published = read_published(root)
    names = sorted([*stored_files(published), *weight_files(published)])
    write_json(
        path,
        {
            "python": platform.python_version(),
            "libraries": library_versions(),
            "system": f"{platform.system()} {platform.machine()}",
            "machine": dict(machine),
            "code": code_state(project),
            "data": published["data"],
            "weights": published["weights"],
            "seeds": published["seeds"],
            "files": {name: sha256(Path(root) / name) for name in names},
        },
    )


def read_published(root: Path | str) -> dict:
    """Read a study's published configuration; raises UserError when it is missing or no YAML."""
    path = Path(root) / "configuration.yaml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing. Name a results folder of a finished study.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is damaged ({error}). Run the study again.") from error


def stored_files(published: Mapping) -> list[str]:
    """Name, relative to the results folder, the results that a submission carries and from which tables follow."""
    parts = [f"data/parts_seed{seed}.csv" for seed in published["seeds"]]
    return [
        "configuration.yaml",
        "data/index.csv",
        "data/classes.json",
        "data/audit.json",
        *parts,
        *run_files(published, *RUN_FILES),
        *measured_files(published),
        *table_files(published),
    ]


def weight_files(published: Mapping) -> list[str]:
    """Name the weights of every model and seed, which are too large for a submission."""
    return run_files(published, "weights.safetensors")


def sha256(path: Path) -> str:
    """Hash a file; raises UserError when it is missing."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise UserError(f"{path} is missing. Run the study to its end first.") from None


def library_versions() -> dict[str, str]:
    """Return the versions of LIBRARIES that are installed."""
    return {name: found for name in LIBRARIES if (found := _version(name))}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def cpu_model() -> str:
    """Return the processor's model name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
