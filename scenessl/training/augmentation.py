"""Augmentations of the transformed crops: uint8 batches in, uint8 batches of the same shape out.

They follow the pretraining transform, precede the task's own views, and are off in evaluation.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor
from torchvision.transforms.functional import pad, resized_crop

SMALLEST_AREA = 0.5  # of the crop that a random crop keeps
LARGEST_RATIO = 4 / 3  # of a random crop's sides


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Mirror each image left to right with probability one half."""
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(mirrored[:, None, None, None].to(images.device), images.flip(-1), images)


def crop(images: Tensor, generator: Generator) -> Tensor:
    """Cut a random part of each image and enlarge it to the old size (Szegedy et al. 2015, area 50 to 100 %)."""
    side = images.shape[-1]
    draws = torch.rand(len(images), 4, generator=generator).tolist()
    return torch.stack([_cut(image, side, draw) for image, draw in zip(images, draws, strict=True)])


def shift(images: Tensor, generator: Generator) -> Tensor:
    """Move each image by up to an eighth of its side, rows and columns alike, the rim mirrored.

    The crops of padded images that are usual on CIFAR-10 (He et al. 2016, section 4.2), 4 of 32 pixels; mirroring
    the rim leaves no black border, which would tell a rotation pretext nothing but is no photograph either.
    """
    side = images.shape[-1]
    reach = side // 8
    padded = pad(images, [reach] * 4, padding_mode="reflect")
    windows = padded.unfold(2, side, 1).unfold(3, side, 1)  # [n, C, rows, columns, side, side], a view
    rows, columns = torch.randint(2 * reach + 1, (2, len(images)), generator=generator)
    return windows[torch.arange(len(images)), :, rows, columns]


def _cut(image: Tensor, side: int, draw: Sequence[float]) -> Tensor:
    """Cut one image as four uniform numbers say: area, ratio of sides, row, column."""
    area = side * side * (SMALLEST_AREA + (1 - SMALLEST_AREA) * draw[0])
    ratio = math.exp((2 * draw[1] - 1) * math.log(LARGEST_RATIO))
    height = min(side, max(1, round(math.sqrt(area / ratio))))
    width = min(side, max(1, round(math.sqrt(area * ratio))))
    top, left = int(draw[2] * (side - height + 1)), int(draw[3] * (side - width + 1))
    return resized_crop(image, top, left, height, width, [side, side], antialias=True)


BY_NAME: dict[str, Callable[[Tensor, Generator], Tensor]] = {"flip": flip, "crop": crop, "shift": shift}


def augment(images: Tensor, names: Sequence[str], generator: Generator) -> Tensor:
    """Apply the named augmentations one after the other."""
    for name in names:
        images = BY_NAME[name](images, generator)
    return images
