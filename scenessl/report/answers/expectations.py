"""Answer to "what was expected, what was not": expectations stated beforehand, each judged by this run's figures."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

from markupsafe import Markup

from scenessl.evaluation.metrics import wilson_interval
from scenessl.report.answers import cam, embedding, extremes, filters, neighbours, probes
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, decimal, percent, percent_range, points
from scenessl.report.verdicts import Verdict, compare, support, unlike_settings
from scenessl.report.wording import listing, number_word, paragraph, plural, ref, say, sentence

CONFIRMED, REFUTED, UNDECIDED = "confirmed", "not confirmed", "undecided"
BY_STATE = {"better": CONFIRMED, "worse": REFUTED, "open": UNDECIDED, "untested": UNDECIDED, "flagged": UNDECIDED}
MOSTLY, HARDLY = 0.75, 0.5  # shares of filters with a counterpart from which, and below which, layers count as alike


@dataclass(frozen=True)
class Expectation:
    """What was expected, what was found, the outcome, and ids of where it is shown."""

    expected: Markup
    found: Markup
    outcome: str
    where: tuple[str, ...]


def expectations(evidence: Evidence) -> list[Expectation]:
    """Judge every expectation for which the study has figures, in the order of the pictures."""
    return [found for judge in JUDGES if (found := judge(evidence))]


def summary(evidence: Evidence) -> Markup:
    """Say how many expectations there were, and how many had which outcome."""
    found = [one.outcome for one in expectations(evidence)]
    outcomes = [outcome for outcome in (CONFIRMED, REFUTED, UNDECIDED) if outcome in found]
    return say(
        "{table} lists {number}, each with the figures of this run that decide about it: {parts}.",
        table=ref("expectations"),
        number=plural(len(found), "expectation"),
        parts=listing([f"{number_word(found.count(outcome))} {outcome}" for outcome in outcomes]),
    )


def by_outcome(evidence: Evidence) -> list[Markup | None]:
    """Say what was expected and found, what was not expected, and what is undecided."""
    found = expectations(evidence)
    groups = {outcome: [one for one in found if one.outcome == outcome] for outcome in (CONFIRMED, REFUTED, UNDECIDED)}
    return [
        _named("Expected, and found", groups[CONFIRMED]),
        _not_expected(groups[REFUTED]),
        _named("Undecided", groups[UNDECIDED]),
    ]


def _named(label: str, group: list[Expectation]) -> Markup | None:
    """List what was expected, and where it is shown."""
    if not group:
        return None
    parts = [say("{what} ({where})", what=one.expected, where=ref(*one.where)) for one in group]
    return say("<b>{label}:</b> {parts}.", label=label, parts=Markup("; ").join(parts))


def _not_expected(group: list[Expectation]) -> Markup:
    """Say what was found where something else was expected."""
    if not group:
        return Markup("<b>Not expected:</b> nothing; no expectation was refuted.")
    text = "It was expected that {what}, but {found}; see {where}."
    parts = [say(text, what=one.expected, found=one.found, where=ref(*one.where)) for one in group]
    return paragraph(Markup("<b>Not expected:</b>"), *parts)


# --- The two networks ---


def _pretext(evidence: Evidence) -> str | None:
    """Name the pretext network that is compared with the supervised one."""
    return next(iter(evidence.roles["pretexts"]), None)


def _both(evidence: Evidence, found: dict) -> tuple[str, str] | None:
    """Name the supervised and the pretext network, where a deliverable has both."""
    pair = evidence.roles["supervised"], _pretext(evidence)
    return pair if all(name in found for name in pair) else None


def _difference(evidence: Evidence, verdict: Verdict) -> Markup:
    """Write a paired difference with its test."""
    values = {"a": code(verdict.a), "b": code(verdict.b), "signed": points(verdict.difference)}
    if verdict.flags:
        return verdict.flags.removesuffix(".")
    if not verdict.found:
        return say("{a} minus {b} is {signed} of test accuracy, without a paired test", **values)
    return say("{a} minus {b} is {signed} of test accuracy ({support})", support=support(verdict), **values)


# --- Expectations ---


def first_filters(evidence: Evidence) -> Expectation | None:
    """Expect filters of the same kinds in the first layer shown."""
    pair = _both(evidence, evidence.filters)
    if not pair:
        return None
    layers = [evidence.filters[name][0] for name in pair]
    share = filters.overlap(*layers)
    return Expectation(
        say("the first layers of both networks have filters of the same kinds, since both see the same images"),
        say(
            "{share} of them have a counterpart of their kind in the other network{nothing}",
            share=percent(share, 1),
            nothing=filters.of_no_kind(*layers),
        ),
        CONFIRMED if share >= MOSTLY else REFUTED if share < HARDLY else UNDECIDED,
        ("filter_kinds",),
    )


def same_places(evidence: Evidence) -> Expectation | None:
    """Expect the pretext's features to find the classes where the supervised network finds them."""
    pairs = cam.same_images(evidence)
    values = cam.agreement(evidence, *pairs[0]) if pairs else []
    if not values:
        return None
    alike = [value > cam.ALIKE for value in values]
    return Expectation(
        say("{other} finds a class where {one} finds it", one=code(pairs[0][0]), other=code(pairs[0][1])),
        say("the rank correlations of their maps are {values}", values=listing([decimal(value) for value in values])),
        CONFIRMED if all(alike) else UNDECIDED if any(alike) else REFUTED,
        tuple(f"cam_{name}" for name in pairs[0]),
    )


def opposite_turns(evidence: Evidence) -> Expectation | None:
    """Expect opposite turns to be mixed up more than by chance."""
    name = _pretext(evidence)
    if name is None or evidence.models[name].task != "rotation" or name not in evidence.extremes:
        return None
    opposite, wrong = extremes.half_turns(evidence, name)
    if not wrong:
        return None
    low, high = wilson_interval(opposite / wrong, wrong)
    chance = extremes.HALF_TURN_BY_CHANCE
    return Expectation(
        say("{name} takes a turn for its opposite more often than chance would", name=code(name)),
        say(
            "{share} of its mistakes are opposite turns (95 % interval {interval}; chance: {chance})",
            share=percent(opposite / wrong, 1),
            interval=percent_range(low, high),
            chance=percent(chance, 1),
        ),
        CONFIRMED if low > chance else REFUTED if high < chance else UNDECIDED,
        (f"confusion_{name}",),
    )


def clusters(evidence: Evidence) -> Expectation | None:
    """Expect the supervised features to part the classes better."""
    pair = _both(evidence, evidence.embeddings)
    difference = embedding.gap(evidence, *pair) if pair else None
    if difference is None:
        return None
    values = {"one": code(pair[0]), "other": code(pair[1]), "difference": decimal(difference)}
    return Expectation(
        say("the classes lie further apart among the features of {one} than of {other}", **values),
        say("the silhouette of {one} minus that of {other} is {difference}", **values),
        _by_size(difference, embedding.CLEAR),
        ("embedding",),
    )


def _by_size(difference: float, clear: float) -> str:
    """Judge a difference by what counts as clear."""
    return CONFIRMED if difference > clear else REFUTED if difference < -clear else UNDECIDED


def nearest_images(evidence: Evidence) -> Expectation | None:
    """Expect the supervised features to find neighbours of the right class more often."""
    pair = _both(evidence, evidence.neighbourhoods)
    if not pair:
        return None
    difference, half = neighbours.gap(evidence, *pair)
    shares = [percent(evidence.neighbourhoods[name].share_right, 1) for name in pair]
    values = {"one": code(pair[0]), "other": code(pair[1]), "first": shares[0], "second": shares[1]}
    return Expectation(
        say("the neighbours found by {one} are of the right class more often than those found by {other}", **values),
        say("{first} of them are with {one}, {second} with {other}", **values),
        _by_size(difference, half),
        ("neighbour_shares",),
    )


def above_chance(evidence: Evidence) -> Expectation | None:
    """Expect the pretext to know something of the classes without labels: neighbours far above chance."""
    name = _pretext(evidence)
    if name not in evidence.neighbourhoods:
        return None
    found = evidence.neighbourhoods[name]
    low, high = wilson_interval(found.share_right, found.tested)
    values = {"share": percent(found.share_right, 1), "chance": percent(found.chance, 1)}
    return Expectation(
        say(
            "the neighbours found by {name}, which saw no label, are of the right class more than by chance",
            name=code(name),
        ),
        say("{share} of them are, where chance gives {chance}", **values),
        CONFIRMED if low > found.chance else REFUTED if high < found.chance else UNDECIDED,
        ("neighbour_shares",),
    )


def labels_lead(evidence: Evidence) -> Expectation | None:
    """Expect labels to serve the labels better than a pretext with a linear classifier on top."""
    if not evidence.frozen:
        return None
    verdict = compare(evidence, evidence.roles["supervised"], evidence.frozen[0])
    return Expectation(
        say("{a}, trained on the labels throughout, is more accurate than {b}", a=code(verdict.a), b=code(verdict.b)),
        _difference(evidence, verdict),
        BY_STATE[verdict.state],
        ("accuracy", "comparisons"),
    )


def beats_random(evidence: Evidence) -> Expectation | None:
    """Expect the pretext's frozen features to serve better than random ones."""
    randoms = [name for name in evidence.roles["controls"] if evidence.models[name].init == "random"]
    if not evidence.frozen or not randoms:
        return None
    verdict = compare(evidence, evidence.frozen[0], randoms[0])
    return Expectation(
        say(
            "{a}, on features of the pretext, is more accurate than {b}, on random ones",
            a=code(verdict.a),
            b=code(verdict.b),
        ),
        _difference(evidence, verdict),
        BY_STATE[verdict.state],
        ("accuracy", "comparisons"),
    )


def inner_block(evidence: Evidence) -> Expectation | None:
    """Expect an inner block of the pretext network to transfer better than its last."""
    name = _pretext(evidence)
    if not evidence.probings or name not in probes.starts(evidence):
        return None
    return Expectation(
        say("an inner block of {name} serves the labels better than its last", name=code(name)),
        _blocks(evidence, name),
        BY_STATE[probes.inner_against_last(evidence, name).state],
        ("probes",),
    )


def last_block(evidence: Evidence) -> Expectation | None:
    """Expect the last block of the supervised network to serve the labels best."""
    name = evidence.roles["supervised"]
    if not evidence.probings or name not in probes.starts(evidence):
        return None
    state = probes.inner_against_last(evidence, name).state
    return Expectation(
        say("the last block of {name} serves the labels better than any inner one", name=code(name)),
        _blocks(evidence, name),
        BY_STATE[{"better": "worse", "worse": "better"}.get(state, state)],
        ("probes",),
    )


def _blocks(evidence: Evidence, name: str) -> Markup:
    """Write the accuracies on the best inner and on the last block of a network, with their test."""
    inner, last = probes.inner_block(evidence, name), probes.last_block(evidence)
    verdict = probes.inner_against_last(evidence, name)
    probings = [evidence.probings[name, seed] for seed in evidence.seeds]
    shares = [percent(mean(one.accuracy(block, probes.LINEAR) for one in probings)) for block in (inner, last)]
    return say(
        "linear probes classify {first} of the test images rightly on {inner} and {second} on {last} ({support})",
        first=shares[0],
        second=shares[1],
        inner=code(inner),
        last=code(last),
        support=support(verdict),
    )


def better_start(evidence: Evidence) -> Expectation | None:
    """Expect the pretext to be a better start for all layers than a random draw."""
    if not evidence.tuned:
        return None
    verdict = compare(evidence, evidence.tuned[0], evidence.roles["supervised"])
    alike = not unlike_settings(evidence, verdict.a, verdict.b)
    found = _difference(evidence, verdict)
    return Expectation(
        say("{a}, which starts from the pretext, ends more accurate than {b}", a=code(verdict.a), b=code(verdict.b)),
        found if alike else say("{found}, but they were not trained alike", found=found),
        BY_STATE[verdict.state] if alike else UNDECIDED,
        ("accuracy", "comparisons"),
    )


JUDGES: tuple[Callable[[Evidence], Expectation | None], ...] = (
    first_filters,
    same_places,
    opposite_turns,
    clusters,
    nearest_images,
    above_chance,
    labels_lead,
    beats_random,
    inner_block,
    last_block,
    better_start,
)
"""What judges each expectation: filters, maps, turns, embedding, neighbours, then what the features are worth."""


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: expectation, finding, outcome, as sentences."""
    return [
        {"expected": _capital(one.expected), "found": _capital(one.found), "outcome": one.outcome}
        for one in expectations(evidence)
    ]


def _capital(text: Markup) -> Markup:
    """Start with a capital letter and end with a full stop; a name in code stays as it is."""
    return text + "." if text.startswith("<") else sentence(text)
