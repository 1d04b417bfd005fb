"""What Score-CAM maps are worth, in numbers: averages over a sample of test images, and the formulas compared."""

from dataclasses import dataclass
from itertools import combinations
from statistics import mean

import numpy as np
from markupsafe import Markup
from scipy.stats import ttest_1samp

from scenessl.evaluation.metrics import wilson_interval
from scenessl.evaluation.repetitions import better_of, corrected_over, t_interval
from scenessl.explain.variants import VARIANTS, Variant
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal, p_value, percent, percent_range
from scenessl.report.readers.heatmaps import pairwise, rank_correlation
from scenessl.report.readers.samples import (
    Agreement,
    Faithfulness,
    agreement_of,
    faithfulness_of,
    paired,
    sampled_faithfulness,
)
from scenessl.report.wording import cite, layer_name, listing, names, paragraph, plural, ref, say, sentence

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
        "hottest pixels are taken away, or put into a blurred image, first {second}, equally hot ones in a random "
        "order. Little drop, a small deletion and a large insertion speak for a map of a network. Since the areas also "
        "grow with the confidence itself, models are compared by areas relative to it. {images} has the single values "
        "of the explained images, {layers} their means by layer.",
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


CALLED = {"drop": "drop", "deleting": "relative deletion", "inserting": "relative insertion"}
"""The measures by which the maps of two models are compared."""


@dataclass(frozen=True)
class Contrast:
    """What a measure of one model exceeds another's by over n images, with the 95 % interval and the corrected p."""

    difference: float
    low: float
    high: float
    p: float

    @property
    def clear(self) -> bool:
        """Whether a difference is shown."""
        return better_of(self.low, self.high, self.p) != "open"


def contrasts(evidence: Evidence, other: str) -> dict[str, dict[str, Contrast | None]]:
    """Compare every model's maps with those of `other`, image by image: by model and measure, None where untested.

    The p-values of the paired t-tests are corrected over all models and measures.
    """
    names = [name for name in models(evidence) if name != other]
    values = {(name, measure): paired(sample(evidence, name), sample(evidence, other), measure)
              for name in names for measure in CALLED}  # fmt: skip
    intervals = {key: t_interval(own) for key, own in values.items()}
    p = {key: float(ttest_1samp(own, 0).pvalue) if intervals[key] else None for key, own in values.items()}
    found = {
        key: interval and Contrast(float(values[key].mean()), *interval, corrected)
        for (key, interval), corrected in zip(intervals.items(), corrected_over(p).values(), strict=True)
    }
    return {name: {measure: found[name, measure] for measure in CALLED} for name in names}


def _differences(evidence: Evidence) -> list[Markup]:
    supervised = evidence.roles["supervised"]
    found = contrasts(evidence, supervised) if supervised in models(evidence) else {}
    if not found:
        return []
    caution = say(
        "Intervals are over the images, of the first seed’s trainings, and p-values are corrected over all these "
        "comparisons {holm}. A network also reacts to masks as such, some more than others: a difference says that the "
        "measures of these two networks differ, not whose maps show more of what its network uses.",
        holm=cite("holm1979"),
    )
    return [*(_difference(name, supervised, own) for name, own in found.items()), caution]


def _difference(one: str, other: str, found: dict[str, Contrast | None]) -> Markup:
    values = {"one": code(one), "other": code(other)}
    clear = {measure: value for measure, value in found.items() if value and value.clear}
    open_ = [CALLED[measure] for measure, value in found.items() if value and not value.clear]
    untested = [CALLED[measure] for measure, value in found.items() if value is None]
    sentences = []
    if clear:
        parts = listing([_by(measure, value) for measure, value in clear.items()])
        sentences.append(say("Image by image, {one} minus {other} is {parts}.", parts=parts, **values))
    if open_:
        text = "Between {one} and {other} no difference in {measures} is shown."
        sentences.append(say(text, measures=listing(open_), **values))
    if untested:
        text = "Whether {one} and {other} differ in {measures} cannot be told from so few images."
        sentences.append(say(text, measures=listing(untested), **values))
    return paragraph(*sentences)


def _by(measure: str, found: Contrast) -> Markup:
    text = "{difference} in {measure} (95 % interval {low} to {high}, {p} corrected)"
    numbers = {name: decimal(getattr(found, name)) for name in ("difference", "low", "high")}
    return say(text, measure=CALLED[measure], p=p_value(found.p), **numbers)


def _agreements(evidence: Evidence) -> Markup:
    """Say how alike the maps of the models are over the sample."""
    rows = [row for row in agreement_rows(evidence) if row["n"]]
    if not rows:
        text = "Over the sample no maps can be compared: of each pair, one at least is the same everywhere ({table})."
        return say(text, table=ref("scorecam_sample_agreement"))
    parts = [
        say(
            "{correlation} and {overlap}{spread} between {one} and {other}",
            correlation=decimal(row["correlation"]),
            overlap=percent(row["overlap"]),
            spread=_spread(row),
            one=code(row["one"]),
            other=code(row["other"]),
        )
        for row in rows
    ]
    return say(
        "Over the sample, rank correlation and overlap of the hottest fifths are on average {parts} ({table}). By "
        "chance the overlap would be that of maps of different images.",
        parts=listing(parts),
        table=ref("scorecam_sample_agreement"),
    )


def _spread(row: dict) -> Markup | str:
    """Say how correlation and overlap vary over the images, and what the overlap is between different ones."""
    if row["n"] < 2:
        return ""
    text = " (standard deviations over the images {first} and {second}, overlap of different images {chance})"
    values = {"first": decimal(row["correlation_deviation"]), "second": percent(row["overlap_deviation"])}
    return say(text, chance=percent(row["unrelated"]) if row["unrelated"] is not None else "–", **values)


# --- The scheme and its own pretext ---


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
    return say(text, n=count(int(both.sum())), **values)


def _chance(found: Agreement) -> Markup | str:
    if found.unrelated is None:
        return ""
    return say(" ({value} between maps of different images)", value=percent(found.unrelated))


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
