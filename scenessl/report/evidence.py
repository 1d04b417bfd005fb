"""What a study measured, read once from its result files: the only source of numbers for the report."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from types import ModuleType

from scenessl.evaluation.repetitions import trainings
from scenessl.report import documents
from scenessl.report.readers.activations import ActivationMaps, read_activations
from scenessl.report.readers.embeddings import Embedding, read_embedding
from scenessl.report.readers.extremes import Extremes, read_extremes
from scenessl.report.readers.files import Files, Gap
from scenessl.report.readers.filterbanks import FilterLayer, read_filters
from scenessl.report.readers.heatmaps import Heatmaps, read_heatmaps
from scenessl.report.readers.inversions import Inversion, read_inversion
from scenessl.report.readers.neighbourhoods import Neighbourhood, read_neighbourhood
from scenessl.report.readers.probings import Probing, read_probings
from scenessl.study.manifest import asked, evidence_files, figure_files, further_tables, models_of

PARTS = ("train", "validation", "test")
DATA = ("data/index.csv", "data/classes.json", "data/audit.json")
TABLES = ("accuracy", "summary", "per_class", "confusion", "comparisons", "differences", "fitting", "gaps")
"""Tables of every study that the text reads; deliverables add their own."""


@dataclass(frozen=True)
class Model:
    """One model as published: what it is trained for, from what, and with which settings."""

    name: str
    task: str
    init: str
    train: str
    settings: Mapping[str, object]
    reasons: Mapping[str, str]

    @property
    def source(self) -> str:
        """The name its weights come from, without the epoch."""
        return self.init.partition("@")[0]


@dataclass(frozen=True)
class Spread:
    """Values of one quantity over repetitions, with mean and sample standard deviation.

    `independent` of them are: trainings (not classifiers on the same given features), or draws of the labelled images.
    """

    values: tuple[float, ...]
    independent: int

    @property
    def mean(self) -> float:
        """Mean over all."""
        return mean(self.values)

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation; None for a single one, which has no spread."""
        return stdev(self.values) if self.independent > 1 else None


@dataclass(frozen=True)
class Evidence:
    """All result files of a study; in a draft, those that are missing are gaps that raise when used."""

    root: Path
    published: dict
    draft: bool
    missing: list[str]
    data: dict  # classes.json
    index: list[dict]
    audit: dict
    parts: dict[int, list[dict]]
    tables: dict[str, list[dict]]
    histories: dict[tuple[str, int], list[dict]]
    selections: dict[tuple[str, int], dict]
    choice: dict | None
    heatmaps: Heatmaps
    inversions: dict[str, Inversion]
    extractors: dict | None
    filters: dict[str, tuple[FilterLayer, ...]]
    activations: dict[str, ActivationMaps]
    extremes: dict[str, Extremes]
    embeddings: dict[str, Embedding]
    neighbourhoods: dict[str, Neighbourhood]
    probings: dict[tuple[str, int], Probing]
    provenance: dict
    models: dict[str, Model] = field(default_factory=dict)

    @property
    def document(self) -> ModuleType:
        """The assignment that the report answers, see `scenessl.report.documents`."""
        return documents.find(self.published["document"])

    @property
    def roles(self) -> dict:
        """Which model plays which part in the text."""
        return self.published["roles"]

    @property
    def seeds(self) -> list[int]:
        """The study's seeds."""
        return self.published["seeds"]

    @property
    def first(self) -> int:
        """The seed whose pictures are shown."""
        return self.seeds[0]

    @property
    def first_seed(self) -> str:
        """What a caption adds when it shows one seed of several."""
        return " (first seed)" if len(self.seeds) > 1 else ""

    @property
    def missing_seeds(self) -> list[int]:
        """Seeds that were asked for and are not in the results, since a training failed."""
        return self.published.get("missing_seeds", [])

    @property
    def classes(self) -> list[str]:
        """Class names by label."""
        return self.data["classes"]

    @property
    def is_drawn(self) -> bool:
        """Whether the images are drawn by the program."""
        return self.published["data"]["kind"] == "drawn"

    @property
    def is_pretrained(self) -> bool:
        """Whether the networks start from pretrained weights."""
        return self.published["weights"]["kind"] != "none"

    @property
    def is_demonstration(self) -> bool:
        """Whether the numbers say nothing about the assignment's images and start."""
        return self.is_drawn or (self.document.IS_PRETRAINED and not self.is_pretrained)

    @property
    def picture(self) -> str:
        """What an image is after the transform: a crop, or the whole image."""
        return "image" if self.published["transform"] == "whole" else "crop"

    @property
    def has_validation(self) -> bool:
        """Whether a part of train is kept for validation (otherwise the test part plays that role)."""
        return self.published["validation"] != "test"

    @property
    def held_out(self) -> str:
        """The part on which every epoch is measured: "validation", or "test" where there is none."""
        return "validation" if self.has_validation else "test"

    @property
    def label_models(self) -> list[str]:
        """Names of the models that answer with the labels, of the task that is called scenes."""
        return [name for name, model in self.models.items() if model.task == "scenes"]

    @property
    def pretext_tasks(self) -> list[str]:
        """The pretext tasks, each once."""
        return list(dict.fromkeys(self.models[name].task for name in self.roles["pretexts"]))

    @property
    def has_explained(self) -> bool:
        """Whether any image is explained by Score-CAM; taken for granted while a draft does not know."""
        return self.choice is not None and (isinstance(self.choice, Gap) or bool(self.choice["images"]))

    @property
    def self_supervised(self) -> list[str]:
        """Schemes that rest on a pretext."""
        return [name for name in self.roles["schemes"] if name != self.roles["supervised"]]

    @property
    def tuned(self) -> list[str]:
        """Self-supervised schemes of which all layers train on the labels."""
        return [name for name in self.self_supervised if self.models[name].train == "all"]

    @property
    def frozen(self) -> list[str]:
        """Self-supervised schemes of which only the classifier trains on the labels."""
        return [name for name in self.self_supervised if self.models[name].train == "classifier"]

    def task_name(self, task: str) -> str:
        """Name a task for readers: the labels are called scenes in the configuration, whatever they are of."""
        return self.document.THINGS if task == "scenes" else task

    def pretext_of(self, name: str) -> str | None:
        """Name the pretext model whose features `name` uses; None when there is none."""
        source = self.models[name].source
        return source if source in self.models else None

    def rows(self, table: str, **wanted: object) -> list[dict]:
        """Give the rows of a table in which all `wanted` columns have these values."""
        return [row for row in self.tables[table] if all(row[key] == value for key, value in wanted.items())]

    def accuracies(self, name: str, part: str = "test") -> Spread | None:
        """Give a model's accuracy over seeds on a part, or in another column of the table; None where there is none."""
        values = [row[f"{part}_accuracy" if part in PARTS else part] for row in self.rows("accuracy", model=name)]
        values = [value for value in values if value is not None]
        return Spread(tuple(values), self.trainings(name)) if values else None

    def trainings(self, name: str) -> int:
        """Count the independent trainings behind a model or start, see `scenessl.evaluation.repetitions`."""
        return trainings(self.published["models"], name, len(self.seeds))

    def summary(self, name: str, measure: str) -> dict | None:
        """Give the row of summary.csv on a figure of a model over its seeds; None where there is none."""
        return next(iter(self.rows("summary", model=name, measure=measure)), None)

    def reached(self, name: str) -> tuple[Spread, str]:
        """Give the accuracy by which a training is judged, and its part: validation, or test where there is none."""
        part = "validation" if self.accuracies(name, "validation") else "test"
        return self.accuracies(name, part), part

    def mean(self, name: str, measure: str) -> float | None:
        """Give a figure of a model, mean over its seeds; None where there is none."""
        row = self.summary(name, measure)
        return row["mean"] if row else None

    def counts(self) -> list[dict]:
        """Count images by class and part, for the first seed."""
        part_of = {row["image"]: row["part"] for row in self.parts[self.first]}
        counted = Counter((row["label"], part_of[row["image"]]) for row in self.index)
        return [
            {"class": name} | {part: counted[label, part] for part in PARTS} for label, name in enumerate(self.classes)
        ]

    def total(self, part: str) -> int:
        """Count the images of a part, for the first seed."""
        return sum(row["part"] == part for row in self.parts[self.first])

    def confusions(self, name: str, most: int = 3) -> list[dict]:
        """Give a model's most frequent confusions, first seed: true, predicted, count, and n of the true class."""
        rows = self.rows("confusion", model=name, seed=self.first)
        size = Counter()
        for row in rows:
            size[row["true"]] += row["count"]
        wrong = [row | {"n": size[row["true"]]} for row in rows if row["true"] != row["predicted"] and row["count"]]
        return sorted(wrong, key=lambda row: (-row["count"], row["true"], row["predicted"]))[:most]

    def recalls(self, name: str) -> dict[str, float]:
        """Give a model's recall by class name, mean over seeds, for classes that occur."""
        found: dict[str, list[float]] = {}
        for row in self.rows("per_class", model=name):
            if row["recall"] is not None:
                found.setdefault(row["class"], []).append(row["recall"])
        return {label: mean(values) for label, values in found.items()}

    def image_class(self, image: int) -> str:
        """Give the class name of an image."""
        return self.index[image]["class"]


def needed(published: Mapping) -> list[str]:
    """Name all files that the report of a study reads, relative to the study's results, sorted."""
    parts = [f"data/parts_seed{seed}.csv" for seed in published["seeds"]]
    tables = [f"tables/{name}.csv" for name in _tables(published)]
    asked_for = [*evidence_files(published), *figure_files(published)]
    return sorted({"configuration.yaml", "provenance.json", *DATA, *parts, *tables, *asked_for})


def _tables(published: Mapping) -> list[str]:
    return [*TABLES, *further_tables(published)]


def read_evidence(root: Path | str, draft: bool = False) -> Evidence:
    """Read the results of a study; what it does not ask for is not read.

    Args:
        root: the study's results folder; configuration.yaml must lie in it, also for a draft.
        draft: collect missing files instead of refusing them.

    Raises:
        UserError: a file is missing (without `draft`) or cannot be read; names it.
    """
    published = Files(root).yaml("configuration.yaml")
    files = Files(root, draft)
    pairs = [(name, seed) for name in published["models"] for seed in published["seeds"]]
    index = files.table("data/index.csv")
    for name in needed(published):
        files.there(name)
    return Evidence(
        root=Path(root),
        published=published,
        draft=draft,
        data=files.json("data/classes.json"),
        index=index,
        audit=files.json("data/audit.json"),
        parts={seed: files.table(f"data/parts_seed{seed}.csv") for seed in published["seeds"]},
        tables={name: files.table(f"tables/{name}.csv") for name in _tables(published)},
        histories={pair: files.table(f"models/{pair[0]}/seed{pair[1]}/history.csv") for pair in pairs},
        selections={pair: files.json(f"models/{pair[0]}/seed{pair[1]}/selection.json") for pair in pairs},
        provenance=files.json("provenance.json"),
        models=_models(published["models"]),
        missing=files.missing,
        **_looks(files, published),
    )


def _looks(files: Files, published: Mapping) -> dict[str, object]:
    """Read what a study may ask for, by the names of the evidence; empty where it does not."""
    readers = {
        "inversions": ("inversion", read_inversion),
        "filters": ("filters", read_filters),
        "activations": ("cam", read_activations),
        "extremes": ("loss_extremes", read_extremes),
        "embeddings": ("embedding", read_embedding),
        "neighbourhoods": ("neighbours", read_neighbourhood),
    }
    return {
        "choice": files.json("explain/choice.json") if asked(published, "explain") else None,
        "extractors": files.arrays("explain/extractors.npz") if asked(published, "inversion") else None,
        "heatmaps": read_heatmaps(files, models_of(published, "explain")),
        "probings": read_probings(files, models_of(published, "probes"), published["seeds"]),
    } | {
        name: {model: read(files, model) for model in models_of(published, section)}
        for name, (section, read) in readers.items()
    }


def _models(published: Mapping[str, Mapping]) -> dict[str, Model]:
    return {name: Model(name, **_known(line)) for name, line in published.items()}


def _known(line: Mapping, keys: Iterable[str] = ("task", "init", "train", "settings", "reasons")) -> dict:
    return {key: line[key] for key in keys}
