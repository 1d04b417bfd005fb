"""The train images that a network finds most similar to test images (Krizhevsky et al. 2012, section 6.1)."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scenessl.arrays import write_arrays
from scenessl.explain.penultimate import read_directions
from scenessl.models.similarity import nearest
from scenessl.training.data import Data
from scenessl.training.seeding import generator

AS_GOOD_AS_ONE = 1 - 1e-5  # a similarity of single-precision features of the same image


def write_neighbours(
    *, features: Path | str, data: Data, images: int, neighbours: int, seed: int, output: Path | str
) -> None:
    """Find the nearest train images of all test images, and keep those of a few queries to be looked at.

    Near is what has a high cosine similarity of the features before the classifier. The images searched are the train
    split as the data set is given, the train and the validation part. A byte-identical copy of a test image that lies
    there is found like any other, with similarity 1.

    Writes `query` int32 [q] and `query_label` int16 [q] (see `choose_queries`); `neighbours` int32, `similarity`
    float32 and `neighbour_label` int16 [q, k], the most similar first; `purity_query` float32 [q], the share of a
    query's neighbours that are of its class; over the whole test part, `share_right` float32, the mean of that
    share, `share_by_class` float32 [K] (NaN for a class without test images), `chance` float32, what neighbours drawn
    at random give, `tested` int32, the number of test images, and `identical` int32, how many of them have a neighbour
    of similarity 1; `searched` int32, the number of train images; `names` str [K].

    Args:
        features: the cached features of all images.
        data: labels, classes and parts.
        images: q, how many queries; fewer where the test part has fewer classes.
        neighbours: k; fewer where there are not as many train images.
        seed: of the draw of the queries.
        output: .npz.
    """
    directions, labels = read_directions(features), data.labels
    test, train = data.parts["test"], split_train(data)
    query = choose_queries(test, labels, images, seed)
    similarity, row = nearest(directions[test], directions[train], min(neighbours, len(train)))
    found = train[row]
    share = (labels[found] == labels[test][:, None]).float().mean(1)
    rows = torch.searchsorted(test, query)
    arrays = {
        "query": query.int(),
        "query_label": labels[query].short(),
        "neighbours": found[rows].int(),
        "neighbour_label": labels[found[rows]].short(),
        "similarity": similarity[rows],
        "purity_query": share[rows],
        "share_right": share.double().mean().float(),
        "share_by_class": _by_class(share, labels[test], len(data.classes)),
        "chance": _chance(labels[test], labels[train]),
        "tested": torch.tensor(len(test), dtype=torch.int32),
        "searched": torch.tensor(len(train), dtype=torch.int32),
        "identical": (similarity[:, 0] >= AS_GOOD_AS_ONE).sum().int(),
    }
    named = {"names": np.array(data.classes, np.str_)}
    write_arrays(output, {name: values.numpy() for name, values in arrays.items()} | named)


def split_train(data: Data) -> Tensor:
    """Give the ids of the train split as the data set is given: all images that are no test images, ascending."""
    kept = torch.ones(len(data.labels), dtype=torch.bool)
    kept[data.parts["test"]] = False
    return kept.nonzero().flatten()


def choose_queries(test: Tensor, labels: Tensor, images: int, seed: int) -> Tensor:
    """Choose test images of different classes: the same for every network, since only data and seed count.

    The classes are spread evenly over the labels (of ten classes and five images: 0, 2, 4, 6 and 8), and of each class
    one image is drawn, whatever a network makes of it.

    Args:
        test: ids of the test images, int64 [n].
        labels: of all images, by id.
        images: how many; one of each class, where there are fewer classes.
        seed: of the draw.
    """
    present = labels[test].unique().tolist()
    images = min(images, len(present))
    chosen = [present[position * len(present) // images] for position in range(images)]
    return torch.stack([_one_of(test[labels[test] == label], seed, label) for label in chosen])


def _one_of(images: Tensor, seed: int, label: int) -> Tensor:
    """Draw one of a class's test images."""
    return images[torch.randint(len(images), (), generator=generator(seed, "neighbours", label))]


def _by_class(share: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Average over the images of each class: float32 [classes], NaN without images."""
    sums = torch.zeros(classes, dtype=torch.float64).index_add_(0, labels, share.double())
    return (sums / torch.bincount(labels, minlength=classes)).float()


def _chance(queries: Tensor, references: Tensor) -> Tensor:
    """Give the share of right neighbours to expect of random ones, from the labels of both."""
    classes = int(max(queries.max(), references.max())) + 1
    shares = torch.bincount(references, minlength=classes) / len(references)
    return shares[queries].double().mean().float()
