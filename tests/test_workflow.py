"""What a change re-makes, on the finished demonstration, by dry run; and what the demonstration holds."""

import contextlib
import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
END = {"report", "page", "checks", "submission submission=Student_Demo_0000000"}
DESCENDANTS = ("perturbation", "perturbation_scenes", "perturbation_scenes_3")
MODELS = {"supervised", "rotation", "rotation_scenes", "random_scenes", *DESCENDANTS}


@contextlib.contextmanager
def edited(path: Path, change):
    """Change a file's text and give it back as it was, content and times."""
    before, times = path.read_bytes(), path.stat()
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    yield
    path.write_bytes(before)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def rules(jobs):
    return {job.split()[0] for job in jobs}


def models(jobs):
    return set(re.findall(r"model=(\w+)", " ".join(jobs)))


def test_after_a_complete_run_nothing_is_to_be_done(demo):
    assert demo.planned() == set()


def test_a_colour_map_remakes_its_figures_and_the_report(demo):
    jobs = demo.planned("explain: {colour_map: viridis}")
    assert rules(jobs) == {
        "scorecam_grid",
        "scorecam_comparison",
        "configuration",
        "report",
        "page",
        "checks",
        "submission",
    } | (rules(jobs) & {"tables", "provenance"})


def test_a_sentence_of_a_template_remakes_the_report_alone(demo):
    with edited(demo.folder / "templates" / "sections" / "introduction.html.jinja", lambda text: text + "<p>More.</p>"):
        assert demo.planned() == END


def test_a_learning_rate_remakes_its_model_and_what_descends_from_it(demo):
    jobs = demo.planned("recipes: {perturbation: {learning_rate: {value: 0.001, reason: a trial}}}")
    trained = {job for job in jobs if job.startswith(("train_", "predict_", "features"))}
    assert models(trained) == set(DESCENDANTS)
    assert "train_network model=perturbation, seed=0" in jobs
    assert not any("model=supervised" in job or "model=rotation" in job for job in trained)


def test_what_cannot_change_results_remakes_nothing(demo):
    assert demo.planned("device: auto\nexplain: {batch_size: 7}") == set()


PIXELS = {"transform: whole", "image_side: 72", "data: {seed: 5}", "unreadable_images: skip"}


@pytest.mark.parametrize("setting", [*sorted(PIXELS), "validation: {value: 0.2, reason: a trial}"])
def test_other_pixels_or_parts_remake_every_model_and_picture(demo, setting):
    jobs = demo.planned(setting)
    assert models({job for job in jobs if job.startswith("train_")}) == MODELS
    wanted = {"predict_network", "features", "scorecam", "inversion", "neighbours", "embedding", "loss_extremes"}
    assert wanted <= rules(jobs)
    assert ("crops" in jobs) == (setting in PIXELS)


def test_a_reason_trains_nothing_again(demo):
    jobs = demo.planned("recipes: {rotation: {learning_rate: {value: 0.002, reason: a better reason}}}")
    assert "report" in jobs
    assert not rules(jobs) & {"train_network", "train_classifier", "try_network", "features", "scorecam", "inversion"}


def test_a_figure_module_remakes_its_figures_and_the_report(demo):
    with edited(demo.folder / "scenessl" / "figures" / "curves.py", lambda text: text + "\nNEW = 1\n"):
        assert rules(demo.planned()) == {"curves", "report", "page", "checks", "submission"}


def test_an_explanation_module_remakes_what_it_explains_and_no_training(demo):
    with edited(demo.folder / "scenessl" / "explain" / "scorecam.py", lambda text: text + "\nNEW = 1\n"):
        jobs = rules(demo.planned())
    assert "scorecam" in jobs
    assert not jobs & {"train_network", "train_classifier", "inversion", "choice", "curves", "tables"}


def test_a_task_trains_its_own_models_again_and_no_other(demo):
    with edited(demo.folder / "scenessl" / "tasks" / "perturbation.py", lambda text: text + "\nNEW = 1\n"):
        jobs = demo.planned()
    assert models({job for job in jobs if job.startswith("train_network")}) == {"perturbation"}


def test_a_comment_in_the_training_trains_nothing(demo):
    with edited(demo.folder / "scenessl" / "training" / "loop.py", lambda text: "# a thought\n" + text):
        assert demo.planned() <= {"submission submission=Student_Demo_0000000", "checks"}


def test_a_new_checkout_of_the_same_content_remakes_nothing(demo):
    for pattern in ("workflow_scripts/*.py", "scenessl/**/*.py", "templates/**/*.jinja"):
        for path in demo.folder.glob(pattern):
            path.touch()
    assert demo.planned() == set()


def test_the_choice_of_images_follows_the_models_that_are_compared(demo):
    jobs = demo.planned("recipes: {supervised: {learning_rate: {value: 0.001, reason: a trial}}}")
    assert "choice" in jobs
    assert {job for job in jobs if job.startswith("scorecam ")} == {
        f"scorecam model={model}" for model in ("supervised", "rotation_scenes", "perturbation_scenes")
    }


def test_another_epoch_of_a_pretext_trains_no_pretext_again(demo):
    jobs = demo.planned("models: {perturbation_scenes_3: {init: perturbation@2}}")
    assert not any(job.startswith("train_network") for job in jobs)
    assert "train_classifier model=perturbation_scenes_3, seed=0" in jobs


def test_a_second_seed_trains_only_that_seed(with_another_seed):
    trained = {job for job in with_another_seed if job.startswith(("train_", "features", "predict_"))}
    assert trained
    assert all("seed=1" in job or "seed1" in job for job in trained)


def accuracies(demo):
    with open(demo.folder / "results" / "demo" / "tables" / "accuracy.csv", encoding="utf-8") as file:
        return {row["model"]: float(row["test_accuracy"]) for row in csv.DictReader(file)}


def test_the_drawn_scenes_are_learnt_but_not_exhausted(demo):
    found = accuracies(demo)
    assert 0.3 < found["supervised"] < 1
    assert 0.4 < found["rotation"] < 1


def test_eight_images_are_classified_rightly_by_all(demo):
    choice = json.loads((demo.folder / "results" / "demo" / "explain" / "choice.json").read_text())
    assert len(choice["images"]) == 8


def test_the_submission_unpacks_and_checks_itself(demo, tmp_path):
    archive = demo.folder / "results" / "demo" / "report" / "Student_Demo_0000000.zip"
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    folder = tmp_path / "Student_Demo_0000000"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    command = [sys.executable, "-m", "scenessl.report.checks", "results"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (folder / "Makefile").is_file()


def test_a_changed_prediction_is_found_by_the_check(demo, tmp_path):
    archive = demo.folder / "results" / "demo" / "report" / "Student_Demo_0000000.zip"
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    folder = tmp_path / "Student_Demo_0000000"
    table = folder / "results" / "demo" / "tables" / "accuracy.csv"
    table.write_text(table.read_text().replace("0.", "0.9", 1))
    command = [sys.executable, "-m", "scenessl.report.checks", "results"]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 1


def test_nothing_of_the_demonstration_is_called_imagenet(demo):
    import pypdf

    reader = pypdf.PdfReader(demo.folder / "results" / "demo" / "report" / "report.pdf")
    text = " ".join(page.extract_text() for page in reader.pages).replace("-\n", "").replace("\n", " ")
    assert "drawn" in reader.pages[0].extract_text()
    assert "random" in reader.pages[0].extract_text()
    mentions = [text[max(0, hit.start() - 60) : hit.end() + 60] for hit in re.finditer("imagenet", text, re.IGNORECASE)]
    allowed = ("large-scale hierarchical", "IMAGENET1K_V1.transforms", "ImageNet classification with deep")
    assert [mention for mention in mentions if not any(word in mention for word in allowed)] == []


def test_no_time_host_or_path_is_in_the_results(demo):
    found = demo.folder / "results" / "demo"
    texts = [*found.glob("tables/*.csv"), *found.glob("models/**/*.csv"), *found.glob("models/**/*.json")]
    texts += [found / "provenance.json", found / "configuration.yaml", found / "data" / "index.csv"]
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert str(demo.folder) not in text, path
        assert os.uname().nodename not in re.split(r"\W", text) or len(os.uname().nodename) < 4, path
