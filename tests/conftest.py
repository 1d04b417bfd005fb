"""A finished study, made once for every test that needs one, and the project without results."""

import os
import shutil
from pathlib import Path

import pytest
from project import Project, copy_project

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: two processes share the cores


HEAVY = ("resume", "two_runs", "disk", "precision", "mistakes", "configurations", "bad_images")  # start processes


@pytest.hookimpl(tryfirst=True)  # xdist looks at the groups in the same hook
def pytest_collection_modifyitems(items):
    """Keep together what shares a fixture when two processes run the tests: the finished study, or a file.

    What takes long begins first, so that neither process waits for the other at the end.
    """
    for item in items:
        group = "demo" if needs_study(item) else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: (not needs_study(item), item.path.stem.removeprefix("test_") not in HEAVY))


def needs_study(item):
    """Tell whether a test needs the finished study."""
    return not {"demo", "with_another_seed", "study_page"}.isdisjoint(item.fixturenames)


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The project without any results."""
    return Project(copy_project(tmp_path_factory.mktemp("project")))


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The project with a finished demonstration study; takes minutes, once.

    SCENESSL_DEMO names a folder in which `make demo` has finished, to be copied instead while tests are written.
    """
    if ready := os.environ.get("SCENESSL_DEMO"):
        folder = tmp_path_factory.mktemp("demo") / "copy"
        shutil.copytree(ready, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv", ".git"))
        return Project(folder, ("config.yaml", "studies/demo.yaml"))
    folder = copy_project(tmp_path_factory.mktemp("demo"))
    made = Project(folder, ("config.yaml", "studies/demo.yaml"))
    result = made.snakemake("--quiet", "rules")
    assert result.returncode == 0, (result.stdout + result.stderr)[-5000:]
    return made


@pytest.fixture(scope="session")
def with_another_seed(demo):
    """What a second seed plans after the finished demonstration."""
    return demo.planned("seeds: 2")


@pytest.fixture(scope="session")
def study_page(request):
    """The page of the finished demonstration, or of any other finished study that SCENESSL_PAGE names."""
    if named := os.environ.get("SCENESSL_PAGE"):
        return Path(named).resolve()
    return request.getfixturevalue("demo").folder / "results" / "demo" / "report" / "report.html"
