"""Maps of the test images by t-SNE (van der Maaten and Hinton 2008), and how well the classes part, as numbers.

All distances between features are those of their directions: t-SNE takes the squared Euclidean distance of unit
vectors, which is twice the cosine distance, and the silhouette of the features takes the cosine distance itself.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits
from torch import Tensor

from scenessl.arrays import write_arrays
from scenessl.errors import UserError
from scenessl.explain.penultimate import read_directions
from scenessl.training.data import Data
from scenessl.training.seeding import derive, generator

NEIGHBOURS = 10  # of which the purity is the share of the own class
FEWEST = 5  # images of which a map can be made


def write_embedding(
    *, features: Path | str, data: Data, counts: Sequence[int], perplexity: float, seed: int, output: Path | str
) -> None:
    """Map `count` test images for every count, and write what `embed` finds of each.

    The images are drawn evenly from the classes, and those of a small count are among those of a larger one. A count
    beyond the test part takes all of it.

    Writes `counts` int32, `purity_k` int32 (NEIGHBOURS) and, for each count c, `image_c` int32 and `label_c` int16 [c]
    and `<key>_c` for every key of `embed`.

    Args:
        features: the cached features of all images.
        data: labels and parts.
        counts: how many images, each for a map of its own.
        perplexity: wanted of t-SNE, about the number of neighbours that a point heeds; see `fitting_perplexity`.
        seed: of the draw of the images and of t-SNE.
        output: .npz.

    Raises:
        UserError: fewer than FEWEST test images.
    """
    directions, order = read_directions(features).numpy(), balanced(data.parts["test"], data.labels, seed)
    if len(order) < FEWEST:
        raise UserError(f"embedding: a map takes at least {FEWEST} test images, and there are {len(order)}.")
    arrays: dict[str, np.ndarray] = {
        "counts": np.array(counts, np.int32),
        "purity_k": np.array(NEIGHBOURS, np.int32),
    }
    for count in counts:
        images = order[:count].numpy()
        labels = data.labels.numpy()[images]
        found = {"image": images.astype(np.int32), "label": labels.astype(np.int16)}
        found |= embed(directions[images], labels, perplexity, seed)
        arrays |= {f"{key}_{count}": values for key, values in found.items()}
    write_arrays(output, arrays)


def balanced(images: Tensor, labels: Tensor, seed: int) -> Tensor:
    """Put `images` (ids, int64 [n]) into a drawn order in which every beginning has as many of each class as it can.

    The draw is the class's own: another class with more or fewer images changes nothing within it.
    """
    turns = []
    for label in labels[images].unique().tolist():
        own = images[labels[images] == label]
        drawn = own[torch.randperm(len(own), generator=generator(seed, "embedding", label))]
        turns += [(turn, label, image) for turn, image in enumerate(drawn.tolist())]
    return torch.tensor([image for _, _, image in sorted(turns)], dtype=torch.int64)


def embed(features: np.ndarray, labels: np.ndarray, perplexity: float, seed: int) -> dict[str, np.ndarray]:
    """Map images into the plane, and measure how well the classes part there and among the features.

    Everything runs on one thread, so that sums have one order: same inputs, same bytes, on however many cores.

    Args:
        features: unit rows, float32 [n, width].
        labels: of the images [n].
        perplexity: wanted.
        seed: of t-SNE.

    Returns:
        `points` float32 [n, 2]; float32 scalars: the `perplexity` used; `silhouette` and `purity` of the map,
        `silhouette_features` and `purity_features`; `purity_chance` and `purity_best`, see `purity_limits`.
    """
    used = fitting_perplexity(perplexity, len(labels))
    with threadpool_limits(1):
        mapped = TSNE(perplexity=used, init="pca", random_state=derive(seed, "t-SNE") % 2**32).fit_transform(features)
        scores = {
            "silhouette": silhouette(mapped, labels, "euclidean"),
            "purity": purity(mapped, labels),
            "silhouette_features": silhouette(features, labels, "cosine"),
            "purity_features": purity(features, labels),
        }
    chance, best = purity_limits(labels)
    scores |= {"perplexity": used, "purity_chance": chance, "purity_best": best}
    return {"points": mapped.astype(np.float32)} | {key: np.array(score, np.float32) for key, score in scores.items()}


def fitting_perplexity(wanted: float, images: int) -> float:
    """Lower the perplexity to what so many images allow: t-SNE heeds three times as many neighbours as it says."""
    return min(float(wanted), (images - 1) / 3)


def silhouette(points: np.ndarray, labels: np.ndarray, metric: str) -> float:
    """Compute the mean silhouette coefficient (Rousseeuw 1987), -1..1.

    That of a point compares its mean distance to its own class, a, with that to the nearest other class, b:
    (b - a) / max(a, b). NaN where it is not defined: a single class, or as many classes as points.
    """
    return silhouette_score(points, labels, metric=metric) if 1 < len(np.unique(labels)) < len(labels) else np.nan


def purity(points: np.ndarray, labels: np.ndarray) -> float:
    """Compute the mean share, 0..1, of a point's nearest neighbours (NEIGHBOURS, or all) that are of its class.

    A point is no neighbour of itself. Distances are Euclidean; of unit vectors, they rank as cosine similarity does.
    """
    count = min(NEIGHBOURS, len(labels) - 1)
    nearest = NearestNeighbors(n_neighbors=count).fit(points).kneighbors(return_distance=False)
    return float((labels[nearest] == labels[:, None]).mean())


def purity_limits(labels: np.ndarray) -> tuple[float, float]:
    """Compute the purity to expect of neighbours drawn at random, and the highest there can be, both 0..1.

    A class of ten images has nine neighbours of its own to offer: with ten neighbours its purity is 0.9 at best.
    """
    _, position, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    own, others = sizes[position] - 1, len(labels) - 1
    return float((own / others).mean()), float(np.minimum(own / min(NEIGHBOURS, others), 1).mean())
