"""Answers on settings, selected epochs and fitting: questions 1, 2 and 5 of the assignment."""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from scenessl.evaluation.fitting_table import ABSOLUTE_RISE, DIVERGED, NEITHER, OVERFITS, RELATIVE_RISE, UNDERFITS
from scenessl.report.answers import repeats, trials
from scenessl.report.answers.beside import leaks
from scenessl.report.answers.seeds import missing, selected, spread
from scenessl.report.evidence import Evidence, Spread
from scenessl.report.flags import warning
from scenessl.report.numbers import code, count, decimal, loss, percent, point_range, points, setting
from scenessl.report.wording import (
    cite,
    listing,
    names,
    number_word,
    paragraph,
    phrase,
    plural,
    ref,
    say,
    sentence,
    verb,
)

TASK_VIEWS = {
    "rotation": "over all four turns of every image",
    "perturbation": "over both views of every image, with fixed squares",
}


def settings(evidence: Evidence) -> list[Markup]:
    """Introduce the tables of settings and say what all trainings share."""
    opening = say(
        "{settings} list every setting of every training, one row per model with the controls included, and {reasons} "
        "gives the reason for each value.",
        settings=ref("settings_optimisation", "settings_regularisation"),
        reasons=ref("reasons"),
    )
    shared = [_optimizers(evidence), _layers(evidence), _keeping(evidence), _precision(evidence)]
    return [paragraph(opening, *shared), _same_epochs(evidence)]


def _values(evidence: Evidence, key: str) -> dict[str, list[str]]:
    """Group the models by the printed value of a setting."""
    groups: dict[str, list[str]] = {}
    for name, model in evidence.models.items():
        if key in model.settings:
            groups.setdefault(setting(model.settings[key]), []).append(name)
    return groups


def _optimizers(evidence: Evidence) -> Markup | None:
    groups = _values(evidence, "optimizer")
    if len(groups) == 1:
        return say("All models are trained with {optimizer}.", optimizer=_optimizer(next(iter(groups))))
    parts = [
        say(
            "{models} {are} trained with {optimizer}", models=names(group), are=verb(group, "is", "are"), optimizer=name
        )
        for name, group in ((_optimizer(key), group) for key, group in groups.items())
    ]
    return say("{parts}.", parts=Markup("; ").join(parts)) if parts else None


def _optimizer(key: str) -> Markup:
    """Name an optimiser, with its work where the bibliography has one."""
    name = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}.get(key, key)
    return say("{name} {work}", name=name, work=cite("loshchilov2019")) if key == "adamw" else say("{name}", name=name)


def _layers(evidence: Evidence) -> Markup | None:
    groups = _values(evidence, "fc_layers")
    if len(groups) != 1:
        return None
    layers = int(next(iter(groups)))
    return say(
        "Every classifier has {layers} on top of the pooled features.", layers=plural(layers, "fully-connected layer")
    )


def _keeping(evidence: Evidence) -> Markup | None:
    pulled = [name for name, model in evidence.models.items() if model.settings.get("keep_features")]
    text = (
        "The features of {models} are kept close to those of the network they start from, on the same inputs: "
        "distillation in the manner of Li and Hoiem {work}, here of features."
    )
    return say(text, models=names(pulled), work=cite("li2016")) if pulled else None


def _precision(evidence: Evidence) -> Markup:
    """Say which trainings made their steps in reduced precision, by what they left, not by what was asked."""
    reduced = {
        name: sum(evidence.selections[name, seed]["precision"] == "bf16" for seed in evidence.seeds)
        for name in evidence.models
    }
    if not any(reduced.values()):
        return Markup("The networks compute in single precision throughout.")
    always = [name for name, number in reduced.items() if number == len(evidence.seeds)]
    found = [say("those of {models}", models=names(always))] if always else []
    found += [
        say("those of {name} with {some} of {all} seeds", name=code(name), some=number, all=len(evidence.seeds))
        for name, number in reduced.items()
        if 0 < number < len(evidence.seeds)
    ]
    text = (
        "Of the training steps, {found} are computed in mixed precision {work}; all else that the networks compute is "
        "in single precision."
    )
    return say(text, found=listing(found), work=cite("micikevicius2018"))


def _same_epochs(evidence: Evidence) -> Markup:
    """Say whether the classifiers on frozen features train as long as the supervised scheme."""
    supervised = evidence.roles["supervised"]
    epochs = evidence.models[supervised].settings["epochs"]
    others = [name for name in evidence.label_models if name != supervised]
    different = [name for name in others if evidence.models[name].settings["epochs"] != epochs]
    if different:
        text = "{models} are not planned for the {epochs} epochs of {supervised}, which limits the comparison."
        return say(text, models=names(different), epochs=epochs, supervised=code(supervised))
    asked = "As the assignment asks for the sake" if evidence.document.ASKS_EQUAL_EPOCHS else "For the sake"
    text = "{asked} of comparison, {models} are trained for the same number of epochs as {supervised}: {epochs}."
    return say(text, asked=asked, models=names(others), supervised=code(supervised), epochs=epochs)


def accuracy_notes(evidence: Evidence) -> list[Markup]:
    """Say how the accuracies of the table were measured."""
    opening = say(
        "{table} and {figure} give the accuracy of every model on the train, validation and test parts, at the "
        "selected epoch, in evaluation mode and without augmentation.",
        table=ref("accuracy"),
        figure=ref("accuracy_figure"),
    )
    views = [_views(evidence, name) for name in evidence.roles["pretexts"]]
    return [
        paragraph(opening, *views, _chance(evidence)),
        warning(evidence),
        paragraph(spread(evidence), repeats.pointer(evidence), missing(evidence), _roles_of_parts(evidence)),
        leaks(evidence),
    ]


def _views(evidence: Evidence, name: str) -> Markup | None:
    views = TASK_VIEWS.get(evidence.models[name].task)
    return say("The accuracy of {name} is taken {views}.", name=code(name), views=views) if views else None


def _chance(evidence: Evidence) -> Markup:
    return say(
        "Guessing among the {number} classes would be right for {chance} of the images.",
        number=count(len(evidence.classes)),
        chance=percent(1 / len(evidence.classes)),
    )


def _roles_of_parts(evidence: Evidence) -> Markup:
    if evidence.has_validation:
        return Markup("Where an epoch was chosen by accuracy, the validation part chose it; the test part chose none.")
    return Markup(
        "In this study the test part plays the role of the validation part, the assignment’s literal reading: no part "
        "of train was kept back, and no epoch was chosen by accuracy."
    )


def epochs(evidence: Evidence) -> list[Markup]:
    """Say for each model which epoch was selected and why."""
    return [_epoch(evidence, name) for name in evidence.models]


def _epoch(evidence: Evidence, name: str) -> Markup:
    chosen = [evidence.selections[name, seed] for seed in evidence.seeds]
    first = chosen[0]
    if len(chosen) == 1:
        when = say("epoch {epoch} of {planned}", epoch=first["selected_epoch"], planned=first["planned_epochs"])
    else:
        epochs = selected([selection["selected_epoch"] for selection in chosen])
        when = say("epochs {epochs} of {planned}, seed by seed", epochs=epochs, planned=first["planned_epochs"])
    whys = list(dict.fromkeys(phrase(selection["why"]) for selection in chosen))
    stopped = sum(bool(selection["stopped_early"]) for selection in chosen)
    early = (
        "" if not stopped else " (stopped early)" if len(chosen) == 1 else f" ({number_word(stopped)} stopped early)"
    )
    return say("{name}: {when}{early}. {why}", name=code(name), when=when, early=early, why=sentence("; ".join(whys)))


def fitting(evidence: Evidence) -> list[Markup]:
    """Say for each model whether it under- or overfits, from which epoch, and by which figure."""
    return [_fit(evidence, name) for name in evidence.models]


def _fit(evidence: Evidence, name: str) -> Markup:
    rows = evidence.rows("fitting", model=name)
    row = next(row for row in rows if row["seed"] == evidence.first)
    others = [other["verdict"] for other in rows if other["seed"] != evidence.first]
    agree = sum(verdict == row["verdict"] for verdict in others)
    seeds = f" (first seed; {number_word(agree)} of {number_word(len(others))} others the same)" if others else ""
    start = say(
        "{name}, {figure}: {verdict}{seeds}.",
        name=code(name),
        figure=ref(f"curves_{name}"),
        verdict=phrase(row["verdict"]),
        seeds=seeds,
    )
    return paragraph(start, sentence(row["evidence"]) if row["evidence"] else None, _gap(evidence, row))


def _gap(evidence: Evidence, row: dict) -> Markup | None:
    """Give a model's gap at the selected epoch, over the seeds, and where it is largest."""
    if row["gap_selected"] is None:
        return None
    all_seeds = [other["gap_selected"] for other in evidence.rows("fitting", model=row["model"])]
    over = Spread(tuple(all_seeds), evidence.trainings(row["model"]))
    gaps = {one["epoch"]: one["gap"] for one in evidence.rows("gaps", model=row["model"], seed=row["seed"])}
    widest = max(gaps, key=gaps.get)
    return say(
        "At the selected epoch, train minus {part} accuracy is {gap}{seeds}; it is largest at epoch {widest} ({most}).",
        part=evidence.held_out,
        gap=points(row["gap_selected"]),
        seeds=say(" (all seeds: {spread})", spread=spread_text(over)) if len(all_seeds) > 1 else "",
        widest=widest,
        most=points(gaps[widest]),
    )


def fitting_summary(evidence: Evidence) -> Markup:
    """Sum up which models overfit, underfit or do neither, in the first seed."""
    rows = evidence.rows("fitting", seed=evidence.first)
    parts = []
    for verdict, word in ((OVERFITS, "overfit"), (UNDERFITS, "underfit"), (DIVERGED, "diverge")):
        found = [row["model"] for row in rows if verdict in row["verdict"]]
        if found:
            parts.append(say("{models} {verb}", models=names(found), verb=_verb(found, word)))
    quiet = [row for row in rows if row["verdict"] == NEITHER]
    if quiet:
        text = (
            "for {models} the {part} loss does not rise again by more than {rise} of its lowest value and {nats} nats, "
            "so training longer did no harm that it shows"
        )
        models, part = names(row["model"] for row in quiet), evidence.held_out
        parts.append(say(text, models=models, part=part, rise=percent(RELATIVE_RISE), nats=loss(ABSOLUTE_RISE)))
    text = "By the curves of train and {part} loss and accuracy, {parts}; {table} gives the numbers."
    opening = say(text, part=evidence.held_out, parts=listing(parts), table=ref("fitting"))
    return paragraph(opening, _quiet_gaps(quiet), _sampled(evidence))


def _quiet_gaps(rows: list[dict]) -> Markup | None:
    """Say what the gaps of trainings without a rising loss mean."""
    gaps = [row["gap_selected"] for row in rows if row["gap_selected"] is not None]
    if not gaps:
        return None
    low, high = min(gaps), max(gaps)
    size = points(low) if low == high else point_range(low, high)
    if low > 0:
        meaning = "these models fit the train images better than new ones"
    elif high > 0:
        meaning = "some of these models fit the train images better than new ones"
    else:
        meaning = "these models fit the train images no better than new ones"
    return say("By their gaps at the selected epoch ({size}), {meaning}.", size=size, meaning=meaning)


def _sampled(evidence: Evidence) -> Markup:
    """Say on which train images the curves rest, and why their figures differ from the accuracy table's."""
    text = (
        "The train figures of the curves are taken on a fixed sample of at most as many train images as there are "
        "{part} images, so they can differ a little from the train accuracies of {table}."
    )
    return say(text, part=evidence.held_out, table=ref("accuracy"))


def _verb(models: list[str], verb: str) -> str:
    return verb + "s" if len(models) == 1 else verb


def strategies(evidence: Evidence) -> list[Markup]:
    """Name the strategies in use against over- and underfitting, with their values and models, and their worth."""
    found = [_strategy(evidence, key, text, used) for key, text, used in STRATEGIES]
    frozen = [name for name, model in evidence.models.items() if model.train == "classifier"]
    if frozen:
        found.append(
            say("<b>Frozen features</b> leave only the classifier to be fitted ({models}).", models=names(frozen))
        )
    return [item for item in found if item]


def _always(value: object) -> bool:
    return bool(value)


def _is_best(value: object) -> bool:
    return value == "best"


def _below_one(value: object) -> bool:
    return isinstance(value, (int, float)) and value < 1


def _falls(value: object) -> bool:
    return value == "cosine"


STRATEGIES: tuple[tuple[str, str, Callable[[object], bool]], ...] = (
    ("augmentation", "<b>Augmentation</b> shows each image in changed form every epoch", _always),
    ("weight_decay", "<b>Weight decay</b> keeps the weights small", _always),
    ("label_smoothing", "<b>Label smoothing</b> keeps the network from becoming certain of its train labels", _always),
    ("dropout", "<b>Dropout</b> before the classifier hides features at random", _always),
    ("layer_decay", "<b>A learning rate that falls towards the input</b> spares the general early blocks", _below_one),
    ("keep_features", "<b>Distillation from the start</b> puts a price on features that leave what they were", _always),
    ("weight_average", "<b>Averaged weights</b> smooth the last steps", _always),
    ("early_stop", "<b>Early stopping</b> ends a training that has converged", _always),
    ("select", "<b>Selecting the epoch</b> by validation accuracy undoes later overfitting", _is_best),
    ("warmup", "<b>A warm-up</b> of the learning rate keeps the first steps small", _always),
    ("schedule", "<b>A falling learning rate</b> lets the last steps settle", _falls),
)
"""Setting, what it is for, and when a value of it counts as used."""


def _strategy(evidence: Evidence, key: str, text: str, used: Callable[[object], bool]) -> Markup | None:
    groups: dict[str, list[str]] = {}
    for name, model in evidence.models.items():
        if used(model.settings.get(key)):
            groups.setdefault(setting(model.settings[key]), []).append(name)
    if not groups:
        return None
    users = [name for group in groups.values() for name in group]
    return paragraph(_use(evidence, text, groups), *trials.switched_off(evidence, key, users))


def _use(evidence: Evidence, text: str, groups: Mapping[str, Sequence[str]]) -> Markup:
    """Say what a strategy is for, with its values and who uses them."""
    everyone = len(groups) == 1 and len(next(iter(groups.values()))) == len(evidence.models)
    if everyone:
        return say(text + " ({value}, all models).", value=next(iter(groups)))
    parts = [say("{value} in {models}", value=value, models=names(group)) for value, group in groups.items()]
    return say(text + " ({parts}).", parts=Markup("; ").join(parts))


def spread_text(spread: object) -> str:
    """Write an accuracy over seeds for a table: mean, and ± standard deviation where there is one."""
    if spread is None:
        return "–"
    if spread.deviation is None:
        return decimal(100 * spread.mean)
    return f"{decimal(100 * spread.mean)} ± {decimal(100 * spread.deviation)}"
