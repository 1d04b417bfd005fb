"""From a merged configuration to what the workflow plans with: the study, its data, its weights, its threads."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scenessl.data.folders import find_images
from scenessl.data.identity import data_hash
from scenessl.files import write_text
from scenessl.study.codehash import code_hash
from scenessl.study.graph import Study
from scenessl.study.preflight import preflight
from scenessl.study.schema import check, task_settings

WEIGHTS_BYTES = 17_000_000  # of one EfficientNet-B0


@dataclass(frozen=True)
class Plan:
    """What the rules need to know beyond the study itself.

    Attributes:
        study: the models and what is asked of them.
        drawn: settings of the embedded data set, or None when `data_root` holds images.
        data_root: absolute path of the images, or None.
        data_hash: changes exactly when an image, its class or its split does.
        weights: kind ("file", "torchvision" or "none"), name and sha256, as published.
        weights_file: absolute path of a local weights file, or None.
        threads: how many threads every training computes with.
        remarks: what stops nothing but a user should know.
        published: the configuration as report and submission show it.
    """

    study: Study
    drawn: dict | None
    data_root: str | None
    data_hash: str
    weights: dict
    weights_file: str | None
    threads: int
    remarks: list[str]
    published: dict


def plan(config: Mapping, repository: Path, results: Path) -> Plan:
    """Check a configuration and look at its data and weights.

    Args:
        config: the whole configuration, local.yaml and command line included.
        repository: where the schema and the tasks stand.
        results: the folder of all studies' results, where also lies what need not be found out twice.

    Raises:
        UserError: a mistake in the configuration, no data, no such weights file.
    """
    tasks = repository / "scenessl" / "tasks"
    check(config, repository / "rules" / "config.schema.yaml", tasks)
    study = Study(config, task_settings(tasks))
    folder = results / study.name
    remarks = preflight(config, results=folder, needed_bytes=max(0, _needed_bytes(study) - _used_bytes(folder)))
    memory = folder / ".state"
    drawn = dict(config["data"]) if isinstance(config["data"], Mapping) else None
    root = None if drawn else _data_root(config["data"])
    found = _drawn_hash(drawn) if drawn else data_hash(find_images(root), root, memory / "data.json")
    weights, file = _weights(config["weights"], study)
    data = {"kind": "drawn" if drawn else "folders", "hash": found}
    return Plan(
        study=study,
        drawn=drawn,
        data_root=root,
        data_hash=found,
        weights=weights,
        weights_file=file,
        remarks=remarks,
        threads=_threads(config["compute_threads"], memory / "compute_threads"),
        published=study.published(data, weights),
    )


def _data_root(data: str) -> str:
    """Make the path of the images absolute; `preflight` has seen that there is one."""
    return str(Path(data).expanduser().resolve())


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
    path = Path(given).expanduser().resolve()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"kind": "file", "name": "ImageNet backbone (local file)", "sha256": digest}, str(path)


def _needed_bytes(study: Study) -> int:
    """Estimate the disk: every network's epochs, twice while they are put together, and its training state."""
    epochs = sum(study.models[name].settings["epochs"] + 4 for name in study.networks)
    return 2 * WEIGHTS_BYTES * epochs * len(study.seeds)


def _used_bytes(folder: Path) -> int:
    """Add up what a study's results already take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _threads(setting: int | str, memory: Path) -> int:
    """Resolve `auto` once per study, so that a study moved to another machine keeps its results."""
    if setting != "auto":
        return int(setting)
    try:
        return int(memory.read_text())
    except (OSError, ValueError):
        write_text(memory, f"{os.cpu_count() or 1}\n")
        return os.cpu_count() or 1
