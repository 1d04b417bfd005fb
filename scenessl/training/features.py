"""The features that frozen networks give of every image, computed once for all classifiers on them."""

import functools
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from scenessl.data.crops import Crops, normalise
from scenessl.models import weights
from scenessl.models.device import choose_device
from scenessl.models.inference import evaluation_batch
from scenessl.models.network import evaluation_mode, pool, with_features
from scenessl.training.state import State

PIECE = 16  # batches that are saved together: some seconds of work on a CPU


def write_features(
    *,
    start: Path,
    start_epoch: int | str | None,
    crops: Path,
    mirrored: Sequence[int],
    device: str,
    state: State,
    output: Path,
) -> None:
    """Compute the features of every image in evaluation mode, piece by piece; a piece in `state` is not done again.

    Writes float32 `features` [views, n, width] (plain; mirrored if asked for, NaN for all images but `mirrored`, which
    alone train), the `features.*` tensors they come from being named by their hash in the metadata.
    """
    where, images = choose_device(device), Crops(crops)
    model = with_features(start, start_epoch).to(where)
    views = [_features(model, images, torch.arange(len(images)), where, state)]
    if len(mirrored):
        views.append(torch.full_like(views[0], torch.nan))
        ids = torch.tensor(mirrored)
        views[1][ids] = _features(model, images, ids, where, state, flipped=True)
    weights.save({"features": torch.stack(views)}, output, hash=weights.fingerprint(model.state_dict()))


def _features(
    model: nn.Module, crops: Crops, ids: Tensor, device: torch.device, state: State, *, flipped: bool = False
) -> Tensor:
    """Compute one view's features [len(ids), width] of some images."""
    pieces = ids.split(PIECE * evaluation_batch(crops.side))
    name = "mirrored" if flipped else "plain"
    return torch.cat(
        [
            state.once(f"{name}{number}", functools.partial(pooled, model, crops, piece, device, flipped=flipped))
            for number, piece in enumerate(pieces)
        ]
    )


def pooled(model: nn.Module, crops: Crops, ids: Tensor, device: torch.device, *, flipped: bool = False) -> Tensor:
    """Compute what a classifier sees of some images, float32 [len(ids), width], batch by batch; on the CPU."""
    found = []
    with evaluation_mode(model):
        for batch in ids.split(evaluation_batch(crops.side)):
            images = crops.batch(batch)
            found.append(pool(model, normalise((images.flip(-1) if flipped else images).to(device))).cpu())
    return torch.cat(found)
