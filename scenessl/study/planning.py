"""From a merged configuration to what the workflow plans with: the study, its data, its weights, its threads."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scenessl.data.batches import official_hash
from scenessl.data.identity import data_hash
from scenessl.files import write_text
from scenessl.study.codehash import code_hash
from scenessl.study.declared import Declared
from scenessl.study.graph import Study
from scenessl.study.preflight import preflight
from scenessl.study.schema import check

WEIGHTS_BYTES = 17_000_000  # of one EfficientNet-B0


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


def plan(config: Mapping, repository: Path, results: Path) -> Plan:
    """Check a configuration and look at its data and weights.

    Args:
        config: the whole configuration, local.yaml and command line included.
        repository: where the schema and the package stand.
        results: the folder of all studies' results, where also lies what need not be found out twice.

    Raises:
        UserError: a mistake in the configuration, no data, no such weights file.
    """
    declared = Declared.read(repository / "scenessl")
    check(config, repository / "rules" / "config.schema.yaml", declared)
    study = Study(config, declared.tasks)
    folder = results / study.name
    remarks = preflight(config, results=folder, needed_bytes=_needed_bytes(study, folder))
    memory = folder / ".state"
    kind, root, found = _find_data(config["data"], memory / "data.json")
    weights, file = _weights(config["weights"], study)
    return Plan(
        study=study,
        data_kind=kind,
        drawn=dict(config["data"]) if kind == "drawn" else None,
        fetched={"folder": root, "download": config["data"]["download"]} if kind == "torchvision" else None,
        data_root=root,
        data_hash=found,
        weights=weights,
        weights_file=file,
        remarks=remarks,
        threads=_threads(config["compute_threads"], memory / "compute_threads"),
        published=study.published({"kind": kind, "hash": found}, weights),
    )


def _find_data(data: str | Mapping, memory: Path) -> tuple[str, str | None, str]:
    """Return kind, absolute path and hash of the images; `preflight` has seen that there are some or will be."""
    if isinstance(data, str):
        path = Path(data).expanduser()
        # an archive is known by its suffix, which a link's target may lack
        root = str(path.resolve() if path.is_dir() else path.absolute())
        return "folders", root, data_hash(root, memory, code_hash("scenessl.data.identity"))
    if data["kind"] == "torchvision":
        return "torchvision", str(Path(data["folder"]).expanduser().resolve()), official_hash()
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
    path = Path(given).expanduser().resolve()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"kind": "file", "name": "ImageNet backbone (local file)", "sha256": digest}, str(path)


def _needed_bytes(study: Study, folder: Path) -> int:
    """Estimate the disk of the networks not trained yet: every epoch, twice while they are put together, and states."""
    missing = [
        study.models[name].settings["epochs"] + 4
        for name in study.networks
        for seed in study.seeds
        if not (folder / "models" / name / f"seed{seed}" / "epochs.safetensors").exists()
    ]
    return 2 * WEIGHTS_BYTES * sum(missing)


def _threads(setting: int | str, memory: Path) -> int:
    """Resolve `auto` once per study, so that a study moved to another machine keeps its results."""
    if setting != "auto":
        return int(setting)
    try:
        return int(memory.read_text())
    except (OSError, ValueError):
        write_text(memory, f"{os.cpu_count() or 1}\n")
        return os.cpu_count() or 1
