"""Settings that are right one by one and cannot be trained, drawn or reported together; the schema sees single keys."""

from collections.abc import Iterator

from scenessl.study.graph import GIVEN, PRETRAINED, Model, Start, Study
from scenessl.study.manifest import OF_STARTS, models_of


def misfits(study: Study) -> Iterator[str]:
    """Give every combination that does not fit, one line each, beginning with its key.

    Args:
        study: a study whose configuration has passed the schema, so that every name in it exists.
    """
    for model in study.models.values():
        yield from _training(model, study.config)
        yield from _cycle(model, study)
        yield from _start(model, study)
    yield from _compared(study)
    yield from _shown(study)
    yield from _roles(study)


def _training(model: Model, config: dict) -> Iterator[str]:
    """Give what keeps one model from being trained."""
    where, side, square = f"models.{model.name}", config["image_side"], model.options.get("square", 0)
    if square > side:
        yield f"{where}: a square of {square} pixels does not fit an image_side of {side}"
    if model.start.name == "imagenet" and config["network"] != PRETRAINED:
        yield f"{where}.init: imagenet: there are weights for the network {PRETRAINED} only; write random"
    if not model.is_frozen:
        return
    if model.task != "scenes":
        yield f"{where}.train: classifier needs the task scenes, whose features can be computed once, not {model.task}"
    if model.settings["keep_features"]:
        yield f"{where}: keep_features must be 0 where the features are frozen (train: classifier)"
    if model.settings["precision"] == "auto":
        yield f"{where}: precision must be fp32 or bf16 where the features are frozen (train: classifier)"
    extra = [name for name in model.settings["augmentation"] if name != "flip"]
    if extra:
        yield f"{where}: augmentation {', '.join(extra)} cannot act on frozen, cached features; only flip can"


def _cycle(model: Model, study: Study) -> Iterator[str]:
    """Follow the starts upwards and say when they lead back to the model."""
    seen, start = [model.name], model.start.name
    while start not in GIVEN and start not in seen:
        seen.append(start)
        start = study.models[start].start.name
    if start == model.name:
        yield f"models.{model.name}.init: a cycle, {' <- '.join([*seen, start])}"


def _start(model: Model, study: Study) -> Iterator[str]:
    """Give what is wrong with the epoch that a model starts from."""
    start, where = model.start, f"models.{model.name}.init: {model.start}"
    if start.epoch is None:
        return
    if start.epoch == "best" and study.config["validation"]["value"] == "test":
        yield f"{where}: the best epoch would be chosen on the test part (validation: test); name a number"
    source = study.models[start.name]
    if source.is_frozen:
        yield f"{where}: {start.name} trains no features (train: classifier); name {source.start}"
    elif isinstance(start.epoch, int):
        yield from _epoch(where, start, source)


def _epoch(where: str, start: Start, source: Model) -> Iterator[str]:
    """Say that an epoch lies beyond the end, or that the training may stop before it."""
    epochs, stop = source.settings["epochs"], source.settings["early_stop"]
    if start.epoch > epochs:
        yield f"{where}: {start.name} trains {epochs} epochs (the setting epochs of its recipe or its own)"
    elif stop and start.epoch > stop["after"]:
        yield f"{where}: {start.name} may stop after epoch {stop['after']}; raise early_stop.after to {start.epoch}"


def _compared(study: Study) -> Iterator[str]:
    """Say which differences cannot be tested image by image."""
    names: dict[frozenset, str] = {}
    for name, pair in study.comparisons.items():
        yield from _of_other_tasks(f"comparisons.{name}", pair, study)
        first = names.setdefault(frozenset(pair), name)
        if len(set(pair)) == 1:
            yield f"comparisons.{name}: compares {pair[0]} with itself; name two models"
        elif first != name:
            yield f"comparisons.{name}: compares the same two models as comparisons.{first}; take one out (null)"


def _shown(study: Study) -> Iterator[str]:
    """Say which deliverables cannot be made of the models that they name."""
    yield from _of_other_tasks("explain.models", models_of(study.config, "explain"), study)
    shown = models_of(study.config, "cam")
    if shown and all(study.models[name].task != "scenes" for name in shown):
        yield "cam.models: name at least one model of the task scenes, by which the images are chosen"
    for section in OF_STARTS:
        if "imagenet" in models_of(study.config, section) and study.config["network"] != PRETRAINED:
            yield f"{section}.starts: imagenet: there are weights for the network {PRETRAINED} only"
    for name in models_of(study.config, "trajectory"):
        if study.models[name].task == "scenes":
            yield f"trajectory.models: {name} is of the task scenes; name models of pretext tasks"
    for name in models_of(study.config, "repeats"):
        if not study.models[name].is_frozen:
            yield (
                f"repeats.models: {name} trains all layers (train: all), so that a further seed would be another "
                "training; name models of which only the classifier trains"
            )


def _roles(study: Study) -> Iterator[str]:
    """Say which models cannot play their part in the report."""
    roles = study.config["roles"]
    if roles["supervised"] is None:
        yield "roles.supervised: missing; name the fully supervised model"
    if (roles["early"] is None) != (roles["latest"] is None):
        yield "roles.early and roles.latest go together; name both or neither"
    for role in ("supervised", "early", "latest"):
        yield from _of_other_tasks(f"roles.{role}", [roles[role]] if roles[role] else [], study)
    for role in ("schemes", "controls"):
        yield from _of_other_tasks(f"roles.{role}", roles[role], study)
    for name in roles["pretexts"]:
        if study.models[name].task == "scenes":
            yield f"roles.pretexts: {name} is of the task scenes; name models of pretext tasks"


def _of_other_tasks(where: str, names: list[str], study: Study) -> Iterator[str]:
    """Say which models do not classify the scenes, where that is asked for."""
    for name in names:
        if study.models[name].task != "scenes":
            yield f"{where}: {name} is of the task {study.models[name].task}; name models of the task scenes"
