"""What a study makes: every table, figure and piece of evidence, by relative name.

One list for the rules' inputs, the report's reader and the last checks. `published` is the content of a study's
configuration.yaml; names are relative to its results folder. Imports nothing heavy: the workflow plans with it.
"""

from collections.abc import Mapping, Sequence

from scenessl.study.trials import planned

TABLES = (
    "accuracy",
    "summary",
    "reliability",
    "per_class",
    "confusion",
    "comparisons",
    "differences",
    "settings",
    "reasons",
    "fitting",
    "gaps",
)
LEAKS_SHOWN = 12
"""Most test images that are shown beside their copies in train."""

SECTIONS = (
    "explain",
    "inversion",
    "filters",
    "cam",
    "loss_extremes",
    "embedding",
    "neighbours",
    "probes",
    "trajectory",
    "label_efficiency",
    "trials",
    "repeats",
)
"""Sections of the configuration that ask for a deliverable; absent or null, it is not made."""


OF_STARTS = ("probes", "label_efficiency")
"""Deliverables that are made of starts: of models, `random` or `imagenet`."""
MEASURED = ("probes", "trajectory", "label_efficiency", "trials", "repeats")
"""Deliverables that have tables of their own."""


def asked(published: Mapping, section: str) -> Mapping | None:
    """Give the settings of a deliverable, or None when the study does not ask for it."""
    return published.get(section)


def models_of(published: Mapping, section: str) -> Sequence[str]:
    """Name the models (of OF_STARTS, the starts) that a deliverable is made for; none when it is not asked for."""
    settings = asked(published, section) or {}
    return settings.get("starts" if section in OF_STARTS else "models", [])


def own_pretext(published: Mapping, model: str) -> str | None:
    """Name the pretext whose features a model has, frozen, as that pretext ends; None where it has other ones."""
    line = published["models"][model]
    start = published["models"].get(line["init"])
    is_frozen = line["train"] == "classifier" and start is not None and start["task"] != "scenes"
    return line["init"] if is_frozen else None


def table_files(published: Mapping) -> list[str]:
    """Name every table."""
    return [f"tables/{name}.csv" for name in (*TABLES, *further_tables(published))]


def further_tables(published: Mapping) -> list[str]:
    """Name the tables of the deliverables that a study asks for."""
    own = {
        "probes": ["probes"],
        "trajectory": ["trajectory", "similarity"],
        "label_efficiency": ["label_efficiency", "label_gains"],
        "trials": ["trials"],
        "repeats": ["repeats", "repeat_spread"],
    }
    return [name for section, names in own.items() if asked(published, section) for name in names]


def run_files(published: Mapping, *names: str) -> list[str]:
    """Name files of every training."""
    runs = [f"models/{model}/seed{seed}" for model in published["models"] for seed in published["seeds"]]
    return [f"{run}/{name}" for name in names for run in runs]


def measured_files(published: Mapping) -> list[str]:
    """Name what the tables of MEASURED rest on: probes, trajectories, few labels (seed by seed), trials and repeats."""
    names = [f"{section}/{name}_" for section in ("probes", "trajectory") for name in models_of(published, section)]
    names += ["label_efficiency/"] if asked(published, "label_efficiency") else []
    tried = [f"trials/{form}/{model}.npz" for form, model in planned(published)]
    repeats = [repeats_file(published)] if asked(published, "repeats") else []
    return [*(f"{name}seed{seed}.npz" for name in names for seed in published["seeds"]), *tried, *repeats]


def repeats_file(published: Mapping) -> str:
    """Name what repeats of classifiers predict, on the features of the first seed."""
    return f"repeats/seed{published['seeds'][0]}.npz"


def precision_file(batch_size: object) -> str:
    """Name the file that says in which precision batches of a size train, where models leave it open."""
    return f"starts/precision_batch{batch_size}.json"


def explanation_files(published: Mapping) -> list[str]:
    """Name what explains the models of the first seed."""
    files = ["explain/choice.json"] if asked(published, "explain") else []
    folders = {"explain": "scorecam"} | {name: name for name in SECTIONS if name not in ("explain", *MEASURED)}
    for section, folder in folders.items():
        files += [f"explain/{folder}/{model}.npz" for model in models_of(published, section)]
    return [*files, *(["explain/extractors.npz"] if asked(published, "inversion") else [])]


def evidence_files(published: Mapping) -> list[str]:
    """Name what the report's text reads beside data, tables and figures."""
    runs = run_files(published, "history.csv", "selection.json")
    return [*runs, *explanation_files(published), *measured_files(published)]


def pretext_tasks(published: Mapping) -> list[str]:
    """Name the pretext tasks that are trained, in the models' order."""
    return list(dict.fromkeys(line["task"] for line in published["models"].values() if line["task"] != "scenes"))


def figure_files(published: Mapping) -> list[str]:
    """Name every figure."""
    names = ["accuracy", "reliability", "leaks", *(f"pretext_{task}" for task in pretext_tasks(published))]
    names += [f"{kind}_{name}" for kind in ("curves", "confusion") for name in published["models"]]
    names += ["early_latest"] if published["roles"].get("early") else []
    names += [f"scorecam_{name}" for name in models_of(published, "explain")]
    names += ["scorecam_comparison", "scorecam_shared"] if asked(published, "explain") else []
    names += [f"inversion_{name}" for name in models_of(published, "inversion")]
    names += ["inversion_traces", "same_filters", "class_responses"] if asked(published, "inversion") else []
    for name in models_of(published, "filters"):
        names += [f"filters_{name}_{layer}" for layer in range(1, 1 + len(published["filters"]["layers"]))]
        names += [f"filter_kinds_{name}"]
    names += [section for section in ("trajectory", "label_efficiency") if asked(published, section)]
    for section in ("cam", "loss_extremes", "embedding"):
        names += [f"{section}_{name}" for name in models_of(published, section)]
    names += [section for section in ("neighbours", "probes") if asked(published, section)]
    return [f"figures/{name}.svg" for name in names]
