"""A user's mistakes through the whole workflow: one clear message, no traceback, before anything is trained."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from project import Project, copy_project

DEMO = ("config.yaml", "studies/demo.yaml")
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


def test_missing_images_weights_and_student_are_said_at_once(project, tmp_path):
    text = message(project, f"data={tmp_path}/nowhere", "weights=/nowhere/at_all.pth")
    assert f"data: {tmp_path}/nowhere does not exist" in text
    assert "weights: /nowhere/at_all.pth cannot be read" in text
    assert "student: first_name, last_name, number missing" in text
    assert "FIRST_NAME=" in text and "zip=False" in text


def test_no_data_at_all(project):
    text = message(project, STUDENT)
    assert "make report DATA=" in text
    assert "make demo" in text


@pytest.mark.parametrize(
    "is_there, said", [(True, "test/b holds no image"), (False, "test lacks the class folder 'b'")]
)
def test_a_class_without_images_in_one_split(project, images, is_there, said):
    shutil.rmtree(images / "test" / "b")
    if is_there:
        (images / "test" / "b").mkdir()
    assert said in message(project, f"data={images}", STUDENT)


MISTAKES = """
models: {rotation_scenes: {init: rotaton}}
recipes:
  supervised: {lerning_rate: {value: 1, reason: x}, epochs: {value: ten, reason: x}}
  rotation: {epochs: {value: 3, reason: ' '}}
student: {number: 0123456}
seeds: [1, 1]
"""
NAMED = """
  models.rotation_scenes.init: no model is called 'rotaton'; did you mean 'rotation'?
  recipes.rotation.epochs.reason: is empty
  recipes.supervised.epochs.value: 'ten' is not a whole number
  recipes.supervised.lerning_rate: unknown key; did you mean 'learning_rate'?
  seeds: [1, 1] names something twice
  student.number: 42798 (what begins with 0 is octal to YAML) is not text or null; put it in quotes
"""


def test_mistakes_of_the_configuration_name_their_keys_all_at_once(project):
    text = message(Project(project.folder, DEMO), delta=MISTAKES)
    assert [line for line in NAMED.splitlines() if line not in text] == []


def test_a_cycle_of_models_is_no_study(project):
    assert "cycle" in message(Project(project.folder, DEMO), delta="models: {rotation: {init: rotation_scenes}}")


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
