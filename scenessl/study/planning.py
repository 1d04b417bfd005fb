"""From a merged configuration to what the workflow plans with: the study, its data, its weights, its threads."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from scenessl.data.batches import official_hash
from scenessl.data.identity import data_hash
from scenessl.errors import UserError
from scenessl.files import read_json, write_json, write_text
from scenessl.study.codehash import code_hash
from scenessl.study.combinations import misfits
from scenessl.study.complaints import refuse
from scenessl.study.declared import Declared
from scenessl.study.folders import disk_problems
from scenessl.study.graph import Study
from scenessl.study.preflight import preflight
from scenessl.study.schema import check

WEIGHTS_BYTES = 17_000_000  # of one EfficientNet-B0
MOST_THREADS = 8  # of `auto`: a login node has many cores, a job gets some


@dataclass(frozen=True)
class Plan:
    """What the rules need to know beyond the study itself.

    Attributes:
        study: the models and what is asked of them.
        data_kind: "folders" (of the user's, or an archive of them), "torchvision" or "drawn".
        drawn: settings of the embedded data set, or None when `data_root` holds images.
        fetched: folder and permission to download for what torchvision keeps, else None.
        data_root: absolute path of the images (a folder or an archive), or None.
        data_hash: changes exactly when an image, its class or its split does.
        weights: kind ("file", "torchvision" or "none"), name and sha256, as published.
        weights_file: absolute path of a local weights file, or None.
        threads: how many threads every training computes with.
        remarks: what stops nothing but a user should know.
        published: the configuration as report and submission show it.
    """

    study: Study
    data_kind: str
    drawn: dict | None
    fetched: dict | None
    data_root: str | None
    data_hash: str
    weights: dict
    weights_file: str | None
    threads: int
    remarks: list[str]
    published: dict


FOUND = [field.name for field in fields(Plan) if field.name not in ("study", "published")]
"""What has to be found out; the rest follows from the configuration."""


def plan(config: Mapping, repository: Path, results: Path, *, is_job: bool = False) -> Plan:
    """Check a configuration and look at its data and weights.

    Args:
        config: the whole configuration, local.yaml and command line included.
        repository: where the schema and the package stand.
        results: the folder of all studies' results, where also lies what need not be found out twice.
        is_job: this process runs one job of a workflow on a cluster, and believes what that has found.

    Raises:
        UserError: a mistake in the configuration, no data, no such weights file.
    """
    declared = Declared.read(repository / "scenessl")
    memory = _notes(results / str(config.get("study")))
    found = _recall(memory, config) if is_job else None
    if found is None:
        check(config, repository / "rules" / "config.schema.yaml", declared)
        study = Study(config, declared.tasks)
        refuse(misfits(study))
        found = _find(config, study, memory.parents[1])
    study = Study(config, declared.tasks)
    published = study.published({"kind": found["data_kind"], "hash": found["data_hash"]}, found["weights"])
    return Plan(study=study, published=published, **found)


def start(made: Plan, config: Mapping, results: Path) -> None:
    """Do what comes before the first job and not at a dry run: demand room on the disk, and leave notes for the jobs.

    Raises:
        UserError: there is less room than the study will take.
    """
    folder = results / made.study.name
    if problems := disk_problems(folder, Path(), _needed_bytes(made.study, folder)):
        raise UserError("\n".join(["the run cannot start:", *(f"  {problem}" for problem in problems)]))
    _remember(_notes(folder), config, {name: getattr(made, name) for name in FOUND})


def _find(config: Mapping, study: Study, folder: Path) -> dict:
    """Find out what a plan holds beside the study, by its names."""
    remarks = preflight(config, results=folder)
    kind, root, found = _find_data(config["data"], folder / ".state" / "data.json")
    weights, file = _weights(config["weights"], study)
    return {
        "data_kind": kind,
        "drawn": dict(config["data"]) if kind == "drawn" else None,
        "fetched": {"folder": root, "download": config["data"]["download"]} if kind == "torchvision" else None,
        "data_root": root,
        "data_hash": found,
        "weights": weights,
        "weights_file": file,
        "threads": _threads(config["compute_threads"], folder / ".state" / "compute_threads"),
        "remarks": remarks,
    }


# A job of a cluster plans the workflow anew. It need not look at every image for that, nor hash the weights: a hundred
# jobs that do so at once are a load for a shared file system.


def _notes(folder: Path) -> Path:
    """Name the file of notes in a study's results."""
    return folder / ".state" / "found.json"


def _remember(memory: Path, config: Mapping, found: Mapping) -> None:
    """Write down what was found for this configuration. It only saves time: what cannot be written is let be."""
    with suppress(UserError):
        write_json(memory, {"configuration": _fingerprint(config), "found": found})


def _recall(memory: Path, config: Mapping) -> dict | None:
    """Read what was found for this configuration; None when there is nothing, or another configuration's."""
    try:
        known = read_json(memory)
        return known["found"] | {"remarks": []} if known["configuration"] == _fingerprint(config) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fingerprint(config: Mapping) -> str:
    """Hash a configuration."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def _find_data(data: str | Mapping, memory: Path) -> tuple[str, str | None, str]:
    """Return kind, absolute path and hash of the images; `preflight` has seen that there are some or will be."""
    if isinstance(data, str):
        path = os.path.expanduser(data)
        # an archive is known by its suffix, which a link's target may lack
        root = os.path.realpath(path) if os.path.isdir(path) else os.path.abspath(path)
        try:
            return "folders", root, data_hash(root, memory, code_hash("scenessl.data.identity"))
        except UserError as error:
            raise UserError(f"data: {error}") from None
    if data["kind"] == "torchvision":
        return "torchvision", os.path.realpath(os.path.expanduser(data["folder"])), official_hash()
    return "drawn", None, _drawn_hash(data)


def _drawn_hash(drawn: Mapping) -> str:
    """Hash what the drawings depend on: their settings and the code that draws them."""
    facts = json.dumps([dict(drawn), code_hash("scenessl.data.drawn")], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()


def _weights(given: str | None, study: Study) -> tuple[dict, str | None]:
    """Say which ImageNet weights a study uses, if it uses any."""
    if not study.uses_imagenet:
        return {"kind": "none", "name": "randomly initialised weights", "sha256": None}, None
    if given is None:
        return {"kind": "torchvision", "name": "IMAGENET1K_V1 (torchvision)", "sha256": None}, None
    path = Path(os.path.realpath(os.path.expanduser(given)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"kind": "file", "name": "ImageNet backbone (local file)", "sha256": digest}, str(path)


def _needed_bytes(study: Study, folder: Path) -> int:
    """Estimate the disk of the networks not trained yet: every epoch, of one twice while they are put together."""
    missing = [
        study.models[name].settings["epochs"] + 4
        for name in study.networks
        for seed in study.seeds
        if not (folder / "models" / name / f"seed{seed}" / "epochs.safetensors").exists()
    ]
    return WEIGHTS_BYTES * (sum(missing) + max(missing, default=0))


def _threads(setting: int | str, memory: Path) -> int:
    """Resolve `auto` once per study, so that a study moved to another machine keeps its results."""
    if setting != "auto":
        return int(setting)
    try:
        return int(memory.read_text())
    except (OSError, ValueError):
        threads = min(os.cpu_count() or 1, MOST_THREADS)
        write_text(memory, f"{threads}\n")
        return threads
