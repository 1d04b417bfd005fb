"""docs/EXTENDING.md, followed to the letter: what it says to write is written, and does what it says."""

import re
import shutil
from pathlib import Path

import pypdf
import pytest
from project import Project, copy_project
from safetensors import safe_open

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^`([^`\n]+)`\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files_of(heading):
    """Read the files that one page of the document says to write: name -> content."""
    text = (ROOT / "docs" / "EXTENDING.md").read_text(encoding="utf-8")
    page = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(BLOCK.findall(page))


@pytest.fixture
def mirror(demo):
    """The finished demonstration with the page's toy pretext; taken away again."""
    files = files_of("A pretext task")
    assert set(files) == {"scenessl/tasks/mirror.py", "studies/mirror.yaml"}
    for name, content in files.items():
        (demo.folder / name).write_text(content, encoding="utf-8")
    yield files
    for name in files:
        (demo.folder / name).unlink()
    shutil.rmtree(demo.folder / "results" / "mirror", ignore_errors=True)


@pytest.mark.slow
def test_a_new_pretext_trains_itself_and_nothing_that_is_there(demo, mirror):
    jobs = demo.planned(mirror["studies/mirror.yaml"])
    trained = {job for job in jobs if job.startswith(("train_", "predict_", "features"))}
    assert trained == {
        "train_network model=mirror, seed=0",
        "predict_network model=mirror, seed=0",
        "features start=mirror-seed0",
        "train_classifier model=mirror_scenes, seed=0",
        "predict_classifier model=mirror_scenes, seed=0",
    }
    assert "pretext_sheet task=mirror" in jobs


@pytest.mark.slow
def test_the_new_pretext_trains_with_its_own_setting(demo, mirror):
    made = "results/mirror/models/mirror_scenes/seed0/weights.safetensors"
    few = "study: mirror\ndata: {images_per_class_train: 4, images_per_class_test: 2}\n"
    result = demo.snakemake(made, delta=few + mirror["studies/mirror.yaml"])
    assert result.returncode == 0, result.stdout + result.stderr
    with safe_open(demo.folder / made, framework="pt") as file:
        assert "features.8.0.weight" in file.keys()  # noqa: SIM118
    refused = mirror["studies/mirror.yaml"].replace(
        "    settings:\n", "    settings:\n      shift: {value: 17, reason: too far}\n", 1
    )
    result = demo.snakemake("-n", delta=refused)
    assert result.returncode == 1
    assert "models.mirror.settings.shift.value: 17 is above 16" in result.stdout + result.stderr


@pytest.mark.long
def test_the_page_on_a_study_gives_its_report(tmp_path):
    files = files_of("A study")
    assert set(files) == {
        "scenessl/report/documents/turns.py",
        "templates/turns.html.jinja",
        "studies/turns.yaml",
    }
    folder = copy_project(tmp_path / "project")
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    result = Project(folder, ("studies/turns.yaml",)).snakemake()
    assert result.returncode == 0, (result.stdout + result.stderr)[-5000:]
    pages = pypdf.PdfReader(folder / "results" / "turns" / "report" / "report.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "What Turns Teach" in text
    assert "Is a network that has learnt turns worth more than a random one?" in text
