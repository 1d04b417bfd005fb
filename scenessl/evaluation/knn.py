"""Classification by the nearest neighbours' votes, weighted by similarity (Wu et al. 2018, section 3.4)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from scenessl.models.similarity import nearest


def classify(
    queries: Tensor, references: Tensor, labels: Tensor, *, classes: int, counts: Sequence[int], temperature: float
) -> Tensor:
    """Give each query the class with the largest sum of exp(similarity / temperature) over its nearest references.

    Args:
        queries: unit rows, float32 [q, d].
        references: unit rows, float32 [r, d].
        labels: of the references, int64 [r].
        classes: K.
        counts: numbers of neighbours; one beyond r means all.
        temperature: above 0; the smaller, the more the most similar ones count.

    Returns:
        int64 [counts, q]; the first of classes with equal sums.
    """
    similarity, rows = nearest(queries, references, min(max(counts), len(references)))
    # Relative to the nearest one: the same winner, and no power overflows.
    votes = torch.exp((similarity - similarity[:, :1]) / temperature)
    found = labels[rows]
    return torch.stack([_sums(votes[:, :count], found[:, :count], classes).argmax(1) for count in counts])


def _sums(votes: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Add the votes [q, k] by label [q, k]: [q, K]."""
    return votes.new_zeros(len(votes), classes).scatter_add_(1, labels, votes)
