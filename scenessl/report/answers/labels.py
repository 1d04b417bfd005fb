"""Few labels: how many frozen features need, and whether a pretext pays where labels are scarce."""

from markupsafe import Markup

from scenessl.report.evidence import Evidence, Spread
from scenessl.report.numbers import code, p_value, point_range, points
from scenessl.report.wording import listing, number_word, paragraph, plural, ref, say


def intro(evidence: Evidence) -> Markup:
    """Say what was measured."""
    asked = evidence.published["label_efficiency"]
    return say(
        "{figure} and {table} show how accurate a logistic regression on frozen features is when only some images of "
        "each class have labels. The labelled images are drawn {draws}, the same for all features, and a larger draw "
        "includes the smaller; points are means over the draws{seeds}. The penalty is fixed, so that no label is spent "
        "on choosing it.",
        figure=ref("label_efficiency"),
        table=ref("labels_table"),
        draws=_times(asked["draws"]),
        seeds=" and seeds" if len(evidence.seeds) > 1 else "",
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number_word(number)} times"


def counts(evidence: Evidence) -> list[int]:
    """Give the numbers of labels per class; 0, which stands for all, comes last."""
    found = {row["labels"] for row in evidence.tables["label_efficiency"]}
    return sorted(found, key=lambda count: count or float("inf"))


def heading(count: int) -> str:
    """Name a number of labels for a table's head."""
    return f"{count} per class" if count else "all"


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: start, and accuracy at each number of labels with its deviation over draws and seeds."""
    starts = dict.fromkeys(row["start"] for row in evidence.tables["label_efficiency"])
    return [
        {"start": start, "cells": [_cell(evidence, start, count) for count in counts(evidence)]} for start in starts
    ]


def _cell(evidence: Evidence, start: str, count: int) -> Spread:
    values = tuple(row["test_accuracy"] for row in evidence.rows("label_efficiency", start=start, labels=count))
    trainings = min(len(values), evidence.trainings(start))
    return Spread(values, len(values) if count else trainings)  # with all labels, there is nothing to draw


def answers(evidence: Evidence) -> list[Markup]:
    """Say start by start at which numbers of labels its pretext pays."""
    gains = evidence.tables["label_gains"]
    starts = list(dict.fromkeys(row["start"] for row in gains))
    if not starts:
        return [Markup("No pretext is compared here with the start that it was itself trained from.")]
    return [_answer(evidence, [row for row in gains if row["start"] == start]) for start in starts]


def _answer(evidence: Evidence, gains: list[dict]) -> Markup:
    first = gains[0]
    groups = {who: [row for row in gains if row["verdict"] == who] for who in WORDS}
    parts = [say(WORDS[who], where=listing([_where(row) for row in group])) for who, group in groups.items() if group]
    text = "With {start}, set against {control}, its own start, the pretext {parts}."
    values = {"start": code(first["start"]), "control": code(first["control"])}
    return paragraph(say(text, parts=Markup("; it ").join(parts), **values), _trend(gains), _repeated(gains))


WORDS = {
    "a": "pays with {where}",
    "b": "costs accuracy with {where}",
    "open": "is not shown to change anything with {where}",
}


def _where(row: dict) -> Markup:
    labels = plural(row["labels"], "label") + " per class" if row["labels"] else "all labels"
    interval = f"; 95\u00a0% interval {point_range(row['low'], row['high'])}" if row["low"] is not None else ""
    test = f", {p_value(row['p_holm'])}" if row["p_holm"] is not None else ""
    return say(
        "{labels} ({gain}{interval}{test})", labels=labels, gain=points(row["difference"]), interval=interval, test=test
    )


def _trend(gains: list[dict]) -> Markup | None:
    """Say whether few labels gain more than all of them."""
    fewest, most = gains[0], gains[-1]
    if len(gains) < 2:
        return None
    change = fewest["difference"] - most["difference"]
    if fewest["verdict"] == "a" and most["high"] is not None and fewest["low"] > most["high"]:
        return say("The gain is larger where labels are scarce, by {change}.", change=points(change))
    if change < 0 and most["verdict"] == "a":
        return say(
            "No larger gain is shown where labels are scarce: with all of them it is {size}.",
            size=points(most["difference"]),
        )
    return None


def _repeated(gains: list[dict]) -> Markup:
    """Say what the intervals are over."""
    over = gains[0]["over"]
    texts = {
        "seeds": "The intervals are over {n} trainings.",
        "draws": "The intervals are over {n} draws of the labelled images, judged by the same test images on one "
        "training, another of which may differ; draws of many labels share images, so that their intervals are too "
        "narrow. With all labels they are over the test images.",
        "test images": "The intervals are over the test images, of one training and one draw of the labels.",
    }
    corrected = "The p values are corrected by Holm’s method over all these comparisons."
    return paragraph(say(texts[over], n=number_word(gains[0]["n"])), corrected)


def finding(evidence: Evidence) -> Markup | None:
    """Say in one sentence where the pretexts pay with few labels; None where that was not measured."""
    if not evidence.published.get("label_efficiency"):
        return None
    few = [row for row in evidence.tables["label_gains"] if row["labels"] == counts(evidence)[0]]
    parts = [
        say("{start} by {gain}", start=code(row["start"]), gain=points(row["difference"]))
        for row in few
        if row["verdict"] == "a"
    ]
    labels, over = plural(counts(evidence)[0], "label"), OVER[few[0]["over"]] if few else ""
    if not parts:
        return say("With {labels} per class, no pretext is shown to pay{over}.", labels=labels, over=over)
    return say(
        "With {labels} per class, frozen features gain from their pretext: {parts}{over}.",
        labels=labels,
        parts=listing(parts),
        over=over,
    )


OVER = {
    "seeds": "",
    "draws": " (over draws of the labels, which share one training and its test images)",
    "test images": " (over the test images of one training)",
}
"""What a finding adds that rests on less than several trainings."""


def saved(evidence: Evidence, label_images: str) -> Markup:
    """Say what a pretext saves when labels are scarce, or that it was not measured."""
    start = say("All schemes see the same {labels} labelled train images", labels=label_images)
    if evidence.published.get("label_efficiency"):
        return say(
            "{start}; what a pretext saves when labels are scarce is in {ref}.", start=start, ref=ref("labels_table")
        )
    return say("{start}, so what a pretext saves when labels are scarce was not measured.", start=start)
