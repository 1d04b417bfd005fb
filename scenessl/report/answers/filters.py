"""Answers on the filters: all of two layers in both networks, what kinds there are by rule, and what they may do."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, decimal, degrees, percent
from scenessl.report.readers.filterbanks import NO_KIND, FilterLayer
from scenessl.report.wording import listing, names, number_word, paragraph, ref, say, sentence, verb

MEANINGS = {
    "oriented edge": "answers to a change of {what} across a line of its direction, and not along it: an "
    "edge or, with a second change back, a bar",
    "centre-surround": "sets a spot against its surroundings and so answers to blobs, corners and grain, whatever "
    "their direction",
    "colour-opponent": "sets one colour against its opposite and answers to colour where brightness alone says nothing",
    "low-pass": "averages its patch, and so passes on {what} without detail",
}
"""What a filter of a kind does; `what` it sees depends on its layer."""


def sheets(evidence: Evidence) -> list[str]:
    """Ids of the figures with all filters of a layer, model by model."""
    return [f"filters_{name}_{place}" for name, layers in evidence.filters.items() for place in _places(layers)]


def _places(layers: Sequence[FilterLayer]) -> range:
    return range(1, 1 + len(layers))


def overview(evidence: Evidence) -> list[Markup]:
    """Say which filters the figures show, and how."""
    layers = next(iter(evidence.filters.values()))
    parts = [
        say("{name} ({out} filters of {high} × {wide} pixels and {channels} input channels)", **_shape(layer))
        for layer in layers
    ]
    opening = say(
        "{figures} {show} all filters of the layers {layers}, one image per layer and network.",
        figures=ref(*sheets(evidence)),
        show=verb(sheets(evidence), "shows", "show"),
        layers=listing(parts),
    )
    return [paragraph(opening, *[_how_shown(evidence, place) for place in range(len(layers))])]


def _shape(layer: FilterLayer) -> dict[str, object]:
    out, channels, high, wide = layer.shape
    return {"name": code(layer.name), "out": out, "channels": channels, "high": high, "wide": wide}


def _how_shown(evidence: Evidence, place: int) -> Markup:
    """Say how the kernels of a layer become pictures."""
    layer = next(iter(evidence.filters.values()))[place]
    if layer.sees_colours:
        text = "The filters of {layer} see red, green and blue, so each is shown in these colours."
        return say(text, layer=code(layer.name))
    shares = [
        say("{share} in {name}", share=percent(float(np.mean(layers[place].explained)), 1), name=code(name))
        for name, layers in evidence.filters.items()
    ]
    text = (
        "A filter of {layer} has {channels} input channels, which no colours can show. It is shown by the one spatial "
        "pattern that says most of it, the first singular vector of its kernel with one row per channel, in grey; "
        "this pattern holds {shares} of a kernel’s energy on average. Where slices stand below, they are what the "
        "kernels consist of, channel by channel."
    )
    return say(text, layer=code(layer.name), channels=layer.shape[1], shares=listing(shares))


# --- Kinds ---


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of kinds: model, layer, number of filters, and how many of each kind."""
    return [
        {"model": name, "layer": layer.name, "filters": layer.shape[0], "counts": layer.counts}
        for name, layers in evidence.filters.items()
        for layer in layers
    ]


def columns(evidence: Evidence) -> list[str]:
    """Kinds in the order of the table, none of them last."""
    return [*next(iter(evidence.filters.values()))[0].kinds, NO_KIND]


def rule(evidence: Evidence) -> Markup:
    """State the rule by which filters are named."""
    return say(
        "A filter is named by a rule. Its kernel is compared with drawn patterns: edges and bars of every direction, "
        "discs against rings, even patches. The score of a kind is the largest share of the kernel’s energy (its sum "
        "of squares) in one of the kind’s patterns, over all input channels; where a filter sees the image itself, "
        "these patterns are sought in its mean over the colours, and the energy outside that mean is the score as "
        "colour-opponent. A filter is of the kind with its highest score among those that 95 % of random kernels do "
        "not reach, or of none. {table} and {figures} give the result.",
        table=ref("filter_kinds"),
        figures=ref(*(f"filter_kinds_{name}" for name in evidence.filters)),
    )


def kinds(evidence: Evidence) -> list[Markup]:
    """Say layer by layer which kinds both networks have, and how alike they are in that."""
    return [paragraph(*_kinds(evidence, place)) for place in range(len(next(iter(evidence.filters.values()))))]


def _kinds(evidence: Evidence, place: int) -> list[Markup | None]:
    layer = next(iter(evidence.filters.values()))[place]
    sentences = [_counted(name, layers[place]) for name, layers in evidence.filters.items()]
    opening = say("In {layer}, {parts}.", layer=code(layer.name), parts=Markup("; ").join(sentences))
    return [opening, _alike(evidence, place)]


def _counted(name: str, layer: FilterLayer) -> Markup:
    counts = sorted(layer.counts.items(), key=lambda pair: -pair[1])
    found = [say("{number} {kind}", number=number, kind=kind) for kind, number in counts if number and kind != NO_KIND]
    nothing = layer.counts[NO_KIND]
    rest = say("{number} of no kind", number=nothing) if nothing else None
    return say(
        "of the {out} filters of {name} there are {found}",
        out=layer.shape[0],
        name=code(name),
        found=listing([*found, *([rest] if rest else [])]),
    )


def overlap(one: FilterLayer, other: FilterLayer) -> float:
    """Share of filters, 0..1, that two layers have in common when matched kind by kind."""
    first, second = one.shares(), other.shares()
    return sum(min(first.get(kind, 0.0), second.get(kind, 0.0)) for kind in first | second)


def _alike(evidence: Evidence, place: int) -> Markup | None:
    models = list(evidence.filters)
    if len(models) < 2:
        return None
    layers = [evidence.filters[name][place] for name in models[:2]]
    text = "Matched kind by kind, {share} of the filters of {models} have a counterpart in the other network{nothing}."
    share = percent(overlap(*layers), 1)
    return say(text, share=share, models=names(models[:2]), nothing=of_no_kind(*layers))


def of_no_kind(one: FilterLayer, other: FilterLayer) -> str:
    """Say, in brackets, which share of the filters has a counterpart only in being of no kind; nothing for none."""
    share = min(layer.shares()[NO_KIND] for layer in (one, other))
    return f" ({percent(share, 1)} of all only in that both are of no kind)" if share else ""


def picked(evidence: Evidence) -> list[Markup]:
    """Explain the picked filters, kind by kind."""
    kinds_there = next(iter(evidence.filters.values()))[0].kinds
    found = [_picked(evidence, place, kind) for place, kind in enumerate(kinds_there)]
    return [item for item in found if item]


def _picked(evidence: Evidence, kind: int, word: str) -> Markup | None:
    parts = [
        _picked_of(name, layer, kind)
        for name, layers in evidence.filters.items()
        for layer in layers
        if layer.picked_of(kind)
    ]
    if not parts:
        return None
    text = "<b>{word}</b>: {parts}. Such a filter {meaning}."
    meaning = MEANINGS.get(word, "has the pattern that its name says").format(what=_what(evidence, kind))
    return say(text, word=sentence(word)[:-1], parts=Markup("; ").join(parts), meaning=meaning)


def _what(evidence: Evidence, kind: int) -> str:
    """Name what the filters picked for a kind see: the image's colours, or the maps of the layer before."""
    picked_from = [layer for layers in evidence.filters.values() for layer in layers if layer.picked_of(kind)]
    if all(layer.sees_colours for layer in picked_from):
        return "brightness or colour"
    if any(layer.sees_colours for layer in picked_from):
        return "brightness, colour or, in an inner layer, what its input maps hold"
    return "what its input maps hold"


def _picked_of(name: str, layer: FilterLayer, kind: int) -> Markup:
    """Name the filters of one layer picked for a kind: scores, directions of edges, and which are of no kind."""
    numbers = layer.picked_of(kind)
    scores = [decimal(float(layer.scores[number, kind])) for number in numbers]
    is_edge = layer.kinds[kind] == "oriented edge"
    angles = [f" at {degrees(layer.orientation[number])}" if is_edge else "" for number in numbers]
    doubts = [", of no kind by the rule" if layer.kind[number] < 0 else "" for number in numbers]
    found = [
        say("{number}{at} ({score}{doubt})", number=number, at=at, score=score, doubt=doubt)
        for number, at, score, doubt in zip(numbers, angles, scores, doubts, strict=True)
    ]
    text = "{noun} {found} of {layer} in {name}"
    noun = "filter" if len(numbers) == 1 else "filters"
    return say(text, noun=noun, found=listing(found), layer=code(layer.name), name=code(name))


def picking(evidence: Evidence) -> Markup:
    """Say how filters were picked, and what their numbers are."""
    shown = max(len(layer.picked) for layers in evidence.filters.values() for layer in layers)
    return say(
        "{figures} {show} up to {shown} filters of each layer: the best of each kind in turn. Numbers count from 0 as "
        "in the weights, scores stand in brackets (1: the kernel is that pattern), angles are counter-clockwise from "
        "the horizontal. A picked filter has the highest score for its kind, which need not be its own best; a score "
        "that random kernels reach as well is marked (?) there.",
        figures=ref(*(f"filter_kinds_{name}" for name in evidence.filters)),
        show=verb(evidence.filters, "shows", "show"),
        shown=number_word(shown),
    )
