"""Score-CAM for the chosen images of one model, from files to a file, image by image and layer by layer."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from scenessl.arrays import write_arrays
from scenessl.data.crops import Crops, normalise
from scenessl.errors import UserError
from scenessl.explain.scorecam import explain
from scenessl.explain.variants import VARIANTS
from scenessl.files import read_json
from scenessl.models.device import choose_device
from scenessl.models.network import Network, rebuild
from scenessl.training.state import State

GRID = 56  # cells a side to which the maps of a sample are averaged; the layers shown give no more than this


def write_maps(
    *,
    weights: Path | str,
    pretext: Path | str | None,
    choice: Path | str,
    crops: Path | str,
    layers: Sequence[int],
    variant: str,
    switches: Mapping[str, object],
    batch: int | None,
    device: str,
    state: State,
    output: Path | str,
) -> None:
    """Write one map per chosen image and layer, and per sampled image at the highest; what is in `state` is kept.

    Args:
        weights: of the explained model.
        pretext: of the pretext whose frozen features it has, which is explained beside it; None where there is none.
        choice: choice.json.
        crops: crops.npy.
        layers: indices of feature blocks.
        variant: name of the formula, see `variants`.
        switches: fields of it to replace.
        batch: masked images per forward pass, or None for what is fast on the device.
        device: see `choose_device`.
        state: keeps the finished maps.
        output: .npz as `scorecam.explain` describes it for the chosen images; the same of the m sampled images at the
            highest layer with `sample_` before the names, maps averaged to [m, G, G]; and of the first image
            `variant_maps` float32 [V, G, G] by the formulas `variants` str [V].
    """
    model, chosen = rebuild(weights), read_json(choice)
    make = partial(
        _explained,
        model,
        Crops(crops),
        pretext=_own_classifier(model, pretext).classifier if pretext else None,
        batch=batch,
        device=choose_device(device),
        state=state,
    )
    highest = [max(layers)]
    found = make(chosen["images"], layers=layers, variant=variant, switches=switches)
    sampled = make(chosen["sample"], layers=highest, variant=variant, switches=switches)
    others = [make(chosen["images"][:1], layers=highest, variant=name)["maps"] for name in VARIANTS]
    sample = {
        f"sample_{name}": shrunk(values) if name.endswith("maps") else values[:, 0] if values.ndim > 1 else values
        for name, values in sampled.items()
        if name not in ("layers", "variant")
    }
    variants = {"variant_maps": shrunk(np.concatenate(others)), "variants": np.array(list(VARIANTS))}
    write_arrays(output, found | sample | variants)


def _explained(model: Network, crops: Crops, images: Sequence[Mapping], **asked: object) -> dict[str, np.ndarray]:
    """Explain images of choice.json."""
    ids = [image["image"] for image in images]
    return explain(model, crops.batch(ids), ids, [image["label"] for image in images], normalise, **asked)


def _own_classifier(model: Network, pretext: Path | str) -> Network:
    """Read the pretext; UserError when its features are not those of the model."""
    found = rebuild(pretext)
    own, theirs = model.features.state_dict(), found.features.state_dict()
    if not all(torch.equal(tensor, theirs[name]) for name, tensor in own.items()):
        raise UserError(f"{pretext}: its features are not those of the model that rests on it. Delete both, run again.")
    return found


def shrunk(maps: np.ndarray) -> np.ndarray:
    """Average maps [m, 1, S, S] to a grid of GRID cells a side, or of their own where they are smaller: [m, G, G]."""
    side = min(GRID, maps.shape[-1])
    return F.adaptive_avg_pool2d(torch.from_numpy(maps[:, 0]), side).numpy()
