"""Answers on accuracy: early against latest pretext, which scheme is more accurate, was self-supervision useful."""

from itertools import combinations

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, percent, points, size_in_points
from scenessl.report.verdicts import Verdict, compare, converged_statement, convergence, statement, support
from scenessl.report.wording import listing, names, paragraph, plural, ref, say

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
        "The classifier on the pretext as it was after epoch {at} is {early}, the one on the latest epoch ({end}) {latest}; "
        "both are trained alike ({where}).",
        at=at,
        end=end,
        early=accuracy_phrase(evidence, early),
        latest=accuracy_phrase(evidence, latest),
        where=ref("early_latest"),
    )
    return [
        paragraph(opening, statement(verdict)),
        paragraph(*_why_early(evidence, verdict, at, end)),
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


def _why_early(evidence: Evidence, verdict: Verdict, at: int, end: int) -> list[Markup | None]:
    """Justify similarity or difference from the pretext's own progress between the two epochs."""
    pretext = evidence.models[verdict.b].source
    if at == end:
        return [say("The pretext ended at epoch {end}, so both classifiers rest on the same weights.", end=end)]
    before, after = (_pretext_accuracy(evidence, pretext, epoch) for epoch in (at, end))
    if before is None or after is None:
        return [_reading(verdict, None)]
    change = after - before
    size = "changed little" if abs(change) < SMALL_CHANGE else "rose" if change > 0 else "fell"
    part = "validation" if evidence.has_validation else "test"
    progress = say(
        "Between the two epochs the {part} accuracy of {pretext} on its own task {size}, from {before} to {after} ({change}).",
        part=part,
        pretext=code(pretext),
        size=size,
        before=percent(before),
        after=percent(after),
        change=points(change),
    )
    caveat = Markup(
        "This is a reading of accuracies; how far the weights themselves moved between the two epochs was not measured."
    )
    return [progress, _reading(verdict, change), caveat]


def _reading(verdict: Verdict, change: float | None) -> Markup:
    """Say what a result in favour of the early, the latest or neither epoch suggests."""
    if verdict.state == "better":
        return Markup(
            "The further epochs cost scene accuracy: they served the pretext and gave up features that scenes need, "
            "which the frozen classifier cannot win back."
        )
    if verdict.state == "worse":
        return Markup(
            "The further epochs helped the scenes: what the pretext learned after the early epoch is of use to the "
            "classifier as well, so at the early epoch the features were not yet finished."
        )
    if change is None:
        return Markup("The results are similar as far as these test images can tell.")
    if abs(change) < SMALL_CHANGE:
        return Markup(
            "The results are similar, which fits: once the pretext is nearly solved its gradients are small, and the "
            "features have little reason to change."
        )
    return Markup(
        "The results are similar although the pretext went on changing: what it learned after the early epoch neither "
        "adds to nor takes from what scenes need, as far as these test images can tell."
    )


def _against_start(evidence: Evidence, early: str, latest: str) -> Markup | None:
    """Compare both with the same start without any pretext."""
    control = start_control(evidence, latest)
    if not control:
        return None
    parts = []
    for name in (early, latest):
        verdict = compare(evidence, name, control)
        word = {"better": "above", "worse": "below"}.get(verdict.state, "not told apart from")
        parts.append(
            say("{name} is {word} it ({change})", name=code(name), word=word, change=points(verdict.difference))
        )
    text = "Measured against {control}, which has the same start and no pretext, {parts}."
    return say(text, control=accuracy_phrase(evidence, control), parts=listing(parts))


# --- Question 4a ---


def schemes(evidence: Evidence) -> list[Markup]:
    """Say which scheme classifies the test images more accurately."""
    verdicts = [compare(evidence, a, b) for a, b in combinations(evidence.roles["schemes"], 2)]
    return [
        paragraph(winner(evidence)),
        paragraph(*map(statement, verdicts)),
        *_confusions(evidence),
        *_classes(evidence),
    ]


def ranking(evidence: Evidence) -> list[str]:
    """Order the schemes by mean test accuracy, highest first."""
    return sorted(evidence.roles["schemes"], key=lambda name: -evidence.accuracies(name).mean)


def winner(evidence: Evidence) -> Markup:
    """Name the most accurate scheme, or those that share the first place."""
    order = ranking(evidence)
    if len(order) == 1:
        return say("{best} is the only scheme of this study.", best=accuracy_phrase(evidence, order[0]))
    rivals = [name for name in order[1:] if compare(evidence, order[0], name).winner != order[0]]
    if not rivals:
        text = "{best} classifies the test images with the highest accuracy, ahead of {others}."
        others = listing([accuracy_phrase(evidence, name) for name in order[1:]])
        return say(text, best=accuracy_phrase(evidence, order[0]), others=others)
    text = "{best} has the highest test accuracy, but the test images do not tell it from {rivals}, so no single scheme wins."
    listed = listing([accuracy_phrase(evidence, name) for name in rivals])
    return say(text, best=accuracy_phrase(evidence, order[0]), rivals=listed)


def _confusions(evidence: Evidence) -> list[Markup]:
    """Name what each scheme confuses most often."""
    sentences = [_confusion(evidence, name) for name in evidence.roles["schemes"]]
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
    sentences = [_class_gap(evidence, supervised, name) for name in evidence.self_supervised]
    sentences = [found for found in sentences if found]
    text = "Class by class ({table}), {parts}."
    return [say(text, table=ref("per_class"), parts=Markup("; ").join(sentences))] if sentences else []


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


# --- Question 4b ---


def start_control(evidence: Evidence, name: str) -> str | None:
    """Name the control that has the start of `name`'s pretext and no pretext: what the pretext had to beat."""
    pretext = evidence.pretext_of(name)
    if pretext is None:
        return None
    init = evidence.models[pretext].init
    return next((control for control in evidence.roles["controls"] if evidence.models[control].init == init), None)


def usefulness(evidence: Evidence, name: str) -> str:
    """Judge a self-supervised scheme: useful, harmful, open, unconverged (a lead that does not count) or untested."""
    control = start_control(evidence, name)
    state = compare(evidence, name, control).state if control else "untested"
    if state == "better":
        return "useful" if convergence(evidence, evidence.pretext_of(name)).converged else "unconverged"
    return {"worse": "harmful"}.get(state, state)


SHORT = {
    "useful": "useful for {models}",
    "harmful": "harmful for {models}",
    "open": "of no shown use for {models}, which the test images do not tell from {its} control",
    "unconverged": "of unproven use for {models}, ahead of {its} control but with a pretext that did not converge",
    "untested": "of undecided use for {models}, for which no paired test against a control was made",
}


def useful_short(evidence: Evidence) -> Markup:
    """Answer in one sentence whether self-supervision was useful."""
    groups: dict[str, list[str]] = {}
    for name in evidence.self_supervised:
        groups.setdefault(usefulness(evidence, name), []).append(name)
    if not groups:
        return Markup("This study has no self-supervised scheme.")
    parts = [say(SHORT[key], models=names(groups[key]), its=_its(groups[key])) for key in SHORT if key in groups]
    text = "Measured against the same start without a pretext, self-supervision was {parts}."
    return say(text, parts=listing(parts) if len(parts) < 3 else Markup("; ").join(parts))


def _its(models: list[str]) -> str:
    return "its" if len(models) == 1 else "their"


def useful(evidence: Evidence) -> list[Markup]:
    """Answer whether self-supervision was useful, scheme by scheme, against the controls."""
    return [
        useful_short(evidence),
        *(paragraph(*_useful(evidence, name)) for name in evidence.self_supervised),
        _labels(evidence),
    ]


def _useful(evidence: Evidence, name: str) -> list[Markup | None]:
    pretext, control = evidence.pretext_of(name), start_control(evidence, name)
    sentences = [converged_statement(convergence(evidence, pretext))] if pretext else []
    if control is None:
        return [
            *sentences,
            say("No control shares the start of {name}, so the worth of its pretext is open.", name=code(name)),
        ]
    sentences += [
        statement(compare(evidence, name, control)),
        _why_useful(evidence, name, control),
        _kept(evidence, pretext),
    ]
    others = [other for other in evidence.roles["controls"] if other != control]
    return sentences + [_against_other(evidence, name, other) for other in others]


def _why_useful(evidence: Evidence, name: str, control: str) -> Markup:
    """Explain the result of a scheme against its control, from the train accuracies as well."""
    own, other = evidence.accuracies(name, "train"), evidence.accuracies(control, "train")
    state = usefulness(evidence, name)
    if own is None or other is None or state == "untested":
        return Markup("Why this is so was not measured further.")
    change = own.mean - other.mean
    values = {"name": code(name), "control": code(control), "own": percent(own.mean), "other": percent(other.mean)}
    evidence_text = say("on the train images the frozen classifier reaches {own}, that of {control} {other}", **values)
    return say(WHY[state, change > 0], train=evidence_text, size=size_in_points(change), **values)


WHY = {
    (
        "useful",
        True,
    ): "The pretext made the features fit the scenes better already in training ({train}): the classes are "
    "easier to separate by a linear classifier than they were at the start.",
    (
        "useful",
        False,
    ): "The gain is one of generalisation, not of fit ({train}): the features are no easier to separate, "
    "but what is separated carries over better to new images.",
    ("harmful", False): "The features became less fit for scenes: {train}. The loss shows in training already, which "
    "points to information that the linear classifier misses rather than to overfitting.",
    ("harmful", True): "The features fit the train images better ({train}) and yet serve new images worse: the pretext "
    "traded general features for others that do not carry over.",
    ("open", True): "In training there is a gain of {size} ({train}), which the test images do not confirm.",
    ("open", False): "Nor is there a gain in training: {train}.",
    ("unconverged", True): "Since the pretext was not solved, the lead cannot be credited to it ({train}).",
    ("unconverged", False): "Since the pretext was not solved, the lead cannot be credited to it ({train}).",
}


def _kept(evidence: Evidence, pretext: str) -> Markup | None:
    """Say that a pretext was held back from forgetting, where its settings do so."""
    if not evidence.models[pretext].settings.get("keep_features"):
        return None
    text = "{pretext} was trained at a price for leaving its start, so a small difference from this control is partly by design."
    return say(text, pretext=code(pretext))


def _against_other(evidence: Evidence, name: str, control: str) -> Markup:
    """Set a scheme against a control with another start, in one sentence."""
    verdict = compare(evidence, name, control)
    init = (
        "a random start"
        if evidence.models[control].init == "random"
        else f"the start “{evidence.models[control].init}”"
    )
    words = {"better": "is above", "worse": "is below", "open": "is not told apart from"}
    text = "{name} {word} {control}, a classifier on {init} ({change} of test accuracy{support})."
    proof = f"; {support(verdict)}" if verdict.tests else ""
    word = words.get(verdict.state, "stands, untested, beside")
    return say(
        text,
        name=code(name),
        word=word,
        control=code(control),
        init=init,
        change=points(verdict.difference),
        support=proof,
    )


def _labels(evidence: Evidence) -> Markup:
    """Say what the comparison with the supervised scheme can and cannot mean."""
    supervised = evidence.roles["supervised"]
    return say(
        "The comparison with {supervised} alone would not answer the question: there all layers are adapted to the labels, "
        "here only the last one. All schemes see the same {labels} labelled train images, so what a pretext saves when "
        "labels are scarce was not measured. The evidence comes from {seeds} and one split.",
        supervised=code(supervised),
        labels=count(evidence.total("train")),
        seeds=plural(len(evidence.seeds), "seed"),
    )
