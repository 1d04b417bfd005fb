"""Which features are alike: by the cosine of the angle between them."""

import torch
import torch.nn.functional as F
from torch import Tensor

SIMILARITIES = 2**24  # held at once (64 MB): 10,000 queries against 50,000 references would be 2 GB


def unit(features: Tensor, out: Tensor | None = None) -> Tensor:
    """Scale the rows of float [n, d] to length 1, into `out` if given; a row of zeros stays so, similar to nothing."""
    return F.normalize(features, dim=1, out=out)


def nearest(queries: Tensor, references: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the references that are most similar to each query.

    Args:
        queries: unit rows, float32 [q, d].
        references: unit rows, float32 [r, d], on the same device.
        count: how many, at most r.

    Returns:
        Their cosine similarities, float32 [q, count] in -1..1, falling, and their rows, int64 [q, count]. References
        that are equally similar stand in any order, the same each time.
    """
    rows = max(1, SIMILARITIES // len(references))
    found = [torch.topk(chunk @ references.T, count, dim=1) for chunk in queries.split(rows)]
    similarity = torch.cat([part.values for part in found]).clamp(-1, 1)  # rounding leaves 1.0000001
    return similarity, torch.cat([part.indices for part in found])
