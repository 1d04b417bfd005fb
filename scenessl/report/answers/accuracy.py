"""Answers on accuracy, questions 3 and 4a: early against latest pretext epoch, and which scheme is more accurate."""

from itertools import combinations

from markupsafe import Markup

from scenessl.report.answers import trajectory
from scenessl.report.evidence import Evidence
from scenessl.report.flags import flag_sentence, flagged
from scenessl.report.numbers import code, count, percent, points
from scenessl.report.verdicts import Verdict, compare, convergence, start_control, statement, support, witnesses
from scenessl.report.wording import listing, paragraph, ref, say

SMALL_CHANGE = 0.01
"""A change of the pretext's accuracy below this is called small."""


def accuracy_phrase(evidence: Evidence, name: str, part: str = "test") -> Markup:
    """Name a model with its accuracy on a part."""
    return say(
        "{name} ({value} {part} accuracy)",
        name=code(name),
        value=percent(evidence.accuracies(name, part).mean),
        part=part,
    )


# --- Question 3 ---


def early_latest(evidence: Evidence) -> list[Markup]:
    """Compare the classifier on an early pretext epoch with the one on the latest, and explain what the data allow."""
    early, latest = evidence.roles.get("early"), evidence.roles.get("latest")
    if not early or not latest:
        return [Markup("This study has no classifier on an early pretext epoch, so the comparison was not made.")]
    verdict = compare(evidence, early, latest)
    at, end = _epochs_of_pair(evidence, early, latest)
    opening = say(
        "The classifier on the pretext as it was after epoch {at} is {early}, the one on the latest epoch ({end}) "
        "{latest}; both are trained alike ({where}).",
        at=at,
        end=end,
        early=accuracy_phrase(evidence, early),
        latest=accuracy_phrase(evidence, latest),
        where=ref("early_latest"),
    )
    if verdict.state == "flagged":
        return [paragraph(opening, statement(verdict))]
    moved = trajectory.between(evidence, evidence.models[latest].source, at, verdict.state) if at != end else None
    return [
        paragraph(opening, statement(verdict)),
        paragraph(*_why_early(evidence, verdict, at, end, moved), moved or (UNMEASURED if at != end else None)),
        _against_start(evidence, early, latest),
    ]


def _epochs_of_pair(evidence: Evidence, early: str, latest: str) -> tuple[int, int]:
    """Give the pretext epochs, in the first seed, on which the two classifiers rest."""
    pretext = evidence.models[latest].source
    selection = evidence.selections[pretext, evidence.first]
    epoch = evidence.models[early].init.partition("@")[2]
    known = {"best": selection["best_epoch"], "": selection["selected_epoch"]}
    return known[epoch] if epoch in known else int(epoch), selection["selected_epoch"]


def _pretext_accuracy(evidence: Evidence, pretext: str, epoch: int) -> float | None:
    """Give the pretext's accuracy after an epoch, from its history of the first seed."""
    rows = evidence.histories[pretext, evidence.first]
    found = [row["validation_accuracy"] for row in rows if row["epoch"] == epoch]
    return found[0] if found else None


def _why_early(evidence: Evidence, verdict: Verdict, at: int, end: int, moved: Markup | None) -> list[Markup | None]:
    """Justify similarity or difference from the pretext's own progress between the two epochs.

    Where it was measured how far the features `moved`, nothing is guessed about results that are not told apart.
    """
    pretext = evidence.models[verdict.b].source
    if at == end:
        return [say("The pretext ended at epoch {end}, so both classifiers rest on the same weights.", end=end)]
    before, after = (_pretext_accuracy(evidence, pretext, epoch) for epoch in (at, end))
    if before is None or after is None:
        return [_reading(evidence, verdict, None)]
    change = after - before
    size = "changed little" if abs(change) < SMALL_CHANGE else "rose" if change > 0 else "fell"
    progress = say(
        "Between the two epochs the {part} accuracy of {pretext} on its own task {size}, from {before} to {after} "
        "({change}).",
        part=evidence.held_out,
        pretext=code(pretext),
        size=size,
        before=percent(before),
        after=percent(after),
        change=points(change),
    )
    return [progress, None if moved and verdict.state == "open" else _reading(evidence, verdict, change)]


UNMEASURED = Markup(
    "This is a reading of accuracies; how far the weights themselves moved between the two epochs was not measured."
)


def _reading(evidence: Evidence, verdict: Verdict, change: float | None) -> Markup:
    """Say what a result in favour of the early, the latest or neither epoch suggests."""
    thing, things = evidence.document.THING, evidence.document.THINGS
    if verdict.state == "better":
        text = (
            "The further epochs cost {thing} accuracy: they served the pretext and gave up features that {things} "
            "need, which the frozen classifier cannot win back."
        )
        return say(text, thing=thing, things=things)
    if verdict.state == "worse":
        text = (
            "The further epochs helped the {things}: what the pretext learned after the early epoch is of use to the "
            "classifier as well, so at the early epoch the features were not yet finished."
        )
        return say(text, things=things)
    if change is None:
        return Markup("No difference between the two is shown.")
    if abs(change) < SMALL_CHANGE:
        return _settled(evidence, verdict)
    text = (
        "No difference is shown although the pretext went on changing: what it learned after the early epoch is not "
        "seen to add to what {things} need, or to take from it."
    )
    return say(text, things=things)


def _settled(evidence: Evidence, verdict: Verdict) -> Markup:
    """Explain that no difference is shown where the pretext changed little; only a solved pretext is called so."""
    found = convergence(evidence, evidence.models[verdict.b].source)
    if found.threshold is not None and found.converged:
        return Markup(
            "No difference is shown, which fits: once the pretext is nearly solved its gradients are small, and the "
            "features have little reason to change."
        )
    return Markup(
        "No difference is shown, which fits: where the pretext hardly improves, the features need not change much."
    )


AGAINST = {
    "better": "is above",
    "worse": "is below",
    "open": "is not told apart from",
    "untested": "was not tested against",
    "flagged": "cannot be compared with",
}
"""How a model stands to what it is measured against, by the state of the verdict."""


def _against_start(evidence: Evidence, early: str, latest: str) -> Markup | None:
    """Compare both with the same start without any pretext."""
    control = start_control(evidence, latest)
    if not control:
        return None
    parts = []
    for name in (early, latest):
        verdict = compare(evidence, name, control)
        proof = f"; {support(verdict)}" if verdict.found else ""
        text = "{name} {word} it" + ("" if verdict.state == "flagged" else " ({change}{proof})")
        change = points(verdict.difference)
        parts.append(say(text, name=code(name), word=AGAINST[verdict.state], change=change, proof=proof))
    text = "Measured against {control}, which has the same start and no pretext, {parts}."
    return say(text, control=accuracy_phrase(evidence, control), parts=listing(parts))


# --- Question 4a ---


def schemes(evidence: Evidence) -> list[Markup]:
    """Say which scheme classifies the test images more accurately."""
    learned = [name for name in evidence.roles["schemes"] if not flagged(evidence, name)]
    verdicts = [compare(evidence, a, b) for a, b in combinations(learned, 2)]
    return [
        paragraph(winner(evidence)),
        paragraph(*map(statement, verdicts)),
        *_confusions(evidence),
        *_classes(evidence),
    ]


def ranking(evidence: Evidence) -> list[str]:
    """Order the schemes that learned something by mean test accuracy, highest first."""
    schemes = evidence.roles["schemes"]
    learned = [name for name in schemes if not flagged(evidence, name)]
    return sorted(learned, key=lambda name: -evidence.accuracies(name).mean)


def winner(evidence: Evidence) -> Markup:
    """Name the most accurate scheme, or those that share the first place."""
    order, failed = ranking(evidence), flagged(evidence, *evidence.roles["schemes"])
    if failed:
        return paragraph(flag_sentence(evidence, *failed), _winner(evidence, order, " of those that learned"))
    return _winner(evidence, order)


def _winner(evidence: Evidence, order: list[str], among: str = "") -> Markup:
    if not order:
        return Markup("So no scheme has a result to compare.")
    if len(order) == 1 and among:
        return say("That leaves {best}, with nothing to compare it with.", best=accuracy_phrase(evidence, order[0]))
    if len(order) == 1:
        return say("{best} is the only scheme of this study.", best=accuracy_phrase(evidence, order[0]))
    rivals = [name for name in order[1:] if compare(evidence, order[0], name).winner != order[0]]
    if not rivals:
        text = "{best} classifies the test images with the highest accuracy{among}, ahead of {others}."
        others = listing([accuracy_phrase(evidence, name) for name in order[1:]])
        return say(text, best=accuracy_phrase(evidence, order[0]), others=others, among=among)
    text = (
        "{best} has the highest test accuracy{among}, but {these} do not tell it from {rivals}, so no single scheme "
        "wins."
    )
    listed = listing([accuracy_phrase(evidence, name) for name in rivals])
    these = witnesses(compare(evidence, order[0], rivals[0]))
    return say(text, best=accuracy_phrase(evidence, order[0]), these=these, rivals=listed, among=among)


def _confusions(evidence: Evidence) -> list[Markup]:
    """Name what each scheme confuses most often."""
    sentences = [_confusion(evidence, name) for name in evidence.roles["schemes"] if not flagged(evidence, name)]
    figures = ref(*(f"confusion_{name}" for name in evidence.roles["schemes"]))
    opening = say("The confusion matrices ({figures}) show where the errors on the test images lie.", figures=figures)
    return [paragraph(opening, *sentences)]


def _confusion(evidence: Evidence, name: str) -> Markup:
    pairs = evidence.confusions(name)
    if not pairs:
        return say("{name} makes no error.", name=code(name))
    parts = [
        say(
            "“{true}” for “{predicted}” ({count} of {n})",
            true=row["true"],
            predicted=row["predicted"],
            count=count(row["count"]),
            n=count(row["n"]),
        )
        for row in pairs
    ]
    return say("{name} most often takes {parts}.", name=code(name), parts=listing(parts))


def _classes(evidence: Evidence) -> list[Markup]:
    """Name the classes where the schemes differ most."""
    supervised = evidence.roles["supervised"]
    others = [name for name in evidence.self_supervised if not flagged(evidence, supervised, name)]
    sentences = [_class_gap(evidence, supervised, name) for name in others]
    sentences = [found for found in sentences if found]
    if not sentences:
        return [say("{table} gives the recall of every class.", table=ref("per_class"))]
    text = "Class by class ({table}), {parts}."
    return [say(text, table=ref("per_class"), parts=Markup("; ").join(sentences))]


def _class_gap(evidence: Evidence, one: str, other: str) -> Markup | None:
    first, second = evidence.recalls(one), evidence.recalls(other)
    gaps = {label: first[label] - second[label] for label in first if label in second}
    if not gaps:
        return None
    most, least = max(gaps, key=gaps.get), min(gaps, key=gaps.get)
    ahead = say(
        "the recall of {one} exceeds that of {other} most for “{most}” ({gap})",
        one=code(one),
        other=code(other),
        most=most,
        gap=points(gaps[most]),
    )
    if gaps[most] <= 0:
        ahead = say("the recall of {one} exceeds that of {other} for no class", one=code(one), other=code(other))
    if gaps[least] < 0:
        behind = say("falls behind it most for “{least}” ({gap})", least=least, gap=points(gaps[least]))
        return say("{ahead} and {behind}", ahead=ahead, behind=behind)
    return say("{ahead} and falls behind it for none", ahead=ahead)


def recall_columns(evidence: Evidence, models: list[str]) -> list[dict[str, float]]:
    """Give the columns of the table of classes: recall by class, model by model."""
    return [evidence.recalls(name) for name in models]
