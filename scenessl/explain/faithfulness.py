"""Whether a heat map shows what the network uses: its confidence when the image is kept, or taken away, by heat.

- Drop and increase in confidence (Chattopadhay et al., "Grad-CAM++", 2018, section 4.1): the image times its map.
- Deletion and insertion (Petsiuk et al., "RISE", 2018, section 4.1): the area under the confidence while the hottest
  pixels are taken away first, or put into a blurred image first.

Images are normalised, [1, 3, S, S]: what is taken away becomes 0, the mean colour, as under Score-CAM's own masks.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from scenessl.explain.regularisers import blurred

STEPS = 20  # shares of the pixels, from none to all, at which the confidence is asked
BLUR = 5 / 224  # standard deviation of the blur in image sides; RISE's five pixels
SEED = 0  # of the order of pixels of equal heat
NAMES = ("kept", "deletion", "insertion")


def faithfulness(confidence: Callable[[Tensor], Tensor], image: Tensor, heat: Tensor) -> dict[str, Tensor]:
    """Measure one map [S, S] of values of 0 and more.

    Args:
        confidence: gives the probability of the class for images [b, 3, S, S], [b].
        image: [1, 3, S, S].
        heat: the map.

    Returns:
        Numbers []: `kept`, the confidence in the image times its map, scaled to a maximum of 1; `deletion` and
        `insertion`, areas of 0 to 1. NaN for a map without heat, which orders no pixels.
    """
    top = heat.max()
    if not top > 0:
        return {name: torch.full((), torch.nan) for name in NAMES}
    nothing, faint = torch.zeros_like(image), blurred(image, BLUR * image.shape[-1])
    hottest = hottest_first(heat)
    return {
        "kept": confidence(image * (heat / top))[0].cpu(),
        "deletion": area(confidence(torch.where(hottest, nothing, image))),
        "insertion": area(confidence(torch.where(hottest, image, faint))),
    }


def hottest_first(heat: Tensor) -> Tensor:
    """Mark the hottest pixels of a map [S, S], none at first and all at last: bool [STEPS + 1, 1, S, S].

    Pixels of equal heat, often half of a map without any, go in one random order: in reading order, the sky would go
    before the ground.
    """
    pixels = torch.randperm(heat.numel(), generator=torch.Generator().manual_seed(SEED)).to(heat.device)
    order = pixels[heat.flatten()[pixels].argsort(descending=True, stable=True)]
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=order.device)
    counts = torch.linspace(0, len(order), STEPS + 1, device=order.device).round()
    return (place < counts[:, None]).view(-1, 1, *heat.shape)


def area(confidence: Tensor) -> Tensor:
    """Integrate confidences [STEPS + 1] over the share of pixels, 0 to 1, by the trapezoidal rule."""
    return torch.trapezoid(confidence.cpu().double(), dx=1 / (len(confidence) - 1)).float()
