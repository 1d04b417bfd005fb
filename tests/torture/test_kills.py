"""A study of three models, killed again and again at random moments, ends with the bytes of an undisturbed one."""

import os
import random
import shutil
import time
from collections import Counter

import pytest
from torture.killing import LOCKED, WAYS, Run, Study

KILLS = int(os.environ.get("SCENESSL_KILLS", "25"))
SEED = int(os.environ.get("SCENESSL_SEED", "0"))
JITTER = 2.0  # seconds
HIT = 0.85  # the share of the kills that wait for a job
TRAININGS = {"train_network", "train_classifier"}


class Torturer:
    """Kills a study at moments drawn from a seed and counts what was hit."""

    def __init__(self, study: Study, whole: Study) -> None:
        """Take the study and an undisturbed one, which is finished."""
        self.study, self.whole, self.work = study, whole.files(), whole.progress()
        self.draws = random.Random(SEED)
        self.kills: list[tuple[str, list[str]]] = []

    def torture(self) -> None:
        """Kill as often as asked for, each time going on as a user would, then let it finish."""
        while len(self.kills) < KILLS:
            run = self.study.start()
            self.wait_for_a_moment(run)
            if run.process.poll() is None:
                self.kill(run)
            elif LOCKED in run.said():
                self.study.unlock(run)
            else:
                assert run.process.returncode == 0, run.said()[-5000:]
                self.compare()  # it was quicker than its kills: once more, from the beginning
                shutil.rmtree(self.study.results)
                self.study.seen.clear()
        self.study.finish()
        self.compare()

    def wait_for_a_moment(self, run: Run) -> None:
        """Wait for a random share of the work that is left, so that the kills spread over all of it, and a little.

        Most kills hit a job; some come while Snakemake still makes up its mind.
        """
        done = self.study.progress()
        share = max(0, self.work - done) / (KILLS - len(self.kills))
        goal = done + self.draws.uniform(0, 2 * share)
        if self.draws.random() < HIT:
            run.wait_until(run.jobs)
        run.wait_until(lambda: self.study.progress() >= goal)
        moment = time.monotonic() + self.draws.uniform(0, JITTER)
        run.wait_until(lambda: time.monotonic() > moment)

    def kill(self, run: Run) -> None:
        """End the run in the way whose turn it is."""
        way = list(WAYS)[len(self.kills) % len(WAYS)]
        hit = WAYS[way](run, self.draws)
        run.wait()
        self.kills.append((way, hit))
        print(f"kill {len(self.kills)}: {way}, during {', '.join(hit) or 'no job'}", flush=True)
        logs = [path.read_text(encoding="utf-8") for path in (self.study.results / "logs").rglob("*.log")]
        assert not any("Traceback" in log for log in logs), logs

    def compare(self) -> None:
        """Compare every file with the undisturbed study's; what is left over would be one too many."""
        files = self.study.files()
        assert sorted(files) == sorted(self.whole)
        assert [name for name in files if files[name] != self.whole[name]] == []

    def account(self) -> None:
        """Print what was hit and what was gone on with."""
        said = self.study.said()
        print(f"\nseed {SEED}, {KILLS} kills, {len(self.study.runs)} runs, {len(self.whole)} files compared")
        print("ways:", dict(Counter(way for way, _ in self.kills)))
        print("jobs hit:", dict(Counter(job for _, hit in self.kills for job in hit)))
        print("during no job:", sum(not hit for _, hit in self.kills))
        print("runs that printed a traceback:", sum("Traceback" in run.said() for run in self.study.runs))
        for trace in ("going on after epoch", "going on after step", "was finished before", "waiting for"):
            print(f"{trace!r}: {said.count(trace)}")


@pytest.mark.torture
def test_a_study_killed_again_and_again_ends_with_the_bytes_of_an_undisturbed_one(tmp_path, capsys):
    whole = Study.copied(tmp_path / "whole")
    run = whole.start()
    while run.process.poll() is None:
        whole.progress()  # what jobs go on from comes and goes
        time.sleep(0.05)
    assert run.wait() == 0, run.said()[-5000:]
    torturer = Torturer(Study.copied(tmp_path / "killed"), whole)
    with capsys.disabled():
        torturer.torture()
        torturer.account()
    assert any(name.endswith("report.pdf") for name in torturer.whole)
    assert any(TRAININGS & set(hit) for _, hit in torturer.kills)
    assert "going on after epoch" in torturer.study.said()
