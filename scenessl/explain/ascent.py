"""Gradient ascent on images, kept recognisable by the regularisers of Yosinski et al. (2015).

The ascent works in *normalised* space, as the network sees images: there 0 is the mean colour of the training
images, which is where decay and pixel clipping should pull; the paper's images are mean-free for the same reason.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from scenessl.explain.regularisers import (
    blurred,
    decayed,
    motion,
    moved,
    without_small_contributions,
    without_small_norms,
)
from scenessl.training.state import State

Means = Callable[[Tensor], tuple[Tensor, Tensor]]
NATURAL_SIDE = 224  # the image side, in pixels, that the lengths among the settings are given for
LAST_STEP = 0.05  # the last step, as a share of the first


@dataclass(frozen=True)
class Ascent:
    """The settings of an ascent. Lengths are pixels of a 224-pixel image and scale with the image's side.

    Attributes:
        steps: number of gradient steps (1 or more).
        step_size: root mean square of the first step's change, in normalised units (1 is about 58 of 255).
            It falls along half a cosine to a twentieth of itself.
        decay: L2 decay per step (0..1).
        blur: standard deviation of the Gaussian blur at the start. 0 at both ends: none.
        last_blur: the same at the end; between them it falls linearly, so that coarse shapes come before detail.
        blur_every: blur after every so many steps (1 or more).
        small_norm: share of the pixels, those with the smallest norm, set to the mean colour (percent, 0..100).
        small_contribution: the same for those with the smallest contribution (percent, 0..100).
        clip_every: clip such pixels after every so many steps (1 or more).
        shift: largest random shift per axis.
        turn: largest random turn (degrees).
        zoom: largest random scaling (0.05: between 0.95 and 1.05).
        colour: how much of the gradient's colour is kept beside its gray part (0..1; 0: a gray image).
        noise: standard deviation of the start image around the mean colour, in normalised units.
    """

    steps: int
    step_size: float
    decay: float
    blur: float
    last_blur: float
    blur_every: int
    small_norm: float
    small_contribution: float
    clip_every: int
    shift: float
    turn: float
    zoom: float
    colour: float
    noise: float


def objective(before: Tensor, after: Tensor, wanted: Tensor) -> Tensor:
    """Give what each image climbs, [b], from the filters' means [b, F] before and after the activation function.

    A filter counts with its activation once that is positive, and until then with its mean before the activation
    function: SiLU is flat around its minimum (-0.278 at -1.278) and rises again below it, so that its own
    gradient would leave a sleeping filter asleep. `wanted` [b, F] is 1 where an image is to excite a filter.
    """
    return (wanted * torch.where(after > 0, after, before)).sum(1)


def ascend(
    means: Means,
    wanted: Tensor,
    start: Tensor,
    limits: tuple[Tensor, Tensor],
    settings: Ascent,
    *,
    seed: int,
    state: State | None = None,
    report: Callable[[str], None] = print,
) -> tuple[Tensor, Tensor]:
    """Climb from `start` and return the images and the activations on the way.

    All images see the same random motion in a step and each gradient is divided by its own size, so that the images
    of a batch do not influence each other: together or one by one, they come out the same.

    Args:
        means: gives the filters' means [b, F] before and after the activation function for images.
        wanted: 0/1 [b, F], the filters that each image is to excite.
        start: normalised images [b, 3, S, S].
        limits: what black and white become by normalisation, each [1, 3, 1, 1]; pixels stay between them.
        settings: see `Ascent`.
        seed: seed of the random motions; every step has a generator of its own.
        state: keeps images and trace every 20 steps, to go on from after a kill; None: nothing is kept.
        report: takes a line of progress every 20 steps.

    Returns:
        The images and the trace [b, steps]: the sum of the wanted filters' mean activations before each step, of the
        moved image, as the ascent saw it.
    """
    images, trace = _resume(state, start)
    for step in range(len(trace), settings.steps):
        images = images.detach().requires_grad_()
        before, after = means(moved(images, _motion(step, start.shape[-1], settings, seed)))
        (gradient,) = torch.autograd.grad(objective(before, after, wanted).sum(), images)
        trace.append((wanted * after).sum(1).detach())
        images = _updated(images.detach(), gradient, step, settings).clamp(*limits)
        if (step + 1) % 20 == 0 or step + 1 == settings.steps:
            report(f"inversion: step {step + 1} of {settings.steps}, activation {_listed(trace[-1])}")
            if state:
                state.save("ascent", {"images": images.cpu(), "trace": torch.stack(trace).cpu()})
    return images.detach(), torch.stack(trace, 1)


def _resume(state: State | None, start: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Give images and trace as they were last kept, else those of the beginning."""
    kept = state.load("ascent") if state else None
    if kept is None:
        return start, []
    print(f"going on after step {len(kept['trace'])}", file=sys.stderr, flush=True)
    return kept["images"].to(start.device), list(kept["trace"].to(start.device))


def _listed(values: Tensor) -> str:
    """Write numbers for a line of progress."""
    return " ".join(f"{value:.2f}" for value in values.tolist())


def _motion(step: int, side: int, settings: Ascent, seed: int) -> Tensor:
    """Draw the motion of one step."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
    shift = settings.shift * side / NATURAL_SIDE
    return motion(generator, side=side, shift=shift, turn=settings.turn, zoom=settings.zoom)


def _updated(images: Tensor, gradient: Tensor, step: int, settings: Ascent) -> Tensor:
    """Take one step along the gradient, then apply the regularisers that are due."""
    progress = step / max(1, settings.steps - 1)
    share = LAST_STEP + (1 - LAST_STEP) * 0.5 * (1 + math.cos(math.pi * progress))
    images = images + settings.step_size * share * _direction(gradient, settings.colour)
    images = decayed(images, settings.decay)
    if (step + 1) % settings.blur_every == 0:
        sigma = settings.blur + (settings.last_blur - settings.blur) * progress
        images = blurred(images, sigma * images.shape[-1] / NATURAL_SIDE)
    if (step + 1) % settings.clip_every == 0:
        images = without_small_norms(images, settings.small_norm)
        images = without_small_contributions(images, gradient, settings.small_contribution)
    return images


def _direction(gradient: Tensor, colour: float) -> Tensor:
    """Give each image's gradient a root mean square of 1, with its colours weakened; a zero gradient stays zero.

    Colours of photographs vary far less than their brightness, which a plain gradient does not know.
    """
    gray = gradient.mean(1, keepdim=True)
    gradient = gray + colour * (gradient - gray)
    # Divided by the largest value first, since the squares of tiny gradients would vanish in float32.
    gradient = gradient / gradient.abs().amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(gradient.dtype).tiny)
    return gradient / gradient.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)
