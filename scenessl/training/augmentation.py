"""Augmentations of the transformed crops: uint8 batches [b, C, S, S] in, uint8 batches of the same shape out.

They follow the pretraining transform, precede the task's own views, and are off in evaluation.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

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

    The crops of padded images that are usual on CIFAR-10 (He et al. 2016, section 4.2), 4 of 32 pixels; a mirrored rim
    in place of a black one looks like the rest of the image.
    """
    side = images.shape[-1]
    reach = side // 8
    inside = torch.arange(-reach, side + reach).abs()
    inside = torch.where(inside < side, inside, 2 * (side - 1) - inside)  # mirrored beyond either edge
    moves = torch.randint(2 * reach + 1, (2, len(images)), generator=generator)
    rows, columns = (inside[move[:, None] + torch.arange(side)] for move in moves)
    return images[torch.arange(len(images))[:, None, None], :, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def _cut(image: Tensor, side: int, draw: Sequence[float]) -> Tensor:
    """Cut one image as four uniform numbers say: area, ratio of sides, row, column."""
    from scenessl.vision import transforms  # an import that few jobs need

    area = side * side * (SMALLEST_AREA + (1 - SMALLEST_AREA) * draw[0])
    ratio = math.exp((2 * draw[1] - 1) * math.log(LARGEST_RATIO))
    height = min(side, max(1, round(math.sqrt(area / ratio))))
    width = min(side, max(1, round(math.sqrt(area * ratio))))
    top, left = int(draw[2] * (side - height + 1)), int(draw[3] * (side - width + 1))
    return transforms.resized_crop(image, top, left, height, width, [side, side], antialias=True)


BY_NAME: dict[str, Callable[[Tensor, Generator], Tensor]] = {"flip": flip, "crop": crop, "shift": shift}


def augment(images: Tensor, names: Sequence[str], generator: Generator) -> Tensor:
    """Apply the named augmentations one after the other."""
    for name in names:
        images = BY_NAME[name](images, generator)
    return images
