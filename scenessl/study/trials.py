"""Trials: a model's training with one setting replaced, which measures what that setting is worth.

A sweep varies the learning rates and the batch size by factors; an ablation switches off one strategy of the recipe at
a time. Both are compared with the same training as set. Imports nothing: the workflow plans with it.
"""

from collections.abc import Iterator, Mapping

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
"""Strategies that can be judged on validation images, with the value that switches them off.

What chooses an epoch by these images (`select`, `early_stop`) cannot.
"""


def planned(published: Mapping, *, full: bool | None = None) -> dict[tuple[str, str], list[dict]]:
    """List the trials of every form and model that a study asks for.

    Args:
        published: the content of its configuration.yaml.
        full: whether networks are ablated in full as well; by default, as the study says.

    Returns:
        (form, model) -> trials with `kind`, `setting`, `value` and `replaced` (the settings that differ), the one as
        set first.
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
    return found


def _trial(kind: str, setting: str, value: object, replaced: Mapping) -> dict:
    return {"kind": kind, "setting": setting, "value": value, "replaced": dict(replaced)}


def _sweep(model: Mapping, asked: Mapping) -> Iterator[dict]:
    """Multiply both learning rates by each factor, then the batch size."""
    settings = model["settings"]
    named = "learning_rate_classifier" if model["train"] == "classifier" else "learning_rate"
    for factor in asked["learning_rate"]:
        rates = {key: _short(factor * settings[key]) for key in ("learning_rate", "learning_rate_classifier")}
        yield _trial(SWEEP, named, rates[named], rates)
    for size in dict.fromkeys(max(1, round(factor * settings["batch_size"])) for factor in asked["batch_size"]):
        yield _trial(SWEEP, "batch_size", size, {"batch_size": size})


def _short(value: float) -> float:
    """Round to four significant digits, which leaves no trace of binary fractions."""
    return float(f"{value:.4g}")


def _ablation(model: Mapping) -> Iterator[dict]:
    """Switch off each strategy in use, augmentations one by one."""
    settings = model["settings"]
    for key, off in OFF.items():
        used = settings[key]
        values = [[other for other in used if other != one] for one in used] if key == "augmentation" else [off]
        yield from (_trial(ABLATION, key, value, {key: value}) for value in values if used != off)
