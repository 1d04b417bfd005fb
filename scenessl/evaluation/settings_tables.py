"""The settings of every model, and the reason of each, from the published configuration."""

from collections.abc import Mapping

from scenessl.evaluation.cells import words

ORDER = (
    "optimizer",
    "learning_rate",
    "learning_rate_classifier",
    "layer_decay",
    "momentum",
    "weight_decay",
    "keep_features",
    "batch_size",
    "epochs",
    "schedule",
    "warmup",
    "label_smoothing",
    "dropout",
    "fc_layers",
    "batch_norm",
    "augmentation",
    "weight_average",
    "precision",
    "select",
    "early_stop",
)
MODEL = ("model", "task", "init", "train")
REASONS = ("model", "setting", "value", "reason")


def settings_columns(models: Mapping[str, Mapping]) -> tuple[str, ...]:
    """Return the columns: the model's line, ORDER, then what single tasks add, by name."""
    added = {key for model in models.values() for key in model["settings"]} - set(ORDER)
    return (*MODEL, *ORDER, *sorted(added))


def settings_rows(models: Mapping[str, Mapping]) -> list[dict]:
    """Return one row per model; a setting that a model does not have is empty."""
    columns = settings_columns(models)[len(MODEL) :]
    return [
        {
            "model": name,
            **{key: model[key] for key in MODEL[1:]},
            **{key: words(model["settings"][key]) if key in model["settings"] else "" for key in columns},
        }
        for name, model in models.items()
    ]


def reason_rows(models: Mapping[str, Mapping]) -> list[dict]:
    """Return one row of REASONS per model and setting, in the order of the settings table."""
    columns = settings_columns(models)[len(MODEL) :]
    return [
        {"model": name, "setting": key, "value": words(model["settings"][key]), "reason": model["reasons"].get(key, "")}
        for name, model in models.items()
        for key in columns
        if key in model["settings"]
    ]
