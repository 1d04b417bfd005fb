"""What the inverted filters answer to real images: expectations tested, classes compared, the same filters compared."""

from collections.abc import Callable
from itertools import combinations
from statistics import mean

import numpy as np
from markupsafe import Markup

from scenessl.evaluation.repetitions import holm
from scenessl.evaluation.selectivity import LEVEL, MEDIUM, Selectivity, by_class, by_view, class_means
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import SPACE, code, count, decimal, percent
from scenessl.report.wording import cite, listing, names, number_word, paragraph, ref, say

CLASSES_COMPARED = 3
ALIKE = 0.8  # correlation of a filter's responses in two models from which they are called much the same
APART = 0.5  # standard deviations between models' mean responses to a class that are worth a word

CUES = {
    "scenes": "the class of the scene",
    "rotation": "the turn of the image",
    "perturbation": "a painted square",
}
"""What the filters of a model are expected to answer to, by its task."""


def labels(evidence: Evidence, images: np.ndarray) -> np.ndarray:
    """Give the labels of images, int [n]."""
    return np.array([evidence.index[int(image)]["label"] for image in images])


def _by_class(evidence: Evidence, name: str) -> Selectivity:
    answers = evidence.inversions[name].answers
    return by_class(answers.responses, labels(evidence, answers.images))


def _by_turn(evidence: Evidence, name: str) -> Selectivity | None:
    views = evidence.inversions[name].answers.views.get("rotation")
    return None if views is None else by_view(views)


def _by_square(evidence: Evidence, name: str) -> Selectivity | None:
    """Compare the image as it is with both painted ones."""
    answers = evidence.inversions[name].answers
    views = answers.views.get("perturbation")
    return None if views is None else by_view(np.concatenate([answers.plain()[:, None], views], 1))


TESTS: dict[str, Callable[[Evidence, str], Selectivity | None]] = {
    "scenes": _by_class,
    "rotation": _by_turn,
    "perturbation": _by_square,
}


def selectivity(evidence: Evidence, name: str, task: str) -> Selectivity | None:
    """Give what a model's own filters owe to the cue of a task; None where that was not measured."""
    found = TESTS[task](evidence, name) if task in TESTS else None
    own = len(evidence.inversions[name].units)
    return found and Selectivity(found.share[:own], np.array(holm(found.p[:own])))


def outcome(found: Selectivity, rising: np.ndarray) -> str:
    """Judge filters together: seen, not seen or undecided.

    A filter answers to a cue where its share is medium at least, its test significant and its response `rising`, bool
    [F], and does not where its share is smaller or its response is not. More than half of the filters decide.
    """
    silent, half = (found.share < MEDIUM) | ~rising, len(found.share) / 2
    answering = _answering(found, rising).sum()
    return "seen" if answering > half else "not seen" if silent.sum() > half else "undecided"


def _answering(found: Selectivity, rising: np.ndarray) -> np.ndarray:
    return (found.share >= MEDIUM) & (found.p < LEVEL) & rising


def _rising(evidence: Evidence, name: str, task: str) -> np.ndarray:
    """Tell which filters answer as expected: more with a square than without; elsewhere no direction is expected."""
    answers, own = evidence.inversions[name].answers, len(evidence.inversions[name].units)
    if task != "perturbation":
        return np.ones(own, bool)
    return (answers.views["perturbation"].mean(1) - answers.plain())[:, :own].mean(0) > 0


def tested(evidence: Evidence, name: str) -> Markup:
    """Say whether real test images bear out what was expected of a model's filters."""
    task = evidence.models[name].task
    found = selectivity(evidence, name, task)
    if found is None:
        return say("Whether its filters answer to that was not measured on real images, so it is undecided.")
    rising = _rising(evidence, name, task)
    answering = int(_answering(found, rising).sum())
    measured = say(
        "On {n} real test images, {cue} accounts for {mean} of the variance of its filters’ responses{within} on "
        "average ({low} to {high}, corrected for chance); {answering} of {all} {answer} to it{way} (a medium effect "
        "{work} at least, and {level} corrected).",
        n=count(_images(evidence, name, task)),
        cue=CUES[task],
        mean=percent(float(found.share.mean())),
        within="" if task == "scenes" else " within images",
        low=percent(float(found.share.min())),
        high=percent(float(found.share.max())),
        answering=_how_many(answering),
        answer=_answer(answering),
        way=" by a higher response" if task == "perturbation" else "",
        all=number_word(len(found.share)),
        work=cite("cohen1988"),
        level=f"p{SPACE}<{SPACE}{LEVEL}",
    )
    verdict = say(
        "So answers of its filters to {cue} are <b>{outcome}</b>; what the synthetic images show of it is left to the "
        "eye.",
        cue=CUES[task],
        outcome=outcome(found, rising),
    )
    return paragraph(measured, _direction(evidence, name, task), verdict, _beside(evidence, name, task, found))


def _how_many(number: int) -> str:
    return number_word(number) if number else "none"


def _answer(number: int) -> str:
    return "answers" if number == 1 else "answer"


def _images(evidence: Evidence, name: str, task: str) -> int:
    answers = evidence.inversions[name].answers
    return len(answers.images if task == "scenes" else answers.tested)


def _direction(evidence: Evidence, name: str, task: str) -> Markup | None:
    """Say which turn, or which square, the filters answer to most."""
    answers, own = evidence.inversions[name].answers, len(evidence.inversions[name].units)
    if task == "rotation":
        upright = int((answers.views["rotation"][:, :, :own].mean(0).argmax(0) == 0).sum())
        text = "{number} of {all} {answer} most to the upright image."
        return say(text, number=_how_many(upright).capitalize(), all=number_word(own), answer=_answer(upright))
    if task == "perturbation":
        more = int(_rising(evidence, name, task).sum())
        text = "{number} of {all} {answer} more with a square than without, averaged over black and white."
        return say(text, number=_how_many(more).capitalize(), all=number_word(own), answer=_answer(more))
    return None


def _beside(evidence: Evidence, name: str, task: str, own: Selectivity) -> Markup | None:
    """Say whether the cue sets a model's filters apart from those of the others."""
    others = {
        other: float(found.share.mean())
        for other in evidence.inversions
        if other != name and (found := selectivity(evidence, other, task))
    }
    if not others:
        return None
    share = float(own.share.mean())
    parts = [say("{value} in {name}", value=percent(value), name=code(other)) for other, value in others.items()]
    if share > max(others.values()) + MEDIUM / 2:
        verdict = "it is higher here than there"
    elif share < min(others.values()) - MEDIUM / 2:
        verdict = "it is lower here than there"
    else:
        verdict = "it does not set this model apart"
    text = "For the filters of the others that share is {parts}: {verdict}."
    return say(text, parts=listing(parts), verdict=verdict)


# --- The same filters in several models ---


def same_filters(evidence: Evidence) -> list[Markup]:
    """Compare the filters that the first model chose with those of the same numbers in the others."""
    models = list(evidence.inversions)
    if len(models) < 2:
        return []
    filters = evidence.inversions[models[0]].filters
    found = {pair: _correlations(evidence, *pair, filters) for pair in combinations(models, 2)}
    opening = say(
        "{figure} shows the filters that {first} chose as every model has them.",
        figure=ref("same_filters"),
        first=code(models[0]),
    )
    parts = [
        say(
            "{value} between {one} and {other} (filter by filter from {low} to {high})",
            value=decimal(mean(values)),
            one=code(pair[0]),
            other=code(pair[1]),
            low=decimal(min(values)),
            high=decimal(max(values)),
        )
        for pair, values in found.items()
        if values
    ]
    if not parts:
        return [opening]
    measured = say(
        "Over the real test images, the responses of a filter in two models have a correlation of {parts} on average.",
        parts=listing(parts),
    )
    return [opening, measured, _likeness(found)]


def _correlations(evidence: Evidence, one: str, other: str, filters: list[int]) -> list[float]:
    """Correlate each filter's responses in two models over the same images; constant ones are left out."""
    pairs = [(evidence.inversions[one].answers.of(number), evidence.inversions[other].answers.of(number))
             for number in filters]  # fmt: skip
    return [float(np.corrcoef(*pair)[0, 1]) for pair in pairs if all(np.ptp(values) > 0 for values in pair)]


def _likeness(found: dict[tuple[str, str], list[float]]) -> Markup:
    """Conclude from the correlations whether numbers of filters correspond."""
    values = [value for own in found.values() for value in own]
    if min(values) >= ALIKE:
        return Markup("So filters of the same number answer to much the same images in all models.")
    if max(values) < ALIKE:
        return Markup("So filters of the same number do not answer to much the same images in any two models.")
    return Markup("So some filters of the same number answer to much the same images in two models, and others do not.")


# --- Classes ---


def class_table(evidence: Evidence) -> dict[str, np.ndarray]:
    """Give the mean response of each model's own filters to each class, in standard deviations: [classes, F]."""
    return {
        name: class_means(
            inversion.answers.responses[:, : len(inversion.units)],
            labels(evidence, inversion.answers.images),
            len(evidence.classes),
        )
        for name, inversion in evidence.inversions.items()
    }


def classes(evidence: Evidence) -> list[Markup]:
    """Compare the models for the classes that set them apart most, and for the one that does least."""
    found = class_table(evidence)
    means = {name: values.mean(1) for name, values in found.items()}
    known = [label for label in range(len(evidence.classes)) if not any(np.isnan(one[label]) for one in means.values())]
    opening = say(
        "{figure} shows what each filter answers to the test images of each class on average.",
        figure=ref("class_responses"),
    )
    if len(means) < 2 or not known:
        return [opening]
    spread = {label: float(np.ptp([one[label] for one in means.values()])) for label in known}
    order = sorted(known, key=lambda label: (-spread[label], label))
    chosen = [*order[: CLASSES_COMPARED - 1], order[-1]] if len(order) >= CLASSES_COMPARED else order
    some = "the {number} classes whose mean responses differ most between the models and the one for which they differ "
    some += "least"
    intro = say(
        "Compared are {those} (standard deviations from the mean over all images, averaged over a model’s filters).",
        those=say(some, number=number_word(CLASSES_COMPARED - 1)) if len(chosen) < len(order) else "all classes",
    )
    return [paragraph(opening, intro, *(_class(evidence, label, found, spread[label]) for label in chosen))]


def _class(evidence: Evidence, label: int, found: dict[str, np.ndarray], spread: float) -> Markup:
    parts = [
        say(
            "{value} in {name} (most by filter {filter}, {most})",
            value=decimal(float(values[label].mean())),
            name=code(name),
            filter=evidence.inversions[name].filters[int(values[label].argmax())],
            most=decimal(float(values[label].max())),
        )
        for name, values in found.items()
    ]
    means = {name: float(values[label].mean()) for name, values in found.items()}
    text = "“{label}”: {parts}{verdict}."
    return say(text, label=evidence.classes[label], parts=listing(parts), verdict=_class_verdict(means, spread))


def _class_verdict(means: dict[str, float], spread: float) -> Markup:
    if spread < APART:
        same = {value > 0 for value in means.values()}
        way = ", all above their mean" if same == {True} else ", all below their mean" if same == {False} else ""
        return say("; the models hardly differ here{way}", way=way)
    high, low = max(means, key=means.get), min(means, key=means.get)
    text = "; the filters of {high} answer to this class more than those of {low}, which is not tested"
    return say(text, high=names([high]), low=names([low]))
