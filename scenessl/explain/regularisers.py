"""What keeps an image under gradient ascent recognisable: Yosinski et al. (2015) and small random motions.

Yosinski et al., "Understanding Neural Networks Through Deep Visualization" (2015), section 3, name four
regularisers; each is one function `images -> images` here. Images are float32 [b, 3, S, S] in normalised space,
where 0 is the mean colour. Every image is treated by itself: a batch gives what its images give one by one.
"""

import math
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor


def decayed(images: Tensor, decay: float) -> Tensor:
    """Shrink towards the mean colour: x <- (1 - decay) x (L2 decay; decay in 0..1)."""
    return images * (1.0 - decay)


def gaussian_kernel(sigma: float, radius: int) -> Tensor:
    """Give the sampled Gaussian of standard deviation `sigma` pixels with sum 1, float32 [2 radius + 1]."""
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Blur with a Gaussian of standard deviation `sigma` pixels; sigma 0 changes nothing.

    The Gaussian is cut at four sigma (or at the image's side); beyond the border the image is mirrored.
    """
    if sigma <= 0:
        return images
    radius = min(math.ceil(4 * sigma), min(images.shape[-2:]) - 1)
    kernel = gaussian_kernel(sigma, radius).to(images)
    channels = images.shape[1]
    padded = F.pad(images, (radius,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, -1, -1, -1), groups=channels)
    return F.conv2d(rows, kernel.view(1, 1, -1, 1).expand(channels, -1, -1, -1), groups=channels)


def without_small_norms(images: Tensor, percentile: float) -> Tensor:
    """Set the pixels whose norm over the colours lies below the image's `percentile` (0..100) to the mean colour."""
    return _without_smallest(images, images.norm(dim=1), percentile)


def without_small_contributions(images: Tensor, gradient: Tensor, percentile: float) -> Tensor:
    """Set the pixels that matter least to the mean colour.

    The contribution of a pixel is |sum over colours of x * gradient|, the first-order change of the activation
    when the pixel becomes 0 (Yosinski et al.); those below the image's `percentile` (0..100) go.
    """
    return _without_smallest(images, (images * gradient).sum(dim=1).abs(), percentile)


def _without_smallest(images: Tensor, size: Tensor, percentile: float) -> Tensor:
    """Zero the pixels of [b, 3, S, S] whose `size` [b, S, S] lies below the image's percentile."""
    if percentile <= 0:
        return images
    limit = torch.quantile(size.flatten(1), percentile / 100, dim=1)
    return images * (size >= limit.view(-1, 1, 1)).unsqueeze(1)


def motion(generator: torch.Generator, *, side: int, shift: float, turn: float, zoom: float) -> Tensor:
    """Draw one small random motion as an affine matrix [2, 3] in the coordinates of `affine_grid` (-1..1).

    Shifts are uniform in -shift..shift pixels per axis, turns in -turn..turn degrees, scalings in 1-zoom..1+zoom.
    """
    across, down, angle, scale = (2 * torch.rand(4, generator=generator) - 1).tolist()
    return affine(across * shift, down * shift, turn * angle, zoom * scale, side)


def affine(across: float, down: float, turn: float, zoom: float, side: int) -> Tensor:
    """Make a matrix [2, 3] that shifts by pixels, turns by degrees and scales by 1 + zoom."""
    angle, scale, pixel = math.radians(turn), 1 + zoom, 2 / side
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    return torch.tensor([[cosine, -sine, across * pixel], [sine, cosine, down * pixel]])


def sixteen_motions(shift: float, turn: float, zoom: float, side: int) -> list[Tensor]:
    """Make the sixteen matrices that shift, turn and scale by exactly so much, in every combination of directions."""
    ways = product((-1, 1), repeat=4)
    return [affine(a * shift, b * shift, c * turn, d * zoom, side) for a, b, c, d in ways]


def moved(images: Tensor, matrix: Tensor) -> Tensor:
    """Show every image through the same affine `matrix` [2, 3]; the border is mirrored, sampling is bilinear."""
    theta = matrix.to(images).expand(len(images), -1, -1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
