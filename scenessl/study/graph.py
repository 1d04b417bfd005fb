"""A study as the workflow sees it: which models there are, what each starts from, and what is asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scenessl.errors import UserError
from scenessl.study.manifest import OF_STARTS, models_of
from scenessl.study.trials import planned

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
        """Resolve recipes and references. The configuration has passed its schema; see also `combinations`.

        Args:
            config: the whole configuration.
            task_settings: task -> its own settings, as `declared.task_settings` reads them.

        Raises:
            UserError: no seed is left, or a number of epochs is taken from where there is none; names the key.
        """
        self.config = config
        self.name = config["study"]
        self.missing_seeds = _listed(config.get("missing_seeds", []))
        self.seeds = _seeds(config["seeds"], self.missing_seeds)
        named = [name for name, line in config["models"].items() if line]
        self.models = {name: _resolve(name, config, task_settings) for name in named}

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
        probed = any("imagenet" in models_of(self.config, section) for section in OF_STARTS)
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
        if self.config["validation"]["value"] == "test" or not planned(rest | {"models": models}):
            rest["trials"] = None  # nothing to try, or only the test part to judge it by
        own = seeds | {"comparisons": self.comparisons, "models": models}
        return rest | own | {"data": dict(data), "weights": dict(weights)}


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
    if set(missing) == set(seeds):
        raise UserError("missing_seeds: names every seed, so that nothing is left; leave out those that have finished.")
    return tuple(seed for seed in seeds if seed not in missing)


def _resolve(name: str, config: Mapping, task_settings: Mapping[str, Mapping]) -> Model:
    """Put a model's line, its recipe and its own settings together."""
    line, where = config["models"][name], f"models.{name}"
    declared = task_settings[line["task"]]
    stated = _defaults(declared) | dict(config["recipes"][line["recipe"]]) | dict(line.get("settings", {}))
    own = set(declared)
    values = {key: setting["value"] for key, setting in stated.items()}
    reasons = {key: setting["reason"] for key, setting in stated.items()}
    if "epochs" in line:
        values["epochs"], reasons["epochs"] = _epochs_of(line["epochs"], where, config)
    if config["validation"]["value"] == "test":
        _never_choose_on_test(values, reasons)
    return Model(
        name=name,
        task=line["task"],
        start=Start.parse(line["init"], f"{where}.init"),
        train=line["train"],
        settings={key: value for key, value in values.items() if key not in own},
        reasons=reasons,
        options={key: values[key] for key in sorted(own)},
    )


def _defaults(declared: Mapping[str, Mapping]) -> dict:
    """Give the settings that a task sets itself where neither recipe nor model does."""
    return {
        name: {"value": facts["default"], "reason": facts["reason"]}
        for name, facts in declared.items()
        if "default" in facts
    }


def _epochs_of(other: str, where: str, config: Mapping) -> tuple[int, str]:
    """Look up the number of epochs of another model, which this one shares."""
    line = config["models"][other]
    if "epochs" in line:
        raise UserError(f"{where}.epochs: {other} takes its own from {line['epochs']}; name that one.")
    stated = dict(config["recipes"][line["recipe"]]) | dict(line.get("settings", {}))
    return stated["epochs"]["value"], f"as many as {other}, so that both can be compared"


def _never_choose_on_test(values: dict, reasons: dict) -> None:
    """Make a model end with its last planned epoch, since the epochs are measured on the test part."""
    for key, value in (("select", "last"), ("early_stop", None)):
        if values[key] != value:
            values[key], reasons[key] = value, "the epochs are measured on the test part, which must not choose one"
