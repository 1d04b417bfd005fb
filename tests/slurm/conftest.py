"""One Slurm for all tests of this folder, and one study that ran without it."""

import dataclasses
import importlib.util
import shutil
from pathlib import Path

import pytest
from cluster_run import FILES, RUN
from slurm_machine import Machine, missing


def pytest_collection_modifyitems(items):
    """Mark every test of this folder, so that only `make test-slurm` runs them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slurm)


@pytest.fixture(scope="session")
def machine():
    """A Slurm of two nodes, up for all tests."""
    if reason := missing():
        pytest.skip(reason)
    if not importlib.util.find_spec("snakemake_executor_plugin_cluster_generic"):
        pytest.skip("no snakemake-executor-plugin-cluster-generic; ./install.sh run installs it")
    with Machine() as up:
        yield up


@pytest.fixture(scope="session")
def local(project, tmp_path_factory):
    """The study, run to its report on this machine alone."""
    folder = tmp_path_factory.mktemp("local") / "project"
    shutil.copytree(project.folder, folder)
    done = dataclasses.replace(project, folder=folder, configfiles=FILES).snakemake("--quiet", "rules")
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return folder


@pytest.fixture
def untrained(local, tmp_path):
    """A copy of that study in which the long training is still to be done."""
    folder = tmp_path / "project"
    shutil.copytree(local, folder, symlinks=True)
    shutil.rmtree(folder / RUN)
    return folder
