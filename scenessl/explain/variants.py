"""The formulas that go by the name of Score-CAM, as a few switches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from scenessl.errors import UserError


@dataclass(frozen=True)
class Variant:
    """One formula. All multiply the input image with each channel's map, scaled to 0..1, and look at the score.

    Attributes:
        confidence: the score of the target class: its logit, or its probability (softmax over the classes).
        baseline: what is subtracted from the score: that of the black image (zero after normalisation, which is what
            a mask of zeros leaves), that of the unmasked image, or nothing.
        weights: the channels' weights: softmax over channels of those differences, or the differences themselves.
        upsample_first: whether maps are upsampled before they are scaled to 0..1, or after.
        align_corners: whether upsampling the masks puts the corner values on the corner pixels' centres.
        relu_first: whether the weighted sum of activations loses its negative part before it is upsampled, or after.
        constant_channels: a channel whose map is the same everywhere has no mask: it is left out, or it counts as a
            mask of zeros (what dividing by "range + 1e-8" amounts to).
    """

    confidence: Literal["logit", "probability"]
    baseline: Literal["black", "image", "none"]
    weights: Literal["softmax", "raw"]
    upsample_first: bool
    align_corners: bool
    relu_first: bool
    constant_channels: Literal["left out", "black"]


# The paper: Wang et al. (2020), definition 2 and algorithm 1, which call the network's output f(X) and subtract that
# of a baseline. It is read as the logit here, as both libraries do: with probabilities in 0..1 the softmax over a
# thousand channels would weigh all of them nearly alike. gradcam: pytorch-grad-cam 1.5; torchcam: torch-cam 0.5;
# authors: github.com/haofanwang/Score-CAM. On logits the first three differ in the making of masks alone, since a
# constant baseline cancels in a softmax.
VARIANTS = {
    "paper": Variant("logit", "black", "softmax", True, False, True, "left out"),
    "gradcam": Variant("logit", "none", "softmax", True, True, True, "black"),
    "torchcam": Variant("logit", "image", "softmax", False, False, True, "black"),
    "authors": Variant("probability", "none", "raw", True, False, False, "left out"),
}

NO_SWITCHES: Mapping[str, object] = MappingProxyType({})


def chosen_formula(name: str, switches: Mapping[str, object]) -> tuple[Variant, str]:
    """Give the variant of that name with some fields replaced, and what it is called then."""
    replaced = [f"{field}={value}" for field, value in sorted(switches.items())]
    return replace(variant_named(name), **switches), "+".join([name, *replaced])


def variant_named(name: str) -> Variant:
    """Give the variant of that name. Raises UserError for another name."""
    if name not in VARIANTS:
        raise UserError(f"explain: variant: there is no Score-CAM variant {name!r}; choose from {', '.join(VARIANTS)}.")
    return VARIANTS[name]
