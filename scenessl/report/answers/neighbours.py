"""Answer on the nearest training images: how often they are of the right class, network by network."""

from itertools import combinations
from math import sqrt

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, percent, points, size_in_points
from scenessl.report.readers.neighbourhoods import Neighbourhood
from scenessl.report.wording import cite, listing, names, number_word, paragraph, plural, ref, say, sentence

TWO_SIDED = 1.96  # standard errors of a 95 % interval


def shown(evidence: Evidence) -> list[Markup]:
    """Say what the figure shows and how the images were chosen."""
    first = next(iter(evidence.neighbourhoods.values()))
    return [
        say(
            "{figure} shows {queries} of different classes, drawn by seed whatever a network makes of them, and beside "
            "each its {neighbours} nearest among the {searched} {training}, the most similar first, in "
            "{models}{seed}. As in Krizhevsky et al. {work}, near is what has similar features before the classifier, "
            "here by the cosine.",
            figure=ref("neighbours"),
            queries=plural(len(first.queries), "test image"),
            neighbours=number_word(first.neighbours),
            searched=count(first.searched),
            training="images given for training (train and validation part)"
            if evidence.has_validation
            else "train images",
            models=names(evidence.neighbourhoods),
            seed=evidence.first_seed,
            work=cite("krizhevsky2012"),
        )
    ]


def comparison(evidence: Evidence) -> list[Markup]:
    """Compare the networks on the images shown, and on the whole test part."""
    pairs = [_pair(evidence, one, other) for one, other in combinations(evidence.neighbourhoods, 2)]
    return [paragraph(_queries(evidence), _whole(evidence)), paragraph(*pairs), paragraph(*_by_class(evidence))]


def _queries(evidence: Evidence) -> Markup:
    """Count the right neighbours of the images shown."""
    parts = []
    for name, found in evidence.neighbourhoods.items():
        right = sum(round(share * found.neighbours) for _, _, share in found.queries)
        text = "{right} of {all} neighbours in {name}"
        parts.append(say(text, right=right, all=len(found.queries) * found.neighbours, name=code(name)))
    return say("For the images shown, the class is right for {parts}.", parts=listing(parts))


def _whole(evidence: Evidence) -> Markup:
    """Give the share of right neighbours over the test part."""
    first = next(iter(evidence.neighbourhoods.values()))
    parts = [
        say("{share} in {name}", share=percent(found.share_right), name=code(name))
        for name, found in evidence.neighbourhoods.items()
    ]
    return say(
        "Over all {tested} test images it is right for {parts}; random neighbours would be for {chance} ({table}).",
        tested=count(first.tested),
        parts=listing(parts),
        chance=percent(first.chance),
        table=ref("neighbour_shares"),
    )


def gap(evidence: Evidence, one: str, other: str) -> tuple[float, float]:
    """Give the share of right neighbours of `one` minus that of `other`, and half of its 95 % interval.

    The interval takes the two shares as found on different images; they are found on the same, so it is rather wide.
    A share of right neighbours lies in 0..1, so its variance is at most that of a yes-or-no with the same mean.
    """
    first, second = (evidence.neighbourhoods[name] for name in (one, other))
    variance = sum(found.share_right * (1 - found.share_right) / found.tested for found in (first, second))
    return first.share_right - second.share_right, TWO_SIDED * sqrt(variance)


def _pair(evidence: Evidence, one: str, other: str) -> Markup:
    difference, half = gap(evidence, one, other)
    values = {"one": code(one), "other": code(other), "signed": points(difference), "half": size_in_points(half)}
    if abs(difference) <= half:
        text = (
            "So many images do not tell {one} and {other} apart ({one} minus {other}: {signed}; 95 % interval: give or "
            "take {half})."
        )
        return say(text, **values)
    better, worse = (one, other) if difference > 0 else (other, one)
    text = (
        "{better} finds the right class more often than {worse}, by {size} (95 % interval: give or take {half}): "
        "images that look alike to it are more often of one class."
    )
    return say(text, better=code(better), worse=code(worse), size=size_in_points(difference), **values)


def _by_class(evidence: Evidence) -> list[Markup]:
    """Name the classes whose neighbours are most and least often right."""
    return [_class(name, found) for name, found in evidence.neighbourhoods.items() if len(found.by_class) > 1]


def _class(name: str, found: Neighbourhood) -> Markup:
    most, least = (choose(found.by_class, key=found.by_class.get) for choose in (max, min))
    return say(
        "In {name} neighbours are right most often for “{most}” ({high}) and least often for “{least}” ({low}).",
        name=code(name),
        most=most,
        high=percent(found.by_class[most], 1),
        least=least,
        low=percent(found.by_class[least], 1),
    )


def identical(evidence: Evidence) -> Markup | None:
    """Say how many test images have a neighbour of the same features."""
    number = max(found.identical for found in evidence.neighbourhoods.values())
    if not number:
        return None
    text = "{images} {have} a training image with the same features, as copies have, which counts as any other."
    images = sentence(plural(number, "test image"))[:-1]
    return say(text, images=images, have="has" if number == 1 else "have")


def class_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: class, and the share of right neighbours in each network."""
    found = evidence.neighbourhoods
    labels = next(iter(found.values())).by_class
    return [{"class": label, "shares": [one.by_class[label] for one in found.values()]} for label in labels]
