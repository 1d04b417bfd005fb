"""How alike two sets of features of the same images are: linear centred kernel alignment, without its bias."""

from collections.abc import Sequence

import torch
from torch import Tensor

LEAST = 4  # images, of which the unbiased estimate exists


def gram(features: Tensor) -> Tensor:
    """Give the inner products of all pairs of rows of float [n, d], without those of rows with themselves: [n, n].

    In double precision, since differences of large sums follow.
    """
    rows = features.double()
    rows = rows - rows.mean(0)  # changes no result, and keeps the sums small
    return (rows @ rows.T).fill_diagonal_(0)


def linear_cka(one: Tensor, other: Tensor) -> float:
    """Compare two sets of features by their Grams, as `gram` makes them, of the same n images (4 at least).

    Kornblith et al., "Similarity of neural network representations revisited" (2019), with the unbiased estimate of
    HSIC by Song et al. (2012, eq. 5), as Nguyen, Raghu and Kornblith (2021) use it: unrelated features come out near
    0 (a little above or below) even where there are more features than images. 1 for features that differ by a
    rotation and a factor. NaN where one of them is the same for all images.
    """
    scale = (_hsic(one, one) * _hsic(other, other)) ** 0.5
    return float(_hsic(one, other) / scale) if scale > 0 else float("nan")


def _hsic(one: Tensor, other: Tensor) -> float:
    """Estimate the Hilbert-Schmidt independence criterion from two Grams with zero diagonals, up to its factor."""
    n = len(one)
    rows_one, rows_other = one.sum(0), other.sum(0)
    found = (one * other).sum() + rows_one.sum() * rows_other.sum() / ((n - 1) * (n - 2))
    found = found - 2 / (n - 2) * (rows_one @ rows_other)
    return max(0.0, float(found)) if one is other else float(found)


def block_distances(start: Sequence[Sequence[Tensor]], end: Sequence[Sequence[Tensor]]) -> list[float]:
    """Give, block by block, the L2 distance of the parameters from their start, relative to the start's norm."""
    return [
        float(
            _norm([b.double() - a.double() for a, b in zip(*pair, strict=True)]) / _norm([a.double() for a in pair[0]])
        )
        for pair in zip(start, end, strict=True)
    ]


def _norm(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack([tensor.square().sum() for tensor in tensors]).sum().sqrt()
