"""Score-CAM for the chosen images of one model, from files to a file, image by image and layer by layer."""

from collections.abc import Sequence
from pathlib import Path

from scenessl.data.crops import Crops, normalise
from scenessl.explain.arrays import write_arrays
from scenessl.explain.scorecam import explain
from scenessl.files import read_json
from scenessl.models.device import choose_device
from scenessl.models.network import rebuild
from scenessl.training.state import State


def write_maps(
    *,
    weights: Path | str,
    choice: Path | str,
    crops: Path | str,
    layers: Sequence[int],
    variant: str,
    batch: int | None,
    device: str,
    state: State,
    output: Path | str,
) -> None:
    """Write one map per chosen image and layer; those in `state` are not made again.

    Args:
        weights: of the explained model.
        choice: choice.json.
        crops: crops.npy.
        layers: indices of feature blocks.
        variant: name of the formula, see `variants`.
        batch: masked images per forward pass, or None for what is fast on the device.
        device: see `choose_device`.
        state: keeps the finished maps.
        output: .npz as `scorecam.explain` describes it.
    """
    chosen = read_json(choice)["images"]
    ids = [image["image"] for image in chosen]
    found = explain(
        rebuild(weights),
        Crops(crops).batch(ids),
        ids,
        [image["label"] for image in chosen],
        normalise,
        layers=layers,
        variant=variant,
        batch=batch,
        device=choose_device(device),
        state=state,
    )
    write_arrays(output, found)
