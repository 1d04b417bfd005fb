"""Repeats of classifiers on one set of features: how far their own randomness alone moves an accuracy."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from scenessl.evaluation.repetitions import MCNEMAR
from scenessl.report.evidence import Evidence
from scenessl.report.flags import flagged
from scenessl.report.numbers import code, percent, percent_range, points, size_in_points
from scenessl.report.verdicts import Verdict, compare
from scenessl.report.wording import listing, names, number_word, paragraph, ref, say, verb

SAME = 5e-6  # accuracies in tables are rounded to six digits


def are_there(evidence: Evidence) -> bool:
    """Tell whether the study repeats classifiers."""
    return bool(evidence.published.get("repeats"))


def pointer(evidence: Evidence) -> Markup | None:
    """Point to the repeats where seeds are spoken of; None where there are none."""
    text = "How far another seed of the classifier alone moves an accuracy, on the same features, is in {table}."
    return say(text, table=ref("repeats")) if are_there(evidence) else None


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: a model, its repeats together, and their range."""
    return [row | {"range": row["most"] - row["least"]} for row in evidence.tables["repeat_spread"]]


def answers(evidence: Evidence) -> list[Markup]:
    """Say what was repeated, how far it moved the accuracies, and which differences are larger than that."""
    found = rows(evidence)
    judged = [row for row in found if not flagged(evidence, row["model"])]
    return [
        paragraph(_what(evidence, found), _own_seed(evidence)),
        paragraph(_moved(judged), *_against(evidence, {row["model"]: row["range"] for row in judged})),
    ]


def _what(evidence: Evidence, found: Sequence[dict]) -> Markup:
    """Say what a repeat is, and what it is not."""
    return say(
        "{table} gives repeats on one set of features{first}, which do not count as n: the {classifiers} of {models} "
        "{were} trained {times} times on the same cached features and parts of the data, by the same recipe, with "
        "{their} own seed and the {further} after it. Only what a seed draws differs, from the first weights to the "
        "order of the images. All repeats of a model share its features, so there is no interval over trainings, and "
        "nothing is said of what another pretext training would give.",
        table=ref("repeats"),
        first=evidence.first_seed,
        classifiers="classifier" if len(found) == 1 else "classifiers",
        models=names(row["model"] for row in found),
        were=verb(found, "was", "were"),
        times=number_word(found[0]["repeats"]),
        their=verb(found, "its", "their"),
        further=number_word(found[0]["repeats"] - 1),
    )


def _own_seed(evidence: Evidence) -> Markup:
    """Say whether the model's own seed gives its accuracy again, which shows that a repeat is the same training."""
    own = evidence.rows("repeats", seed=evidence.first)
    apart = {row["model"]: abs(row["test_accuracy"] - row["reported_accuracy"]) for row in own}
    off = {name: size for name, size in apart.items() if size > SAME}
    if not off:
        return Markup("With the own seed, the reported accuracy comes out again.")
    return say(
        "With the own seed, the reported accuracy of {models} does not come out again (up to {size} away), so more "
        "than the seed differs.",
        models=names(off),
        size=size_in_points(max(off.values())),
    )


def _moved(judged: Sequence[dict]) -> Markup | None:
    """Say how far the accuracies moved, most and least."""
    if not judged:
        return None
    most, least = (pick(judged, key=lambda row: row["range"]) for pick in (max, min))
    if most["range"] <= SAME:
        return Markup("The test accuracy is the same in all repeats.")
    opening = say(
        "By the seed of the classifier alone, the test accuracy of {name} moves by {size}, from {ends} (mean {mean}, "
        "standard deviation over the repeats {deviation})",
        name=code(most["model"]),
        size=size_in_points(most["range"]),
        ends=percent_range(most["least"], most["most"]),
        mean=percent(most["mean"]),
        deviation=size_in_points(most["deviation"]),
    )
    return opening + _others(most, least) + "." if len(judged) > 1 else opening + "."


def _others(most: Mapping, least: Mapping) -> Markup:
    """Say how far the others moved."""
    if most["range"] - least["range"] <= SAME:
        return Markup(", and that of every other by as much")
    return say("; least moves {name}, by {size}", name=code(least["model"]), size=size_in_points(least["range"]))


def _against(evidence: Evidence, ranges: Mapping[str, float]) -> list[Markup | None]:
    """Set the ranges against the differences that the report judges between these models."""
    pairs = [(row["name_a"], row["name_b"]) for row in evidence.tables["differences"]]
    compared = [compare(evidence, *pair) for pair in pairs if set(pair) <= set(ranges)]
    found = [one for one in compared if abs(one.difference) > SAME]
    if not found:
        return [Markup("There is no difference between two repeated models in this report to set this against.")]
    larger = [one for one in found if abs(one.difference) > _wider(one, ranges) + SAME and _apart(evidence, one)]
    rest = [one for one in found if one not in larger]
    means = Markup("The differences are means over the seeds, the ranges of the first.")
    over = means if len(evidence.seeds) > 1 else None
    return [_set_against(larger, ranges, LARGER), _set_against(rest, ranges, NOT_LARGER), _uncovered(rest), over]


LARGER = (
    "The {differences} {items} {are} larger than the range of either model, and no repeat of the one reached a repeat "
    "of the other."
)
NOT_LARGER = (
    "The {differences} {items} {are} not larger than the ranges of both models, or their repeats cross: the "
    "classifier’s own randomness may account for as much."
)


def _apart(evidence: Evidence, one: Verdict) -> bool:
    """Tell whether all repeats of one model are on the same side of all repeats of the other."""
    (a,), (b,) = (evidence.rows("repeat_spread", model=name) for name in (one.a, one.b))
    return a["least"] > b["most"] if one.difference > 0 else a["most"] < b["least"]


def _wider(one: Verdict, ranges: Mapping[str, float]) -> float:
    """Give the wider range of two models."""
    return max(ranges[one.a], ranges[one.b])


def _set_against(found: Sequence[Verdict], ranges: Mapping[str, float], text: str) -> Markup | None:
    """Name differences, each with the wider range of its models."""
    items = [
        say(
            "{a} minus {b} ({size} against {wider})",
            a=code(one.a),
            b=code(one.b),
            size=points(one.difference),
            wider=size_in_points(_wider(one, ranges)),
        )
        for one in found
    ]
    words = {"differences": verb(found, "difference", "differences"), "are": verb(found, "is", "are")}
    return say(text, items=listing(items), **words) if found else None


def _uncovered(found: Sequence[Verdict]) -> Markup | None:
    """Warn where a test of the test images alone found a difference that is not larger than the ranges."""
    told = [one for one in found if one.winner and one.found.found.test == MCNEMAR]
    pairs = [say("{a} and {b}", a=code(one.a), b=code(one.b)) for one in told]
    text = "The exact test that tells {pairs} apart asks of other test images, not of this randomness."
    return say(text, pairs=Markup("; ").join(pairs)) if told else None
