"""Answers on the loss: what cross-entropy means, the course of the trainings, and the epoch with the least error."""

from math import exp, log

from markupsafe import Markup

from scenessl.evaluation.fitting_table import STEEP
from scenessl.report.answers.seeds import lines
from scenessl.report.evidence import Evidence
from scenessl.report.flags import flag_sentence, flagged
from scenessl.report.numbers import code, loss, percent, setting, size_in_points
from scenessl.report.wording import listing, names, paragraph, ref, say

NEAR_GUESS = 0.02  # relative distance from the loss of a guess that counts as none


# --- Cross-entropy ---


def interpretation(evidence: Evidence) -> list[Markup]:
    """Interpret cross-entropy in general and by the supervised model's own numbers."""
    classes = len(evidence.classes)
    general = say(
        "With the natural logarithm it is measured in nats. It is the surprise at the true label: 0 only for a network "
        "that gives it the whole probability, and without bound as that probability goes to 0, so that a confident "
        "mistake costs most. To minimise it is to make the labels as likely as possible. Its derivative by the score "
        "{z} is {p} − {q}, what the network says minus what it should say, so a right and certain answer moves "
        "nothing.",
        z=_indexed("z"),
        p=_indexed("p"),
        q=_indexed("q"),
    )
    guess = say(
        "A guess that gives all {classes} classes the same probability costs ln {classes} = {guess} nats. {before}",
        classes=classes,
        guess=loss(log(classes)),
        before=_before(evidence, classes),
    )
    return [general, paragraph(guess, *_geometric(evidence, classes)), _smoothing(evidence)]


def _indexed(letter: str) -> Markup:
    return say('<span class="math"><i>{letter}</i><sub><i>k</i></sub></span>', letter=letter)


def _row(evidence: Evidence, name: str, epoch: int) -> dict:
    """Give the row of an epoch, first seed."""
    return next(row for row in evidence.histories[name, evidence.first] if row["epoch"] == epoch)


def _before(evidence: Evidence, classes: int) -> Markup:
    """Compare the loss before training with that of a guess."""
    value = _row(evidence, evidence.roles["supervised"], 0)["train_loss"]
    close = abs(value - log(classes)) <= NEAR_GUESS * log(classes)
    unlike = "more than such a guess" if value > log(classes) else "less than it"
    text = "Before training the network costs {value} on the train images, {word}."
    return say(text, value=loss(value), word="about as much as such a guess" if close else unlike)


def _geometric(evidence: Evidence, classes: int) -> list[Markup]:
    """Say what the losses at the selected epoch mean as probabilities."""
    name = evidence.roles["supervised"]
    epoch = evidence.selections[name, evidence.first]["selected_epoch"]
    row, part = _row(evidence, name, epoch), evidence.held_out
    values = {
        "name": code(name),
        "epoch": epoch,
        "part": part,
        "train": loss(row["train_loss"]),
        "held": loss(row["validation_loss"]),
        "train_p": percent(exp(-row["train_loss"]), 1),
        "held_p": percent(exp(-row["validation_loss"]), 1),
        "guess": percent(1 / classes, 1),
    }
    means = say(
        "Since the loss is a mean of logarithms, exp(−loss) is the geometric mean of the probabilities that the true "
        "labels get. At epoch {epoch}, {name} has a loss of {train} on train and {held} on {part} images: its true "
        "labels get {train_p} and {held_p} in this mean, where a guess gives {guess}.",
        **values,
    )
    if row["validation_loss"] < log(classes):
        return [means]
    above = (
        "On {part} images that is no better than the guess: the network pays more for its confident mistakes than it "
        "gains by its right answers."
    )
    return [means, say(above, **values)]


def _smoothing(evidence: Evidence) -> Markup | None:
    """Say where labels are smoothed, and that no printed loss is."""
    groups: dict[float, list[str]] = {}
    for name, model in evidence.models.items():
        groups.setdefault(model.settings.get("label_smoothing") or 0, []).append(name)
    smoothed = [(value, group) for value, group in groups.items() if value]
    if not smoothed:
        return None
    parts = [say("{value} in {models}", value=setting(value), models=names(group)) for value, group in smoothed]
    text = (
        "In training, labels are smoothed: a share of {q} is spread evenly over all classes ({parts}), which keeps the "
        "loss from asking for certainty. The losses in figures, tables and text are measured without it."
    )
    return say(text, q=Markup('<span class="math"><i>q</i></span>'), parts=listing(parts))


# --- Curves and the chosen epoch ---


def curves(evidence: Evidence) -> list[Markup]:
    """Say what the supervised model's curves show, which epoch has the least error, and what the loss says of it."""
    name = evidence.roles["supervised"]
    shown = say(
        "{figure} shows loss and accuracy of {name} after every epoch{seed}, in evaluation mode, on the {part} images "
        "and on as many train images; epoch 0 is before training.",
        figure=ref(f"curves_{name}"),
        name=code(name),
        seed=lines(evidence),
        part=evidence.held_out,
    )
    return [paragraph(shown, _chosen(evidence, name)), paragraph(_against_loss(evidence, name), _gap(evidence, name))]


def least_error(rows: list[dict]) -> dict:
    """Give the trained epoch with the least validation error, ties to the lower loss, then to the first."""
    return min(rows[1:], key=lambda row: (-row["validation_accuracy"], row["validation_loss"]))


def _chosen(evidence: Evidence, name: str) -> Markup:
    """Name the selected epoch, and say whether it is the one with the least error."""
    selection, rows = evidence.selections[name, evidence.first], evidence.histories[name, evidence.first]
    chosen, least = _row(evidence, name, selection["selected_epoch"]), least_error(rows)
    values = {
        "epoch": chosen["epoch"],
        "planned": selection["planned_epochs"],
        "error": percent(1 - chosen["validation_accuracy"]),
        "least": percent(1 - least["validation_accuracy"]),
        "at": least["epoch"],
        "part": evidence.held_out,
    }
    if chosen["validation_accuracy"] == least["validation_accuracy"]:
        text = (
            "The least error, {error} of the {part} images, is that of epoch {epoch} of {planned}: it is marked, and "
        )
        return say(text + "its weights are the model’s.", **values)
    text = (
        "The model’s weights are those of epoch {epoch} of {planned}, which is marked ({error} error on {part} "
        "images); the least error, {least}, was that of epoch {at}."
    )
    return say(text, **values)


def _against_loss(evidence: Evidence, name: str) -> Markup:
    """Compare the epoch of the least error with that of the lowest loss."""
    rows = evidence.histories[name, evidence.first]
    chosen = _row(evidence, name, evidence.selections[name, evidence.first]["selected_epoch"])
    lowest = min(rows[1:], key=lambda row: row["validation_loss"])
    values = {
        "part": evidence.held_out,
        "at": lowest["epoch"],
        "lowest": loss(lowest["validation_loss"]),
        "epoch": chosen["epoch"],
        "there": loss(chosen["validation_loss"]),
    }
    gained = chosen["validation_accuracy"] - lowest["validation_accuracy"]
    start = say("The {part} loss is lowest at epoch {at} ({lowest}).", **values)
    if lowest["epoch"] == chosen["epoch"]:
        return paragraph(start, Markup("Loss and error agree on the epoch."))
    return paragraph(start, say(LOSS_AND_ERROR[lowest["epoch"] < chosen["epoch"], gained > 0], **values))


LOSS_AND_ERROR = {
    (True, True): "By epoch {epoch} it has gone to {there} although the error is lower: the network has become surer, "
    "also of its mistakes, which the loss counts and the error does not.",
    (
        True,
        False,
    ): "By epoch {epoch} it has gone to {there}, and the error is no lower: the network has become surer of "
    "its mistakes.",
    (
        False,
        True,
    ): "At epoch {epoch} it was {there}: after that the probabilities still improved, but fewer images were "
    "classified rightly.",
    (False, False): "At epoch {epoch} it was {there}: after that the probabilities still improved, and the error did "
    "not rise.",
}
"""By whether the lowest loss came before the chosen epoch, and whether the chosen epoch has the lower error."""


def _gap(evidence: Evidence, name: str) -> Markup:
    """Compare train and validation at the selected epoch."""
    row = _row(evidence, name, evidence.selections[name, evidence.first]["selected_epoch"])
    text = "There the loss is {train} on train and {held} on {part} images, and the accuracies lie {gap} apart."
    return say(
        text,
        train=loss(row["train_loss"]),
        held=loss(row["validation_loss"]),
        part=evidence.held_out,
        gap=size_in_points(row["train_accuracy"] - row["validation_accuracy"]),
    )


# --- The pretext's curve ---


def pretext_curves(evidence: Evidence) -> list[Markup]:
    """Say how the training loss of every pretext fell."""
    return [paragraph(*_pretext(evidence, name)) for name in evidence.roles["pretexts"]]


def answers_of(evidence: Evidence, name: str) -> list[str]:
    """Name what a model can answer, in the order of its outputs."""
    return list(dict.fromkeys(row["true"] for row in evidence.rows("confusion", model=name)))


def _pretext(evidence: Evidence, name: str) -> list[Markup]:
    rows, guess = evidence.histories[name, evidence.first], len(answers_of(evidence, name))
    start, end, before = (rows[at]["train_loss"] for at in (0, -1, -2))
    half = next((row["epoch"] for row in rows if row["train_loss"] <= (start + end) / 2), None)
    values = {
        "figure": ref(f"curves_{name}"),
        "name": code(name),
        "seed": evidence.first_seed,
        "start": loss(start),
        "guess": loss(log(guess)),
        "number": guess,
        "end": loss(end),
        "last": rows[-1]["epoch"],
        "mean": percent(exp(-end), 1),
        "half": half,
    }
    course = say(
        "{figure} shows the training loss of {name} by epoch{seed}: {start} before training (a guess among its "
        "{number} answers costs {guess}), {end} after epoch {last}.",
        **values,
    )
    if flagged(evidence, name):
        return [course, flag_sentence(evidence, name)]
    if end >= start:
        return [course, Markup("It did not fall, so nothing was learned.")]
    means = say(
        "Half of the fall was done by epoch {half}. In the end the right answer gets {mean} of the probability in the "
        "geometric mean.",
        **values,
    )
    return [course, means, _still_falling(before - end, start - end), _reached(evidence, name)]


def _still_falling(latest: float, whole: float) -> Markup:
    """Say whether the loss was still falling when the training ended."""
    share = latest / whole
    if share > STEEP:
        text = "In the last epoch it still fell by {latest}, {share} of its whole fall: it had not settled."
    else:
        text = "In the last epoch it fell by {latest}, {share} of its whole fall: it had settled."
    return say(text, latest=loss(latest), share=percent(share, 1))


def _reached(evidence: Evidence, name: str) -> Markup:
    """Say how often the pretext answers rightly."""
    accuracy = evidence.accuracies(name)
    text = "It answers {accuracy} of the test views rightly ({table})."
    return say(text, accuracy=percent(accuracy.mean), table=ref("accuracy"))
