"""What stands beside accuracy: balance between the classes, probabilities that come true or not, and leaked images."""

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.flags import flagged
from scenessl.report.numbers import code, count, percent, points
from scenessl.report.wording import cite, listing, names, paragraph, plural, ref, say, sentence, verb
from scenessl.study.manifest import LEAKS_SHOWN

SMALL = 0.01
"""A difference of two shares below this is called small."""


def columns(evidence: Evidence) -> list[tuple[str, str]]:
    """Give the columns of the table: measure and heading."""
    shown = [("test_accuracy", "Test accuracy")]
    if evidence.audit["leaked_images"]:
        shown += [("test_accuracy_unleaked", "Without copies")]
    return [
        *shown,
        ("balanced_accuracy", "Balanced accuracy"),
        ("macro_f1", "Macro F1"),
        ("confidence", "Mean confidence"),
        ("calibration_error", "Calibration error"),
    ]


def notes(evidence: Evidence) -> list[Markup | None]:
    """Say what the further figures mean, and whether they change the picture that the accuracies give."""
    opening = say(
        "{table} sets further figures of the test images beside the accuracies. Balanced accuracy is the mean recall "
        "of the classes, macro F1 the mean of their F1: each class counts the same, however many images it has.",
        table=ref("beside"),
    )
    return [paragraph(opening, _balance(evidence), _order(evidence)), *_calibration(evidence)]


def _learned(evidence: Evidence) -> list[str]:
    """Name the schemes and controls that learned something."""
    compared = [*evidence.roles["schemes"], *evidence.roles["controls"]]
    return [name for name in compared if not flagged(evidence, name)]


def _balance(evidence: Evidence) -> Markup | None:
    """Say how far balanced accuracy is from accuracy."""
    gaps = {
        name: evidence.mean(name, "balanced_accuracy") - evidence.mean(name, "test_accuracy")
        for name in _learned(evidence)
    }
    if not gaps:
        return None
    widest = max(gaps, key=lambda name: abs(gaps[name]))
    values = {"name": code(widest), "gap": points(gaps[widest])}
    if abs(gaps[widest]) < SMALL:
        text = "Between the schemes and controls, balanced accuracy differs from accuracy by {gap} at most ({name}): "
        return say(text + "the accuracies are no matter of how many images a class has.", **values)
    text = "Balanced accuracy differs from accuracy most in {name} ({gap}), where some classes are recognised "
    return say(text + "{better} than the frequent ones.", better="worse" if gaps[widest] < 0 else "better", **values)


def _order(evidence: Evidence) -> Markup | None:
    """Say whether macro F1 orders the schemes as accuracy does."""
    schemes = [name for name in evidence.roles["schemes"] if not flagged(evidence, name)]
    if len(schemes) < 2:
        return None
    by_accuracy, by_f1 = (
        sorted(schemes, key=lambda name: -evidence.mean(name, measure)) for measure in ("test_accuracy", "macro_f1")
    )
    if by_accuracy == by_f1:
        return say("Macro F1 orders the schemes as accuracy does.")
    return say("Macro F1 orders the schemes otherwise than accuracy: {order}.", order=listing(map(code, by_f1)))


# --- Calibration ---


def _calibration(evidence: Evidence) -> list[Markup]:
    """Say how far the probabilities of the schemes come true."""
    opening = say(
        "{figure} shows how often the likeliest answer is right at each level of confidence. The expected calibration "
        "error {work} is the mean distance of the two in bins of equal width; chance alone keeps it above zero.",
        figure=ref("reliability"),
        work=cite("guo2017"),
    )
    learned = _learned(evidence)
    if not learned:
        return [opening]
    best = min(learned, key=lambda name: evidence.mean(name, "calibration_error"))
    error = percent(evidence.mean(best, "calibration_error"))
    lowest = say("Of the schemes and controls it is lowest in {name} ({error}).", name=code(best), error=error)
    return [paragraph(opening, lowest, *_directions(evidence, learned))]


DIRECTIONS = {
    1: "{models} {are} overconfident: mean confidence is above the 95 % interval of the accuracy ({parts}).",
    -1: "{models} {are} underconfident: mean confidence is below the 95 % interval of the accuracy ({parts}).",
    0: "In {models}, mean confidence agrees with the accuracy within its 95 % interval ({parts}).",
    None: "In {models}, mean confidence agrees with the accuracy within its 95 % interval in some seeds ({parts}).",
}


def direction(evidence: Evidence, name: str) -> int | None:
    """Tell whether a model is overconfident (1), underconfident (-1) or neither (0); None where its seeds differ."""
    found = {_direction(row) for row in evidence.rows("accuracy", model=name)}
    return found.pop() if len(found) == 1 else None


def _direction(row: dict) -> int:
    return int(row["confidence"] > row["test_high"]) - int(row["confidence"] < row["test_low"])


def _directions(evidence: Evidence, models: list[str]) -> list[Markup]:
    groups = {way: [name for name in models if direction(evidence, name) == way] for way in DIRECTIONS}
    return [
        say(
            DIRECTIONS[way],
            models=names(group),
            are=verb(group, "is", "are"),
            parts=listing([_apart(evidence, name) for name in group]),
        )
        for way, group in groups.items()
        if group
    ]


def _apart(evidence: Evidence, name: str) -> str:
    return points(evidence.mean(name, "confidence") - evidence.mean(name, "test_accuracy"))


# --- Leaks ---


def leaks(evidence: Evidence) -> Markup:
    """Say what the test images with a copy in train change."""
    leaked = evidence.audit["leaked_images"]
    if not leaked:
        return Markup("No test image has a copy among the train images, so the test accuracies need no correction.")
    start = say(
        "{images} of the test part {have} a copy in train ({figure}), which a network may know by heart.",
        images=sentence(plural(len(leaked), "image"))[:-1],
        have="has" if len(leaked) == 1 else "have",
        figure=ref("leaks"),
    )
    changes = _changes(evidence)
    if not changes:
        return start
    most = max(changes, key=lambda name: abs(changes[name]))
    text = "Without {them}, the test accuracies in {table} change by {change} at most ({name}, to {clean})"
    values = {"them": "it" if len(leaked) == 1 else "them", "table": ref("beside"), "change": points(changes[most])}
    clean = percent(evidence.mean(most, "test_accuracy_unleaked"))
    told = say(text + "{meaning}.", name=code(most), clean=clean, meaning=_meaning(evidence, changes), **values)
    return paragraph(start, told)


def _changes(evidence: Evidence) -> dict[str, float]:
    """Give what the copies change in the accuracy of each model."""
    clean = {name: evidence.mean(name, "test_accuracy_unleaked") for name in evidence.label_models}
    return {name: value - evidence.mean(name, "test_accuracy") for name, value in clean.items() if value is not None}


def _meaning(evidence: Evidence, changes: dict[str, float]) -> str:
    """Say whether the copies carry the results: whether any change leaves the interval of the whole accuracy."""
    outside = [name for name in changes if any(_leaves(row) for row in evidence.rows("accuracy", model=name))]
    if outside:
        return "; some leave the 95 % interval of the accuracy on all images, so the figures without copies count"
    return ", within its 95 % interval on all images: the copies do not carry the results"


def _leaves(row: dict) -> bool:
    return not row["test_low"] <= row["test_accuracy_unleaked"] <= row["test_high"]


def leaks_caption(evidence: Evidence) -> str:
    """Give the caption of the figure of leaked images: how many of them it shows."""
    number = len(evidence.audit["leaks"])
    which = "Test images" if number <= LEAKS_SHOWN else f"The first {LEAKS_SHOWN} of {count(number)} test images"
    return f"{which} with a copy in train, each beside its first copy."
