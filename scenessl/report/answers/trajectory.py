"""Along the pretexts: where scene accuracy is gained or lost, and how far features and weights leave the start."""

from itertools import pairwise
from statistics import mean

from markupsafe import Markup

from scenessl.evaluation.repetitions import over_seeds
from scenessl.report.evidence import Evidence, Spread
from scenessl.report.numbers import code, count, decimal, percent, points
from scenessl.report.readers.files import NotThereError
from scenessl.report.verdicts import Judged, Verdict, judged, support
from scenessl.report.wording import cite, listing, paragraph, ref, say

ALIKE = 0.95
"""From this CKA on, the features of two epochs are called nearly the same."""


def intro(evidence: Evidence) -> Markup:
    """Say what was measured at each point."""
    return say(
        "{figure} and {tables} follow the pretexts from their start (epoch 0) to their latest epoch. At each point the "
        "network is frozen and a logistic regression is fitted to the end on the features of the train part, with the "
        "same L2 penalty everywhere, so that differences come from the features alone; nothing is chosen by labels. "
        "Linear CKA {cka}, unbiased {unbiased}, compares each block’s maps of the same {images} test images with those "
        "of the start (1: the same up to rotation and scale; 0: unrelated); the weight distance is the L2 distance "
        "from the start, relative to the start’s norm. The intervals and tests of single points are not corrected for "
        "their number.",
        figure=ref("trajectory"),
        tables=ref("trajectory_table", "similarity"),
        images=count(evidence.tables["similarity"][0]["images"]),
        cka=cite("kornblith2019"),
        unbiased=cite("song2012", "nguyen2021"),
    )


def _points(evidence: Evidence, name: str) -> list[dict]:
    """Give the rows of trajectory.csv on a pretext; in a draft they may still be those of other seeds."""
    found = evidence.rows("trajectory", model=name)
    if {row["seed"] for row in found} != set(evidence.seeds):
        raise NotThereError("tables/trajectory.csv")
    return found


def epochs(evidence: Evidence, name: str) -> list[int]:
    """Give the epochs of a pretext that all its seeds have."""
    found = _points(evidence, name)
    seeds = [{row["epoch"] for row in found if row["seed"] == seed} for seed in evidence.seeds]
    return sorted(set.intersection(*seeds))


def latest(evidence: Evidence, name: str, seed: int) -> int:
    """Give the latest epoch of a pretext's seed."""
    return max(row["epoch"] for row in _points(evidence, name) if row["seed"] == seed)


def stations(evidence: Evidence, name: str) -> list[dict[int, int]]:
    """Give the points that all seeds of a pretext have, as seed -> epoch.

    These are the epochs before any seed's latest, and the latest of each, which an early stop sets apart.
    """
    ends = {seed: latest(evidence, name, seed) for seed in evidence.seeds}
    before = [epoch for epoch in epochs(evidence, name) if epoch < min(ends.values())]
    return [*(dict.fromkeys(evidence.seeds, epoch) for epoch in before), ends]


def station_name(at: dict[int, int]) -> str:
    """Name a point: its epoch, or the first and last of several."""
    low, high = min(at.values()), max(at.values())
    return f"{low}" if low == high else f"{low} to {high}"


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: pretext, epoch, its own accuracy, that of a classifier on it, difference to start."""
    return [
        _row(evidence, name, at)
        for name in evidence.published["trajectory"]["models"]
        for at in stations(evidence, name)
    ]


def _at(evidence: Evidence, name: str, at: dict[int, int]) -> list[dict]:
    """Give the rows of trajectory.csv of a point, one per seed."""
    return [row for row in _points(evidence, name) if row["epoch"] == at[row["seed"]]]


def _row(evidence: Evidence, name: str, at: dict[int, int]) -> dict:
    found, is_start = _at(evidence, name, at), not any(at.values())
    own = [row for seed in evidence.seeds for row in evidence.histories[name, seed] if row["epoch"] == at[seed]]
    independent = evidence.trainings(evidence.models[name].init if is_start else name)
    spread = Spread(tuple(row["test_accuracy"] for row in found), independent)
    single = found[0] if len(found) == 1 else None
    return {
        "model": name,
        "epoch": station_name(at),
        "is_start": is_start,
        "pretext": mean(row["validation_accuracy"] for row in own),
        "spread": spread,
        "interval": (single["test_low"], single["test_high"]) if single else None,
        "change": mean(row["difference"] for row in found),
        "verdict": None if is_start else against_start(evidence, name, at),
    }


def against_start(evidence: Evidence, name: str, at: dict[int, int]) -> Verdict:
    """Compare the frozen features of a pretext, at an epoch of each seed, with those of its start."""
    over = over_seeds(_at(evidence, name, at), evidence.trainings(name))
    return judged(name, "its start", Judged(over))


def courses(evidence: Evidence) -> list[Markup]:
    """Say pretext by pretext what its epochs did to the features."""
    return [paragraph(*_course(evidence, name)) for name in evidence.published["trajectory"]["models"]]


COURSE = {
    "better": "Along {name} the features gain: a classifier on them is more accurate at the latest epoch than at the "
    "start, {after} against {before} of the test images ({support}).",
    "worse": "Along {name} the features lose: a classifier on them is less accurate at the latest epoch than at the "
    "start, {after} against {before} of the test images ({support}).",
    "open": "Along {name} no change is shown: classifiers on the features of the start and of the latest epoch "
    "classify {before} and {after} of the test images rightly ({support}).",
}


def _course(evidence: Evidence, name: str) -> list[Markup | None]:
    ends = {seed: latest(evidence, name, seed) for seed in evidence.seeds}
    verdict = against_start(evidence, name, ends)
    found = _points(evidence, name)
    before = mean(row["test_accuracy"] for row in found if row["epoch"] == 0)
    after = mean(row["test_accuracy"] for row in found if row["epoch"] == ends[row["seed"]])
    text = say(
        COURSE[verdict.state],
        name=code(name),
        before=percent(before),
        after=percent(after),
        support=support(verdict, verdict.state == "worse"),
    )
    return [text, _step(evidence, name) if verdict.state != "open" else None, _moved(evidence, name, ends)]


def _step(evidence: Evidence, name: str) -> Markup | None:
    """Name the stretch between two points in which most of the change happened."""
    at = stations(evidence, name)
    if len(at) < 3:
        return None
    shares = [mean(row["test_accuracy"] for row in _at(evidence, name, one)) for one in at]
    whole = shares[-1] - shares[0]
    steps = [later - earlier for earlier, later in pairwise(shares)]
    place = max(range(len(steps)), key=lambda step: steps[step] * (1 if whole > 0 else -1))
    text = "The largest step between neighbouring points is that from epoch {first} to {second} ({change} of {whole})."
    values = {"first": station_name(at[place]), "second": station_name(at[place + 1])}
    return say(text, change=points(steps[place]), whole=points(whole), **values)


def _moved(evidence: Evidence, name: str, ends: dict[int, int]) -> Markup:
    """Say which block's features stay and which leave the start, and where the weights move most."""
    cka, moved = by_block(evidence, name, ends, "cka_start"), by_block(evidence, name, ends, "distance")
    least, most = min(cka, key=cka.get), max(cka, key=cka.get)
    far = max(moved, key=moved.get)
    return say(
        "At the latest epoch the features are most like the start’s in {most} (CKA {high}) and least in {least} "
        "(CKA {low}); the weights have moved most in {far}, by {distance} of their norm.",
        most=code(most),
        high=decimal(cka[most]),
        least=code(least),
        low=decimal(cka[least]),
        far=code(far),
        distance=percent(moved[far]),
    )


def by_block(evidence: Evidence, name: str, at: dict[int, int], quantity: str) -> dict[str, float]:
    """Give a quantity of similarity.csv by block, mean over seeds, each at its own epoch, where it is defined."""
    found: dict[str, list[float]] = {}
    for row in evidence.rows("similarity", model=name):
        if row["epoch"] == at.get(row["seed"]) and row[quantity] is not None:
            found.setdefault(row["block"], []).append(row[quantity])
    return {block: mean(values) for block, values in found.items()}


def blocks(evidence: Evidence) -> list[dict]:
    """Rows of the table of similarities: pretext, epoch, and each block's CKA with the start."""
    return [
        {"model": name, "epoch": station_name(at), "quantity": words, "values": by_block(evidence, name, at, quantity)}
        for name in evidence.published["trajectory"]["models"]
        for at in stations(evidence, name)
        if any(at.values())
        for quantity, words in (("cka_start", "CKA"), ("distance", "distance"))
    ]


def block_names(evidence: Evidence) -> list[str]:
    """Name the blocks, from the image upwards."""
    return list(dict.fromkeys(row["block"] for row in evidence.tables["similarity"]))


# --- Early against latest ---


def between(evidence: Evidence, pretext: str, early: int, state: str) -> Markup | None:
    """Say how far features and weights moved between an early and the latest epoch, and what that explains.

    None where the study does not follow this pretext or has no point at that epoch.
    """
    followed = (evidence.published.get("trajectory") or {}).get("models", [])
    if pretext not in followed or early not in epochs(evidence, pretext):
        return None
    at, ends = dict.fromkeys(evidence.seeds, early), {seed: latest(evidence, pretext, seed) for seed in evidence.seeds}
    last = block_names(evidence)[-1]
    cka = {key: by_block(evidence, pretext, where, "cka_start")[last] for key, where in (("at", at), ("end", ends))}
    far = {key: by_block(evidence, pretext, where, "distance")[last] for key, where in (("at", at), ("end", ends))}
    both = by_block(evidence, pretext, at, "cka_latest")[last]
    measured = say(
        "Measured on {block}, the last block ({figure}): its features have a CKA of {at} with the start’s at the early "
        "epoch and of {end} at the latest, and of {both} with each other; its weights lie {near} and {far} of their "
        "norm from the start.",
        block=code(last),
        figure=ref("trajectory", "similarity"),
        at=decimal(cka["at"]),
        end=decimal(cka["end"]),
        both=decimal(both),
        near=percent(far["at"]),
        far=percent(far["end"]),
    )
    return paragraph(measured, EXPLAINED.get((both >= ALIKE, state)))


EXPLAINED = {
    (True, "open"): Markup(
        "The features of both epochs are nearly the same, and no difference between their results is shown, as one "
        "would expect."
    ),
    (False, "open"): Markup(
        "So the features did change in between; that this changed what the classifier makes of them is not shown."
    ),
    (True, "better"): Markup("So a small change of the features went with the loss: little of it is needed."),
    (True, "worse"): Markup("So a small change of the features went with the gain: little of it is needed."),
    (False, "better"): Markup("So the features went on changing between the two epochs, and the loss went with it."),
    (False, "worse"): Markup("So the features went on changing between the two epochs, and the gain went with it."),
}
"""What the similarity of both epochs' features says, by whether they are nearly the same and what their test found."""


def finding(evidence: Evidence) -> Markup | None:
    """Sum up in one sentence what the pretexts' epochs did; None where that was not measured."""
    names = (evidence.published.get("trajectory") or {}).get("models", [])
    parts = [_finding(evidence, name) for name in names]
    return say("From start to latest epoch, {parts}.", parts=listing(parts)) if parts else None


def _finding(evidence: Evidence, name: str) -> Markup:
    ends = {seed: latest(evidence, name, seed) for seed in evidence.seeds}
    verdict = against_start(evidence, name, ends)
    words = {"better": "have gained", "worse": "have lost", "open": "are not shown to have gained or lost"}
    text = "the frozen features of {name} {what} {thing} accuracy ({change})"
    thing = evidence.document.THING
    return say(text, name=code(name), what=words[verdict.state], thing=thing, change=points(verdict.difference))
