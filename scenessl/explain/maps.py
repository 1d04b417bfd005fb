"""Score-CAM for the chosen images of one model, from files to a file, image by image."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from scenessl.data.crops import Crops, normalise
from scenessl.explain.progress import Progress, write_arrays
from scenessl.explain.scorecam import explain
from scenessl.files import read_json
from scenessl.models.device import choose_device
from scenessl.models.network import rebuild
from scenessl.training.state import fingerprint


def write_maps(
    *,
    weights: Path | str,
    choice: Path | str,
    crops: Path | str,
    layers: Sequence[int],
    variant: str,
    batch: int | None,
    device: str,
    state: Path | str,
    code: Mapping[str, str],
    output: Path | str,
) -> None:
    """Write one map per chosen image and layer; images finished before a kill are not done again.

    Args:
        weights: of the explained model.
        choice: choice.json.
        crops: crops.npy.
        layers: indices of feature blocks.
        variant: name of the formula, see `variants`.
        batch: masked images per forward pass, or None for what is fast on the device.
        device: see `choose_device`.
        state: folder of the finished images.
        code: hashes of the code, part of the state's fingerprint.
        output: .npz as `scorecam.explain` describes it.
    """
    chosen = read_json(choice)["images"]
    ids = [image["image"] for image in chosen]
    facts = {"layers": list(layers), "variant": variant, "code": dict(code), "images": chosen}
    progress = Progress(state, fingerprint(facts, weights))
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
        progress=progress,
    )
    write_arrays(output, found)
    progress.remove()
