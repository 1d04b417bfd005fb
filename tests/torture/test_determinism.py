"""The same study, made in another place on other cores: the same bytes."""

import hashlib
from pathlib import Path

import pytest
from project import Project, copy_project
from torture import killing

pytestmark = pytest.mark.torture
# What a kill may change, and the state, which names the project's folder (docs/RELIABILITY.md).
MAY_DIFFER = (*killing.MAY_DIFFER, ".state/")


def hashes(project: Project) -> dict[str, str]:
    """Hash every result of the demonstration but what may differ."""
    root = project.folder / "results" / "demo"
    named = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: _hash(path) for name, path in named.items() if not name.startswith(MAY_DIFFER)}


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_another_clone_on_other_cores_gives_the_same_bytes(demo, tmp_path):
    other = Project(copy_project(tmp_path / "elsewhere"), demo.configfiles)
    result = other.snakemake("--quiet", "rules", "--cores", "3")
    assert result.returncode == 0, (result.stdout + result.stderr)[-5000:]
    before, after = hashes(demo), hashes(other)
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == set()
    assert {Path(name).suffix for name in before} >= {".safetensors", ".npz", ".csv", ".json", ".svg", ".pdf", ".zip"}
