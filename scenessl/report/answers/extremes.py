"""Answers on the training views with the lowest and the largest loss, and on what a pretext takes for what."""

from collections import Counter
from collections.abc import Sequence
from math import exp, log

from markupsafe import Markup

from scenessl.evaluation.metrics import wilson_interval
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, loss, percent, percent_range
from scenessl.report.readers.extremes import Extremes, View
from scenessl.report.wording import listing, names, number_word, paragraph, plural, ref, say, sentence, verb

HALF_TURN_BY_CHANCE = 1 / 3  # of the three wrong answers to a turn, one is the opposite
TINY = 0.001  # a loss below it has no digit to show


def shown(evidence: Evidence) -> list[Markup]:
    """Say what the figures show and how the losses were measured."""
    models = list(evidence.extremes)
    return [
        say(
            "{figures} {show}, for {models}, the training views with the lowest and with the largest loss at the epoch "
            "whose weights the model ends with{seed}, in evaluation mode and without augmentation, as the network "
            "sees them. An image stands once at most at either end, by its most extreme view.",
            figures=ref(*(f"loss_extremes_{name}" for name in models)),
            show=verb(models, "shows", "show"),
            models=names(models),
            seed=evidence.first_seed,
        )
    ]


def discussion(evidence: Evidence) -> list[Markup]:
    """Discuss the extremes of every model by their numbers."""
    return [paragraph(*_discussed(evidence, name)) for name in evidence.extremes]


def _discussed(evidence: Evidence, name: str) -> list[Markup | None]:
    found = evidence.extremes[name]
    return [
        _all_views(name, found),
        _lowest(found.lowest),
        _largest(found),
        _classes(evidence, found),
        _turns(evidence, name),
    ]


def _all_views(name: str, found: Extremes) -> Markup:
    """Say how the losses of all views lie."""
    _, _, median, upper, _ = found.quantiles
    text = (
        "Of the {count} training views {name} answers {right} rightly. Half of them have a loss below {median}, three "
        "quarters one below {upper}, and the mean is {mean}: {skew}."
    )
    skew = "a few hard views carry most of it" if found.mean > 2 * median else "the typical view carries much of it"
    values = {"median": loss(median), "upper": loss(upper), "mean": loss(found.mean), "skew": skew}
    return say(text, count=count(found.count), name=code(name), right=percent(found.accuracy, 1), **values)


def _lowest(views: Sequence[View]) -> Markup:
    """Say which answers the easiest views have."""
    most = max(view.loss for view in views)
    return say(
        "The {number} with the lowest losses have losses of at most {most}; their true answers are {targets}.",
        number=number_word(len(views)),
        most=loss(max(most, TINY)),
        targets=_counted(Counter(view.target for view in views)),
    )


def _counted(counter: Counter) -> Markup:
    """List what was counted, the most frequent first."""
    return listing([say("{label} ({number})", label=label, number=number) for label, number in counter.most_common()])


def _largest(found: Extremes) -> Markup:
    """Say how wrong the hardest views are answered, and which answers are mistaken for which."""
    views, guess = found.largest, log(len(found.names))
    wrong = [view for view in views if not view.is_right]
    opening = say(
        "The {number} with the largest have losses from {low} to {high}, where a guess costs {guess}: the right answer "
        "gets at most {most} of the probability.",
        number=number_word(len(views)),
        low=loss(min(view.loss for view in views)),
        high=loss(max(view.loss for view in views)),
        guess=loss(guess),
        most=percent(exp(-min(view.loss for view in views)), 1),
    )
    if not wrong:
        return paragraph(opening, Markup("All of them are answered rightly nevertheless."))
    pairs = Counter((view.target, view.predicted) for view in wrong)
    (target, predicted), times = pairs.most_common(1)[0]
    text = "{how_many} {are} answered wrongly, most often {target} taken for {predicted} ({times})."
    are = "is" if len(wrong) == 1 else "are"
    return paragraph(
        opening,
        say(
            text,
            how_many="All of them" if len(wrong) == len(views) > 1 else sentence(number_word(len(wrong)))[:-1],
            are="are" if len(wrong) == len(views) > 1 else are,
            target=target,
            predicted=predicted,
            times=number_word(times) if len(wrong) > 1 else "that one",
        ),
    )


def _classes(evidence: Evidence, found: Extremes) -> Markup:
    """Say which classes the images at both ends belong to."""
    hard, easy = (
        Counter(evidence.image_class(view.image) for view in views).most_common()
        for views in (found.largest, found.lowest)
    )
    text = "The largest losses fall on images of {hard}, the lowest on images of {easy}; {meaning}."
    values = {"hard": _labels(hard), "easy": _labels(easy)}
    shared = {label for label, _ in hard} & {label for label, _ in easy}
    meaning = (
        "the two ends share no class, so the class seems to matter, as far as so few images can say"
        if not shared
        else "classes stand at both ends, so the class alone does not decide"
    )
    return say(text, meaning=meaning, **values)


def _labels(counted: list[tuple[str, int]], most: int = 3) -> Markup:
    """Name the most frequent classes."""
    parts = [say("“{label}” ({number})", label=label, number=number) for label, number in counted[:most]]
    rest = len(counted) - most
    return listing([*parts, plural(rest, "other class", "other classes")] if rest > 0 else parts)


# --- What turns are taken for ---


def half_turns(evidence: Evidence, name: str) -> tuple[int, int]:
    """Count, on the test views of the first seed, the wrong answers that are the opposite turn, and all wrong ones."""
    rows = evidence.rows("confusion", model=name, seed=evidence.first)
    order = list(dict.fromkeys(row["true"] for row in rows))
    apart = {(a, b): (order.index(b) - order.index(a)) % len(order) for a in order for b in order}
    wrong = [row for row in rows if row["true"] != row["predicted"]]
    opposite = sum(row["count"] for row in wrong if 2 * apart[row["true"], row["predicted"]] == len(order))
    return opposite, sum(row["count"] for row in wrong)


def _turns(evidence: Evidence, name: str) -> Markup | None:
    """Say which turns the confusion matrix mixes up, where the answers are turns."""
    if evidence.models[name].task != "rotation":
        return None
    opposite, wrong = half_turns(evidence, name)
    if not wrong:
        return say("On the test views it makes no mistake ({figure}).", figure=ref(f"confusion_{name}"))
    pair = evidence.confusions(name, 1)[0]
    low, high = wilson_interval(opposite / wrong, wrong)
    word = _against_chance(low, high)
    return say(
        "On the test views ({figure}) the most frequent mistake is {true} taken for {predicted} ({times} of {n}). Of "
        "all mistakes {share} (95 % interval {interval}) are opposite turns, {word} than the third that chance would "
        "give{why}.",
        figure=ref(f"confusion_{name}"),
        true=pair["true"],
        predicted=pair["predicted"],
        times=count(pair["count"]),
        n=count(pair["n"]),
        share=percent(opposite / wrong, 1),
        interval=percent_range(low, high),
        word=word,
        why=MEANING[word],
    )


MEANING = {
    "more": ": an image and the same upside down share their horizontal and vertical lines, and only what is up tells "
    "them apart",
    "fewer": ": which end of an axis is up is told more easily than which axis is upright",
    "neither more nor fewer": "",
}


def _against_chance(low: float, high: float) -> str:
    if low > HALF_TURN_BY_CHANCE:
        return "more"
    return "fewer" if high < HALF_TURN_BY_CHANCE else "neither more nor fewer"


def has_turns(evidence: Evidence) -> list[str]:
    """Name the models of the section whose confusion matrix is discussed: those that answer with turns."""
    return [name for name in evidence.extremes if evidence.models[name].task == "rotation"]
