"""Model inversion of one model from files to a file, and what its filters answer to real images."""

from collections.abc import Mapping
from pathlib import Path

import torch

from scenessl.arrays import write_arrays
from scenessl.data.crops import Crops, normalise
from scenessl.data.parts import read_labels, read_splits
from scenessl.explain.ascent import Ascent
from scenessl.explain.inversion import invert, top_filters
from scenessl.explain.responses import responses_to_views
from scenessl.models.device import choose_device
from scenessl.models.network import rebuild
from scenessl.training.data import Data
from scenessl.training.state import State


def write_inversion(
    *,
    weights: Path | str,
    reference: Path | str,
    index: Path | str,
    crops: Path | str,
    settings: Mapping[str, object],
    tasks: Mapping[str, Mapping],
    seed: int,
    device: str,
    state: State,
    output: Path | str,
) -> None:
    """Write what `inversion.invert` and `responses.responses_to_views` find.

    Args:
        weights: of the inverted model.
        reference: of the model whose filters are inverted in every model.
        index: index.csv.
        crops: crops.npy.
        settings: those of `Ascent`, and `filters`, how many.
        tasks: module names of the pretext tasks, with their settings.
        seed: of the start image, the motions, and what the tasks draw.
        device: see `choose_device`.
        state: keeps what was done.
        output: the .npz.
    """
    model, where, test = rebuild(weights), choose_device(device), read_splits(index)["test"]
    filters, _ = top_filters(rebuild(reference).features[-1][0], settings["filters"])
    data = Data(torch.from_numpy(read_labels(index)), [], {}, Crops(crops))
    found = invert(
        model,
        data.crops.array,
        test,
        normalise,
        Ascent(**{name: value for name, value in settings.items() if name != "filters"}),
        filters=settings["filters"],
        seed=seed,
        reference=filters,
        device=where,
        state=state,
    )
    asked = [*found["filters"].tolist(), *found["further_filters"].tolist()]
    write_arrays(output, found | responses_to_views(model, asked, data, test, tasks=tasks, seed=seed, device=where))
