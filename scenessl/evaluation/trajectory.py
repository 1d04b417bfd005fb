"""Along a pretext: what its features are worth, how alike they stay to its start, and how far its weights move."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from scenessl.arrays import write_arrays
from scenessl.data.crops import Crops
from scenessl.data.parts import own_parts
from scenessl.errors import UserError
from scenessl.evaluation.frozen_probe import answers, standardised
from scenessl.evaluation.probes import block_maps, share_right
from scenessl.models import weights
from scenessl.models.cka import LEAST, block_distances, gram, linear_cka
from scenessl.models.device import choose_device
from scenessl.models.network import with_features
from scenessl.training.data import Data, spread
from scenessl.training.features import pooled


def write_trajectory(
    *,
    epochs_file: Path,
    epochs: Sequence[int],
    images: int,
    cached: Mapping[str, Path],
    data: Data,
    device: str,
    output: Path,
) -> None:
    """Write what `trajectory` finds of a pretext at some of its epochs and at its latest.

    Args:
        epochs_file: epochs.safetensors of the pretext, which keeps the weights of every epoch, 0 before training.
        epochs: which; those beyond the latest are left out, the start and the latest are always there.
        images: how many test images the similarities are taken on, at most.
        cached: features files (see `scenessl.training.features`) of epochs ("0", "3") and of the "latest" where a
            classifier of the study rests on them; they are not computed again.
        data: crops, labels and parts.
        device: see `choose_device`.
        output: the .npz.
    """
    where, last = choose_device(device), weights.metadata(epochs_file)["last"]
    wanted = sorted({0, last, *(epoch for epoch in epochs if epoch < last)})
    models = ((epoch, with_features(epochs_file, epoch).to(where)) for epoch in wanted)
    known = {last if at == "latest" else int(at): weights.load(path)["features"][0] for at, path in cached.items()}
    found = trajectory(models, data, images, where, known)
    write_arrays(output, found)


def trajectory(
    models: Iterator[tuple[int, nn.Module]],
    data: Data,
    images: int,
    device: torch.device,
    known: Mapping[int, Tensor],
) -> dict[str, np.ndarray]:
    """Follow a network through its epochs, the first of which is the start and the last the latest.

    `known` has pooled features of all images, float32 [n, width], for some epochs.

    Returns:
        With E epochs and B blocks: `epochs` int32 [E]; `blocks` str [B]; `image` int32 and `target` int16 [n_test];
        `predicted` int16 [E, n_test] and `validation` float32 [E] (NaN without a validation part) of a logistic
        regression on the pooled features of the train part; `cka_start` and `cka_latest` float32 [E, B], the linear
        CKA of a block's maps with those of the start and of the latest epoch; `distance` float32 [E, B], of the
        block's weights from the start, relative to the start's norm; `sampled` int32, test images of the CKA.

    Raises:
        UserError: features that are not finite, or fewer than four test images.
    """
    test = data.parts["test"]
    sample = spread(test, images)
    if len(sample) < LEAST:
        raise UserError(f"trajectory: similarities need {LEAST} test images at least; take it out or add images.")
    epochs, said, grams, parameters = [], [], [], []
    for epoch, model in models:
        epochs.append(epoch)
        said.append(_answers(known[epoch] if epoch in known else _finite_features(model, data.crops, device), data))
        grams.append([gram(maps) for maps in block_maps(model, data.crops, sample, device)])
        parameters.append([[one.detach().cpu() for one in block.parameters()] for block in model.features])
    return {
        "epochs": np.array(epochs, np.int32),
        "blocks": np.array([f"features.{place}" for place in range(len(grams[0]))], np.str_),
        "image": test.numpy().astype(np.int32),
        "target": data.labels[test].numpy().astype(np.int16),
        "predicted": np.stack([one[test].numpy().astype(np.int16) for one in said]),
        "validation": np.array([_validated(one, data) for one in said], np.float32),
        "cka_start": _similar(grams, grams[0]),
        "cka_latest": _similar(grams, grams[-1]),
        "distance": np.array([block_distances(parameters[0], own) for own in parameters], np.float32),
        "sampled": np.array(len(sample), np.int32),
    }


def _similar(grams: Sequence[Sequence[Tensor]], others: Sequence[Tensor]) -> np.ndarray:
    """Compare the blocks of every epoch with those of one: float32 [E, B]."""
    found = [[linear_cka(*pair) for pair in zip(own, others, strict=True)] for own in grams]
    return np.array(found, np.float32)


def _finite_features(model: nn.Module, crops: Crops, device: torch.device) -> Tensor:
    """Compute the features of all images that a classifier sees, float32 [n, width]; raises UserError for others."""
    features = pooled(model, crops, torch.arange(len(crops)), device)
    if not features.isfinite().all():
        raise UserError("trajectory: features are not finite numbers: that training diverged.")
    return features


def _answers(features: Tensor, data: Data) -> Tensor:
    """Classify all images by a logistic regression on the train part: int64 [n]."""
    train = data.parts["train"]
    return answers(standardised(features, train), data.labels, train, int(data.labels.max()) + 1)


def _validated(said: Tensor, data: Data) -> float:
    """Score answers on the validation part, 0..1; NaN where there is none."""
    if "validation" not in own_parts(data.parts):
        return math.nan
    ids = data.parts["validation"]
    return share_right(said[ids], data.labels[ids])
