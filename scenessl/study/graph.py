"""A study as the workflow sees it: which models there are, what each starts from, and what is asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from scenessl.errors import UserError
from scenessl.study.manifest import SECTIONS, models_of

GIVEN = ("imagenet", "random")  # starts that are no model's
PRETRAINED = "efficientnet_b0"  # the architecture that `imagenet` names weights of
UNPUBLISHED = ("device", "compute_threads", "data", "weights", "recipes", "models", "seeds", "zip")


@dataclass(frozen=True)
class Start:
    """Where a model's weights start: `imagenet`, `random` or a model's name, and which epoch of it."""

    name: str
    epoch: int | str | None = None  # None: the weights it ends with

    @classmethod
    def parse(cls, text: str, where: str) -> "Start":
        """Read `name`, `name@3` or `name@best`."""
        name, _, epoch = text.partition("@")
        if not epoch:
            return cls(name)
        if epoch != "best" and not epoch.isdecimal():
            raise UserError(f"{where}: '{text}' names no epoch; write {name}@3 or {name}@best.")
        return cls(name, epoch if epoch == "best" else int(epoch))

    def __str__(self) -> str:
        """Give the text that `parse` reads."""
        return self.name if self.epoch is None else f"{self.name}@{self.epoch}"


@dataclass(frozen=True)
class Model:
    """One training run by name, with every setting resolved."""

    name: str
    task: str
    start: Start
    train: str  # "all" or "classifier"
    settings: Mapping[str, object]
    reasons: Mapping[str, str] = field(repr=False)
    options: Mapping[str, object]  # the task's own settings

    @property
    def is_frozen(self) -> bool:
        """Tell whether only the classifier trains."""
        return self.train == "classifier"

    def published(self) -> dict:
        """Give what the report and the submission show of this model."""
        return {
            "task": self.task,
            "init": str(self.start),
            "train": self.train,
            "settings": dict(self.settings) | dict(self.options),
            "reasons": dict(self.reasons),
        }


class Study:
    """A checked configuration: models in an order in which each follows what it starts from."""

    def __init__(self, config: Mapping, task_settings: Mapping[str, Mapping]) -> None:
        """Resolve recipes and references. The configuration has passed its schema.

        Args:
            config: the whole configuration.
            task_settings: task -> its own settings, as `declared.task_settings` reads them.

        Raises:
            UserError: an unknown name, a cycle of `init`, an epoch that will not exist; names the key.
        """
        self.config = config
        self.name = config["study"]
        self.missing_seeds = _listed(config.get("missing_seeds", []))
        self.seeds = _seeds(config["seeds"], self.missing_seeds)
        named = [name for name, line in config["models"].items() if line]
        self.models = {name: _resolve(name, config, task_settings) for name in named}
        self._check_starts()
        self._check_lists()

    @cached_property
    def frozen(self) -> list[str]:
        """Name the models of which only the classifier trains."""
        return [name for name, model in self.models.items() if model.is_frozen]

    @cached_property
    def networks(self) -> list[str]:
        """Name the models of which all layers train."""
        return [name for name, model in self.models.items() if not model.is_frozen]

    @cached_property
    def pretexts(self) -> list[str]:
        """Name the pretext tasks that are trained, in the models' order."""
        return list(dict.fromkeys(model.task for model in self.models.values() if model.task != "scenes"))

    @property
    def uses_imagenet(self) -> bool:
        """Tell whether any model or probe starts from the ImageNet backbone."""
        probed = "imagenet" in models_of(self.config, "probes")
        return probed or any(model.start.name == "imagenet" for model in self.models.values())

    @cached_property
    def comparisons(self) -> dict[str, list[str]]:
        """Give the pairs of models whose difference is tested, by name."""
        return {name: list(pair) for name, pair in self.config["comparisons"].items() if pair}

    def mirrors(self, start: str) -> bool:
        """Tell whether any classifier on the features of `start` trains on mirrored views as well."""
        users = [self.models[name] for name in self.frozen if str(self.models[name].start) == start]
        return any("flip" in model.settings["augmentation"] for model in users)

    def published(self, data: Mapping, weights: Mapping) -> dict:
        """Give the configuration as report and submission show it: resolved, without device and local paths."""
        rest = {key: value for key, value in self.config.items() if key not in UNPUBLISHED}
        if rest.get("explain"):
            rest["explain"] = {key: value for key, value in rest["explain"].items() if key != "batch_size"}
        rest["validation"] = self.config["validation"]["value"]
        rest["validation_reason"] = self.config["validation"]["reason"]
        models = {name: model.published() for name, model in self.models.items()}
        seeds = {"seeds": list(self.seeds), "missing_seeds": list(self.missing_seeds)}
        own = seeds | {"comparisons": self.comparisons, "models": models}
        return rest | own | {"data": dict(data), "weights": dict(weights)}

    def _check_starts(self) -> None:
        """Refuse unknown starts, cycles, and epochs that a training will not reach."""
        for name, model in self.models.items():
            self._check_start(name, model.start)
            seen = [name]
            while model.start.name not in GIVEN:
                if model.start.name in seen:
                    raise UserError(f"models.{name}.init: a cycle, {' <- '.join([*seen, model.start.name])}.")
                seen.append(model.start.name)
                model = self.models[model.start.name]  # noqa: PLW2901 - walks up the chain of starts
                self._check_start(seen[-1], model.start)

    def _check_start(self, name: str, start: Start) -> None:
        """Refuse one start that does not exist."""
        where = f"models.{name}.init"
        if start.name in GIVEN:
            if start.epoch is not None:
                raise UserError(f"{where}: '{start}': {start.name} has no epochs.")
            return
        if start.name not in self.models:
            raise UserError(f"{where}: " + _unknown(start.name, [*self.models, *GIVEN]))
        if start.epoch is None:
            return
        if start.epoch == "best" and self.config["validation"]["value"] == "test":
            raise UserError(f"{where}: '{start}': the best epoch would be chosen on the test part.")
        source = self.models[start.name]
        if source.is_frozen:
            raise UserError(f"{where}: '{start}': {start.name} trains no features; name {source.start} instead.")
        if isinstance(start.epoch, int):
            self._check_epoch(where, start, source.settings)

    def _check_epoch(self, where: str, start: Start, settings: Mapping) -> None:
        """Refuse an epoch beyond the end, or one before which the training may stop."""
        epochs, stop = settings["epochs"], settings["early_stop"]
        if start.epoch > epochs:
            raise UserError(f"{where}: '{start}': {start.name} trains {epochs} epochs (recipe's epochs).")
        if stop and start.epoch > stop["after"]:
            raise UserError(
                f"{where}: '{start}': {start.name} may stop after epoch {stop['after']}; "
                f"raise early_stop.after to {start.epoch}."
            )

    def _check_lists(self) -> None:
        """Refuse names of models, in the lists of what is asked, that do not exist."""
        lists = {section: models_of(self.config, section) for section in SECTIONS}
        lists["comparisons"] = [name for pair in self.comparisons.values() for name in pair]
        for role, names in self.config["roles"].items():
            lists[f"roles.{role}"] = [names] if isinstance(names, str) else names or []
        for key, names in lists.items():
            for name in names:
                if name not in self.models and not (key == "probes" and name in GIVEN):
                    raise UserError(f"{key}: " + _unknown(name, list(self.models)))
        for name, pair in self.comparisons.items():
            tasks = {self.models[model].task for model in pair}
            if tasks != {"scenes"}:
                raise UserError(f"comparisons.{name}: only models of task scenes can be compared image by image.")
        if bool(self.config["roles"].get("early")) != bool(self.config["roles"].get("latest")):
            raise UserError("roles: early and latest go together; name both or neither.")
        if "imagenet" in models_of(self.config, "probes") and self.config["network"] != PRETRAINED:
            raise UserError(f"probes.starts: imagenet: there are ImageNet weights of {PRETRAINED} only.")
        shown = models_of(self.config, "cam")
        if shown and not any(self.models[name].task == "scenes" for name in shown):
            raise UserError("cam.models: name at least one model of task scenes, by which the images are chosen.")
        for name in models_of(self.config, "explain"):
            if self.models[name].task != "scenes":
                raise UserError(f"explain.models: '{name}' does not classify the classes; name a model of task scenes.")


def _unknown(name: str, known: list[str]) -> str:
    """Say that a name is unknown, with what may have been meant."""
    close = get_close_matches(name, known, 1)
    return f"'{name}' is not a model" + (
        f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(known)}."
    )


def _listed(seeds: int | str | Sequence[int]) -> tuple[int, ...]:
    """List seeds that are given as a list, a single one, or a line as the command line has it ("3,17")."""
    if isinstance(seeds, int):
        return (seeds,)
    return tuple(int(seed) for seed in (seeds.split(",") if isinstance(seeds, str) else seeds))


def _seeds(asked: int | Sequence[int], missing: Sequence[int]) -> tuple[int, ...]:
    """List the seeds that are asked for without those that the study goes on without."""
    seeds = range(asked) if isinstance(asked, int) else asked
    strange = [str(seed) for seed in missing if seed not in seeds]
    if strange:
        raise UserError(f"missing_seeds: {', '.join(strange)}: not among `seeds`; leave it out.")
    if len(missing) == len(seeds):
        raise UserError("missing_seeds: names every seed, so that nothing is left; leave out those that have finished.")
    return tuple(seed for seed in seeds if seed not in missing)


def _resolve(name: str, config: Mapping, task_settings: Mapping[str, Mapping]) -> Model:
    """Put a model's line, its recipe and its own settings together."""
    line, where = config["models"][name], f"models.{name}"
    if line["task"] not in task_settings:
        raise UserError(f"{where}.task: '{line['task']}' is not a task; there are {', '.join(task_settings)}.")
    if line["recipe"] not in config["recipes"]:
        raise UserError(
            f"{where}.recipe: '{line['recipe']}' is not a recipe; there are {', '.join(config['recipes'])}."
        )
    declared = task_settings[line["task"]]
    stated = _defaults(declared) | dict(config["recipes"][line["recipe"]]) | dict(line.get("settings", {}))
    own = set(declared)
    missing = own - stated.keys()
    if missing:
        raise UserError(f"{where}.settings: task {line['task']} needs {', '.join(sorted(missing))}.")
    values = {key: setting["value"] for key, setting in stated.items()}
    reasons = {key: setting["reason"] for key, setting in stated.items()}
    if "epochs" in line:
        values["epochs"], reasons["epochs"] = _epochs_of(line["epochs"], where, config)
    if config["validation"]["value"] == "test":
        _never_choose_on_test(values, reasons)
    model = Model(
        name=name,
        task=line["task"],
        start=Start.parse(line["init"], f"{where}.init"),
        train=line["train"],
        settings={key: value for key, value in values.items() if key not in own},
        reasons=reasons,
        options={key: values[key] for key in sorted(own)},
    )
    _check_model(model, where, config["image_side"])
    if model.start.name == "imagenet" and config["network"] != PRETRAINED:
        raise UserError(f"{where}.init: imagenet: there are ImageNet weights of {PRETRAINED} only; write random.")
    return model


def _defaults(declared: Mapping[str, Mapping]) -> dict:
    """Give the settings that a task sets itself where neither recipe nor model does."""
    return {
        name: {"value": facts["default"], "reason": facts["reason"]}
        for name, facts in declared.items()
        if "default" in facts
    }


def _epochs_of(other: str, where: str, config: Mapping) -> tuple[int, str]:
    """Look up the number of epochs of another model, which this one shares."""
    line = config["models"].get(other)
    if not line or "epochs" in line:
        raise UserError(f"{where}.epochs: " + _unknown(other, [name for name in config["models"] if name != other]))
    stated = dict(config["recipes"].get(line["recipe"], {})) | dict(line.get("settings", {}))
    return stated["epochs"]["value"], f"as many as {other}, so that both can be compared"


def _never_choose_on_test(values: dict, reasons: dict) -> None:
    """Make a model end with its last planned epoch, since the epochs are measured on the test part."""
    for key, value in (("select", "last"), ("early_stop", None)):
        if values[key] != value:
            values[key], reasons[key] = value, "the epochs are measured on the test part, which must not choose one"


def _check_model(model: Model, where: str, side: int) -> None:
    """Refuse combinations that cannot be trained."""
    if model.options.get("square", 0) > side:
        raise UserError(f"{where}: a square of {model.options['square']} pixels does not fit an image_side of {side}.")
    if not model.is_frozen:
        return
    if model.task != "scenes":
        raise UserError(f"{where}.train: 'classifier' needs task scenes, whose features can be computed once.")
    if model.settings["keep_features"]:
        raise UserError(f"{where}: keep_features must be 0 where the features are frozen.")
    extra = [name for name in model.settings["augmentation"] if name != "flip"]
    if extra:
        raise UserError(f"{where}: augmentation {', '.join(extra)} cannot act on cached features; only flip can.")
