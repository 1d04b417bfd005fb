"""A study of one small training on a handful of images, for the tests that run snakemake many times."""

from pathlib import Path

from project import Project, copy_project

from scenessl.data.drawn import paint
from scenessl.data.scenery import SCENES

CONFIGFILES = ("studies/cifar10.yaml", "studies/cifar10_demo.yaml")
TRAINING = "models/rotation/seed0/weights.safetensors"


def tiny_project(folder: Path) -> Project:
    """Copy the project; its studies are given by `delta`."""
    return Project(copy_project(folder), CONFIGFILES)


def write_images(folder: Path, train: int = 10, side: int = 32) -> Path:
    """Paint two classes of some train and four test images."""
    for split, count in (("train", train), ("test", 4)):
        for label, name in enumerate(list(SCENES)[:2]):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                paint(name, side, [label, number, count]).save(folder / split / name / f"{number}.png")
    return folder


def delta(data: Path, study: str = "tiny", epochs: int = 2, **more: str) -> str:
    """Give the configuration of the study, after CONFIGFILES."""
    lines = [f"study: {study}", f"data: {data}", "zip: false", *(f"{key}: {value}" for key, value in more.items())]
    return "\n".join([*lines, "recipes:", f"  rotation: {{epochs: {{value: {epochs}, reason: short}}}}"])
