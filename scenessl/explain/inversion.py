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

from scenessl.explain.ascent import Ascent, ascend
from scenessl.explain.folding import folded
from scenessl.training.state import State

Normalise = Callable[[Tensor], Tensor]


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
    sums = convolution.weight.detach().double().sum((1, 2, 3)).cpu()
    order = torch.argsort(sums, descending=True, stable=True)[:number]
    return order.tolist(), sums[order].tolist()


def goals(number: int) -> Tensor:
    """Say which filters each image excites, 0/1 [F + 1, F]: one image per filter, then one for the sum of all."""
    return torch.cat([torch.eye(number), torch.ones(1, number)])


def invert(
    model: nn.Module,
    crops: np.ndarray,
    images: Sequence[int],
    normalise: Normalise,
    settings: Ascent,
    *,
    filters: int,
    seed: int,
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
        device: where to compute.
        state: keeps what the real images reach, and the ascent's last steps; None: nothing is kept.
        report: takes lines of progress.

    Returns:
        With F filters, and the sum of them in the last row: `images` uint8 [F+1, S, S, 3]; `filters` int [F];
        `weight_sums` float32 [F]; `trace` float32 [F+1, steps+1]; `start`, `end` float32 [F+1]; `natural_max`,
        `natural_mean` float32 [F+1] and `natural_image` int32 [F+1] over the real images; `settings`, a JSON text.
        The ends of the trace are exact: those of the start image and of the finished uint8 image, unmoved. Between
        them stands what the ascent saw, that is, moved images.
    """
    chosen, sums = top_filters(model.features[-1][0], filters)
    units, wanted = Units(model, chosen).to(device), goals(len(chosen)).to(device)
    real = natural(units, wanted, crops, images, normalise, state=state)
    noise = start_image(crops.shape[-1], settings.noise, seed).to(device).expand(len(wanted), -1, -1, -1)
    limits = (_flat(0, normalise).to(device), _flat(255, normalise).to(device))
    first = _activations(units, wanted, noise).diagonal()
    climbed, seen = ascend(units, wanted, noise, limits, settings, seed=seed, state=state, report=report)
    pictures = to_uint8(climbed, limits)
    last = _activations(units, wanted, normalise(pictures.cpu()).to(device)).diagonal()
    trace = torch.cat([first[:, None], seen[:, 1:], last[:, None]], 1).cpu().numpy()
    return {
        "images": pictures.permute(0, 2, 3, 1).cpu().numpy(),
        "filters": np.array(chosen, dtype=np.int32),
        "weight_sums": np.array(sums, dtype=np.float32),
        "trace": trace,
        "start": trace[:, 0],
        "end": trace[:, -1],
        **real,
        "settings": np.array(json.dumps({**asdict(settings), "filters": filters, "seed": seed})),
    }


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
) -> dict[str, np.ndarray]:
    """Give what the real images reach: `natural_max`, `natural_mean` [F+1], `natural_image` (the first to reach it).

    Raises ValueError when `images` is empty.
    """
    images = np.asarray(images, dtype=np.int64)
    if not len(images):
        raise ValueError("natural activations need at least one image")
    batches = (crops[ids] for ids in np.split(images, range(batch, len(images), batch)))
    make = partial(_natural_activations, units, wanted, batches, normalise)
    table = (state.once("natural", make) if state else make()).numpy()
    return {
        "natural_max": table.max(0),
        "natural_mean": table.mean(0, dtype=np.float64).astype(np.float32),
        "natural_image": images[table.argmax(0)].astype(np.int32),
    }


def _natural_activations(units: Units, wanted: Tensor, batches: Iterable[np.ndarray], normalise: Normalise) -> Tensor:
    """Give every goal's activation for real images, [n, F+1]."""
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
    """Give every goal's activation for every image, [b, F+1]."""
    return units(images)[1] @ wanted.T
