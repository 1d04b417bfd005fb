"""Models that learned nothing, by the rule of `scenessl.evaluation.flags`: named, and taken for no result."""

from math import log

from markupsafe import Markup

from scenessl.evaluation.flags import CONSTANT
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, loss, percent
from scenessl.report.wording import listing, names, paragraph, ref, say, verb


def flagged(evidence: Evidence, *models: str | None) -> list[str]:
    """Name those of the models that are flagged in any seed; None stands for no model."""
    return [name for name in dict.fromkeys(models) if name and _rows(evidence, name)]


def _rows(evidence: Evidence, name: str) -> list[dict]:
    """Give the flagged rows of a model in the table of accuracies."""
    return [row for row in evidence.rows("accuracy", model=name) if row["flag"]]


def flag_text(evidence: Evidence, name: str) -> Markup:
    """Say by which figures a model is flagged, in its first such seed."""
    row = _rows(evidence, name)[0]
    values = {"name": code(name), "seed": f" (seed {row['seed']})" if len(evidence.seeds) > 1 else ""}
    if row["flag"] == CONSTANT:
        return say("{name}{seed} gives every test image the same answer", **values)
    return say(
        "{name}{seed} is right for {accuracy} of the test images where a guess is for {chance}, at a loss of {loss} "
        "where a guess costs {guess}",
        accuracy=percent(row["test_accuracy"]),
        chance=percent(row["chance"]),
        loss=loss(row["test_loss"]),
        guess=loss(-log(row["chance"])),
        **values,
    )


def flag_sentence(evidence: Evidence, *models: str) -> Markup:
    """Say of flagged models that they learned nothing, and by which figures."""
    texts = listing([flag_text(evidence, name) for name in models])
    return say("{texts}: no result of a model that learned.", texts=texts)


def warning(evidence: Evidence) -> Markup | None:
    """Warn of all flagged models of the study, and say what follows for the reader; None where there is none."""
    found = flagged(evidence, *evidence.models)
    if not found:
        return None
    consequence = say(
        "So {models} {are} not compared or judged, and pictures and tables show {them} for completeness only. The way "
        "out is in the training: {curves} and the learning rate come first.",
        models=names(found),
        are=verb(found, "is", "are"),
        them=verb(found, "it", "them"),
        curves=ref(*(f"curves_{name}" for name in found)),
    )
    opening = Markup("<strong>Learned nothing that the test images show:</strong>")
    return paragraph(opening, flag_sentence(evidence, *found), consequence)
