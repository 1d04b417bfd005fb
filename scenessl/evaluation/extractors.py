"""How alike the feature extractors of several models are, block by block: linear CKA and distance of the weights."""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from scenessl.arrays import write_arrays
from scenessl.data.crops import Crops
from scenessl.data.parts import read_splits
from scenessl.errors import UserError
from scenessl.evaluation.probes import block_maps
from scenessl.models.cka import LEAST, block_distances, gram, linear_cka
from scenessl.models.device import choose_device
from scenessl.models.network import rebuild
from scenessl.training.data import spread

SAMPLED = 300  # test images, through all classes, that similarities are taken on


def write_extractors(
    *, models: Mapping[str, Path | str], index: Path | str, crops: Path | str, device: str, output: Path | str
) -> None:
    """Write what `compare` finds of the models whose weights files are given by name.

    Raises UserError for fewer than four test images.
    """
    ids = torch.as_tensor(read_splits(index)["test"])
    if len(ids) < LEAST:
        raise UserError(f"inversion: similarities need {LEAST} test images at least; make it null or add images.")
    found = compare(
        {name: rebuild(path) for name, path in models.items()},
        Crops(crops),
        spread(ids, SAMPLED),
        choose_device(device),
    )
    write_arrays(output, found)


def compare(models: Mapping[str, nn.Module], crops: Crops, ids: Tensor, device: torch.device) -> dict[str, np.ndarray]:
    """Compare every two models.

    Returns:
        With P pairs and B blocks: `one` and `other` str [P]; `blocks` str [B]; `cka` float32 [P, B], of the blocks'
        maps of the images `ids`; `distance` float32 [P, B], of the other's weights from the one's, relative to the
        norm of the latter; `sampled` int32, the number of images.
    """
    grams = {
        name: [gram(maps) for maps in block_maps(model.to(device), crops, ids, device)]
        for name, model in models.items()
    }
    weights = {
        name: [[one.detach().cpu() for one in block.parameters()] for block in model.features]
        for name, model in models.items()
    }
    pairs = list(combinations(models, 2))
    return {
        "one": np.array([one for one, _ in pairs], np.str_),
        "other": np.array([other for _, other in pairs], np.str_),
        "blocks": np.array([f"features.{place}" for place in range(len(next(iter(weights.values()))))], np.str_),
        "cka": np.array([[linear_cka(*two) for two in zip(grams[a], grams[b], strict=True)] for a, b in pairs], "f4"),
        "distance": np.array([block_distances(weights[a], weights[b]) for a, b in pairs], np.float32),
        "sampled": np.array(len(ids), np.int32),
    }
