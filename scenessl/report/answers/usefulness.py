"""Answer on self-supervision, question 4b: was it useful, against the same start without a pretext."""

from markupsafe import Markup

from scenessl.report.answers import labels
from scenessl.report.evidence import Evidence
from scenessl.report.flags import flag_sentence, flagged
from scenessl.report.numbers import code, count, percent, points, setting, size_in_points
from scenessl.report.verdicts import (
    COMPARED,
    compare,
    converged_statement,
    convergence,
    start_control,
    statement,
    support,
    unlike_settings,
)
from scenessl.report.wording import listing, names, paragraph, plural, say, verb


def usefulness(evidence: Evidence, name: str) -> str:
    """Judge a self-supervised scheme: useful, harmful, open, untested, unlike, unconverged or flagged.

    Unlike is a difference between models that were not trained alike, unconverged a lead after a pretext that did
    not reach what was asked of it; flagged
    means that scheme, pretext or control learned nothing.
    """
    control = start_control(evidence, name)
    if flagged(evidence, name, evidence.pretext_of(name), control):
        return "flagged"
    state = compare(evidence, name, control).state if control else "untested"
    if state in {"better", "worse"} and unlike_settings(evidence, name, control):
        return "unlike"
    if state == "better":
        return "unconverged" if convergence(evidence, evidence.pretext_of(name)).is_below else "useful"
    return {"worse": "harmful"}.get(state, state)


SHORT = {
    "useful": "useful for {models}",
    "harmful": "harmful for {models}",
    "open": "of no shown use for {models}, which {is_are} not told from {its} control",
    "unconverged": "of unproven use for {models}, ahead of {its} control but with a pretext that ended below the "
    "accuracy asked for",
    "unlike": "of undecided use for {models}, not trained like {its} control",
    "flagged": "not to be judged for {models}, where scheme, pretext or control learned nothing",
    "untested": "of undecided use for {models}, for which no paired test against a control was made",
}


def useful_short(evidence: Evidence) -> Markup:
    """Answer in one sentence whether self-supervision was useful."""
    groups: dict[str, list[str]] = {}
    for name in evidence.self_supervised:
        groups.setdefault(usefulness(evidence, name), []).append(name)
    if not groups:
        return Markup("This study has no self-supervised scheme.")
    parts = [
        say(SHORT[key], models=names(groups[key]), its=_its(groups[key]), is_are=verb(groups[key], "is", "are"))
        for key in SHORT
        if key in groups
    ]
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
    told = [evidence.pretext_of(other) for other in evidence.self_supervised[: evidence.self_supervised.index(name)]]
    sentences = [converged_statement(convergence(evidence, pretext))] if pretext and pretext not in told else []
    if control is None:
        return [
            *sentences,
            say("No control shares the start of {name}, so the worth of its pretext is open.", name=code(name)),
        ]
    if usefulness(evidence, name) == "flagged":
        failed = [other for other in flagged(evidence, name, control) if other not in told]
        verdict = say("So the worth of the pretext for {name} is open.", name=code(name))
        return [*sentences, flag_sentence(evidence, *failed) if failed else None, verdict]
    sentences += [
        statement(compare(evidence, name, control)),
        _why_useful(evidence, name, control),
        _other_settings(evidence, name, control),
        _kept(evidence, name),
    ]
    alike = [
        other for other in evidence.roles["controls"] if evidence.models[other].train == evidence.models[name].train
    ]
    others = [other for other in alike if other != control]
    return sentences + [_against_other(evidence, name, other) for other in others]


def _why_useful(evidence: Evidence, name: str, control: str) -> Markup:
    """Explain the result of a scheme against its control, from the train accuracies as well."""
    own, other = evidence.accuracies(name, "train"), evidence.accuracies(control, "train")
    state = usefulness(evidence, name)
    if own is None or other is None or state == "untested":
        return Markup("Why this is so was not measured further.")
    change = own.mean - other.mean
    values = {"name": code(name), "control": code(control), "own": percent(own.mean), "other": percent(other.mean)}
    values |= {"things": evidence.document.THINGS, "size": size_in_points(change)}
    if name in evidence.tuned:
        train = say("on the train images it reaches {own}, {control} {other}", **values)
        return say(WHY_TUNED[state], train=train, **values)
    train = say("on the train images the frozen classifier reaches {own}, that of {control} {other}", **values)
    return say(WHY[state, change > 0], train=train, **values)


UNCONVERGED = (
    "The pretext ended below the accuracy asked for, so the lead is not credited to it with certainty ({train})."
)

WHY = {
    (
        "useful",
        True,
    ): "The pretext made the features fit the {things} better already in training ({train}): the classes are "
    "easier to separate by a linear classifier than they were at the start.",
    (
        "useful",
        False,
    ): "The gain is one of generalisation, not of fit ({train}): the features are no easier to separate, "
    "but what is separated carries over better to new images.",
    ("harmful", False): "The features became less fit for {things}: {train}. The loss shows in training already, which "
    "points to information that the linear classifier misses rather than to overfitting.",
    ("harmful", True): "The features fit the train images better ({train}) and yet serve new images worse: the pretext "
    "traded general features for others that do not carry over.",
    ("open", True): "In training there is a gain of {size} ({train}), which the test accuracies do not confirm.",
    ("open", False): "Nor is there a gain in training: {train}.",
    ("unconverged", True): UNCONVERGED,
    ("unconverged", False): UNCONVERGED,
}


WHY_TUNED = {
    "useful": "When all layers are trained on the labels, starting from the pretext gives a higher test accuracy than "
    "starting from the weights that the pretext itself began with: {train}.",
    "harmful": "When all layers are trained on the labels, starting from the pretext gives a lower test accuracy than "
    "starting from the weights that the pretext itself began with: {train}.",
    "open": "With all layers trained on the labels, it makes no difference that could be shown what the "
    "network had learned before: {train}.",
    "unlike": "The two were not trained alike, so the difference is not put down to the pretext: {train}.",
    "unconverged": UNCONVERGED,
}


def _kept(evidence: Evidence, name: str) -> Markup | None:
    """Say what else of a pretext's training than its task may explain the result in part."""
    pretext, state = evidence.pretext_of(name), usefulness(evidence, name)
    settings = evidence.models[pretext].settings
    if state == "open" and settings.get("keep_features"):
        text = "{pretext} was trained at a price for leaving its start, so a small difference is partly by design."
        return say(text, pretext=code(pretext))
    also = []
    if settings.get("keep_features"):
        also.append("kept the features close to its start by distillation")
    if settings.get("batch_norm") == "train" and evidence.models[name].train != "all":
        also.append("let the batch-norm statistics follow these images")
    if state not in {"useful", "unconverged"} or not also:
        return None
    text = "The training of {pretext} also {also}: what the task alone adds was not separated from that."
    return say(text, pretext=code(pretext), also=listing(also))


def _other_settings(evidence: Evidence, name: str, control: str) -> Markup | None:
    """Say where a scheme whose layers all train is not trained like what it is measured against."""
    own, other = (evidence.models[model].settings for model in (name, control))
    parts = [
        say("{word} {a} against {b}", word=COMPARED[key], a=setting(own.get(key)), b=setting(other.get(key)))
        for key in unlike_settings(evidence, name, control)
    ]
    text = "{name} and {control} also differ in their settings ({parts}), which may be part of the result."
    return say(text, name=code(name), control=code(control), parts=Markup("; ").join(parts)) if parts else None


def _against_other(evidence: Evidence, name: str, control: str) -> Markup:
    """Set a scheme against a control with another start, in one sentence."""
    verdict = compare(evidence, name, control)
    if verdict.state == "flagged":
        return statement(verdict)
    init = (
        "a random start"
        if evidence.models[control].init == "random"
        else f"the start “{evidence.models[control].init}”"
    )
    words = {"better": "is above", "worse": "is below", "open": "is not told apart from"}
    text = "{name} {word} {control}, a classifier on {init} ({change} of test accuracy{support})."
    proof = f"; {support(verdict)}" if verdict.found else ""
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
    alone = say(
        "The comparison with {supervised} alone would not answer the question{frozen}: there all layers are adapted to "
        "the labels, here only the last one.",
        supervised=code(evidence.roles["supervised"]),
        frozen=say(" for {models}", models=names(evidence.frozen)) if evidence.tuned else "",
    )
    saved = labels.saved(evidence, count(evidence.total("train")))
    limits = say("The evidence comes from {seeds} and one split.", seeds=plural(len(evidence.seeds), "seed"))
    return paragraph(alone if evidence.frozen else None, saved, limits)
