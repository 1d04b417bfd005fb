"""What the report says of repetitions: how many there are, which are missing, and their results together."""

from collections.abc import Sequence

from markupsafe import Markup

from scenessl.evaluation.metrics import FEW_SEEDS
from scenessl.evaluation.repetitions import MCNEMAR, PAIRED_T, UNTESTED
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import DASH, hundredfold
from scenessl.report.wording import cite, listing, names, number_word, paragraph, plural, ref, say, sentence


def spread(evidence: Evidence) -> Markup:
    """Say what the spread of an accuracy is."""
    if len(evidence.seeds) == 1:
        return say(
            "There is one training per model (one seed), so no standard deviation can be given; the intervals are "
            "Wilson's 95\u00a0% intervals {work} for the sampling of the test images and do not cover what another "
            "seed would give.",
            work=cite("wilson1927"),
        )
    text = (
        "Values are means ± standard deviations over {number} seeds, n of them independent trainings, with Student’s "
        "95\u00a0% intervals of the mean; every seed stands in <code>tables/accuracy.csv</code>, with Wilson’s "
        "interval {work} for the sampling of the test images."
    )
    return paragraph(say(text, number=number_word(len(evidence.seeds)), work=cite("wilson1927")), repeats(evidence))


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
        return [_one(evidence), missing(evidence)]
    return [say("{number} seeds were run.", number=sentence(number_word(number))[:-1]), missing(evidence)]


def _one(evidence: Evidence) -> Markup:
    """Say what is not known of one seed, and what is where classifiers were repeated."""
    text = "One seed was run, so differences between seeds are unknown"
    if not evidence.published.get("repeats"):
        return say(text + ".")
    return say(text + ", but for those of the classifiers alone ({table}).", table=ref("repeats"))


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


def test_name(row: dict) -> str:
    """Name the test of a row of differences.csv for a cell of a table."""
    return TESTS[row["test"]]


TESTS = {MCNEMAR: "McNemar, exact", PAIRED_T: "paired t", UNTESTED: "none"}


def trainings_cell(row: dict) -> str:
    """Write n, the independent trainings of a row over seeds; repeats on the same given features stand as such."""
    repeats = row["seeds"] > row["trainings"]
    return f"{row['trainings']} ({row['seeds']} classifiers)" if repeats else f"{row['trainings']}"


def summary_cell(row: dict | None) -> str:
    """Write a row of summary.csv for a cell: mean in percent, ± standard deviation where there is one."""
    if row is None:
        return DASH
    spread = "" if row["deviation"] is None else f" ± {hundredfold(row['deviation'])}"
    return hundredfold(row["mean"]) + spread


def repeats(evidence: Evidence) -> Markup | None:
    """Say which models' seeds are no trainings of their own; None where all are."""
    found = [name for name in evidence.models if evidence.trainings(name) < len(evidence.seeds)]
    text = (
        "The features of {models} are the same with every seed, so that the seeds repeat only the classifier and the "
        "choice of validation images: n is 1, and no spread over trainings is given."
    )
    return say(text, models=names(found)) if found else None


def tests(evidence: Evidence) -> Markup:
    """Say by which tests models are compared, over what they speak, and how they are corrected."""
    family = len(evidence.tables["differences"])
    opening = say(
        "McNemar’s exact test asks of the images that only one of two trained models classifies rightly whether other "
        "test images would decide alike{several}.",
        several=_several(evidence),
    )
    correction = say(
        "The {family} are one family: “corrected” p values are Holm’s, which keep the chance of a single false "
        "finding among them all below the level of the test.",
        family=plural(family, "listed comparison"),
    )
    return paragraph(opening, correction if family > 1 else None, UNKNOWN[len(evidence.seeds) > 1])


def _several(evidence: Evidence) -> Markup:
    """Say what is asked over several seeds."""
    if len(evidence.seeds) == 1:
        return Markup("")
    text = "; over the {seeds}, a paired t-test asks whether other trainings would, and the verdicts rest on it"
    return say(text, seeds=plural(len(evidence.seeds), "seed"))


UNKNOWN = {
    False: Markup("What another training would give is not covered by them."),
    True: Markup("The tests over seeds hold for these test images, the exact tests for these trainings."),
}
"""What a comparison does not cover, of one seed and of several."""
