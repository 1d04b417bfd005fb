"""Whether the maps of a scheme on frozen features look where those of its own pretext look."""

import numpy as np
from markupsafe import Markup

from scenessl.evaluation.repetitions import t_interval
from scenessl.report.answers.faithfulness import highest, models, own_agreements
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, percent
from scenessl.report.readers.heatmaps import pairwise
from scenessl.report.readers.samples import Agreement, agreement_of
from scenessl.report.wording import image_numbers, layer_name, listing, paragraph, plural, ref, say


def own_pretexts(evidence: Evidence) -> list[Markup]:
    """Say for each scheme on frozen features whether it looks where its own pretext looks."""
    return [_own(evidence, name) for name in own_agreements(evidence)]


def _own(evidence: Evidence, name: str) -> Markup:
    pretext, task = evidence.pretext_of(name), evidence.models[evidence.pretext_of(name)].task
    opening = say(
        "{name} has the frozen features of {pretext}: their maps weigh the same channels, only the weights differ. "
        "The maps of {pretext} explain, for the same images, {answer} ({figure}).",
        name=code(name),
        pretext=code(pretext),
        answer=_answer(evidence, name, task),
        figure=ref(f"scorecam_{name}"),
    )
    return paragraph(opening, *_by_layer(evidence, name), _verdict(evidence, name))


def _answer(evidence: Evidence, name: str, task: str) -> str:
    if task == "perturbation":
        return "its answer, black or white, though no square is painted"
    targets = evidence.heatmaps.stored[name]["pretext_targets"]
    upright = plural(int((targets == 0).sum()), "image")
    return f"the turn that it sees ({upright} taken as upright)" if task == "rotation" else "its own answer"


def _by_layer(evidence: Evidence, name: str) -> list[Markup]:
    """Compare scheme and pretext layer by layer over the shown images, and point to the most and the least alike."""
    maps, own = evidence.heatmaps.maps[name], evidence.heatmaps.beside(name)
    parts = []
    for at, layer in enumerate(evidence.heatmaps.layers):
        found = agreement_of(maps[:, at], own[:, at])
        if found.n:
            text = "{overlap} at {layer}"
            parts.append(say(text, overlap=percent(found.overlap), layer=layer_name(layer)))
    if not parts:
        return []
    sentences = [say("On the explained images their hottest fifths overlap by {parts}.", parts=listing(parts))]
    high = evidence.heatmaps.layers.index(highest(evidence))
    single = [
        (image["number"], agreement_of(maps[row : row + 1, high], own[row : row + 1, high]).overlap)
        for row, image in enumerate(evidence.choice["images"])
    ]
    blank = [number for number, overlap in single if overlap is None]
    if blank:
        text = "Left out at {layer}, since one of the two maps is zero everywhere: {images}."
        sentences.append(say(text, layer=layer_name(highest(evidence)), images=image_numbers(blank)))
    single = [pair for pair in single if pair[1] is not None]
    if len(single) > 1:
        most, least = max(single, key=lambda pair: pair[1]), min(single, key=lambda pair: pair[1])
        text = "At {layer} it is most on image {most} ({high}) and least on image {least} ({low})."
        values = {"most": most[0], "high": percent(most[1]), "least": least[0], "low": percent(least[1])}
        sentences.append(say(text, layer=layer_name(highest(evidence)), **values))
    return sentences


def _verdict(evidence: Evidence, name: str) -> Markup | None:
    """Set the likeness to the own pretext beside that to the supervised model, over the sample."""
    supervised, pretext = evidence.roles["supervised"], evidence.pretext_of(name)
    if supervised not in models(evidence):
        return None
    stored = evidence.heatmaps.stored
    maps, others = stored[name]["sample_maps"], (stored[name]["sample_pretext_maps"], stored[supervised]["sample_maps"])
    overlaps = np.stack([pairwise(maps, those)[1] for those in others])
    both = np.isfinite(overlaps).all(0)
    if not both.any():
        return None
    found = [agreement_of(maps[both], those[both]) for those in others]
    own, other = (say("{value}{chance}", value=percent(one.overlap), chance=_chance(one)) for one in found)
    values = {"name": code(name), "pretext": code(pretext), "supervised": code(supervised), "own": own, "other": other}
    text = "Over the sample the overlap is {own} with {pretext} and {other} with {supervised} (n = {n}): "
    interval = t_interval((overlaps[0] - overlaps[1])[both])
    if interval is None or interval[0] <= 0 <= interval[1]:
        text += "whether the maps of {name} are closer to those of {pretext} or of {supervised} is open."
    elif interval[0] > 0:
        text += "the maps of {name} are closer to those of {pretext} than to those of {supervised}."
    else:
        text += "the maps of {name} are closer to those of {supervised} than to those of {pretext}."
    return say(text + _left_out(~both), n=count(int(both.sum())), **values)


def _left_out(blank: np.ndarray) -> str:
    """Say of how many images [n] nothing can be compared."""
    if not blank.any():
        return ""
    left, there = count(int(blank.sum())), count(len(blank))
    return f" On the other {left} of the {there} images one of these maps is zero everywhere, and overlaps with none."


def _chance(found: Agreement) -> Markup | str:
    if found.unrelated is None:
        return ""
    return say(" ({value} between maps of different images)", value=percent(found.unrelated))
