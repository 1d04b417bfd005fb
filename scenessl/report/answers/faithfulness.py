"""What Score-CAM maps are worth, in numbers: averages over a sample of test images, and how far models agree."""

from dataclasses import dataclass
from itertools import combinations

from markupsafe import Markup
from scipy.stats import ttest_1samp

from scenessl.evaluation.metrics import wilson_interval
from scenessl.evaluation.repetitions import better_of, corrected_over, t_interval
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal, p_value, percent, percent_range
from scenessl.report.readers.samples import (
    Agreement,
    Faithfulness,
    agreement_of,
    faithfulness_of,
    paired,
    sampled_faithfulness,
)
from scenessl.report.wording import cite, layer_name, listing, paragraph, plural, ref, say, sentence


def sample(evidence: Evidence, name: str) -> Faithfulness:
    """Read a model's values over the sample."""
    return sampled_faithfulness(evidence.heatmaps.stored[name])


def models(evidence: Evidence) -> list[str]:
    """Name the explained models."""
    return evidence.published["explain"]["models"]


def highest(evidence: Evidence) -> int:
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
        layer=layer_name(highest(evidence)),
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
