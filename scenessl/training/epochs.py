"""The batches of a training's epoch, of images or of cached features, and how many they are."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from scenessl.data.crops import in_colour
from scenessl.training.augmentation import augment
from scenessl.training.seeding import generator
from scenessl.training.views import Views


def image_batches(views: Views, ids: Tensor, settings: Mapping, seed: int, epoch: int) -> Iterator:
    """Give one epoch's batches: every image once, in a drawn order, augmented, in all its views."""
    draws = generator(seed, "draws", epoch)
    order = ids[torch.randperm(len(ids), generator=draws)]
    for chunk in _image_steps(order, settings, views):
        # while they have one plane: a third of the work for grayscale images
        planes = augment(views.data.crops.planes(chunk), settings["augmentation"], draws)
        yield views.show(in_colour(planes), chunk, draws)


def image_steps(ids: Tensor, settings: Mapping, views: Views) -> int:
    """Count the steps of an epoch of `image_batches`."""
    return len(_image_steps(ids, settings, views))


def _image_steps(order: Tensor, settings: Mapping, views: Views) -> list[Tensor]:
    """Cut an epoch's images into steps; a single image left over joins the step before, as it has no statistics."""
    chunks = list(order.split(max(1, settings["batch_size"] // views.task.VIEWS)))
    if len(chunks) > 1 and len(chunks[-1]) == 1:
        chunks[-2:] = [torch.cat(chunks[-2:])]
    return chunks


def feature_batches(
    features: Tensor, labels: Tensor, ids: Tensor, settings: Mapping, draws: torch.Generator
) -> Iterator:
    """Give one epoch of cached features: every image once, in a drawn order; in a drawn view, if the recipe flips."""
    order, size = ids[torch.randperm(len(ids), generator=draws)], settings["batch_size"]
    views = torch.randint(len(features) if "flip" in settings["augmentation"] else 1, (len(ids),), generator=draws)
    for chunk, view in zip(order.split(size), views.split(size), strict=True):
        yield features[view, chunk], labels[chunk]


def feature_steps(ids: Tensor, settings: Mapping) -> int:
    """Count the steps of an epoch of `feature_batches`."""
    return -(-len(ids) // settings["batch_size"])
