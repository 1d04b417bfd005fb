"""Which result files the report reads: one list for the rule's inputs and for the reader."""

from collections.abc import Mapping

TABLES = ("accuracy", "per_class", "confusion", "comparisons", "fitting")
DATA = ("data/index.csv", "data/classes.json", "data/audit.json")


def needed(published: Mapping) -> list[str]:
    """Name all files that the report of a study reads, relative to the study's results, sorted.

    `published` is the content of configuration.yaml. Imports nothing heavy, so that a workflow may call it.
    """
    return sorted({"configuration.yaml", "provenance.json", *evidence_files(published), *figure_files(published)})


def evidence_files(published: Mapping) -> list[str]:
    """Name the files with numbers."""
    seeds, models = published["seeds"], published["models"]
    files = [*DATA, "explain/choice.json"]
    files += [f"data/parts_seed{seed}.csv" for seed in seeds]
    files += [f"tables/{name}.csv" for name in TABLES]
    for name in models:
        for seed in seeds:
            files += [f"models/{name}/seed{seed}/history.csv", f"models/{name}/seed{seed}/selection.json"]
    files += [f"explain/scorecam/{name}.npz" for name in published["explain"]["models"]]
    files += [f"explain/inversion/{name}.npz" for name in published["inversion"]["models"]]
    return files


def figure_files(published: Mapping) -> list[str]:
    """Name the figures that the report shows."""
    roles, models = published["roles"], published["models"]
    tasks = {models[name]["task"] for name in roles["pretexts"]}
    names = [f"pretext_{task}" for task in tasks]
    names += [f"curves_{name}" for name in models]
    names += [f"confusion_{name}" for name in roles["schemes"]]
    names += [f"scorecam_{name}" for name in published["explain"]["models"]]
    names += [f"inversion_{name}" for name in published["inversion"]["models"]]
    names += ["accuracy", "scorecam_comparison", "inversion_traces"]
    if roles.get("early"):
        names.append("early_latest")
    return [f"figures/{name}.svg" for name in names]
