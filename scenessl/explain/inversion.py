"""Model inversion: images that excite single filters of the last convolution (Yosinski et al. 2015).

The image is the variable and the model is fixed. What is maximised is the spatial mean of a filter's map after the
activation function (SiLU) of the model's last feature block, alone or summed over several filters.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from scenessl.explain.ascent import NATURAL_SIDE, Ascent, ascend
from scenessl.explain.regularisers import moved, sixteen_motions
from scenessl.models.folding import folded
from scenessl.training.state import State

Normalise = Callable[[Tensor], Tensor]
SHIFT, TURN, ZOOM = 8.0, 5.0, 0.05  # pixels of 224, degrees, share: what an image that is no mere noise survives


class Units(nn.Module):
    """Some filters of a model's last convolution, before and after the activation function.

    It holds a folded copy (see `folding.folded`), so that the model is left as it was found whatever happens.
    """

    filters: Tensor

    def __init__(self, model: nn.Module, filters: Sequence[int]) -> None:
        """Take `model.features`, whose last element is Sequential(convolution, batch norm, activation)."""
        super().__init__()
        self.features = folded(model.features)
        self.register_buffer("filters", torch.as_tensor(list(filters), dtype=torch.long))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give the spatial means [b, F] of the filters' maps after the batch norm and after the activation.

        `images` are normalised, float32 [b, 3, S, S].
        """
        *blocks, last = self.features
        for block in blocks:
            images = block(images)
        convolution, norm, activation = last
        before = norm(convolution(images))[:, self.filters]
        # The activation may work in place, so it gets a copy.
        return before.mean((2, 3)), activation(before.clone()).mean((2, 3))


def top_filters(convolution: nn.Conv2d, number: int) -> tuple[list[int], list[float]]:
    """Choose the filters with the highest signed sum of weights, highest first; ties go to the lower index.

    Returns their indices and their sums; all filters, if there are fewer than `number`.
    """
    return _highest(_weights(convolution).sum(1), number)


def _weights(convolution: nn.Conv2d) -> Tensor:
    """Give every filter's weights in a row, float64 [filters, weights]."""
    return convolution.weight.detach().double().flatten(1).cpu()


def _highest(sums: Tensor, number: int) -> tuple[list[int], list[float]]:
    order = torch.argsort(sums, descending=True, stable=True)[:number]
    return order.tolist(), sums[order].tolist()


def goals(number: int, further: int = 0) -> Tensor:
    """Say which filters each image excites, 0/1 [F + 1 + G, F + G].

    One image for each of the first F = `number` filters, one for their sum, and one for each of G `further` filters.
    """
    own = torch.cat([torch.eye(number), torch.ones(1, number)])
    return torch.block_diag(own, torch.eye(further)) if further else own


def invert(
    model: nn.Module,
    crops: np.ndarray,
    images: Sequence[int],
    normalise: Normalise,
    settings: Ascent,
    *,
    filters: int,
    seed: int,
    reference: Sequence[int] = (),
    device: torch.device | str = "cpu",
    state: State | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, np.ndarray]:
    """Invert the last convolution of `model` and set the result beside real images.

    Args:
        model: a network with `features`, the last of which is Sequential(convolution, batch norm, activation).
        crops: real images, uint8 [n, 1 or 3, S, S]; memory-mapped is fine.
        images: the rows of `crops` to look at, which are also the images' ids.
        normalise: makes uint8 [b, 3, S, S] the network's float32 input, value by value.
        settings: of the ascent.
        filters: how many filters, those with the highest signed sum of weights.
        seed: of the start image and of the random motions.
        reference: filters of another model; those that are not among this model's are inverted as well.
        device: where to compute.
        state: keeps what the real images reach, and the ascent's last steps; None: nothing is kept.
        report: takes lines of progress.

    Returns:
        With F filters, and the sum of them in the last row: `images` uint8 [F+1, S, S, 3]; `filters` int [F];
        `weight_sums` and `absolute_sums` float32 [F]; `trace` float32 [F+1, steps+1]; `start`, `end`, `moved` float32
        [F+1], the last one the mean over sixteen small motions of the finished image (`sixteen_motions`);
        `natural_max`, `natural_mean` float32 [F+1] and `natural_image` int32 [F+1] over the real images; the same
        with `further_` before it for G filters of the reference, of which `further_filters` int [G] says which;
        `absolute_filters` int [F], those with the highest sum of absolute weights; `responses` float32 [n, F+G], the
        activation of each filter for each real image, of `response_images` int32 [n]; `settings`, a JSON text.
        The ends of the trace are exact: those of the start image and of the finished uint8 image, unmoved. Between
        them stands what the ascent saw, that is, moved images.
    """
    convolution = model.features[-1][0]
    chosen, _ = top_filters(convolution, filters)
    further = [number for number in reference if number not in chosen]
    units, wanted = Units(model, [*chosen, *further]).to(device), goals(len(chosen), len(further)).to(device)
    table = natural(units, wanted, crops, images, normalise, state=state)
    noise = start_image(crops.shape[-1], settings.noise, seed).to(device).expand(len(wanted), -1, -1, -1)
    limits = (_flat(0, normalise).to(device), _flat(255, normalise).to(device))
    first = _activations(units, wanted, noise).diagonal()
    climbed, seen = ascend(units, wanted, noise, limits, settings, seed=seed, state=state, report=report)
    pictures = to_uint8(climbed, limits)
    finished = normalise(pictures.cpu()).to(device)
    last = _activations(units, wanted, finished).diagonal()
    found = {
        "images": pictures.permute(0, 2, 3, 1).cpu().numpy(),
        "trace": torch.cat([first[:, None], seen[:, 1:], last[:, None]], 1).cpu().numpy(),
        "start": first.cpu().numpy(),
        "end": last.cpu().numpy(),
        "moved": _under_motions(units, wanted, finished).cpu().numpy(),
        **highest(table, images),
    }
    own = len(chosen) + 1
    return {
        **{name: values[:own] for name, values in found.items()},
        **{f"further_{name}": values[own:] for name, values in found.items()},
        "filters": np.array(chosen, dtype=np.int32),
        "further_filters": np.array(further, dtype=np.int32),
        **_sums(convolution, chosen, further),
        "responses": np.delete(table, len(chosen), axis=1),
        "response_images": np.asarray(images, dtype=np.int32),
        "settings": np.array(json.dumps({**asdict(settings), "filters": filters, "seed": seed})),
    }


def _sums(convolution: nn.Conv2d, chosen: Sequence[int], further: Sequence[int]) -> dict[str, np.ndarray]:
    """Give the signed and absolute sums of the chosen and the further filters, and who leads by the absolute ones."""
    weights = _weights(convolution)
    signed, absolute = weights.sum(1), weights.abs().sum(1)
    named = {
        f"{prefix}{name}": sums[list(filters)].numpy().astype(np.float32)
        for prefix, filters in (("", chosen), ("further_", further))
        for name, sums in (("weight_sums", signed), ("absolute_sums", absolute))
    }
    return named | {"absolute_filters": np.array(_highest(absolute, len(chosen))[0], dtype=np.int32)}


def _under_motions(units: Units, wanted: Tensor, images: Tensor) -> Tensor:
    """Average each image's activation over the sixteen motions, [F+1+G]."""
    side = images.shape[-1]
    motions = sixteen_motions(SHIFT * side / NATURAL_SIDE, TURN, ZOOM, side)
    return torch.stack([_activations(units, wanted, moved(images, motion)).diagonal() for motion in motions]).mean(0)


def start_image(side: int, noise: float, seed: int) -> Tensor:
    """Draw the start image [1, 3, S, S]: the mean colour with Gaussian noise; the same for every filter and model."""
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(seed)) * noise


def natural(
    units: Units,
    wanted: Tensor,
    crops: np.ndarray,
    images: Sequence[int],
    normalise: Normalise,
    *,
    batch: int = 64,
    state: State | None = None,
) -> np.ndarray:
    """Give what every goal reaches in every real image, float32 [n, goals]; ValueError when `images` is empty."""
    images = np.asarray(images, dtype=np.int64)
    if not len(images):
        raise ValueError("natural activations need at least one image")
    batches = (crops[ids] for ids in np.split(images, range(batch, len(images), batch)))
    make = partial(_natural_activations, units, wanted, batches, normalise)
    return (state.once("natural", make) if state else make()).numpy()


def highest(table: np.ndarray, images: Sequence[int]) -> dict[str, np.ndarray]:
    """Give `natural_max`, `natural_mean` [goals] over real images, and `natural_image`, the first to reach the most."""
    return {
        "natural_max": table.max(0),
        "natural_mean": table.mean(0, dtype=np.float64).astype(np.float32),
        "natural_image": np.asarray(images)[table.argmax(0)].astype(np.int32),
    }


def _natural_activations(units: Units, wanted: Tensor, batches: Iterable[np.ndarray], normalise: Normalise) -> Tensor:
    """Give every goal's activation for real images, [n, goals]."""
    values = []
    for pixels in batches:
        shown = torch.from_numpy(np.array(pixels)).expand(-1, 3, -1, -1)
        values.append(_activations(units, wanted, normalise(shown).to(wanted.device)).cpu())
    return torch.cat(values)


def to_uint8(images: Tensor, limits: tuple[Tensor, Tensor]) -> Tensor:
    """Turn normalised images into uint8 ones; `limits` are the normalised black and white."""
    low, high = limits
    return ((images - low) / (high - low) * 255).round().clamp(0, 255).to(torch.uint8)


def _flat(value: int, normalise: Normalise) -> Tensor:
    """Give the normalised values [1, 3, 1, 1] of a pixel whose colours are all `value` (0..255)."""
    return normalise(torch.full((1, 3, 1, 1), value, dtype=torch.uint8))


@torch.inference_mode()
def _activations(units: Units, wanted: Tensor, images: Tensor) -> Tensor:
    """Give every goal's activation for every image, [b, goals]."""
    return units(images)[1] @ wanted.T
