"""Whole studies beside the demonstration, from images to the report: other people's data, and the second study."""

import json
import subprocess
import sys

import numpy as np
import pypdf
import pytest
from project import Project, copy_project

from scenessl.data.drawn import paint
from scenessl.data.scenery import SCENES

pytestmark = pytest.mark.long
FORMATS = ("png", "jpg", "bmp", "tiff", "webp")
SHORT = """
zip: false
image_side: 64
recipes:
  supervised: {epochs: {value: 2, reason: short}}
  rotation: {epochs: {value: 3, reason: short}}
  perturbation: {epochs: {value: 3, reason: short}}
inversion: {steps: 4}
embedding: {images: [20, 40]}
"""


def write_images(folder, names, count):
    """Paint `count` images of each class, in mixed formats, colour and gray, sizes and shapes."""
    scenes = list(SCENES)
    for label, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            image = paint(scenes[label % len(scenes)], 70 + number % 3, [label, number])
            image = image.convert("L") if number % 4 == 3 else image.crop((0, 0, 70, 66))
            image.save(folder / name / f"bild {number:02}.{FORMATS[number % len(FORMATS)]}")


def report_of(project: Project, study: str) -> str:
    """Give the text of a study's report in one line."""
    reader = pypdf.PdfReader(project.folder / "results" / study / "report" / "report.pdf")
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


@pytest.fixture
def own(tmp_path):
    """The project, with the demonstration's small sizes, for data of somebody's own."""
    return Project(copy_project(tmp_path / "project"), ("config.yaml", "studies/demo.yaml"))


def run(project, data, study, jobs="all"):
    """Run a study on a data folder to its end."""
    config = f"study: {study}\ndata: {data}\n" + SHORT
    result = project.snakemake("--cores", jobs, delta=config)
    assert result.returncode == 0, (result.stdout + result.stderr)[-5000:]


def test_two_classes_without_a_split(own, tmp_path):
    write_images(tmp_path / "own", ["Café & <b>", "$x_1$, grün"], 24)
    run(own, tmp_path / "own", "two")
    text = report_of(own, "two")
    assert "Café & <b>" in text
    assert "$x 1$, grün" in text  # "_" is shown as a space
    assert "by seed" in text or "was drawn" in text
    assert "fifteen" not in text.lower()
    assert "two classes" in text or "2 classes" in text or "2 class folders" in text


def test_forty_classes_with_spaces_accents_and_mixed_formats(own, tmp_path):
    names = [f"Straße Nº {number:02} – côté ouest" for number in range(40)]
    for split, count in (("train", 6), ("test", 3)):
        write_images(tmp_path / "own" / split, names, count)
    run(own, tmp_path / "own", "forty")
    text = report_of(own, "forty")
    assert all(f"Nº {number:02}" in text for number in range(40))
    assert "fifteen" not in text.lower()
    index = (own.folder / "results" / "forty" / "data" / "index.csv").read_text(encoding="utf-8")
    assert all(f".{suffix}" in index for suffix in FORMATS)


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """The second study's demonstration, finished."""
    files = ("studies/cifar10.yaml", "studies/cifar10_demo.yaml")
    project = Project(copy_project(tmp_path_factory.mktemp("second")), files)
    result = project.snakemake("--quiet", "rules")
    assert result.returncode == 0, (result.stdout + result.stderr)[-5000:]
    return project


def test_the_second_study_answers_its_own_document(second):
    text = report_of(second, "cifar10_demo")
    for word in ("cross-entropy", "class activation", "t-SNE", "neighbours", "small residual network"):
        assert word.lower() in text.lower(), word
    assert "EfficientNet-B0" not in text
    assert "drawn" in text


def test_the_second_study_is_complete_and_then_finds_nothing_to_do(second):
    checks = json.loads((second.folder / "results" / "cifar10_demo" / "report" / "checks.json").read_text())
    assert checks
    assert second.planned() == set()


def test_the_second_study_learns(second):
    with np.load(
        second.folder / "results" / "cifar10_demo" / "models" / "supervised" / "seed0" / "predictions.npz"
    ) as f:
        test = f["part"] == 2
        right = (f["probabilities"].argmax(1) == f["target"])[test].mean()
    assert 0.25 < right < 1


def test_the_second_study_checks_itself(second):
    command = [sys.executable, "-m", "scenessl.report.checks", "results"]
    done = subprocess.run(command, cwd=second.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
