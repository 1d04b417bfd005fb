"""What a study computes, counted by hand; and what is made of it: seconds, a bound, a table, a target of its own."""

import json
import re
import time
from dataclasses import replace

import pytest
import torch
import yaml
from project import ROOT
from test_training import toy_batches, toy_learner
from tiny_study import delta, tiny_project, write_images

from benchmarks.rows import Slope
from scenessl.data.sources import open_source
from scenessl.estimate import clocks, paces, prediction
from scenessl.estimate.stages import STAGES
from scenessl.estimate.work import Images, Job, Network
from scenessl.estimate.workload import Workload
from scenessl.study import manifest
from scenessl.study.declared import task_settings, task_views
from scenessl.study.graph import Study
from scenessl.study.trials import planned
from scenessl.training.state import State

TASKS = ROOT / "scenessl" / "tasks"
SECOND = "studies/cifar10.yaml"
IMAGES = Images(train=100, validation=20, test=60, classes=3)
NETWORK = Network(blocks=[(16, 32), (24, 16), (40, 8), (80, 4)], views=task_views(TASKS))
ASKED = {"explain": {"layers": [3, 1], "images": 4, "sample": 10}, "inversion": {"filters": 2, "steps": 7}}


def published(*deltas: dict, files=("config.yaml",), **changes) -> dict:
    """The main study as it is published, with some settings changed."""
    config: dict = {}
    for file in files:
        config |= yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    for section, settings in ASKED.items():
        if config.get(section):
            config[section] = config[section] | settings
    return Study(config | changes, task_settings(TASKS)).published({"kind": "folders"}, {})


def jobs(images=IMAGES, **changes) -> dict[tuple[str, str], Job]:
    return {(job.stage, job.name): job for job in Workload(published(**changes), images, NETWORK).jobs()}


def test_trainings_are_counted_as_by_hand():
    found = jobs()
    rotation = found["train", "rotation_seed0"].work  # 10 epochs of 4 views; 20 validation images and as many of train
    assert rotation == {
        "inputs of rotation": 4 * 100 * 10,
        "epochs of rotation": 11,
        "forward": 11 * 4 * 40,
        "start": 1,
    }
    assert found["train", "perturbation_seed0"].work["inputs of perturbation"] == 2 * 100 * 8
    assert found["train", "rotation_scenes_seed0"].work == {"classified": 12 * 100, "forward": 64, "start": 1}


def test_starts_and_features_are_those_that_something_needs():
    found = jobs(seeds=2)
    starts = {name for stage, name in found if stage == "starts"}
    weights = {f"starts/{name}.safetensors" for name in ("imagenet", "random_seed0", "random_seed1")}
    assert starts == weights | {"starts/precision_batch32.json"}
    pairs = 1 + 5  # of steps in fp32 and in bf16, the first to warm up
    assert found["starts", "starts/precision_batch32.json"].work == {"inputs of supervised": 2 * pairs * 32, "start": 1}
    features = {name for stage, name in found if stage == "features"}
    seeds = {
        f"{name}-seed{seed}" for name in ("rotation", "perturbation", "perturbation@3", "random") for seed in (0, 1)
    }
    assert features == seeds | {"imagenet", "supervised-seed0"}  # the last for pictures of the first seed


def test_inference_is_counted_as_by_hand():
    found = jobs()
    assert found["features", "imagenet"].work["forward"] == 180 + 100  # all, and those of train mirrored
    assert found["features", "supervised-seed0"].work["forward"] == 180  # for pictures only
    assert found["predict", "perturbation_seed0"].work["forward"] == 2 * 180
    assert found["predict", "random_scenes_seed0"].work["forward"] == 0  # from cached features
    # 4 images at layers of 80 and 24 channels, 6 more of the sample at 80, 3 more formulas of one image
    assert found["scorecam", "supervised"].work["masked"] == 4 * (80 + 24) + 6 * 80 + 3 * 80
    assert found["scorecam", "supervised"].work["folded"] == (8 + 6 + 3) * (2 + 1 + 21 + 21)
    assert found["inversion", "supervised"].work["climbed"] == 7 * 3  # 2 filters and their sum
    assert found["inversion", "rotation"].work["climbed"] == 7 * 5  # and those of the first model
    assert found["inversion", "rotation"].work["folded"] == 60 + (4 + 2) * 60 + 16 * 5
    assert found["extractors", "all"].work["forward"] == 3 * 60
    # of perturbation, cached are the start, epoch 3 and the latest: left are epochs 1, 2 and 5; six look at 60 images
    assert found["trajectory", "perturbation_seed0"].work["forward"] == 3 * 180 + 6 * 60
    # 640 inputs are more than there are: 3 epochs of 100 images; 4 watched before and after; 20 + 20 judge
    trials = len(manifest_trials()["short", "rotation"])
    short = found["trials", "short_rotation"].work
    assert short["inputs of rotation"] == trials * 4 * 100 * 3 and short["forward"] == trials * 4 * (4 * 2 * 4 + 40)


def manifest_trials():
    return planned(published())


def test_probes_are_counted_as_by_hand():
    probes = {"starts": ["random"], "knn": [1], "temperature": 0.1}
    found = jobs(probes=probes)["probes", "random_seed0"].work
    grids = [16 * 8**2, 24 * 8**2, 40 * 4**2, 80 * 4**2]
    assert found["forward"] == 180 and found["fits"] == 4 * 2 * 4
    assert found["fitted"] == pytest.approx(4 * 100 * (sum(grids) + 160) / 80)
    assert found["compared"] == (60 + 20) * 100 * sum(grids)


def test_every_job_with_a_measured_time_is_counted_under_its_own_name():
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "rules").rglob("*.smk")]
    measured = re.findall(r'f"\{TIMES\}/(\w+)/(.+)\.tsv"', "".join(texts))
    counted = jobs(probes={"starts": ["random"], "knn": [1], "temperature": 0.1})
    models = "|".join(published()["models"])
    form = {"{{model}}": f"({models})", "{{form}}": "(short|full)", "{{seed}}": "0", "{FIRST}": "0",
            "{{start}}": f"(imagenet|(random|{models})(@3)?(-seed0)?)"}  # fmt: skip
    patterns = [(stage, re.sub(r"\{+\w+\}+", lambda found: form[found[0]], file)) for stage, file in measured]
    for stage, pattern in patterns:
        assert [name for at, name in counted if at == stage and re.fullmatch(pattern, name)], (stage, pattern)
    stages = dict(patterns)
    named = {one for one in counted for stage, pattern in patterns if one[0] == stage and re.fullmatch(pattern, one[1])}
    assert {one for one in counted if one[0] in stages} - named == {("scorecam", "choice")}
    assert len(patterns) > 10 and {stage for stage, _ in counted} <= set(STAGES)


def test_what_the_report_reads_is_what_the_counted_jobs_make():
    asked = published()
    made = {job.output for job in Workload(asked, IMAGES, NETWORK).jobs()}
    runs = manifest.run_files(asked, "weights.safetensors", "predictions.npz")
    files = [*runs, *manifest.explanation_files(asked), *manifest.measured_files(asked), *manifest.figure_files(asked)]
    for section in ("loss_extremes", "embedding", "neighbours"):  # one job each, known by its first file
        one, *others = (f"explain/{section}/{name}.npz" for name in manifest.models_of(asked, section))
        assert one in files
        files = [file for file in files if file not in others]
    assert set(files) <= made


@pytest.mark.parametrize("more", ["images", "seeds", "epochs", "models"])
def test_more_is_never_less_and_seeds_multiply_what_is_theirs(more):
    rest = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    longer = rest["recipes"]["rotation"] | {"epochs": {"value": 20, "reason": "a trial"}}
    changed = {
        "images": {"images": replace(IMAGES, train=200)},
        "seeds": {"seeds": 3},
        "epochs": {"recipes": rest["recipes"] | {"rotation": longer}},
        "models": {"models": rest["models"] | {"again": rest["models"]["rotation"]}},
    }[more]
    few, many = total(jobs()), total(jobs(**changed))
    assert all(many[kind] >= amount for kind, amount in few.items())
    rotation = "inputs of rotation"
    assert many[rotation] / few[rotation] == {"images": 2, "seeds": 3, "epochs": 2, "models": 1}[more]
    assert many["masked"] == few["masked"]  # Score-CAM looks at the first seed, and at as many images


def total(found):
    kinds = {kind for job in found.values() for kind in job.work}
    return {kind: sum(job.work.get(kind, 0) for job in found.values() if job.stage != "trials") for kind in kinds}


def test_images_are_divided_as_the_study_divides_them(tmp_path):
    source = open_source(write_images(tmp_path / "images", train=10))
    assert prediction.count_images(source, None, 0.15) == Images(16, 4, 8, 2)  # of ten, 1.5 are two
    assert prediction.count_images(source, None, "test") == Images(20, 8, 8, 2, validates_on_test=True)
    drawn = {"images_per_class_train": 60, "images_per_class_test": 40}
    assert prediction.count_images(None, drawn, 0.15) == Images(15 * 51, 15 * 9, 600, 15)
    assert prediction.count_images(None, None, 0.1).all == 60_000


def test_the_time_is_bounded_by_cores_by_the_longest_chain_and_by_the_gpu():
    alone = [Job("train", name, name, {"start": 1}, whole=True) for name in "abcd"]
    seconds = dict.fromkeys("abcd", 10.0)
    assert prediction.elapsed(alone, seconds, threads=1, cores=2, one_at_a_time=False) == 20
    assert prediction.elapsed(alone, seconds, threads=2, cores=2, one_at_a_time=False) == 40
    assert prediction.elapsed(alone, seconds, threads=1, cores=8, one_at_a_time=True) == 40
    chained = [replace(job, needs=(before,)) for job, before in zip(alone, " abc", strict=True)]
    assert prediction.elapsed(chained, seconds, threads=1, cores=8, one_at_a_time=False) == 40


def test_a_slope_is_the_power_of_the_size():
    assert Slope("s", "images", (1, 2, 4, 8), [3 * size**1.5 for size in (1, 2, 4, 8)]).slope == pytest.approx(1.5)
    assert Slope("s", "images", (1, 2, 4), [7, 7, 7]).line() == "| s | images: 1, 2, 4 | 7, 7, 7 | 0.00 |"


def test_an_epochs_file_is_made_by_its_training():
    trained = Job("train", "a", "models/a/seed0/weights.safetensors", {})
    follows = Job("features", "a@1", "f", {}, needs=("models/a/seed0/epochs.safetensors",))
    assert prediction.longest_chain([follows, trained], {trained.output: 5.0, "f": 2.0}) == 7


def test_the_pace_of_a_training_runs_the_loop_of_the_trainings(tmp_path, monkeypatch):
    monkeypatch.setattr(clocks, "SECONDS", 0.02)
    toy, state = toy_learner(), State(tmp_path, "x")
    before = toy.model[0].weight.clone()

    def loss(*pair):
        time.sleep(0.01)
        return toy.loss(*pair)

    course = {"schedule": "constant", "warmup": 0.0}
    step, epoch = clocks.training_paces(replace(toy, loss=loss), lambda: toy_batches(1), course, state)
    assert 0.01 / 16 <= step < 0.1 and epoch > 0  # a toy's step has 16 inputs
    assert not torch.equal(before, toy.model[0].weight) and state.load("epoch1") is not None


def test_the_first_round_warms_up_and_the_median_of_the_others_counts(monkeypatch):
    clock = iter([0, 0, 8, 8, 8, 12, 12, 12, 100, 100])  # the end's; then begin, end and look of three rounds
    monkeypatch.setattr(clocks.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(clocks, "SECONDS", 50)
    rounds = iter([1e9, 4, 4, 4])
    assert clocks.pace(lambda: next(rounds)) == 2  # of 2, 1 and 22 seconds per unit


def test_an_estimate_is_written_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(clocks, "SECONDS", 0.01)
    monkeypatch.setattr(paces, "TRAINING_PIXELS", 8 * 32**2)
    monkeypatch.setattr(paces, "_start", lambda code: 2.0)
    main, config = (yaml.safe_load((ROOT / file).read_text(encoding="utf-8")) for file in ("config.yaml", SECOND))
    models = [name for name, line in config["models"].items() if line["task"] == "scenes"][:1]
    explain = main["explain"] | {"models": models, "layers": [1], "images": 1, "sample": 2}
    looks = {"network": main["network"], "embedding": None, "explain": explain}
    looks |= {"inversion": main["inversion"] | {"models": models, "steps": 2}}
    asked = Study(config | looks, task_settings(TASKS)).published({"kind": "drawn"}, {})
    drawn = {"images_per_class_train": 20, "images_per_class_test": 10, "side": 40}
    said = prediction.write_estimate(
        published=asked, root=None, drawn=drawn, results=tmp_path,
        threads=1, cores=2, device="cpu", output=tmp_path / "estimate.json",
    )  # fmt: skip
    assert "450 images of 15 classes" in said and "the whole study" in said
    assert re.search(r"^Training +5 +0 +[\d,]+ +[\d,]+ +\d", said, re.MULTILINE)
    found = json.loads((tmp_path / "estimate.json").read_text(encoding="utf-8"))
    assert 0 < found["seconds"] < found["sum"] and all(pace >= 0 for pace in found["paces"].values())
    assert all(found["paces"][kind] > 0 for kind in ("forward", "folded", "masked", "climbed"))


@pytest.mark.long
def test_the_target_prints_a_table_and_makes_nothing_else(tmp_path):
    images = write_images(tmp_path / "images")
    project = tiny_project(tmp_path / "project")
    done = project.snakemake("estimate", "-c1", delta=delta(images))
    assert done.returncode == 0, done.stderr
    assert "28 images of 2 classes" in done.stdout + done.stderr
    results = project.folder / "results" / "tiny"
    assert {path.name for path in results.iterdir()} <= {"benchmarks", "logs", ".state"}
    assert (results / "logs" / "estimate.log").read_text(encoding="utf-8").startswith("28 images")
