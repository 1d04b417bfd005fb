"""All tables of a study, from its stored results: what the report shows and `make check` computes again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from scenessl.evaluation import (
    accuracy_table,
    calibration,
    class_tables,
    comparison_table,
    difference_table,
    fitting_table,
    gap_table,
    label_table,
    probe_table,
    repeat_table,
    settings_tables,
    summary_table,
    trajectory_tables,
    trial_table,
)
from scenessl.evaluation.runs import read_runs
from scenessl.files import read_json, write_csv


def write_tables(root: Path | str, published: Mapping, output: Path | str) -> list[Path]:
    """Write all tables that `scenessl.study.manifest.table_files` names; same results, same bytes.

    Args:
        root: the study's results folder, with data/audit.json and models/<model>/seed<k>/.
        published: the content of its configuration.yaml: models, seeds, the pairs of models as comparisons, and
            the deliverables that have tables of their own.
        output: folder of the tables.

    Returns:
        The paths, in the order of the manifest.

    Raises:
        UserError: a result is missing or damaged, or a pair cannot be compared.
    """
    runs = read_runs(Path(root), published)
    models = published["models"]
    accuracies = accuracy_table.accuracy_rows(runs, read_json(Path(root) / "data" / "audit.json")["leaked_images"])
    comparisons = comparison_table.comparison_rows(runs, pairs(published))
    tables = {
        "accuracy.csv": (accuracy_table.COLUMNS, accuracies),
        "summary.csv": (summary_table.COLUMNS, summary_table.summary_rows(accuracies, models)),
        "reliability.csv": (calibration.COLUMNS, calibration.reliability_rows(runs)),
        "per_class.csv": (class_tables.PER_CLASS, class_tables.per_class_rows(runs)),
        "confusion.csv": (class_tables.CONFUSION, class_tables.confusion_rows(runs)),
        "comparisons.csv": (comparison_table.COLUMNS, comparisons),
        "differences.csv": (difference_table.COLUMNS, difference_table.difference_rows(comparisons, models)),
        "settings.csv": (settings_tables.settings_columns(models), settings_tables.settings_rows(models)),
        "reasons.csv": (settings_tables.REASONS, settings_tables.reason_rows(models)),
        "fitting.csv": (fitting_table.COLUMNS, fitting_table.fitting_rows(runs)),
        "gaps.csv": (gap_table.COLUMNS, gap_table.gap_rows(runs)),
    }
    if published.get("probes"):
        probings = probe_table.read_probings(root, published)
        tables["probes.csv"] = (probe_table.COLUMNS, probe_table.probe_rows(probings))
    tables |= _curves(Path(root), published)
    if published.get("repeats"):
        repeats = repeat_table.repeat_rows(repeat_table.read_repeats(root, published), accuracies)
        tables["repeats.csv"] = (repeat_table.COLUMNS, repeats)
        tables["repeat_spread.csv"] = (repeat_table.SPREAD, repeat_table.spread_rows(repeats))
    for name, (columns, rows) in tables.items():
        write_csv(Path(output) / name, rows, columns)
    return [Path(output) / name for name in tables]


def _curves(root: Path, published: Mapping) -> dict[str, tuple]:
    """Compute the tables along the pretexts, over numbers of labels and of settings, if the study asks for them."""
    tables = {}
    if published.get("trajectory"):
        found = trajectory_tables.read_trajectories(root, published)
        tables["trajectory.csv"] = (trajectory_tables.COLUMNS, trajectory_tables.trajectory_rows(found))
        tables["similarity.csv"] = (trajectory_tables.SIMILARITY, trajectory_tables.similarity_rows(found))
    if published.get("label_efficiency"):
        few = label_table.read_labels(root, published)
        tables["label_efficiency.csv"] = (label_table.COLUMNS, label_table.label_rows(few))
        tables["label_gains.csv"] = (label_table.GAINS, label_table.gain_rows(few, published["models"]))
    if published.get("trials"):
        tried = trial_table.read_trials(root, published)
        tables["trials.csv"] = (trial_table.COLUMNS, trial_table.trial_rows(tried))
    return tables


def pairs(published: Mapping) -> list[Sequence[str]]:
    """Return the pairs of models that the configuration compares: a list, or a mapping of names to pairs."""
    listed = published.get("comparisons") or []
    return [pair for pair in (listed.values() if isinstance(listed, Mapping) else listed) if pair]
