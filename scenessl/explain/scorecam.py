"""Score-CAM (Wang et al. 2020): which parts of an image speak for a class, layer by layer.

With A_k the map of channel k of a layer for the image X, up() bilinear upsampling to the image's size, s() scaling to
0..1, f_c the score of class c and 0 the black image (zero after normalisation):

    increase_k = f_c(X * s(up(A_k))) - f_c(0)                  (definition 2)
    map        = up(ReLU(sum_k softmax_k(increase) A_k))       (definition 3)

The A_k that are summed are the layer's activations as they are, at their own resolution; only the masks are scaled.
A channel whose map is constant has no mask and is left out of both sums. `variants` holds this formula ("paper") and
the others that go by the same name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenessl.errors import UserError
from scenessl.explain.faithfulness import NAMES, faithfulness
from scenessl.explain.variants import NO_SWITCHES, Variant, chosen_formula
from scenessl.models.folding import folded
from scenessl.models.inference import evaluation_batch
from scenessl.models.network import pool
from scenessl.training.state import State

TINY = torch.finfo(torch.float32).tiny
FLAT = 8 * torch.finfo(torch.float32).eps  # a map whose range is this small beside its values is constant


def explain(
    model: nn.Module,
    images: Tensor,
    ids: Sequence[int],
    targets: Sequence[int],
    normalise: Callable[[Tensor], Tensor],
    *,
    layers: Sequence[int],
    variant: str = "paper",
    switches: Mapping[str, object] = NO_SWITCHES,
    pretext: nn.Module | None = None,
    batch: int | None = None,
    device: torch.device | str = "cpu",
    state: State | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, np.ndarray]:
    """Make the Score-CAM maps of images at several layers, and measure how far they show what the network uses.

    The work is done by a folded copy (`folding.folded`), so that `model` is left as it was found whatever happens.

    Args:
        model: a network with `features`, whose blocks `layers` count, and logits [b, K] as output.
        images: uint8 [n, 3, S, S]; none at all is fine.
        ids: their ids, for the result and for `state`.
        targets: the class each is explained for (0..K-1).
        normalise: makes uint8 images the network's float32 input.
        layers: indices of feature blocks.
        variant: a name from `variants.VARIANTS`.
        switches: fields of that formula to replace.
        pretext: another classifier on the same pooled features, that of the pretext which they come from. It is
            explained as well, for its own answer to each image, by the same passes through the features.
        batch: masked images per forward pass; None: what is fast on the device.
        device: where to compute.
        state: keeps the finished maps, to go on from after a kill; None: nothing is kept.
        report: takes a line per image.

    Returns:
        `maps` float32 [n, L, S, S], finite, 0 or more and not scaled; `layers` int32 [L]; `images` int32 [n];
        `targets` int32 [n]; `confidence` float32 [n], the target's probability; `kept`, `deletion`, `insertion`
        float32 [n, L], see `faithfulness`; `variant`, the formula's name with what was replaced in it. With a
        `pretext` also its `pretext_maps`, `pretext_targets` and `pretext_confidence`.

    Raises:
        UserError: the model's scores are not finite, or the variant is unknown.
    """
    formula, called = chosen_formula(variant, switches)
    others = [folded(pretext).to(device)] if pretext else []
    cam = ScoreCam(folded(model).to(device), formula, batch or masked_batch(device, images.shape[-1]), others)
    once = state.once if state else lambda _, make: make()
    results = []
    for number, (image, name, target) in enumerate(zip(images, ids, targets, strict=True), start=1):
        begun = Begun(cam, lambda image=image: normalise(image[None]).to(device), target, layers)
        results.append([once(f"{called}_image{name}_layer{layer}", partial(begun.explain, layer)) for layer in layers])
        report(f"Score-CAM: image {number} of {len(ids)}")
    shape = (len(ids), len(layers))
    pieces = [piece for found in results for piece in found]
    arrays = {name: np.array([piece[name] for piece in pieces], np.float32).reshape(shape) for name in NAMES}
    for at, prefix in enumerate(["", "pretext_"][: 1 + len(others)]):
        own = _of_classifier(results, at, (*shape, *images.shape[-2:]))
        arrays |= {f"{prefix}{name}": values for name, values in own.items()}
    return arrays | {
        "layers": np.array(layers, dtype=np.int32),
        "images": np.array(ids, dtype=np.int32),
        "variant": np.array(called),
    }


def _of_classifier(results: Sequence[Sequence[dict]], at: int, shape: Sequence[int]) -> dict[str, np.ndarray]:
    """Gather one classifier's maps in `shape` [n, L, S, S], and its targets and confidence [n]."""
    first = [found[0] for found in results]
    maps = [piece["maps"][at].numpy() for found in results for piece in found]
    return {
        "maps": np.array(maps, np.float32).reshape(shape),
        "targets": np.array([piece["targets"][at] for piece in first], np.int32),
        "confidence": np.array([piece["confidence"][at] for piece in first], np.float32),
    }


def masked_batch(device: torch.device | str, side: int) -> int:
    """Choose the masked images per forward pass: on a CPU few, so that the maps stay in its caches.

    Measured for EfficientNet-B0: at 224 pixels on one core 83 images a second by 16, 61 by 32, 51 by 64; at 64 pixels
    on two cores 1,425 by 16, 2,058 by 64, 2,039 by 196.
    """
    return max(16, evaluation_batch(side)) if torch.device(device).type == "cpu" else 128


class Begun:
    """One image on its way through Score-CAM: the network sees it when the first layer is asked for."""

    def __init__(self, cam: "ScoreCam", see: Callable[[], Tensor], target: int, layers: Sequence[int]) -> None:
        """Take what gives the normalised image [1, 3, S, S]."""
        self.cam, self.see, self.target, self.layers = cam, see, target, layers

    @torch.inference_mode()
    def explain(self, layer: int) -> dict[str, Tensor]:
        """Give, of each classifier, `maps` [T, S, S], `targets` and `confidence` [T]; and what is in `faithfulness`."""
        image, activations, targets, confidence = self._seen
        maps = self.cam.heats(image, targets, activations[layer])
        measured = faithfulness(partial(self.cam.confidence, target=self.target), image, maps[0])
        return {"maps": maps.cpu(), "targets": torch.tensor(targets), "confidence": confidence.cpu(), **measured}

    @cached_property
    def _seen(self) -> tuple[Tensor, dict[int, Tensor], list[int], Tensor]:
        image = self.see()
        with recorded(self.cam.model.features, self.layers) as activations:
            chances = [logits[0].softmax(0) for logits in self.cam.logits(image)]
        targets = [self.target, *(int(chance.argmax()) for chance in chances[1:])]
        confidence = torch.stack([chance[target] for chance, target in zip(chances, targets, strict=True)])
        return image, activations, targets, confidence


@contextmanager
def recorded(features: nn.Sequential, layers: Sequence[int]) -> Iterator[dict[int, Tensor]]:
    """Keep the outputs of some blocks of `features` while inside; the hooks are removed afterwards, also on error."""
    outputs: dict[int, Tensor] = {}

    def keep(layer: int) -> Callable:
        # A copy, since a later module may work in place.
        return lambda module, inputs, output: outputs.__setitem__(layer, output.detach().clone())

    hooks = []
    try:
        for layer in layers:
            hooks.append(features[layer].register_forward_hook(keep(layer)))
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True)
class ScoreCam:
    """Score-CAM of a model that is in evaluation mode.

    Attributes:
        model: gives logits [b, K] for images [b, 3, S, S].
        formula: which Score-CAM.
        batch: masked images per forward pass.
        others: further classifiers on the model's pooled features, for which model must be a `Network`.
    """

    model: nn.Module
    formula: Variant
    batch: int = 64
    others: Sequence[nn.Module] = ()

    @torch.inference_mode()
    def heats(self, image: Tensor, targets: Sequence[int], activation: Tensor) -> Tensor:
        """Make the maps [T, S, S] of a normalised image [1, 3, S, S] from a layer's `activation` [1, K, h, w].

        There is one target for each classifier. A layer whose channels are all constant gives zeros. Raises UserError
        when scores or maps are not finite.
        """
        varied = ~_constant(activation[0])
        scores = self._scores(torch.zeros_like(image), targets).repeat(len(varied), 1)
        scores[varied] = self._masked_scores(image, targets, activation[:, varied])
        counted = varied if self.formula.constant_channels == "left out" else torch.ones_like(varied)
        weights = torch.zeros_like(scores)
        weights[counted] = self._weights(scores[counted] - self._baseline(image, targets))
        heat = self._positive_part(torch.einsum("kt,khw->thw", weights, activation[0])[:, None], image.shape[-2:])
        if not (torch.isfinite(scores).all() and torch.isfinite(heat).all()):
            raise UserError(
                "Score-CAM: the model's scores are not finite; its training diverged. Lower its learning_rate."
            )
        return heat[:, 0]

    def logits(self, images: Tensor) -> list[Tensor]:
        """Give the logits [b, K] of every classifier."""
        images = images.contiguous(memory_format=torch.channels_last)
        if not self.others:
            return [self.model(images)]
        features = pool(self.model, images)
        return [classifier(features) for classifier in (self.model.classifier, *self.others)]

    def confidence(self, images: Tensor, target: int) -> Tensor:
        """Give the target's probability by the model's own classifier, [b], `batch` images at a time."""
        return torch.cat([self.logits(some)[0].softmax(1)[:, target] for some in images.split(self.batch)])

    def _scores(self, images: Tensor, targets: Sequence[int]) -> Tensor:
        """Give every classifier's score of its target, [b, T]."""
        found = self.logits(images)[: len(targets)]
        if self.formula.confidence == "probability":
            found = [logits.softmax(1) for logits in found]
        return torch.stack([scores[:, target] for scores, target in zip(found, targets, strict=True)], 1)

    def _masked_scores(self, image: Tensor, targets: Sequence[int], activation: Tensor) -> Tensor:
        """Give the targets' scores for the image under every channel's mask, [K, T]."""
        size = image.shape[-2:]
        chunks = activation.split(self.batch, dim=1) if activation.shape[1] else []
        scores = [self._scores(masks(channels, size, self.formula) * image, targets) for channels in chunks]
        return torch.cat(scores) if scores else activation.new_zeros(0, len(targets))

    def _baseline(self, image: Tensor, targets: Sequence[int]) -> Tensor:
        """Give the scores that the masked images' scores are compared with, [1, T]."""
        if self.formula.baseline == "none":
            return image.new_zeros(1, len(targets))
        return self._scores(torch.zeros_like(image) if self.formula.baseline == "black" else image, targets)

    def _weights(self, increase: Tensor) -> Tensor:
        """Turn the channels' increases of confidence into their weights, [K, T]."""
        return increase.softmax(0) if self.formula.weights == "softmax" else increase

    def _positive_part(self, heat: Tensor, size: Sequence[int]) -> Tensor:
        """Upsample the weighted sums [T, 1, h, w] and keep what speaks for the class."""
        return _upsampled(heat.relu(), size) if self.formula.relu_first else _upsampled(heat, size).relu()


def masks(activation: Tensor, size: Sequence[int], formula: Variant) -> Tensor:
    """Turn channels [1, K, h, w] into masks [K, 1, S, S] of values in 0..1."""
    if formula.upsample_first:
        up = _scaled(_upsampled(activation, size, formula.align_corners))
    else:
        up = _upsampled(_scaled(activation), size, formula.align_corners)
    return up.transpose(0, 1)


def _upsampled(maps: Tensor, size: Sequence[int], align_corners: bool = False) -> Tensor:
    """Upsample [b, K, h, w] bilinearly."""
    return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=align_corners)


def _scaled(maps: Tensor) -> Tensor:
    """Scale every channel to 0..1; a channel without a range becomes 0."""
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    return (maps - low) / (high - low).clamp_min(TINY)


def _constant(maps: Tensor) -> Tensor:
    """Tell which channels of [K, h, w] are constant up to rounding, [K]."""
    low, high = maps.amin((1, 2)), maps.amax((1, 2))
    return high - low <= (FLAT * torch.maximum(low.abs(), high.abs())).clamp_min(TINY)
