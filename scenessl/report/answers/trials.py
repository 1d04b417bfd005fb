"""What single settings are worth: sweeps of learning rate and batch size, and strategies switched off one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from scenessl.evaluation.cells import words
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import (
    DASH,
    code,
    count,
    hundredfold,
    or_dash,
    p_value,
    percent,
    point_range,
    points,
    setting,
)
from scenessl.report.readers.files import NotThereError
from scenessl.report.wording import listing, names, number_word, paragraph, ref, say, verb
from scenessl.study.trials import ABLATION, KEPT, OFF, SWEEP, planned


@dataclass(frozen=True)
class Tried:
    """A trial of a model, and the same training as set.

    `row` and `kept` are rows of trials.csv; `value` and `was` the setting's values as printed.
    """

    row: dict
    kept: dict
    value: str
    was: str

    @property
    def diverged(self) -> bool:
        """Whether there is no accuracy, since the training came to no end."""
        return self.row["validation_accuracy"] is None


def tried(evidence: Evidence, kind: str, model: str | None = None, key: str | None = None) -> list[Tried]:
    """Give the trials of a kind, of one model and setting or of all; those in full where a model has both forms.

    Raises:
        NotThereError: the table is not there, or still that of another plan, as it may be in a draft.
    """
    plan = planned(evidence.published)
    forms = {name: form for form, name in plan if any(trial["kind"] == kind for trial in plan[form, name])}
    found = []
    for name, form in forms.items():  # the full form comes last in the plan
        rows = evidence.rows("trials", model=name, form=form)
        if [_key(trial) for trial in plan[form, name]] != [(row["kind"], row["setting"], row["value"]) for row in rows]:
            raise NotThereError("tables/trials.csv")
        for trial, row in zip(plan[form, name], rows, strict=True):
            if trial["kind"] == kind and model in (None, name) and key in (None, trial["setting"]):
                was = evidence.models[name].settings[trial["setting"]]
                found.append(Tried(row, rows[0], setting(trial["value"]), setting(was)))
    return found


def _key(trial: dict) -> tuple[str, str, str]:
    """Give what tells a trial from others, as its row has it."""
    return trial["kind"], trial["setting"], "" if trial["kind"] == KEPT else words(trial["value"])


def has(evidence: Evidence, kind: str) -> bool:
    """Tell whether the study has trials of a kind."""
    return any(trial["kind"] == kind for trials in planned(evidence.published).values() for trial in trials)


def has_sweeps(evidence: Evidence) -> bool:
    """Tell whether learning rates or batch sizes were varied."""
    return has(evidence, SWEEP)


def has_ablations(evidence: Evidence) -> bool:
    """Tell whether strategies were switched off."""
    return has(evidence, ABLATION)


def _has_results(evidence: Evidence, kind: str) -> bool:
    """Tell whether trials of a kind are there; in a draft they may not be yet."""
    try:
        return bool(tried(evidence, kind))
    except NotThereError:
        return False


# --- Sweeps ---


def sweeps(evidence: Evidence) -> Markup:
    """Introduce the table of sweeps."""
    models = list(dict.fromkeys(one.row["model"] for one in tried(evidence, SWEEP)))
    opening = say(
        "How much learning rate and batch size matter was measured on validation images, never on test images, in "
        "{table}: {models} {were} trained once more with each value, all else as set. Both learning rates of a model "
        "change by the same factor.",
        table=ref("sweeps"),
        models=names(models),
        were=verb(models, "was", "were"),
    )
    return paragraph(opening, _forms(evidence, SWEEP), ONCE, _shortness(evidence, SWEEP))


ONCE = Markup(
    "Intervals and tests are over the validation images; p values are corrected by Holm’s method over these trials of "
    "a model, intervals are not. With one training of each, they do not say how much another training would differ."
)


def _forms(evidence: Evidence, kind: str) -> Markup:
    """Say how long the trials of a kind trained."""
    found = {_fewer(evidence, one) for one in tried(evidence, kind)}
    short = found - {()}
    if not short:
        return Markup("They trained as in the study, up to their last epoch.")
    fewer = " or ".join(sorted((" and ".join(things) for things in short), reverse=True))
    text = "They trained in short, by fewer {fewer} than in the study."
    if () in found:
        text = "Some trained in short, by fewer {fewer}, the others as in the study (the table says which)."
    return say(text, fewer=fewer)


def _fewer(evidence: Evidence, one: Tried) -> tuple[str, ...]:
    """Name what a trial had less of than the study's training."""
    images = one.row["train_images"] < evidence.total("train")
    epochs = one.row["epochs"] < evidence.models[one.row["model"]].settings["epochs"]
    return tuple(thing for thing, is_fewer in (("images", images), ("epochs", epochs)) if is_fewer)


def rows(evidence: Evidence, kind: str) -> list[dict]:
    """Rows of a table of trials: each model as set, then its trials."""
    found = tried(evidence, kind)
    own: dict[str, list[dict]] = {}
    for one in found:
        lines = own.setdefault(one.row["model"], [one.kept | {"is_kept": True, "value": "", "was": ""}])
        lines.append(one.row | {"is_kept": False, "value": one.value, "was": one.was})
    return [line for lines in own.values() for line in lines]


SHORTNESS = {
    SWEEP: Markup("A short training may favour other values than a long one."),
    ABLATION: Markup("A strategy against overfitting has less to do in a short training than in a long one."),
}


def _shortness(evidence: Evidence, kind: str) -> Markup | None:
    """Say what short trainings leave open; None where all are as long as the study's."""
    models = {one.row["model"] for one in tried(evidence, kind) if _fewer(evidence, one)}
    averaged = any(evidence.models[name].settings["weight_average"] for name in models)
    forgets = "Where weights are averaged, the average there forgets faster, in proportion." if averaged else None
    return paragraph(SHORTNESS[kind], forgets) if models else None


def sweep_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of sweeps."""
    return rows(evidence, SWEEP)


def ablation_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of ablations."""
    return rows(evidence, ABLATION)


def difference_cells(row: dict) -> Markup:
    """Give the cells of a row on the difference to the training as set; dashes where there is none."""
    interval = f"{hundredfold(row['low'])} to {hundredfold(row['high'])}" if row["low"] is not None else DASH
    texts = (or_dash(row["difference"], "hundredfold"), interval, or_dash(row["p_holm"], "p_value"))
    return Markup("").join(Markup('<td class="n">{}</td>').format(text) for text in texts)


def measured(evidence: Evidence, key: str, models: Sequence[str]) -> list[Markup]:
    """Say what the sweeps of a setting found, for those of the models that were tried."""
    if not _has_results(evidence, SWEEP):
        return []
    found = [tried(evidence, SWEEP, name, key) for name in models]
    return [_swept(own) for own in found if own]


def _swept(own: list[Tried]) -> Markup:
    """Say which of a setting's values did best, and whether that is more than chance."""
    kept, standing = own[0].kept, [one for one in own if not one.diverged]
    start = say(
        "Tried on {model} with {n} validation images:", model=code(kept["model"]), n=count(kept["n_validation"])
    )
    if kept["validation_accuracy"] is None:
        return paragraph(start, Markup("the training as set diverged, so that there is nothing to compare with."))
    parts = [_best(own, standing), *_compared(own, standing)]
    diverged = [one.value for one in own if one.diverged]
    if diverged:
        parts.append(say("with {values} the training diverged", values=listing(diverged)))
    return paragraph(start, Markup("; ").join(parts) + ".")


def _best(own: list[Tried], standing: list[Tried]) -> Markup:
    """Name the value of the highest validation accuracy, and that of the value that was set."""
    kept, number = own[0].kept["validation_accuracy"], number_word(len(own) + 1)
    top = max(standing, key=lambda one: one.row["validation_accuracy"], default=None)
    if top is None or top.row["validation_accuracy"] < kept:
        text = "of the {number} values, {was} had the {highest} accuracy, {kept}"
    elif top.row["validation_accuracy"] == kept:
        text = "of the {number} values, none had a higher accuracy than {was}, {kept}"
    else:
        text = "of the {number} values, {value} had the {highest} accuracy, {most}; {was}, which was set, had {kept}"
    most = percent(top.row["validation_accuracy"]) if top else ""
    value = top.value if top else ""
    highest = "highest" if len(own) > 1 else "higher"
    return say(text, number=number, was=own[0].was, kept=percent(kept), value=value, most=most, highest=highest)


AGAINST = {
    "b": "{others} {were} worse",
    "a": "{others} {were} better, and {was} was not changed after that",
    "open": "{others} {were} not shown to differ",
}


def _compared(own: list[Tried], standing: list[Tried]) -> list[Markup]:
    """Say of the values, by what their tests found, how they compare with the one that was set."""
    if standing and all(one.row["verdict"] == "open" for one in standing):
        text = "none is shown to differ from {was}: {others}"
        return [say(text, was=own[0].was, others=_values(standing))]
    groups = {word: [one for one in standing if one.row["verdict"] == word] for word in AGAINST}
    return [
        say(AGAINST[word], was=own[0].was, others=_values(group), were=verb(group, "was", "were"))
        for word, group in groups.items()
        if group
    ]


def _values(group: list[Tried]) -> Markup:
    """List values with their differences to the value that was set."""
    text = "{value} ({difference}, {interval})"
    return listing(
        [
            say(text, value=one.value, difference=points(one.row["difference"]), interval=_interval(one.row))
            for one in group
        ]
    )


def _interval(row: dict) -> str:
    """Give the interval and the corrected test of a trial's difference to the training as set."""
    if row["low"] is None:
        return "the same for every image"
    return f"95\u00a0% interval {point_range(row['low'], row['high'])}, {p_value(row['p_holm'])}"


# --- Ablations ---


WORTH = {
    "a": "the setting costs accuracy there",
    "b": "the setting raises the accuracy there",
    "open": "no effect on accuracy is shown",
}


def switched_off(evidence: Evidence, key: str, users: Sequence[str]) -> list[Markup]:
    """Say what a strategy is worth where it was switched off, and in which of its users that was not measured."""
    if not _has_results(evidence, ABLATION):
        return []
    found = [one for one in tried(evidence, ABLATION, key=key) if one.row["model"] in users] if key in OFF else []
    others = [name for name in users if name not in {one.row["model"] for one in found}]
    missing = say("Its effect in {models} was not measured.", models=names(others))
    nowhere = Markup("What it changes was not measured.")
    return [*(_worth(one) for one in found), *([missing if found else nowhere] if others else [])]


def _worth(one: Tried) -> Markup:
    """Give validation accuracy and gap with and without a strategy."""
    row, kept, model = one.row, one.kept, code(one.row["model"])
    if kept["validation_accuracy"] is None:
        return say("{model} diverged as set, so that nothing can be said of {was}.", model=model, was=one.was)
    if one.diverged:
        return say("With {value} in place of {was}, {model} diverged.", value=one.value, was=one.was, model=model)
    text = (
        "With {value} in place of {was}, {model} has a validation accuracy of {share} instead of {before} "
        "({difference}; {interval}) and a generalisation gap of {gap} instead of {wider}: {worth}."
    )
    return say(
        text,
        value=one.value,
        was=one.was,
        model=model,
        share=percent(row["validation_accuracy"]),
        before=percent(kept["validation_accuracy"]),
        difference=points(row["difference"]),
        interval=_interval(row),
        gap=points(row["gap"]),
        wider=points(kept["gap"]),
        worth=WORTH[row["verdict"]],
    )


def ablations(evidence: Evidence) -> Markup:
    """Say how strategies were judged and what that does not cover."""
    if not has_ablations(evidence):
        return Markup(
            "What each strategy contributes on its own was not measured: that would take a further training with that "
            "one strategy switched off. The evidence above is on the trainings as they are, with all their strategies "
            "together."
        )
    models = list(dict.fromkeys(one.row["model"] for one in tried(evidence, ABLATION)))
    opening = say(
        "In {models}, the strategies in use were switched off one at a time, with all others on ({table}).",
        models=names(models),
        table=ref("ablations"),
    )
    pretexts = [name for name in models if evidence.models[name].task != "scenes"]
    own = "The accuracy of {models} is that on {their} own task; what a strategy does to the transfer was not measured."
    transfer = say(own, models=names(pretexts), their="its" if len(pretexts) == 1 else "their")
    caveat = Markup("What chooses an epoch by the validation images cannot be judged by them.")
    shortness = _shortness(evidence, ABLATION)
    return paragraph(opening, _forms(evidence, ABLATION), ONCE, shortness, caveat, transfer if pretexts else None)
