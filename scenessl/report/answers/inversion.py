"""Answers on model inversion: question 7, the expected features and the similarities between the models."""

from itertools import combinations
from statistics import mean

from markupsafe import Markup

from scenessl.report.answers import extractors, responses
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, decimal, factor, percent
from scenessl.report.readers.inversions import Inversion
from scenessl.report.wording import cite, listing, names, number_word, paragraph, ref, say

EXPECTED = {
    "scenes": "parts and textures of the classes it was trained on",
    "rotation": "cues of what is up in an image, such as horizons, skies above grounds and upright outlines",
    "perturbation": "small uniform squares, black or white, and their sharp edges",
}
CLEAR = 0.1  # relative difference of two measures of images that is worth a word


def method(evidence: Evidence) -> list[Markup]:
    """Say what was inverted and how."""
    models = evidence.published["inversion"]["models"]
    number = len(evidence.inversions[models[0]].units)
    opening = say(
        "In each model the {number} filters of the last convolution, that of {block}, with the highest signed sum of "
        "weights were chosen. From a nearly uniform image, gradient ascent with the regularisers of Yosinski et al. "
        "{work} raised the spatial mean of each filter’s map after {activation}, and in one further image per model "
        "the sum over these filters.",
        number=number_word(number),
        block=code("features[8]"),
        activation=code("features[8][2]"),
        work=cite("yosinski2015"),
    )
    shown = say(
        "{images} show the synthetic images, each beside the real test image that excites its filter most, {traces} "
        "the rise of the activations, and {table} the values at start, at end and on average over sixteen fixed small "
        "motions of the finished image (shifts, turns and scalings, in all combinations of directions), beside the "
        "highest that any real test image reaches. Only where that average exceeds the latter, the inversion is said "
        "to work.",
        images=ref(*(f"inversion_{name}" for name in models)),
        traces=ref("inversion_traces"),
        table=ref("inversion"),
    )
    return [opening, shown]


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of filters: model, filter, weight sum, activations, ratio, class of the best real image."""
    return [
        {"model": name, "unit": unit, "class": evidence.image_class(unit.image)}
        for name in evidence.published["inversion"]["models"]
        for unit in (*evidence.inversions[name].units, evidence.inversions[name].total)
    ]


def expected(evidence: Evidence) -> list[Markup]:
    """Say model by model what was expected and what the measurements say about it."""
    return [paragraph(*_expected(evidence, name)) for name in evidence.published["inversion"]["models"]]


def _expected(evidence: Evidence, name: str) -> list[Markup | None]:
    inversion, task = evidence.inversions[name], evidence.models[name].task
    hope = say(
        "Of {name} one would expect {features}.",
        name=code(name),
        features=EXPECTED.get(task, "features of its own task"),
    )
    return [hope, works(inversion), _sum(inversion), _sight(evidence, name), responses.tested(evidence, name)]


def works(inversion: Inversion) -> Markup:
    """Judge whether the synthetic images, slightly moved, drive their filters beyond every real test image."""
    units = inversion.units
    beyond = [unit for unit in units if unit.exceeds]
    rose = sum(unit.rose for unit in units)
    if rose < len(units):
        start = say(
            "The activation rises for {rose} of its {all} filters only.",
            rose=number_word(rose),
            all=number_word(len(units)),
        )
    else:
        start = say("The activation rises for all of its {all} filters.", all=number_word(len(units)))
    if not beyond:
        end = Markup(
            "Averaged over sixteen small shifts, turns and scalings, no synthetic image drives its filter as high as "
            "the best real test image does: by this measure the inversion does not work here, and the images cannot "
            "stand for what the filters detect."
        )
        return paragraph(start, end)
    ratios = [unit.moved / unit.natural for unit in beyond if unit.natural > 0]
    size = say(" (by a factor of {ratio} on average)", ratio=decimal(mean(ratios))) if ratios else ""
    if len(beyond) == len(units):
        text = (
            "Averaged over sixteen small shifts, turns and scalings, every synthetic image drives its filter beyond "
            "what any real test image reaches{size}: by this measure the inversion works."
        )
        return paragraph(start, say(text, size=size))
    left = [unit.number for unit in units if not unit.exceeds]
    text = (
        "Averaged over sixteen small shifts, turns and scalings, {some} of them {go} beyond what any real test image "
        "reaches{size}; for {rest} the inversion does not work."
    )
    some, go = number_word(len(beyond)), "goes" if len(beyond) == 1 else "go"
    rest = say("{noun} {numbers}", noun="filter" if len(left) == 1 else "filters", numbers=listing(left))
    return paragraph(start, say(text, some=some, go=go, size=size, rest=rest))


def _sum(inversion: Inversion) -> Markup:
    total = inversion.total
    text = (
        "For the sum over the filters, the activation goes from {start} to {end}, the best real test image reaches "
        "{natural}."
    )
    return say(text, start=decimal(total.start), end=decimal(total.end), natural=decimal(total.natural))


def _sight(evidence: Evidence, name: str) -> Markup:
    """Say what the images consist of, and what follows for the expectation."""
    inversion = evidence.inversions[name]
    looks = say(
        "The images of {name} have a contrast of {contrast} and a colour saturation of {saturation} grey levels (of "
        "255), structures with a mean wavelength of {wavelength} of the image side, and {upright} of their edge energy "
        "in horizontal edges.",
        name=code(name),
        contrast=decimal(inversion.contrast),
        saturation=decimal(inversion.saturation),
        wavelength=percent(inversion.wavelength),
        upright=percent(inversion.upright),
    )
    return paragraph(looks, _conclusion(evidence, name))


def _conclusion(evidence: Evidence, name: str) -> Markup | None:
    """Compare the looks with those of the supervised model, as far as they bear on what was expected."""
    task, supervised = evidence.models[name].task, evidence.roles["supervised"]
    if supervised not in evidence.inversions or supervised == name:
        return None
    if task == "perturbation":
        other = evidence.inversions[supervised].wavelength
        text = _fineness(evidence.inversions[name].wavelength, other)
        return say(text, other=code(supervised), value=percent(other))
    return _horizontal(evidence, name) if task == "rotation" else None


def _horizontal(evidence: Evidence, name: str) -> Markup:
    """Compare the share of horizontal edges, as horizons have them, with that of the supervised model."""
    supervised, own = evidence.roles["supervised"], evidence.inversions[name].upright
    other = evidence.inversions[supervised].upright
    size = "above" if own > other + CLEAR / 2 else "below" if own < other - CLEAR / 2 else "about"
    text = "The share of horizontal edges, as horizons have them, is {size} that of {supervised} ({other})."
    return say(text, size=size, supervised=code(supervised), other=percent(other))


def _fineness(own: float, other: float) -> str:
    if own < other * (1 - CLEAR):
        return "The structures are finer than in {other} ({value}), as small squares would have it."
    if own > other * (1 + CLEAR):
        return "The structures are coarser than in {other} ({value}), unlike what small squares would suggest."
    return "The structures are about as fine as in {other} ({value}); small squares would suggest finer ones."


def compare_models(evidence: Evidence) -> list[Markup]:
    """Compare the models: selected filters, activations, looks, and the classes of the best real images."""
    models = evidence.published["inversion"]["models"]
    pairs = list(combinations(models, 2))
    common = _overlap_of_all(evidence, models, pairs)
    overlaps = [common] if common else [_overlap(evidence, one, other) for one, other in pairs]
    reason = _overlap_reason(evidence, pairs)
    return [
        paragraph(*overlaps, _absolute(evidence, models), reason),
        paragraph(*_shared(evidence, pairs), *responses.same_filters(evidence)),
        _levels(evidence),
        _differences(evidence),
        *responses.classes(evidence),
        *extractors.likeness(evidence),
    ]


def shared_filters(evidence: Evidence, one: str, other: str) -> list[int]:
    """Name the filters that both models selected, ascending."""
    return sorted(set(evidence.inversions[one].filters) & set(evidence.inversions[other].filters))


def _overlap(evidence: Evidence, one: str, other: str) -> Markup:
    shared, number = shared_filters(evidence, one, other), len(evidence.inversions[one].filters)
    values = {"one": code(one), "other": code(other), "number": number_word(number)}
    if not shared:
        return say("{one} and {other} share none of their {number} selected filters.", **values)
    text = "{one} and {other} share {shared} of their {number} selected filters ({list})."
    return say(text, shared=number_word(len(shared)), list=listing(shared), **values)


def _absolute(evidence: Evidence, models: list[str]) -> Markup:
    """Say how many of the filters lead by the absolute weights as well, so that the sign does not decide."""
    parts = []
    for name in models:
        inversion = evidence.inversions[name]
        both = [number for number in inversion.filters if number in inversion.absolute_filters]
        listed = say(" ({list})", list=listing(both)) if both else ""
        values = {"number": number_word(len(both)) if both else "none", "all": number_word(len(inversion.filters))}
        parts.append(say("{number} of its {all}{listed} in {name}", name=code(name), listed=listed, **values))
    return say("The sum of absolute weights would choose {parts} as well.", parts=listing(parts))


def _overlap_of_all(evidence: Evidence, models: list[str], pairs: list[tuple[str, str]]) -> Markup | None:
    """Say it once where every two models share the same filters; None where they do not."""
    shared = [shared_filters(evidence, *pair) for pair in pairs]
    if len(shared) < 2 or not shared[0] or any(found != shared[0] for found in shared):
        return None
    number = len(evidence.inversions[models[0]].filters)
    if len(shared[0]) == number:
        text = "{models} all have the same {number} selected filters ({list})."
    else:
        text = "{models} all share the same {shared} of their {number} selected filters ({list}), and no others."
    values = {"shared": number_word(len(shared[0])), "number": number_word(number), "list": listing(shared[0])}
    return say(text, models=names(models), **values)


def _overlap_reason(evidence: Evidence, pairs: list[tuple[str, str]]) -> Markup | None:
    if not pairs:
        return None
    share = mean(len(shared_filters(evidence, *pair)) / len(evidence.inversions[pair[0]].filters) for pair in pairs)
    inits = {evidence.models[name].init for pair in pairs for name in pair}
    if len(inits) > 1:
        return Markup("The models do not start from the same weights, so filters of one number need not correspond.")
    if share >= 0.5:
        return Markup(
            "All of them start from the same weights, which suggests that the similar selections are inherited from "
            "the start rather than learned; the weight sums at the start were not looked at."
        )
    return Markup(
        "All of them start from the same weights, so their trainings have changed the order of the weight sums: images "
        "of different filters are compared where a filter is not shared."
    )


def _shared(evidence: Evidence, pairs: list[tuple[str, str]]) -> list[Markup]:
    """For shared filters, compare the class of the real image that excites them most."""
    sentences = []
    for one, other in pairs:
        same, all_shared = [], shared_filters(evidence, one, other)
        same = [
            number
            for number in all_shared
            if _best_class(evidence, one, number) == _best_class(evidence, other, number)
        ]
        if all_shared:
            text = (
                "Of the filters that {one} and {other} share, {same} of {all} {have} {its} strongest real image in the "
                "same class in both."
            )
            have, its = ("has", "its") if len(same) == 1 else ("have", "their")
            values = {
                "same": number_word(len(same)) if same else "none",
                "all": number_word(len(all_shared)),
                "have": have,
                "its": its,
            }
            sentences.append(say(text, one=code(one), other=code(other), **values))
    return sentences


def _best_class(evidence: Evidence, name: str, number: int) -> str:
    unit = next(unit for unit in evidence.inversions[name].units if unit.number == number)
    return evidence.image_class(unit.image)


def finding(evidence: Evidence) -> Markup | None:
    """Sum up how far the synthetic images exceed real ones; None where no filter has a positive activation."""
    parts = _factors(evidence)
    units = [unit for inversion in evidence.inversions.values() for unit in inversion.units]
    text = (
        "Inverted filters end, relative to the highest activation on real test images, on average at {parts}; by the "
        "measure that small motions must not undo this, the inversion works for {working} of {all} filters."
    )
    working = sum(unit.exceeds for unit in units) or "none"
    return say(text, parts=listing(parts), working=working, all=len(units)) if parts else None


def _factors(evidence: Evidence) -> list[Markup]:
    """Give the mean of final over highest real activation, model by model, where it is defined."""
    parts = []
    for name, inversion in evidence.inversions.items():
        ratios = [unit.ratio for unit in inversion.units if unit.ratio is not None]
        if ratios:
            values = {"ratio": factor(mean(ratios)), "low": factor(min(ratios)), "high": factor(max(ratios))}
            parts.append(say("{ratio} in {name} (filter by filter from {low} to {high})", name=code(name), **values))
    return parts


def _levels(evidence: Evidence) -> Markup:
    """Compare how far the synthetic images exceed real ones."""
    parts = _factors(evidence)
    if not parts:
        return Markup(
            "No filter has a positive activation on real test images, so the activations cannot be related to them."
        )
    text = "On average over the filters, the final activation is, relative to the highest on real test images, {parts}."
    return say(text, parts=listing(parts))


def _differences(evidence: Evidence) -> Markup:
    """Order the models by how coarse and how colourful their images are."""
    inversions = evidence.inversions
    coarse = sorted(inversions, key=lambda name: -inversions[name].wavelength)
    vivid = sorted(inversions, key=lambda name: -inversions[name].saturation)
    if len(coarse) < 2:
        return Markup("There is one inverted model only, so nothing can be compared.")
    text = (
        "From coarse to fine structures the models’ images stand in the order {coarse} (mean wavelengths {wavelengths} "
        "of the image side), from vivid to pale colours in the order {vivid}."
    )
    wavelengths = listing([percent(inversions[name].wavelength) for name in coarse])
    return say(
        text,
        coarse=listing([code(name) for name in coarse]),
        wavelengths=wavelengths,
        vivid=listing([code(name) for name in vivid]),
    )
