"""Which of the published formulas called Score-CAM give the same maps, and why."""

from statistics import mean

from markupsafe import Markup

from scenessl.explain.variants import VARIANTS, Variant
from scenessl.report.answers.faithfulness import highest, models
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, decimal
from scenessl.report.readers.heatmaps import rank_correlation
from scenessl.report.wording import layer_name, listing, names, paragraph, say

COINCIDE = 0.99
"""Rank correlation from which two formulas give the same map for all that is read off it."""


def formulas(evidence: Evidence) -> list[Markup | None]:
    """Say which published formulas coincide, as the switches have it and as one image shows it."""
    reason = say(
        "Four formulas go by the name of Score-CAM. {same} take the class’s logit and weigh the channels by a softmax "
        "over them; they differ in what they subtract from it, which is the same number for all channels and cancels "
        "in the softmax, so that only the making of the masks (order of scaling and upsampling, constant channels) can "
        "set their maps apart. {others} weighs them by the class’s probability, without a softmax, so that nothing "
        "cancels.",
        same=names(_alike()),
        others=names([name for name in VARIANTS if name not in _alike()]),
    )
    found = correlations(evidence)
    if not found:
        return [reason]
    used = evidence.published["explain"]["variant"]
    parts = [say("{value} by {name}", value=decimal(value), name=code(name)) for name, value in found.items()]
    same = [name for name, value in found.items() if value >= COINCIDE]
    measured = say(
        "On the first image at {layer}, the maps by {used} and those by the others have rank correlations of {parts} "
        "(means over the models): {verdict}.",
        layer=layer_name(highest(evidence)),
        used=code(used),
        parts=listing(parts),
        verdict=say("{same} coincide with it there", same=names(same)) if same else "none coincides with it there",
    )
    return [paragraph(reason, measured)]


def _alike() -> list[str]:
    return [name for name, formula in VARIANTS.items() if _cancels(formula)]


def _cancels(formula: Variant) -> bool:
    """Tell whether a constant that is subtracted from the score changes nothing."""
    return formula.weights == "softmax" and formula.confidence == "logit"


def correlations(evidence: Evidence) -> dict[str, float]:
    """Give the rank correlation of the maps by the other formulas with those by the one used, means over the models."""
    used, found = evidence.published["explain"]["variant"], {}
    for name in models(evidence):
        stored = evidence.heatmaps.stored[name]
        maps = dict(zip(stored["variants"].tolist(), stored["variant_maps"], strict=True))
        own = maps.pop(used)
        for other, heat in maps.items():
            value = rank_correlation(own, heat)
            if value is not None:
                found.setdefault(other, []).append(value)
    return {name: mean(values) for name, values in found.items()}
