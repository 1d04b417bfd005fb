"""Answers on class activation maps: why they are exact here, how they are made, and what they show."""

from statistics import mean

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal, factor, percent
from scenessl.report.readers.activations import ActivationMap, ActivationMaps
from scenessl.report.readers.heatmaps import rank_correlation
from scenessl.report.wording import cite, listing, names, paragraph, plural, ref, say, sentence, verb

ALIKE = 0.5  # rank correlation above which two maps count as alike
SURE = 0.9  # lowest probability that is called a high confidence
CLEAR = 0.05  # a share of heat at the border that differs by more from an even map's is worth a word


def why_easy() -> list[Markup]:
    """Say why this architecture makes the maps easy."""
    return [
        Markup(
            "A ResNet ends with a global average over each map of its last block, followed by one linear layer. Both "
            "are sums, and sums may change places: instead of averaging first and weighting then, one can weight first "
            "and average then. What is averaged is the class activation map. So its mean, with the layer’s bias, is "
            "the score itself: the map spreads the score over the image and nothing is estimated, approximated or "
            "trained. A network with several fully-connected layers behind flattened maps, as AlexNet or VGG, has no "
            "such map; it would have to be changed and trained again."
        )
    ]


def in_one_sentence() -> Markup:
    """Describe the algorithm in one sentence."""
    return say(
        "The maps of the last block are summed, each weighted by its weight for the class in the linear layer, and the "
        "sum is enlarged to the size of the image and laid over it {work}.",
        work=cite("zhou2016"),
    )


def shown(evidence: Evidence) -> list[Markup]:
    """Say which maps the figures show and how they were chosen."""
    found = evidence.activations
    opening = say(
        "{figures} {show} the maps of {models}{seed}, in the colour map {colours}, each scaled from its own lowest to "
        "its own highest value; {table} gives their numbers.",
        figures=ref(*(f"cam_{name}" for name in found)),
        show=verb(found, "shows", "show"),
        models=names(found),
        seed=evidence.first_seed,
        colours=code(evidence.published["cam"]["colour_map"]),
        table=ref("cam_rows"),
    )
    first = next(iter(found.values()))
    if not first.chosen:
        return [paragraph(opening, Markup("No test image is classified rightly by all models, so only one is shown."))]
    chosen = say(
        "The classes are those that {supervised} knows best on the validation images: {classes}; of each, the image is "
        "shown that all models answering with labels classify rightly with the highest mean probability.{views}",
        supervised=code(evidence.roles["supervised"]),
        classes=listing([f"“{_class_of(evidence, one)}”" for one in first.chosen]),
        views=_views(evidence),
    )
    odd = say(
        "The last image of each figure is sought as the counter-intuitive one, by rule: among the views of the test "
        "part that the network answers rightly and with {sure}, the one with the largest share of its heat in the "
        "outer ring of the image, an eighth of the side wide, where the thing to be seen seldom is.",
        sure=_sure(evidence),
    )
    return [paragraph(opening, chosen), odd]


def _sure(evidence: Evidence) -> str:
    """Say how sure the networks are of the views among which the counter-intuitive map is sought."""
    floors = [found.floor for found in evidence.activations.values() if found.odd]
    return "high confidence" if floors and min(floors) >= SURE else "a probability among its highest"


def _class_of(evidence: Evidence, one: ActivationMap) -> str:
    """Name the class of a map's image, which is not the target of a pretext."""
    return evidence.image_class(one.image)


def _views(evidence: Evidence) -> Markup | str:
    """Say what pretext models are shown."""
    pretexts = [name for name in evidence.activations if evidence.models[name].task != "scenes"]
    text = " For {models} the same images are shown turned, and the map is that of the turn as the answer."
    return say(text, models=names(pretexts)) if pretexts else ""


# --- What the maps show ---


def discussion(evidence: Evidence) -> list[Markup]:
    """Discuss the maps model by model, then those of two models on the same images."""
    alone = [paragraph(*_discussed(evidence, name)) for name in evidence.activations]
    return [*alone, _between(evidence)]


def _discussed(evidence: Evidence, name: str) -> list[Markup | None]:
    found = evidence.activations[name]
    return [_chosen(evidence, name, found), _odd(evidence, found)]


def _chosen(evidence: Evidence, name: str, found: ActivationMaps) -> Markup | None:
    """Say how much of the heat lies at the border."""
    if not found.chosen:
        return None
    share = mean(one.border for one in found.chosen)
    parts = listing(
        [
            say("{share} (“{target}”{wrong})", share=percent(one.border, 1), target=one.target, wrong=_wrong(one))
            for one in found.chosen
        ]
    )
    text = (
        "On the chosen images the outer ring holds {parts} of the heat of {name}, where it would hold {even} of an "
        "even map’s: {meaning}."
    )
    return say(text, name=code(name), parts=parts, even=percent(found.even, 1), meaning=_meaning(share, found.even))


def _wrong(one: ActivationMap) -> str:
    """Say where the answer that the map is for is not the network's own."""
    return ", answered wrongly" if one.predicted != one.target else ""


def _meaning(share: float, even: float) -> str:
    if share < even - CLEAR:
        return "the network looks at the middle, where the pictured things mostly are"
    if share > even + CLEAR:
        return "the network looks at the surroundings rather than at the middle"
    return "the network looks at middle and surroundings alike"


def _odd(evidence: Evidence, found: ActivationMaps) -> Markup | None:
    """Describe the counter-intuitive map by its numbers."""
    odd = found.odd
    if odd is None:
        return Markup("No view is answered rightly, so none can be called counter-intuitive.")
    other = _class_of(evidence, odd)
    text = (
        "{start} the map of image {image} of the index{what}: the answer “{target}” is right, with a probability of "
        "{probability}, {but} {border} of the heat lies in the outer ring ({times} an even map’s share), the most "
        "among {searched} views answered with at least {floor}. {reading}"
    )
    is_odd = odd.border > found.even + CLEAR
    return say(
        text,
        start="Counter-intuitive is" if is_odd else "Nearest to counter-intuitive is",
        but="but" if is_odd else "and",
        image=count(odd.image),
        what=say(" (“{label}”)", label=other) if other != odd.target else "",
        target=odd.target,
        probability=percent(odd.probability, 1),
        border=percent(odd.border, 1),
        times=factor(odd.border / found.even),
        searched=count(found.searched),
        floor=percent(found.floor, 1),
        reading=READING[is_odd],
    )


READING = {
    True: "So what surrounds the pictured thing, or its outline at the border, speaks for the answer.",
    False: "Even this most extreme map does not favour the border, so by this rule no map is counter-intuitive.",
}
"""What the most extreme map says, by whether it favours the border."""


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: model, map, and the class of its image."""
    return [
        {"model": name, "map": one, "class": _class_of(evidence, one)}
        for name, found in evidence.activations.items()
        for one in found.maps
    ]


# --- The same images in two networks ---


def same_images(evidence: Evidence) -> list[tuple[str, str]]:
    """Pairs of the supervised model with another that answers with labels, both with maps."""
    supervised = evidence.roles["supervised"]
    others = [name for name in evidence.activations if name != supervised and name in evidence.label_models]
    return [(supervised, name) for name in others if supervised in evidence.activations]


def agreement(evidence: Evidence, one: str, other: str) -> list[float]:
    """Spearman's rank correlation of two models' maps, image by image, before they are enlarged."""
    pairs = zip(evidence.activations[one].chosen, evidence.activations[other].chosen, strict=True)
    values = [rank_correlation(first.coarse, second.coarse) for first, second in pairs]
    return [value for value in values if value is not None]


def _between(evidence: Evidence) -> Markup | None:
    """Compare the supervised model's maps with those of others on the same images."""
    sentences = [_pair(evidence, one, other) for one, other in same_images(evidence)]
    if not any(sentences):
        return None
    number = len(next(iter(evidence.activations.values())).chosen)
    caution = "{number} are pictures, not a sample, so nothing is tested here."
    return paragraph(*sentences, say(caution, number=sentence(plural(number, "image"))[:-1]))


def _pair(evidence: Evidence, one: str, other: str) -> Markup | None:
    values = agreement(evidence, one, other)
    if not values:
        return None
    word = "look at the same places" if min(values) > ALIKE else "do not look at the same places throughout"
    text = (
        "For the same classes and images, the maps of {one} and {other} have rank correlations of {values} (1: the "
        "same order of places): the two {word}."
    )
    return say(text, one=code(one), other=code(other), values=listing([decimal(value) for value in values]), word=word)
