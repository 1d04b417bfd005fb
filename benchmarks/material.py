"""What is measured on: images as a study has them, and networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.project import ROOT
from scenessl.data.cache import write_crops
from scenessl.data.drawn import draw
from scenessl.data.index import write_index
from scenessl.data.parts import write_parts
from scenessl.models.imagenet import write_imagenet_start
from scenessl.models.network import Network, with_features
from scenessl.training.data import Data, read_data
from scenessl.training.starts import write_random_start
from scenessl.training.state import State

SIDE = 224
NETWORK = "efficientnet_b0"


@dataclass(frozen=True)
class Material:
    """A data set, decoded, and where to write.

    Attributes:
        images: folder with the images' files.
        folder: for what is made on the way.
        start: a weights file that networks start from.
    """

    images: Path
    folder: Path
    start: Path

    @property
    def made(self) -> dict[str, Path]:
        """The files that `write_index` makes."""
        return {name: self.folder / name for name in ("index", "classes", "audit", "source")}

    def data(self) -> Data:
        """Give crops, labels and parts of seed 0."""
        return read_data(self.made["index"], self.made["classes"], self.crops, self.folder / "parts.csv")

    @property
    def crops(self) -> Path:
        """The decoded images."""
        return self.folder / "crops.npy"

    def network(self, outputs: int) -> Network:
        """Give the network with the weights it starts from."""
        return with_features(self.start, None, outputs)

    def fresh_state(self) -> State:
        """Give a state of which no turn before has left anything."""
        state = State(self.folder / "state", "a")
        for piece in state.folder.glob("*"):
            piece.unlink()
        return state


def prepare(folder: Path, images: Path | None, start: Path | None) -> Material:
    """Draw images where none are given, list and decode them, and bring the weights into a file of ours.

    Without weights they are random, which takes the same time.
    """
    if images is None:
        images = folder / "drawn"
        draw(images, images_per_class_train=60, images_per_class_test=40, side=256, seed=0)
    material = Material(images, folder, folder / "start.safetensors")
    write_index(root=images, **material.made)
    made = {name: material.made[name] for name in ("index", "classes", "source")}
    write_crops(**made, crops=material.crops, side=SIDE)
    write_parts(index=material.made["index"], parts=folder / "parts.csv", share=0.15, seed=0)
    if start is None:
        write_random_start(network=NETWORK, data=material.data(), seed=0, output=material.start)
    else:
        write_imagenet_start(material.start, start)
    return material


def configuration() -> dict[str, Any]:
    """Read the main study's configuration."""
    with open(ROOT / "config.yaml", encoding="utf-8") as file:
        return yaml.safe_load(file)


def recipe(name: str) -> Mapping[str, object]:
    """Give the settings of a recipe of the main study; what is compared is computed in fp32 on either side."""
    settings = configuration()["recipes"][name]
    return {key: setting["value"] for key, setting in settings.items()} | {"precision": "fp32"}
