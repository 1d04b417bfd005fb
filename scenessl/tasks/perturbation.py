"""Perturbation: is the small square black or white? (the study's second pretext task)."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy as loss  # noqa: F401

SETTINGS = {
    "square": {
        "type": "integer",
        "minimum": 1,
        "maximum": 64,
        "description": "side of the painted square in pixels",
    }
}
VIEWS = 2


def target_names(classes: list[str]) -> list[str]:
    """Name the outputs: class 0 is the black square, class 1 the white one."""
    return ["black", "white"]


def draw_corners(images: Tensor, generator: torch.Generator, square: int) -> Tensor:
    """Draw the upper left corner of a square that lies wholly inside each image: int64 [n, 2] (row, column)."""
    height, width = images.shape[-2:]
    rows = torch.randint(height - square + 1, (len(images),), generator=generator)
    columns = torch.randint(width - square + 1, (len(images),), generator=generator)
    return torch.stack([rows, columns], dim=1)


def paint(images: Tensor, corners: Tensor, square: int, value: int) -> Tensor:
    """Set exactly square x square pixels of each image to `value` (0 or 255), on a copy."""
    painted = images.clone()
    for image, (row, column) in zip(painted, corners.tolist(), strict=True):
        image[:, row : row + square, column : column + square] = value
    return painted


def show(images: Tensor, labels: Tensor, generator: torch.Generator, square: int) -> tuple[Tensor, Tensor]:
    """Give every image twice, with a black and with a white square at the same drawn place.

    Painted in pixel space after the crop and before the normalisation, so that no square is cut or blurred.

    Args:
        images: uint8 [n, 3, side, side].
        labels: not looked at; a pretext task needs none.
        generator: draws one place per image.
        square: side of the square in pixels.

    Returns:
        uint8 [2n, 3, side, side], all black ones first, and the targets [2n], 0 or 1.
    """
    corners = draw_corners(images, generator, square)
    views = torch.cat([paint(images, corners, square, value) for value in (0, 255)])
    return views, torch.arange(VIEWS, device=images.device).repeat_interleave(len(images))
