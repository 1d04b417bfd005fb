"""A whole study through the Slurm profile, its controller restarted on the way: the same bytes as without Slurm."""

import hashlib
import shutil

import pytest
from cluster_run import RESULTS, ClusterRun, attempts, epochs_done

FREE = ("logs", "benchmarks", ".state")  # clock times, and what was found out on the way
TIMES, PLACE = ".html", "source.json"  # the page shows run times; the other says where the images lie


def results(folder):
    """Hash every result of a study by its path."""
    root = folder / RESULTS
    names = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    names = [name for name in names if name.parts[0] not in FREE and name.suffix != TIMES and name.name != PLACE]
    return {str(name): hashlib.sha256((root / name).read_bytes()).hexdigest() for name in names}


@pytest.fixture(scope="module")
def finished(project, machine, tmp_path_factory):
    """The study, run through Slurm, with a controller that was away for a while as the long training ran."""
    folder = tmp_path_factory.mktemp("cluster") / "project"
    shutil.copytree(project.folder, folder)
    with ClusterRun(folder, machine) as run:
        run.train_until(3)
        machine.stop_controller()
        run.until(lambda: epochs_done(attempts(folder)) >= 8)
        machine.start_controller()
        run.wait()
    return folder


def test_every_result_equals_that_of_a_local_run(local, finished):
    wanted, found = results(local), results(finished)
    assert {name.split("/")[0] for name in wanted} >= {"models", "tables", "figures", "report"}
    assert {name for name in wanted if wanted[name] != found.get(name)} == set()
    assert set(found) == set(wanted)


def test_a_restarted_controller_costs_no_job_an_attempt(finished):
    assert len(attempts(finished)) == 1
    assert "Trying to restart job" not in (finished / "run.log").read_text()


def test_small_jobs_do_not_queue(finished):
    queued = {path.name.split("-")[0] for path in (finished / RESULTS / "logs" / "slurm").iterdir()}
    assert queued >= {"train_network", "train_classifier", "features"}
    assert not queued & {"curves", "confusion", "accuracy", "tables", "configuration", "checks"}


def test_each_job_ran_on_a_node_and_left_slurms_log_beside_its_own(finished):
    log = (finished / RESULTS / "logs" / "train" / "supervised_seed0.log").read_text()
    assert log
    assert log in attempts(finished)[0]
