"""Trials: a model's training with one setting replaced, which measures what that setting is worth.

A sweep varies the learning rates and the batch size by factors; an ablation switches off one strategy of the recipe at
a time. Both are compared with the same training as set. Imports nothing heavy: the workflow plans with it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from scenessl.study.declared import task_views

KEPT, SWEEP, ABLATION = "kept", "sweep", "ablation"
SHORT, FULL = "short", "full"
"""Forms: few inputs and epochs, for networks; or the training as in the study, for classifiers on cached features."""

OFF = {
    "augmentation": [],
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "dropout": 0.0,
    "layer_decay": 1.0,
    "keep_features": 0.0,
    "weight_average": 0.0,
    "warmup": 0.0,
    "schedule": "constant",
}
"""Strategies that can be judged on validation images, with the value that switches them off."""

CHOOSING = ("select", "early_stop")
"""What chooses an epoch by these images, which cannot be judged by them: a trial ends with its last epoch."""


def planned(published: Mapping, *, full: bool | None = None) -> dict[tuple[str, str], list[dict]]:
    """List the trials of every form and model that a study asks for.

    Args:
        published: the content of its configuration.yaml.
        full: whether networks are ablated in full as well; by default, as the study says.

    Returns:
        (form, model) -> trials with `kind`, `setting`, `value` and `replaced` (the settings that differ), the one as
        set first; where there is no other, the model is left out.
    """
    asked, found = published.get("trials") or {}, {}
    for name in dict.fromkeys([*asked.get("sweeps", []), *asked.get("ablations", [])]):
        model, is_ablated = published["models"][name], name in asked["ablations"]
        sweep = list(_sweep(model, asked)) if name in asked["sweeps"] else []
        ablation = list(_ablation(model)) if is_ablated else []
        form = FULL if model["train"] == "classifier" else SHORT
        found[form, name] = [_trial(KEPT, "", None, {}), *sweep, *ablation]
        if form == SHORT and is_ablated and (asked["full"] if full is None else full):
            found[FULL, name] = [_trial(KEPT, "", None, {}), *ablation]
    return {key: trials for key, trials in found.items() if len(trials) > 1}


def _trial(kind: str, setting: str, value: object, replaced: Mapping) -> dict:
    return {"kind": kind, "setting": setting, "value": value, "replaced": dict(replaced)}


def _sweep(model: Mapping, asked: Mapping) -> Iterator[dict]:
    """Multiply both learning rates by each factor, then the batch size, unless that changes nothing."""
    settings = model["settings"]
    named = "learning_rate_classifier" if model["train"] == "classifier" else "learning_rate"
    for factor in [factor for factor in asked["learning_rate"] if factor != 1]:
        rates = {key: _short(factor * settings[key]) for key in ("learning_rate", "learning_rate_classifier")}
        yield _trial(SWEEP, named, rates[named], rates)
    views = _views()[model["task"]]
    known = {max(1, settings["batch_size"] // views)}  # images of a step
    for size in [max(1, round(factor * settings["batch_size"])) for factor in asked["batch_size"]]:
        if max(1, size // views) not in known:
            known.add(max(1, size // views))
            yield _trial(SWEEP, "batch_size", size, {"batch_size": size})


@cache
def _views() -> dict[str, int]:
    """Give the views of an image by task."""
    return task_views(Path(__file__).parents[1] / "tasks")


def _short(value: float) -> float:
    """Round to four significant digits, which leaves no trace of binary fractions."""
    return float(f"{value:.4g}")


def _ablation(model: Mapping) -> Iterator[dict]:
    """Switch off each strategy in use, augmentations one by one."""
    settings = model["settings"]
    for key, off in OFF.items():
        if key == "layer_decay" and model["train"] == "classifier":  # no block of the features trains
            continue
        used = settings[key]
        values = [[other for other in used if other != one] for one in used] if key == "augmentation" else [off]
        yield from (_trial(ABLATION, key, value, {key: value}) for value in values if used != off)
