"""Answers on the probes: how well each block's features serve the labels, and whether an inner block serves best."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from statistics import mean

from markupsafe import Markup

from scenessl.evaluation.metrics import paired_difference
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, percent, points, setting, size_in_points
from scenessl.report.readers.probings import Probing
from scenessl.report.verdicts import Verdict, support, unlisted, witnesses
from scenessl.report.wording import cite, listing, names, paragraph, ref, say

LINEAR = "linear"
"""The method by which blocks are judged: a linear probe."""


def shown(evidence: Evidence) -> list[Markup]:
    """Say what was probed, and how."""
    probes = evidence.published["probes"]
    chosen = "the validation part chose" if evidence.has_validation else "is the same throughout"
    return [
        say(
            "{figure} and {table} show how many test images simple classifiers get right from the frozen features of "
            "each block of {starts}. A linear probe is a logistic regression, fitted to the end on the train part, "
            "whose L2 penalty {chosen}; it sees each map averaged to a grid of cells, as fine as about 2,000 features "
            "allow, or wholly averaged (“pooled”). The k nearest train images, by the cosine of the same standardised "
            "features of the grid, vote {work} with a weight that falls with the distance (temperature {temperature}); "
            "that needs no fitting.",
            figure=ref("probes_figure"),
            table=ref("probes"),
            starts=names(probes["starts"]),
            chosen=chosen,
            work=cite("wu2018"),
            temperature=setting(float(probes["temperature"])),
        )
    ]


def methods(evidence: Evidence) -> list[str]:
    """Name the classifiers, in the order of the result files."""
    return list(_first(evidence).methods)


def heading(method: str) -> str:
    """Name a classifier for a table's head."""
    return method.replace("knn ", "k = ")


def _first(evidence: Evidence) -> Probing:
    return next(iter(evidence.probings.values()))


def starts(evidence: Evidence) -> list[str]:
    """Name what was probed."""
    return list(evidence.published["probes"]["starts"])


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: start, block, and test accuracy by method, mean over seeds."""
    return [
        {
            "start": start,
            "block": block,
            "accuracies": [_accuracy(evidence, start, block, way) for way in methods(evidence)],
        }
        for start in starts(evidence)
        for block in _first(evidence).blocks
    ]


def _accuracy(evidence: Evidence, start: str, block: str, method: str) -> float:
    found = evidence.rows("probes", start=start, block=block, method=method)
    return mean(row["test_accuracy"] for row in found)


def widest(evidence: Evidence) -> float:
    """Give half the width of the widest 95 % interval of the table, as a share."""
    return max((row["test_high"] - row["test_low"]) / 2 for row in evidence.tables["probes"])


# --- Paired comparisons ---


def compare_probes(evidence: Evidence, a: tuple[str, str], b: tuple[str, str], method: str = LINEAR) -> Verdict:
    """Compare two probes, each a start and a block, on the same test images, seed by seed."""
    tests = tuple(
        asdict(paired_difference(*(evidence.probings[start, seed].right(block, method) for start, block in (a, b))))
        for seed in evidence.seeds
    )
    return unlisted(_named(a), _named(b), tests, max(evidence.trainings(start) for start, _ in (a, b)))


def _named(probe: tuple[str, str]) -> str:
    return f"{probe[1]} of {probe[0]}"


def inner_block(evidence: Evidence, start: str) -> str:
    """Name the block below the last that a linear probe serves best on the validation part.

    Without a validation part, it is the one just below the last: no choice may be made by the test images.
    """
    inner = _first(evidence).blocks[:-1]
    return max(inner, key=lambda block: (_validation(evidence, start, block), inner.index(block)))


def _validation(evidence: Evidence, start: str, block: str) -> float:
    """Give the mean validation accuracy of a block's linear probe; 0 without a validation part."""
    values = [evidence.probings[start, seed].validation_of(block, LINEAR) for seed in evidence.seeds]
    return mean(value or 0.0 for value in values)


def inner_against_last(evidence: Evidence, start: str) -> Verdict:
    """Compare the best inner block's linear probe with the last block's."""
    return compare_probes(evidence, (start, inner_block(evidence, start)), (start, last_block(evidence)))


def last_block(evidence: Evidence) -> str:
    """Name the last block."""
    return _first(evidence).blocks[-1]


# --- Sentences ---


def blocks(evidence: Evidence) -> list[Markup]:
    """Say start by start whether an inner block transfers better than the last."""
    opening = say(
        "Gidaris et al. {work} found that an inner block of a rotation network serves other tasks better than its "
        "last, which is bent to the turns. Here the inner block with the best linear probe on the validation part is "
        "set against the last block, on the same test images.",
        work=cite("gidaris2018"),
    )
    return [paragraph(opening, *(inner_statement(evidence, start) for start in starts(evidence))), _votes(evidence)]


def inner_statement(evidence: Evidence, start: str) -> Markup:
    """Say whether the best inner block of a start serves the labels better than its last."""
    verdict, inner, last = inner_against_last(evidence, start), inner_block(evidence, start), last_block(evidence)
    probings = [evidence.probings[start, seed] for seed in evidence.seeds]
    values = {
        "start": code(start),
        "inner": code(inner),
        "last": code(last),
        "high": percent(mean(one.accuracy(inner, LINEAR) for one in probings)),
        "low": percent(mean(one.accuracy(last, LINEAR) for one in probings)),
        "signed": points(verdict.difference),
        "size": size_in_points(verdict.difference),
        "support": support(verdict, verdict.state == "worse"),
        "these": witnesses(verdict),
    }
    texts = {
        "better": "In {start} an inner block transfers better than the last: a linear probe on {inner} classifies "
        "{high} of the test images rightly, one on {last} {low} ({size} more on {inner}; {support}).",
        "worse": "In {start} no inner block transfers better than the last: a linear probe on {last} classifies {low} "
        "of the test images rightly, one on the best inner block, {inner}, {high} ({size} more on {last}; {support}).",
        "open": "In {start} {these} do not tell the best inner block from the last: a linear probe on {inner} "
        "classifies {high} of the test images rightly, one on {last} {low} ({signed}; {support}).",
    }
    return say(texts[verdict.state], **values)


def _votes(evidence: Evidence) -> Markup | None:
    """Name the block by which nearest neighbours vote best, start by start."""
    ways = [method for method in methods(evidence) if method.startswith("knn ")]
    if not ways:
        return None
    parts = [_best_votes(evidence, start, ways) for start in starts(evidence)]
    return say("Nearest neighbours vote best from {parts}.", parts=listing(parts))


def _best_votes(evidence: Evidence, start: str, ways: Sequence[str]) -> Markup:
    found = [row for row in rows(evidence) if row["start"] == start]
    places = [methods(evidence).index(way) for way in ways]
    value, block, way = max(
        (row["accuracies"][place], row["block"], methods(evidence)[place]) for row in found for place in places
    )
    text = "{block} of {start} ({share} of the test images with {way})"
    return say(text, block=code(block), start=code(start), share=percent(value), way=heading(way))


def between(evidence: Evidence) -> list[Markup]:
    """Compare the starts with each other at their last block."""
    order = starts(evidence)
    last = last_block(evidence)
    pairs = [_pair(evidence, one, other, last) for one, other in pairwise(order)]
    return [paragraph(*pairs)]


def _pair(evidence: Evidence, one: str, other: str, block: str) -> Markup:
    verdict = compare_probes(evidence, (one, block), (other, block))
    values = {"block": code(block), "one": code(one), "other": code(other), "signed": points(verdict.difference)}
    if verdict.state == "open":
        text = "At {block} {these} do not tell linear probes on {one} and on {other} apart ({signed}; {support})."
        return say(text, these=witnesses(verdict), support=support(verdict), **values)
    better, worse = (one, other) if verdict.state == "better" else (other, one)
    text = "At {block} a linear probe on {better} is more accurate than one on {worse}, by {size} ({support})."
    proof = support(verdict, verdict.state == "worse")
    values |= {"better": code(better), "worse": code(worse), "size": size_in_points(verdict.difference)}
    return say(text, support=proof, **values)
