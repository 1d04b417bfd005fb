"""Predictions of a finished model for every image and view, from which all figures are computed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from scenessl.arrays import write_arrays
from scenessl.data.parts import PARTS, own_parts
from scenessl.models import weights
from scenessl.models.device import choose_device
from scenessl.models.inference import logits_of
from scenessl.models.network import evaluation_mode, rebuild, rebuild_classifier
from scenessl.training.data import Data
from scenessl.training.views import Views, load_task


def predict_network(
    *,
    task: str,
    options: Mapping[str, object],
    seed: int,
    model: Path,
    data: Data,
    device: str,
    output: Path,
) -> None:
    """Write the probabilities of every image in every view of the task, end to end.

    Writes `image` int32, `part` uint8 (index into PARTS), `view` uint8, `target` int16, `probabilities` float32
    [m, K] and `names` of the K outputs.
    """
    module, where = load_task(task), choose_device(device)
    network = rebuild(model).to(where)
    views = Views(module, data, where, options)
    batches = {part: views.evaluation(data.parts[part], seed, part) for part in own_parts(data.parts)}
    found = {part: _logits(network, shown) for part, shown in batches.items()}
    write_predictions(output, found, data.parts, module.VIEWS, module.target_names(data.classes))


def predict_classifier(
    *,
    model: Path,
    features: Path,
    data: Data,
    output: Path,
) -> None:
    """Write the same file for a classifier on frozen features, from the features' cache."""
    classifier = rebuild_classifier(model)
    cached, targets = weights.load(features)["features"][0], data.labels
    ids = {part: data.parts[part] for part in own_parts(data.parts)}
    found = {part: _logits(classifier, [(cached[chosen], targets[chosen])]) for part, chosen in ids.items()}
    write_predictions(output, found, data.parts, 1, data.classes)


def _logits(model: nn.Module, batches: Iterator[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    """Give (logits, targets) of each batch, in evaluation mode."""
    with evaluation_mode(model):
        return [(logits_of(model, inputs).cpu(), targets.cpu()) for inputs, targets in batches]


def write_predictions(
    output: Path, found: Mapping[str, list], parts: Mapping[str, Tensor], views: int, names: Sequence[str]
) -> None:
    """Put the parts' logits together, in a fixed order, and write them as probabilities."""
    columns: dict[str, list] = {"image": [], "part": [], "view": [], "target": [], "probabilities": []}
    for part, batches in found.items():
        ids, begin = torch.as_tensor(parts[part]), 0
        for logits, targets in batches:
            images = len(targets) // views
            columns["image"].append(ids[begin : begin + images].repeat(views).to(torch.int32))
            columns["view"].append(torch.arange(views, dtype=torch.uint8).repeat_interleave(images))
            columns["part"].append(torch.full((len(targets),), PARTS.index(part), dtype=torch.uint8))
            columns["target"].append(targets.to(torch.int16))
            columns["probabilities"].append(logits.double().softmax(1).float())
            begin += images
    arrays = {name: torch.cat(pieces).numpy() for name, pieces in columns.items()}
    write_arrays(output, arrays | {"names": np.array(names, dtype=np.str_)})
