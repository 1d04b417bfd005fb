"""Rotation: by how many quarter turns was the image turned? (Gidaris et al. 2018, section 2)."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy as loss  # noqa: F401

from scenessl.vision import transforms

SETTINGS = {}
VIEWS = 4


def target_names(classes: list[str]) -> list[str]:
    """Name the outputs: class k is a turn of 90k degrees counter-clockwise."""
    return [f"{90 * turn}°" for turn in range(VIEWS)]


def show(images: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Give every image in all four turns, one whole turn after the other.

    The images are square, so no corner is filled and none tells the answer.

    Args:
        images: uint8 [n, 3, side, side].
        labels: not looked at; a pretext task needs none.
        generator: not used, nothing is drawn.

    Returns:
        uint8 [4n, 3, side, side] and the targets [4n], 0 to 3.
    """
    turned = [images] + [transforms.rotate(images, 90.0 * turn) for turn in range(1, VIEWS)]
    targets = torch.arange(VIEWS, device=images.device).repeat_interleave(len(images))
    return torch.cat(turned), targets
