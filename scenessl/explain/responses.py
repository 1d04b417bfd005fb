"""What the inverted filters answer to the views of the pretext tasks: turned images, images with a painted square.

Yosinski et al. (2015) show images that excite a filter; whether a filter answers to what such an image seems to show is
asked here of real test images.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from scenessl.explain.inversion import Units
from scenessl.training.data import Data, spread
from scenessl.training.views import Views, load_task

TESTED = 300  # test images, through all classes; their views are the cost


def responses_to_views(
    model: nn.Module,
    filters: Sequence[int],
    data: Data,
    images: Sequence[int],
    *,
    tasks: Mapping[str, Mapping],
    seed: int,
    device: torch.device,
) -> dict[str, np.ndarray]:
    """Ask filters of the last convolution about real images in all views of some tasks.

    Args:
        model: a network whose last feature block is Sequential(convolution, batch norm, activation).
        filters: indices of F filters.
        data: crops and labels.
        images: ids of the test images, by class.
        tasks: module names in `scenessl.tasks`, with their settings.
        seed: fixes what the tasks draw.
        device: where to compute.

    Returns:
        `tested` int32 [m], images; `views_<task>` float32 [m, views, F], the spatial mean of each filter's map after
        the activation function.
    """
    ids = spread(torch.as_tensor(list(images)), TESTED)
    units = Units(model, filters).to(device)
    return {"tested": ids.numpy().astype(np.int32)} | {
        f"views_{name}": _answers(units, Views(load_task(name), data, device, options), ids, seed)
        for name, options in tasks.items()
    }


@torch.inference_mode()
def _answers(units: Units, views: Views, ids: Tensor, seed: int) -> np.ndarray:
    """Give what the units answer to all views of images: float32 [m, views, F]."""
    pieces = []
    for inputs, _ in views.evaluation(ids, seed, "responses"):
        means = torch.cat([units(piece)[1].cpu() for piece in inputs.split(64)])
        pieces.append(means.unflatten(0, (views.task.VIEWS, -1)).transpose(0, 1))  # a batch has view after view
    return torch.cat(pieces).numpy()
