"""EfficientNet-B0 (Tan and Le 2019), as torchvision builds it."""

from torch import nn

from scenessl.vision import efficientnet_b0

WIDTH = 1280  # channels after the last block
INVERTIBLE = True  # the last block is a convolution, its batch norm and an activation: inversion looks into it


def features() -> nn.Sequential:
    """Make the nine randomly initialised feature blocks: [n, 3, side, side] -> [n, 1280, side / 32, side / 32]."""
    return efficientnet_b0().features
