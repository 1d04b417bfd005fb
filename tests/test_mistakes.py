"""A user's mistakes through the whole workflow: one clear message, no traceback, before anything is trained."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from project import Project, copy_project

STUDENT = 'student={"first_name": "Ada", "last_name": "Lovelace", "number": "s1"}'


def make_images(folder, classes=("a", "b"), images=4, splits=("train", "test")):
    for split in splits:
        for label, name in enumerate(classes):
            (folder / split / name).mkdir(parents=True)
            for number in range(images):
                noise = np.random.default_rng([label, number, len(split)]).integers(0, 256, (40, 50, 3), dtype=np.uint8)
                Image.fromarray(noise).save(folder / split / name / f"{number}.jpg")
    return folder


@pytest.fixture
def images(tmp_path):
    return make_images(tmp_path / "images")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "wrong.pth"
    torch.save({"features.0.0.weight": torch.zeros(1)}, path)
    return path


def message(project: Project, *config: str, delta: str | None = None, job: str = "-n") -> str:
    result = project.snakemake(job, "--config", *config, delta=delta) if config else project.snakemake(job, delta=delta)
    text = result.stdout + result.stderr
    assert result.returncode != 0, text
    assert "Traceback" not in text, text
    return text


def test_a_missing_data_folder(project, tmp_path):
    assert "does not exist" in message(project, f"data={tmp_path}/nowhere", STUDENT)


def test_no_data_at_all(project):
    text = message(project, STUDENT)
    assert "make report DATA=" in text
    assert "make demo" in text


def test_an_empty_class_folder(project, images):
    shutil.rmtree(images / "test" / "b")
    (images / "test" / "b").mkdir()
    assert "b" in message(project, f"data={images}", STUDENT)


def test_a_missing_class_folder(project, images):
    shutil.rmtree(images / "test" / "b")
    assert "'b'" in message(project, f"data={images}", STUDENT) or "b" in message(project, f"data={images}", STUDENT)


def test_missing_student(project, images):
    text = message(project, f"data={images}")
    assert "zip" in text
    assert "first_name" in text or "FIRST_NAME" in text


def test_missing_weights_file(project, images):
    text = message(project, f"data={images}", "weights=/nowhere/at_all.pth", STUDENT)
    assert "/nowhere/at_all.pth" in text


@pytest.mark.parametrize(
    "delta, needle",
    [
        ("recipes: {supervised: {lerning_rate: {value: 1, reason: x}}}", "learning_rate"),
        ("recipes: {supervised: {epochs: {value: ten, reason: x}}}", "recipes.supervised.epochs"),
        ("recipes: {supervised: {epochs: {value: 3, reason: ' '}}}", "reason"),
        ("models: {rotation_scenes: {init: rotaton}}", "rotation"),
        ("models: {rotation: {init: rotation_scenes}}", "cycle"),
        ("student: {number: 0123456}", "put it in quotes"),
        ("seeds: [1, 1]", "seeds"),
    ],
)
def test_mistakes_of_the_configuration_name_the_key(project, delta, needle):
    with_files = Project(project.folder, ("config.yaml", "studies/demo.yaml"))
    assert needle in message(with_files, delta=delta)


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"this is no image", None])
def test_unreadable_images_are_named(tmp_path, images, content):
    project = Project(copy_project(tmp_path / "project"))
    broken = images / "train" / "a" / "0.jpg"
    broken.write_bytes(content if content is not None else broken.read_bytes()[:300])
    result = project.snakemake("results/scene15/data/index.csv", "--config", f"data={images}", STUDENT)
    assert result.returncode != 0
    assert "train/a/0.jpg" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not (project.folder / "results/scene15/data/index.csv").exists()


@pytest.mark.slow
def test_weights_with_wrong_tensors_are_refused(tmp_path, images, weights):
    project = Project(copy_project(tmp_path / "project"))
    config = ("--config", f"data={images}", f"weights={weights}", STUDENT)
    result = project.snakemake("results/scene15/starts/imagenet.safetensors", *config)
    text = result.stdout + result.stderr
    assert result.returncode != 0
    assert "EfficientNet-B0" in text
    assert str(weights) in text
    assert "Traceback" not in text
