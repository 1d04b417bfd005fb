"""Accidents of a training of a minute: it completes, from its last epoch, with the bytes of an undisturbed one."""

from cluster_run import RUN, ClusterRun, assert_each_went_on, attempts, epochs_done, went_on_after
from slurm_machine import wait_for

TARGET = str(RUN / "weights.safetensors")
EPOCHS = 40
MEGABYTES = 1400  # an epoch takes about 1200 with all that belongs to a job; putting 40 together takes 700 more


def assert_the_same_training(folder, local):
    """Compare what a training leaves with the undisturbed one's."""
    for path in sorted((local / RUN).glob("*")):
        if path.name != "predictions.npz":
            assert (folder / RUN / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_cancelled_job_and_an_interrupted_run_go_on(untrained, local, machine):
    with ClusterRun(untrained, machine, TARGET) as run:
        machine.ask("scancel", run.train_until(3))
        run.until(lambda: len(attempts(untrained)) > 1)
        job = run.train_until(6)
        assert run.interrupt() != 0  # Ctrl-C
    wait_for(lambda: machine.state(job) == "CANCELLED", 30, f"job {job} outlives its run: {machine.state(job)}")
    with ClusterRun(untrained, machine, TARGET) as run:
        run.wait()
    logs = attempts(untrained)
    assert len(logs) == 3
    assert_each_went_on(logs)
    assert epochs_done(logs[:1]) >= 3
    assert_the_same_training(untrained, local)


def test_slurm_kills_a_job_over_its_memory(machine):
    filling = "python3 -c 'import time; x = bytearray(600 * 2**20); time.sleep(60)'"
    job = machine.submit(filling, "--mem=200")
    wait_for(lambda: machine.state(job) == "FAILED", 60, f"job {job} is {machine.state(job)}")
    assert "exceeded memory limit" in (machine.folder / f"{job}.out").read_text()
    room = machine.submit(filling.replace("60)'", "5)'"), "--mem=900")
    wait_for(lambda: machine.state(room) == "COMPLETED", 60, f"job {room} is {machine.state(room)}")


def test_a_training_over_its_memory_goes_on_with_more(untrained, local, machine):
    with ClusterRun(untrained, machine, TARGET, "--set-resources", f"train_network:mem_mb=attempt*{MEGABYTES}") as run:
        run.wait()
    logs = attempts(untrained)
    assert "exceeded memory limit" in logs[0]
    assert epochs_done(logs[:1]) == EPOCHS
    assert went_on_after(logs[-1]) == EPOCHS
    assert_the_same_training(untrained, local)


def test_a_training_on_a_node_that_dies_goes_on_elsewhere(untrained, local, machine):
    with ClusterRun(untrained, machine, TARGET) as run:
        job = run.train_until(3)
        node = machine.ask("squeue", "-h", "-j", job, "-o%N").strip()
        machine.kill_node(node)
        try:
            run.wait()
            assert machine.state(job) == "NODE_FAIL"
        finally:
            machine.start_node(node)
    logs = attempts(untrained)
    assert len(logs) == 2
    assert_each_went_on(logs)
    assert epochs_done(logs[:1]) >= 3
    assert_the_same_training(untrained, local)
