"""The settings as rows: what was set for each model, and why."""

from collections.abc import Sequence

from scenessl.report.answers import trials
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import DASH, setting

OPTIMISATION = [
    "optimizer",
    "learning_rate",
    "learning_rate_classifier",
    "layer_decay",
    "momentum",
    "batch_size",
    "epochs",
    "schedule",
    "warmup",
    "select",
    "early_stop",
]
HEADINGS = {
    "fc_layers": "fully-connected layers",
    "batch_norm": "batch norm",
    "learning_rate_classifier": "learning rate, classifier",
}


def columns(evidence: Evidence) -> tuple[list[str], list[str]]:
    """Give the settings of the two tables: of the optimisation, and all others, in the models' own order."""
    every = list(dict.fromkeys(key for model in evidence.models.values() for key in model.settings))
    return [key for key in OPTIMISATION if key in every], [key for key in every if key not in OPTIMISATION]


def heading(key: str) -> str:
    """Name a setting for readers."""
    return HEADINGS.get(key, key.replace("_", " "))


def rows(evidence: Evidence, keys: Sequence[str]) -> list[dict]:
    """Give one row per model with the values of `keys`; a dash where a model has no such setting."""
    return [
        {"model": name, "values": [setting(model.settings[key]) if key in model.settings else DASH for key in keys]}
        for name, model in evidence.models.items()
    ]


def reasons(evidence: Evidence) -> list[dict]:
    """Give setting, value, reason, what was measured, and the models it holds for, in the order of the settings."""
    first, second = columns(evidence)
    found: dict[tuple[str, str, str], list[str]] = {}
    for key in (*first, *second):
        for name, model in evidence.models.items():
            if key in model.settings:
                entry = (key, setting(model.settings[key]), model.reasons.get(key) or DASH)
                found.setdefault(entry, []).append(name)
    return [
        {"setting": heading(key), "value": value, "reason": reason, "models": models}
        | {"but": _others(evidence, models), "measured": trials.measured(evidence, key, models)}
        for (key, value, reason), models in found.items()
    ]


def _others(evidence: Evidence, models: Sequence[str]) -> list[str] | None:
    """Name the models left out, where that is shorter than naming those in; None otherwise."""
    others = [name for name in evidence.models if name not in models]
    return others if len(others) < len(models) else None
