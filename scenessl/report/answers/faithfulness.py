"""What Score-CAM maps are worth, in numbers: averages over a sample of test images, and the formulas compared."""

from itertools import combinations
from statistics import mean

import numpy as np
from markupsafe import Markup

from scenessl.evaluation.metrics import wilson_interval
from scenessl.evaluation.repetitions import t_interval
from scenessl.explain.variants import VARIANTS, Variant
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal, percent, percent_range
from scenessl.report.readers.heatmaps import HOT, pairwise, rank_correlation
from scenessl.report.readers.samples import (
    Agreement,
    Faithfulness,
    agreement_of,
    faithfulness_of,
    paired,
    sampled_faithfulness,
)
from scenessl.report.wording import cite, layer_name, listing, names, paragraph, plural, ref, say, sentence

CHANCE = HOT / (2 - HOT)
"""Intersection over union of two hottest parts that have nothing to do with each other."""
COINCIDE = 0.99
"""Rank correlation from which two formulas give the same map for all that is read off it."""


def sample(evidence: Evidence, name: str) -> Faithfulness:
    """Read a model's values over the sample."""
    return sampled_faithfulness(evidence.heatmaps.stored[name])


def models(evidence: Evidence) -> list[str]:
    """Name the explained models."""
    return evidence.published["explain"]["models"]


def _highest(evidence: Evidence) -> int:
    """Name the highest layer, at which the sample is explained."""
    return max(evidence.published["explain"]["layers"])


# --- Tables ---


def sample_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of averages over the sample."""
    return [{"model": name} | _means(sample(evidence, name)) for name in models(evidence)]


def layer_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of averages over the shown images, by model and layer."""
    return [
        {"model": name, "layer": layer} | _means(faithfulness_of(evidence.heatmaps.stored[name], at))
        for name in models(evidence)
        for at, layer in enumerate(evidence.heatmaps.layers)
    ]


def _means(found: Faithfulness) -> dict[str, float | int | None]:
    measures = ("confidence", "drop", "increase", "deletion", "insertion")
    values = {name: float(getattr(found, name).mean()) if len(found.images) else None for name in measures}
    return values | {"n": len(found.images)}


def image_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of single images: number, layer, and per model drop, deletion and insertion; None if blank."""
    return [
        {"number": image["number"], "layer": layer, "cells": _cells(evidence, image["image"], at)}
        for image in evidence.choice["images"]
        for at, layer in enumerate(evidence.heatmaps.layers)
    ]


def _cells(evidence: Evidence, image: int, at: int) -> list[float | None]:
    cells = []
    for name in models(evidence):
        found = faithfulness_of(evidence.heatmaps.stored[name], at)
        row = found.images.tolist().index(image) if image in found.images else None
        change = (found.kept - found.confidence) / found.confidence
        cells += [None if row is None else float(one[row]) for one in (change, found.deletion, found.insertion)]
    return cells


def agreement_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of agreement over the sample: models pair by pair, then each scheme and its own pretext."""
    pairs = [(one, other, sampled_agreement(evidence, one, other)) for one, other in combinations(models(evidence), 2)]
    pairs += [(name, evidence.pretext_of(name), found) for name, found in own_agreements(evidence).items()]
    return [{"one": one, "other": other} | vars(found) for one, other, found in pairs]


def sampled_agreement(evidence: Evidence, one: str, other: str) -> Agreement:
    """Compare the maps of two models over the sample."""
    stored = evidence.heatmaps.stored
    return agreement_of(stored[one]["sample_maps"], stored[other]["sample_maps"])


def own_agreements(evidence: Evidence) -> dict[str, Agreement]:
    """Compare the maps of each scheme with those of its own pretext over the sample, where there are any."""
    stored = {name: evidence.heatmaps.stored[name] for name in models(evidence)}
    return {
        name: agreement_of(found["sample_maps"], found["sample_pretext_maps"])
        for name, found in stored.items()
        if "sample_pretext_maps" in found
    }


# --- Sentences ---


def averages(evidence: Evidence) -> list[Markup | None]:
    """Say what the maps are worth over the sample, and how the schemes differ in it."""
    number, shown = len(evidence.choice["sample"]), len(evidence.choice["images"])
    beyond = "{few} are not many, so maps were measured on {number} test images at {layer} as well: images that all "
    beyond += (
        "explained models classify rightly, one of each class after the other, explained for that class ({table})."
    )
    opening = say(
        beyond if number > shown else "Averages at {layer} are over {number} of these images ({table}).",
        few=sentence(plural(shown, "picture"))[:-1],
        number=count(number),
        layer=layer_name(_highest(evidence)),
        table=ref("scorecam_sample"),
    )
    meaning = say(
        "An average drop says how much of its confidence a model loses when the image is multiplied by its map, and "
        "an increase how often it gains {first}; deletion and insertion are the areas under the confidence while the "
        "hottest pixels are taken away, or put into a blurred image, first {second}. Little drop, a small deletion and "
        "a large insertion speak for a map. Since the areas also grow with the confidence itself, models are compared "
        "by areas relative to it. {images} has the single values of the explained images, {layers} their means by "
        "layer.",
        first=cite("chattopadhay2018"),
        second=cite("petsiuk2018"),
        images=ref("scorecam_single"),
        layers=ref("scorecam_faithfulness"),
    )
    return [
        paragraph(opening, meaning),
        paragraph(*(_of_model(evidence, name) for name in models(evidence))),
        paragraph(*_differences(evidence)),
        _agreements(evidence),
    ]


def _of_model(evidence: Evidence, name: str) -> Markup | None:
    found = sample(evidence, name)
    if not len(found.images):
        return say("All maps of {name} over the sample are blank.", name=code(name))
    rising = float(found.increase.mean())
    return say(
        "{name} loses {drop} of its confidence on average and gains for {rising} of the images (95 % interval "
        "{interval}); deletion {deletion}, insertion {insertion} (n = {n}).",
        name=code(name),
        drop=percent(float(found.drop.mean())),
        rising=percent(rising),
        interval=percent_range(*wilson_interval(rising, len(found.images))),
        deletion=decimal(float(found.deletion.mean())),
        insertion=decimal(float(found.insertion.mean())),
        n=count(len(found.images)),
    )


SIGNS = {"drop": -1, "deleting": -1, "inserting": 1}
"""The measures by which the maps of two models are compared; 1 where more speaks for a map."""
CALLED = {"drop": "drop", "deleting": "relative deletion", "inserting": "relative insertion"}


def verdicts(evidence: Evidence, one: str, other: str) -> dict[str, tuple[float, float, float] | None]:
    """Compare two models' maps image by image: mean difference with its 95 % interval by measure; None without one."""
    found = {}
    for measure in SIGNS:
        values = paired(sample(evidence, one), sample(evidence, other), measure)
        interval = t_interval(values)
        found[measure] = (float(values.mean()), *interval) if interval else None
    return found


def _differences(evidence: Evidence) -> list[Markup]:
    supervised = evidence.roles["supervised"]
    if supervised not in models(evidence):
        return []
    return [_difference(evidence, name, supervised) for name in models(evidence) if name != supervised]


def _difference(evidence: Evidence, one: str, other: str) -> Markup:
    found = verdicts(evidence, one, other)
    clear = {name: value for name, value in found.items() if value and not value[1] <= 0 <= value[2]}
    values = {"one": code(one), "other": code(other)}
    if not clear:
        text = "Between {one} and {other} no difference in drop, deletion or insertion is shown"
        return say(text + " (all 95 % intervals of the paired differences hold zero).", **values)
    parts = listing([_by(name, *value) for name, value in clear.items()])
    ways = {SIGNS[name] * value[0] > 0 for name, value in clear.items()}
    text = "Image by image, {one} minus {other} is {parts}{rest}: {verdict}."
    rest = [CALLED[name] for name in found if name not in clear]
    left = say(", and undecided in {rest}", rest=listing(rest)) if rest else ""
    verdict = (
        "the measures do not agree on whose maps show more of what the model uses"
        if len(ways) > 1
        else say(
            "by {these}, the maps of {better} show more of what that model uses",
            these="all three measures" if len(clear) == len(found) else "what is decided",
            better=code(one if ways == {True} else other),
        )
    )
    return say(text, parts=parts, rest=left, verdict=verdict, **values)


def _by(measure: str, difference: float, low: float, high: float) -> Markup:
    text = "{difference} in {measure} (95 % interval {low} to {high})"
    numbers = {"difference": decimal(difference), "low": decimal(low), "high": decimal(high)}
    return say(text, measure=CALLED[measure], **numbers)


def _agreements(evidence: Evidence) -> Markup | None:
    """Say how alike the maps of the models are over the sample."""
    rows = [row for row in agreement_rows(evidence) if row["n"]]
    if not rows:
        return None
    parts = [
        say(
            "{correlation} and {overlap} between {one} and {other}",
            correlation=decimal(row["correlation"]),
            overlap=percent(row["overlap"]),
            one=code(row["one"]),
            other=code(row["other"]),
        )
        for row in rows
    ]
    return say(
        "Over the sample, rank correlation and overlap of the hottest fifths (by chance: {chance}) are on average "
        "{parts} ({table}).",
        chance=percent(CHANCE),
        parts=listing(parts),
        table=ref("scorecam_sample_agreement"),
    )


# --- The scheme and its own pretext ---


def own_pretexts(evidence: Evidence) -> list[Markup]:
    """Say for each scheme on frozen features whether it looks where its own pretext looks."""
    return [_own(evidence, name, found) for name, found in own_agreements(evidence).items()]


def _own(evidence: Evidence, name: str, sampled: Agreement) -> Markup:
    pretext, task = evidence.pretext_of(name), evidence.models[evidence.pretext_of(name)].task
    opening = say(
        "{name} has the frozen features of {pretext}: their maps weigh the same channels, only the weights differ. "
        "The maps of {pretext} explain, for the same images, {answer} ({figure}).",
        name=code(name),
        pretext=code(pretext),
        answer=_answer(evidence, name, task),
        figure=ref(f"scorecam_{name}"),
    )
    return paragraph(opening, *_by_layer(evidence, name), _verdict(evidence, name, sampled))


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
    high = evidence.heatmaps.layers.index(_highest(evidence))
    single = [
        (image["number"], agreement_of(maps[row : row + 1, high], own[row : row + 1, high]).overlap)
        for row, image in enumerate(evidence.choice["images"])
    ]
    single = [pair for pair in single if pair[1] is not None]
    if len(single) > 1:
        most, least = max(single, key=lambda pair: pair[1]), min(single, key=lambda pair: pair[1])
        text = "At {layer} it is most on image {most} ({high}) and least on image {least} ({low})."
        values = {"most": most[0], "high": percent(most[1]), "least": least[0], "low": percent(least[1])}
        sentences.append(say(text, layer=layer_name(_highest(evidence)), **values))
    return sentences


def _verdict(evidence: Evidence, name: str, own: Agreement) -> Markup | None:
    """Set the likeness to the own pretext beside that to the supervised model, over the sample."""
    supervised, pretext = evidence.roles["supervised"], evidence.pretext_of(name)
    if own.overlap is None or supervised not in models(evidence):
        return None
    stored = evidence.heatmaps.stored
    pairs = [
        pairwise(stored[name]["sample_maps"], others)[1]
        for others in (stored[name]["sample_pretext_maps"], stored[supervised]["sample_maps"])
    ]
    interval = t_interval((pairs[0] - pairs[1])[np.isfinite(pairs[0] - pairs[1])])
    values = {"name": code(name), "pretext": code(pretext), "supervised": code(supervised), "own": percent(own.overlap)}
    values |= {"other": percent(float(np.nanmean(pairs[1]))), "n": count(own.n), "chance": percent(CHANCE)}
    text = "Over the sample the overlap is {own} with {pretext} and {other} with {supervised} (by chance: {chance}; "
    text += "n = {n}): "
    if interval is None or interval[0] <= 0 <= interval[1]:
        return say(text + "whether {name} looks more where its pretext or where {supervised} looks is open.", **values)
    if interval[0] > 0:
        return say(text + "{name} looks where its own pretext looks rather than where {supervised} does.", **values)
    return say(text + "{name} looks where {supervised} looks rather than where its own pretext does.", **values)


# --- The formulas ---


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
        layer=layer_name(_highest(evidence)),
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
