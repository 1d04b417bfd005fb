"""What the profile's scripts make of one job: Slurm's options, its state, and what is known of it afterwards."""

import shutil
import subprocess
from pathlib import Path

import pytest
from slurm_machine import wait_for

PROFILE = Path(__file__).parents[2] / "profiles" / "slurm"


class Site:
    """A folder with the profile's scripts, as a site has edited them."""

    def __init__(self, folder, machine):
        shutil.copytree(PROFILE, folder / "profiles" / "slurm")
        self.folder, self.machine = folder, machine

    def edit(self, **values):
        path = self.folder / "profiles" / "slurm" / "site.sh"
        lines = path.read_text().splitlines()
        for key, value in values.items():
            lines = [f"{key}={value}" if line.startswith(f"{key}=") else line for line in lines]
        path.write_text("\n".join(lines) + "\n")

    def script(self, name, *arguments):
        command = ["bash", f"profiles/slurm/{name}", *arguments]
        environment = self.machine.environment
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def submit(self, text, gpus="0", name="rule", wildcards="model=supervised,seed=0"):
        (self.folder / "job.sh").write_text(f"#!/bin/sh\n{text}\n")
        done = self.script("submit.sh", "results/s/logs", name, "2", "300", "5", gpus, wildcards, "job.sh")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def status(self, job):
        return self.script("status.sh", job).stdout.strip()

    def ended(self, job):
        wait_for(lambda: self.status(job) != "running", 60, f"job {job} is still {self.machine.state(job)}")
        return self.status(job)

    def log(self, job):
        return next((self.folder / "results" / "s" / "logs" / "slurm").glob(f"*-{job}.log")).read_text()


@pytest.fixture
def site(tmp_path, machine):
    return Site(tmp_path, machine)


def test_a_job_asks_for_what_its_rule_declares(site, machine):
    job = site.submit("true")
    shown = machine.ask("scontrol", "show", "job", job)
    for text in ("JobName=rule", "CPUs/Task=2", "MinMemoryNode=300M", "TimeLimit=00:05:00", "Requeue=0"):
        assert text in shown
    assert "Partition=batch" in shown  # the cluster's default
    assert f"{site.folder}/results/s/logs/slurm/rule-supervised-0-{job}.log" in shown
    assert site.ended(job) == "success"


def test_a_site_names_partitions_account_and_how_it_asks_for_a_gpu(site, machine):
    site.edit(PARTITION="batch", GPU_PARTITION="cards", GPU_REQUEST="--gres=gpu:1", ACCOUNT="lab")
    job = site.submit("echo card $CUDA_VISIBLE_DEVICES", gpus="1")
    shown = machine.ask("scontrol", "show", "job", job)
    assert "Partition=cards" in shown
    assert "Account=lab" in shown
    assert "gpu:1" in shown
    assert site.ended(job) == "success"
    assert "card 0" in site.log(job)
    assert "Partition=batch" in machine.ask("scontrol", "show", "job", site.submit("true"))


def test_the_cache_lies_where_the_node_says(site):
    site.edit(NODE_CACHE="'/local/$SLURM_JOB_ID/of mine'")
    job = site.submit('echo "cache $SCENESSL_CACHE"')
    assert site.ended(job) == "success"
    assert f"cache /local/{job}/of mine" in site.log(job)


def test_a_failed_and_a_cancelled_job_have_failed(site, machine):
    assert site.ended(site.submit("exit 3")) == "failed"
    job = site.submit("sleep 100")
    assert site.status(job) == "running"
    machine.ask("scancel", job)
    assert site.ended(job) == "failed"
    assert not (site.folder / ".snakemake" / "slurm" / job).exists()  # nor would it be taken for a success later


def test_a_job_that_slurm_has_forgotten_is_judged_by_what_it_noted(site):
    notes = site.folder / ".snakemake" / "slurm"
    notes.mkdir(parents=True)
    for number, note in (("999001", "0\n"), ("999002", "1\n")):
        (notes / number).write_text(note)
    assert [site.status(job) for job in ("999001", "999002", "999003")] == ["success", "failed", "failed"]
    job = site.submit("true")
    assert site.ended(job) == "success"
    assert (notes / job).read_text() == "0\n"


def test_without_a_controller_jobs_run_and_submission_waits(site, machine):
    job = site.submit("true")
    assert site.ended(job) == "success"
    machine.stop_controller()
    try:
        assert site.status(job) == "running"
        (site.folder / "job.sh").write_text("#!/bin/sh\ntrue\n")
        command = ["bash", "profiles/slurm/submit.sh", "results/s/logs", "late", "1", "100", "5", "0", "job.sh"]
        waiting = subprocess.Popen(command, cwd=site.folder, env=machine.environment, stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3)
    finally:
        machine.start_controller()
    late = waiting.communicate(timeout=60)[0].strip()
    assert site.ended(late) == "success"
    assert site.status(job) == "success"


def test_a_refusal_is_one_line_that_names_the_rule(site):
    site.edit(PARTITION="nowhere")
    (site.folder / "job.sh").write_text("#!/bin/sh\ntrue\n")
    done = site.script("submit.sh", "results/s/logs", "features", "1", "100", "5", "0", "job.sh")
    assert done.returncode == 1
    assert done.stderr.startswith("features: sbatch refused")
    assert "nowhere" in done.stderr or "partition" in done.stderr
