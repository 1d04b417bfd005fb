"""The features that a network's classifier sees, as maps and neighbours compare them."""

from pathlib import Path

from torch import Tensor

from scenessl.models import weights
from scenessl.models.similarity import unit


def read_directions(features: Path | str) -> Tensor:
    """Read the cached features of all images as they are (view 0), scaled to length 1: float32 [n, width], by id.

    Of a feature vector only the direction is kept: its length says how strongly the network responds, which varies
    with an image's contrast more than with what it shows.
    """
    return unit(weights.load(features)["features"][0])
