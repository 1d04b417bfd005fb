"""Answers on Score-CAM, question 6: where the heat lies, how it changes with depth, and how the models differ."""

from itertools import combinations
from statistics import mean

from markupsafe import Markup

from scenessl.report.answers import faithfulness, formulas, own_pretexts
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal, percent, setting
from scenessl.report.readers.heatmaps import HOT, Heat
from scenessl.report.readers.samples import Agreement
from scenessl.report.wording import (
    cite,
    image_numbers,
    layer_name,
    listing,
    names,
    paragraph,
    plural,
    ref,
    say,
    sentence,
)

OFF_CENTRE = 0.05  # image sides from the middle that are worth a word
SMALL = 0.02  # a change of a share of heat or area below this is called none

VARIANTS = {
    "paper": "the formula of the paper: channels are weighted by the softmax over channels of their increase of "
    "confidence against a baseline image",
    "gradcam": (
        "the formula of pytorch-grad-cam: channels are weighted by the softmax over channels of the raw target score"
    ),
    "torchcam": (
        "the formula of torch-cam: channels are weighted by the softmax over channels of the gain in target score"
    ),
    "authors": "the formula of the authors’ code: channels are weighted by the class probability, without softmax",
}


def images(evidence: Evidence) -> list[Markup]:
    """Say how the images were chosen and how the maps were made."""
    choice, explain = evidence.choice, evidence.published["explain"]
    number, wanted = len(choice["images"]), choice["wanted"]
    fewer = None
    if number < wanted:
        fewer = say("That is fewer than the {wanted} wanted; there are no more.", wanted=plural(wanted, "image"))
    opening = say(
        "All explained models ({models}) classify {common} of the {tests} test images rightly; {number} of them, in a "
        "fixed seeded order with one per class first, are explained{table}.",
        models=names(explain["models"]),
        common=count(choice["common_correct"]),
        tests=count(choice["test_images"]),
        number=plural(number, "image"),
        table=say(" ({ref})", ref=ref("scorecam_images")) if number else "",
    )
    maps = [paragraph(_formula(evidence), _grids(evidence)), *formulas.formulas(evidence)] if number else []
    return [paragraph(opening, fewer), *maps]


def _formula(evidence: Evidence) -> Markup:
    explain = evidence.published["explain"]
    text = "Maps are made by Score-CAM {work} for the image’s own class, in {formula}{switched}."
    replaced = [f"{name.replace('_', ' ')} {setting(value)}" for name, value in explain["switches"].items()]
    switched = say(", but with {replaced}", replaced=listing(replaced)) if replaced else ""
    return say(text, work=cite("wang2020"), formula=VARIANTS[explain["variant"]], switched=switched)


def _grids(evidence: Evidence) -> Markup:
    explain = evidence.published["explain"]
    return say(
        "{grids} show the maps of each model at the layers {layers}, from the higher to the lower; {side} sets the "
        "models side by side, each map in a range of its own, and {shared} in one that they share. All are in the "
        "colour map {colours}, whose range each figure states.",
        grids=ref(*(f"scorecam_{name}" for name in explain["models"])),
        side=ref("scorecam_comparison"),
        shared=ref("scorecam_shared"),
        layers=listing([layer_name(layer) for layer in explain["layers"]]),
        colours=code(explain["colour_map"]),
    )


def image_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of explained images: number, class, path and each model's confidence."""
    confidence = evidence.heatmaps.confidence
    models = evidence.published["explain"]["models"]
    return [
        image | {"confidence": [float(confidence[name][at]) for name in models]}
        for at, image in enumerate(evidence.choice["images"])
    ]


def heat_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of maps: model, layer and the means of what was measured; None where all maps are blank."""
    rows = []
    for name in evidence.published["explain"]["models"]:
        for layer in evidence.published["explain"]["layers"]:
            heats = [heat for heat in evidence.heatmaps.heat(name, layer) if heat]
            keys = ("concentration", "area", "across", "down", "extent")
            means = {key: mean(getattr(heat, key) for heat in heats) if heats else None for key in keys}
            rows.append({"model": name, "layer": layer, "n": len(heats)} | means)
    return rows


def agreement_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of agreement: two models, and per layer the mean rank correlation and overlap."""
    rows = []
    for one, other in couples(evidence):
        for layer in evidence.published["explain"]["layers"]:
            found = {
                "correlation": evidence.heatmaps.agreement(one, other, layer),
                "overlap": evidence.heatmaps.overlap(one, other, layer),
            }
            known = {key: [value for value in values if value is not None] for key, values in found.items()}
            means = {key: mean(values) if values else None for key, values in known.items()}
            rows.append({"one": one, "other": other, "layer": layer} | means)
    return rows


def couples(evidence: Evidence) -> list[tuple[str, str]]:
    """Name the explained models, two by two."""
    return list(combinations(evidence.published["explain"]["models"], 2))


def single_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of single images: number, layer, and per couple of models rank correlation and overlap."""
    heatmaps, rows = evidence.heatmaps, []
    for layer in evidence.published["explain"]["layers"]:
        columns = [zip(heatmaps.agreement(*pair, layer), heatmaps.overlap(*pair, layer), strict=True)
                   for pair in couples(evidence)]  # fmt: skip
        cells = zip(*columns, strict=True)
        images = zip(evidence.choice["images"], cells, strict=True)
        rows += [{"number": image["number"], "layer": layer, "cells": own} for image, own in images]
    return sorted(rows, key=lambda row: row["number"])


def scheme(evidence: Evidence, name: str) -> list[Markup]:
    """Discuss one model, a paragraph per layer, from the higher to the lower."""
    layers = evidence.published["explain"]["layers"]
    return [_layer(evidence, name, layer) for layer in layers] + [_depth(evidence, name)]


def _numbered(evidence: Evidence, values: list, key: object) -> list[tuple[int, float]]:
    """Pair the images' numbers with a value of their maps, blank maps left out."""
    images = evidence.choice["images"]
    return [(image["number"], key(value)) for image, value in zip(images, values, strict=True) if value is not None]


def _layer(evidence: Evidence, name: str, layer: int) -> Markup:
    heats = evidence.heatmaps.heat(name, layer)
    blank = [image["number"] for image, heat in zip(evidence.choice["images"], heats, strict=True) if heat is None]
    found = [heat for heat in heats if heat]
    if not found:
        return say("At {layer} all maps of {name} are blank.", layer=layer_name(layer), name=code(name))
    shares = _numbered(evidence, heats, lambda heat: heat.concentration)
    most, least = max(shares, key=lambda pair: pair[1]), min(shares, key=lambda pair: pair[1])
    opening = say(
        "At {layer} the hottest fifth of the pixels holds {mean} of the heat on average (a flat map: {flat}), most in "
        "{most} ({high}) and least in {least} ({low}).",
        layer=layer_name(layer),
        mean=percent(mean(share for _, share in shares)),
        flat=percent(HOT),
        most=_image(evidence, most[0]),
        high=percent(most[1]),
        least=_image(evidence, least[0]),
        low=percent(least[1]),
    )
    empty = say("The maps of {images} are blank.", images=image_numbers(blank)) if blank else None
    return paragraph(opening, _place(found), _extremes(evidence, heats), empty)


def _image(evidence: Evidence, number: int) -> Markup:
    image = next(image for image in evidence.choice["images"] if image["number"] == number)
    return say("image {number} (“{label}”)", number=number, label=image["class"])


def _place(heats: list[Heat]) -> Markup:
    """Say where the mean centre of the heat lies."""
    across, down = (mean(getattr(heat, key) for heat in heats) for key in ("across", "down"))
    sides = [_side(down, "above", "below"), _side(across, "left of", "right of")]
    where = listing([side for side in sides if side])
    area = percent(mean(heat.area for heat in heats))
    text = (
        "The centre of that fifth lies {where} the middle on average, and {area} of the image is at least half as hot "
        "as the maximum."
    )
    return say(text, where=where or "near", area=area)


def _side(position: float, before: str, after: str) -> str | None:
    if abs(position - 0.5) < OFF_CENTRE:
        return None
    return before if position < 0.5 else after


def _extremes(evidence: Evidence, heats: list[Heat | None]) -> Markup | None:
    """Point to the images whose heat lies highest and lowest."""
    places = _numbered(evidence, heats, lambda heat: heat.down)
    top, bottom = min(places, key=lambda pair: pair[1]), max(places, key=lambda pair: pair[1])
    if bottom[1] - top[1] < OFF_CENTRE:
        return None
    text = "The centre lies highest in {top} and lowest in {bottom}."
    return say(text, top=image_numbers([top[0]]), bottom=image_numbers([bottom[0]]))


def _mean_heat(evidence: Evidence, name: str, layer: int, measure: str) -> float | None:
    """Give the mean of a measure of the maps of a model and layer; None where all are blank."""
    values = [getattr(heat, measure) for heat in evidence.heatmaps.heat(name, layer) if heat]
    return mean(values) if values else None


def _depth(evidence: Evidence, name: str) -> Markup:
    """Say what changes from the lowest to the highest layer; judged only where both measures agree."""
    low, high = min(evidence.heatmaps.layers), max(evidence.heatmaps.layers)
    share, area = (
        [_mean_heat(evidence, name, layer, measure) for layer in (low, high)] for measure in ("concentration", "area")
    )
    if None in share:
        return say("How {name} changes with depth cannot be said, since a layer is blank.", name=code(name))
    directions = _direction(*share), _direction(*area)
    text = (
        "From {low} to {high} the hottest fifth holds {holds} of the heat ({share}) {joint} the area at least half as "
        "hot as the maximum {grows} ({area}){meaning}."
    )
    return say(
        text,
        low=layer_name(low),
        high=layer_name(high),
        holds=("less", "about as much", "more")[directions[0] + 1],
        grows=("shrinks", "hardly changes", "grows")[directions[1] + 1],
        share=_from_to(share),
        area=_from_to(area),
        joint="and" if directions in DEPTHS else "but",
        meaning=say(
            "{meaning}{extent}", meaning=DEPTHS.get(directions, DISAGREEING), extent=_extents(evidence, name, low, high)
        ),
    )


def _extents(evidence: Evidence, name: str, low: int, high: int) -> Markup:
    """Say whether the hottest pixels lie closer together in the higher layer than in the lower one."""
    extents = [_mean_heat(evidence, name, layer, "extent") for layer in (low, high)]
    text = "; the hottest fifth {changes} (extent {extent} of the image’s side)"
    changes = ("becomes more compact", "reaches as far", "spreads out")[_direction(*extents) + 1]
    return say(text, changes=changes, extent=_from_to(extents))


DEPTHS = {
    (1, -1): ": the heat gathers on fewer pixels than in the lower layer",
    (-1, 1): ": the heat spreads over more pixels than in the lower layer",
    (0, 0): ": the two layers are about equally selective, though not necessarily for the same places",
}
DISAGREEING = ", so the two measures do not agree on what changes with depth"
"""What follows where the share in the hottest fifth and the hot area change together (1: rises, -1: falls)."""


def _direction(before: float, after: float) -> int:
    """Say whether a share rises (1), falls (-1) or hardly changes (0)."""
    return 0 if abs(after - before) < SMALL else 1 if after > before else -1


def _from_to(values: list[float]) -> str:
    return f"{percent(values[0])}, then {percent(values[1])}"


def between(evidence: Evidence) -> list[Markup]:
    """Compare the models with each other, layer by layer, and with their own pretexts."""
    supervised = evidence.roles["supervised"]
    others = [name for name in evidence.published["explain"]["models"] if name != supervised]
    if supervised not in evidence.published["explain"]["models"]:
        return [say("{supervised} is not among the explained models.", supervised=code(supervised))]
    schemes = [name for name in others if name in evidence.self_supervised]
    couples = [(supervised, name) for name in others] + list(combinations(schemes, 2))
    pairs = [paragraph(*_pair(evidence, *couple)) for couple in couples]
    caution = say(
        "{number} are pictures, not a sample: the numbers describe these images ({tables}) and are not tested.",
        number=sentence(plural(len(evidence.choice["images"]), "image"))[:-1],
        tables=ref("scorecam_heat", *(["scorecam_agreement", "scorecam_couples"] if others else [])),
    )
    return [*pairs, *_own_pretext(evidence), caution, *faithfulness.averages(evidence)]


def _pair(evidence: Evidence, one: str, other: str) -> list[Markup]:
    layers = evidence.published["explain"]["layers"]
    means = {layer: _mean_agreement(evidence, one, other, layer) for layer in layers}
    parts = [
        say("{value} at {layer}", value=decimal(value), layer=layer_name(layer))
        for layer, value in means.items()
        if value is not None
    ]
    if not parts:
        return [
            say("The maps of {one} and {other} cannot be ranked against each other.", one=code(one), other=code(other))
        ]
    opening = say(
        "The maps of {other} and {one} have a rank correlation of {parts} (1: the same order of pixels, 0: none).",
        one=code(one),
        other=code(other),
        parts=listing(parts),
    )
    return [
        opening,
        _trend(means),
        _least_alike(evidence, one, other, max(layers)),
        _focus(evidence, one, other, max(layers)),
    ]


def finding(evidence: Evidence) -> Markup | None:
    """Sum up how alike the maps of the schemes are at the highest layer; None where that cannot be said."""
    explained = [name for name in evidence.published["explain"]["models"] if name in evidence.roles["schemes"]]
    layer = max(evidence.heatmaps.layers)
    found = [(pair, faithfulness.sampled_agreement(evidence, *pair)) for pair in combinations(explained, 2)]
    parts = [
        say("{value} for {pair}{spread}", value=decimal(one.correlation), pair=names(pair), spread=_spread(one))
        for pair, one in found
        if one.n
    ]
    text = "At {layer} the Score-CAM maps of the schemes have a rank correlation of {parts} on average over {number} "
    text += "test images."
    number = count(len(evidence.choice["sample"]))
    return say(text, layer=layer_name(layer), parts=listing(parts), number=number) if parts else None


def _spread(found: Agreement) -> Markup | str:
    text = " (standard deviation over the images {value})"
    return say(text, value=decimal(found.correlation_deviation)) if found.n > 1 else ""


def _mean_agreement(evidence: Evidence, one: str, other: str, layer: int) -> float | None:
    found = [value for value in evidence.heatmaps.agreement(one, other, layer) if value is not None]
    return mean(found) if found else None


def _trend(means: dict[int, float | None]) -> Markup | None:
    low, high = means[min(means)], means[max(means)]
    if low is None or high is None:
        return None
    if abs(high - low) < 0.05:
        return Markup("So the two agree about as much in the higher layer as in the lower one.")
    if high < low:
        return Markup("So they agree more in the lower layer than in the higher one, where the models differ more.")
    return Markup(
        "So they agree more in the higher layer than in the lower one: different early features lead to more "
        "similar regions."
    )


def _least_alike(evidence: Evidence, one: str, other: str, layer: int) -> Markup | None:
    values = _numbered(evidence, evidence.heatmaps.agreement(one, other, layer), float)
    if len(values) < 2:
        return None
    most, least = max(values, key=lambda pair: pair[1]), min(values, key=lambda pair: pair[1])
    return say(
        "At {layer} they agree most on {most} ({high}) and least on {least} ({low}).",
        layer=layer_name(layer),
        most=_image(evidence, most[0]),
        high=decimal(most[1]),
        least=_image(evidence, least[0]),
        low=decimal(least[1]),
    )


def _focus(evidence: Evidence, one: str, other: str, layer: int) -> Markup | None:
    """Say which of two models is more focused in a layer."""
    first, second = (_mean_heat(evidence, name, layer, "concentration") for name in (one, other))
    if first is None or second is None:
        return None
    if abs(first - second) < SMALL:
        return say(
            "There both are equally focused ({first} and {second}).", first=percent(first), second=percent(second)
        )
    focused, wide = (one, other) if first > second else (other, one)
    high, low = max(first, second), min(first, second)
    text = (
        "There {focused} has more of its heat in the hottest fifth, {high} against {low} of {wide}; that fifth {apart} "
        "(extent {extent} against {other_extent} of the image’s side)."
    )
    extents = [_mean_heat(evidence, name, layer, "extent") for name in (focused, wide)]
    apart = ("is more compact", "is as spread out", "is more spread out")[_direction(extents[1], extents[0]) + 1]
    values = {"high": percent(high), "low": percent(low), "extent": percent(extents[0])}
    return say(text, focused=code(focused), wide=code(wide), apart=apart, other_extent=percent(extents[1]), **values)


def _own_pretext(evidence: Evidence) -> list[Markup]:
    """Say whether the schemes look where their own pretexts look, as far as that was measured."""
    found = own_pretexts.own_pretexts(evidence)
    explained = evidence.published["explain"]["models"]
    rest = [
        name
        for name in evidence.self_supervised
        if name in explained and evidence.pretext_of(name) and evidence.heatmaps.beside(name) is None
    ]
    if rest:
        text = "Whether {models} look where their pretexts look was not measured, since their features are other ones."
        found.append(say(text, models=names(rest)))
    return found
