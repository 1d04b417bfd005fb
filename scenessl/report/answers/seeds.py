"""What the report says of repetitions: how many there are, which are missing, and their results together."""

from collections.abc import Sequence
from statistics import mean

from markupsafe import Markup

from scenessl.evaluation.metrics import FEW_SEEDS
from scenessl.report.evidence import Evidence
from scenessl.report.verdicts import seed_state
from scenessl.report.wording import cite, listing, number_word, say, sentence


def spread(evidence: Evidence) -> Markup:
    """Say what the spread of an accuracy is."""
    if len(evidence.seeds) == 1:
        return say(
            "There is one training per model (one seed), so no standard deviation can be given; the intervals are "
            "Wilson's 95\u00a0% intervals {work} for the sampling of the test images and do not cover what another "
            "seed would give.",
            work=cite("wilson1927"),
        )
    return say(
        "Values are means ± standard deviations over {number} seeds; every seed stands in "
        "<code>tables/accuracy.csv</code>.",
        number=number_word(len(evidence.seeds)),
    )


def missing(evidence: Evidence) -> Markup | None:
    """Say which seeds were asked for and are not in the results; None where all are there."""
    seeds = evidence.missing_seeds
    if not seeds:
        return None
    return say(
        "{asked} seeds were asked for, and n = {number} of them {are} in these results: {missing} {lack} in all "
        "models, since not all their trainings finished.",
        asked=sentence(number_word(len(seeds) + len(evidence.seeds)))[:-1],
        number=len(evidence.seeds),
        are="is" if len(evidence.seeds) == 1 else "are",
        missing=listing([f"seed {seed}" for seed in seeds]),
        lack="is missing" if len(seeds) == 1 else "are missing",
    )


def limits(evidence: Evidence) -> list[Markup | None]:
    """Say how far the number of seeds carries."""
    number = len(evidence.seeds)
    if number == 1:
        return [Markup("One seed was run, so differences between seeds are unknown."), missing(evidence)]
    return [say("{number} seeds were run.", number=sentence(number_word(number))[:-1]), missing(evidence)]


def are_many(evidence: Evidence) -> bool:
    """Tell whether there are too many seeds to show each with an interval of its own."""
    return len(evidence.seeds) > FEW_SEEDS


def together(evidence: Evidence) -> str:
    """Give what a caption adds when a figure adds up several seeds."""
    return f" (all {len(evidence.seeds)} seeds together)" if len(evidence.seeds) > 1 else ""


def lines(evidence: Evidence) -> str:
    """Give what a sentence adds that names the curves of several seeds and then the first one's numbers."""
    told = " (a thin line per seed, their mean thick; the numbers here are the first seed’s)"
    return told if len(evidence.seeds) > 1 else ""


def selected(epochs: Sequence[int]) -> str:
    """Write the selected epochs of one model: one by one, or of many seeds the first and the last."""
    return listing(epochs) if len(epochs) <= FEW_SEEDS else f"{min(epochs)} to {max(epochs)}"


def epochs_cell(rows: Sequence[dict]) -> str:
    """Write the selected epochs of a model's rows of accuracy.csv for a cell of a table."""
    epochs = [row["selected_epoch"] for row in rows]
    return ", ".join(map(str, epochs)) if len(epochs) <= FEW_SEEDS else selected(epochs)


def pairs(evidence: Evidence) -> list[dict]:
    """Sum up the paired comparisons over seeds: the differences, and in how many seeds the test says who is better."""
    found: dict[tuple[str, str], list[dict]] = {}
    for row in evidence.tables["comparisons"]:
        found.setdefault((row["name_a"], row["name_b"]), []).append(row)
    return [_pair(a, b, rows) for (a, b), rows in found.items()]


def _pair(a: str, b: str, rows: list[dict]) -> dict:
    """Sum up the comparisons of two models."""
    differences, states = [row["difference"] for row in rows], [seed_state(row) for row in rows]
    over_seeds = {"mean": mean(differences), "least": min(differences), "most": max(differences)}
    wins = {state: states.count(state) for state in ("better", "worse")}
    return {"a": a, "b": b, "seeds": len(rows), "images": rows[0]["n"]} | over_seeds | wins
