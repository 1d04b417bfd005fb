"""Who is better than whom, and did a pretext converge: judged once, in one way, for all sentences."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from markupsafe import Markup

from scenessl.evaluation.metrics import wilson_interval
from scenessl.evaluation.repetitions import MCNEMAR, UNTESTED, Difference, better_of, over_seeds
from scenessl.report.evidence import Evidence
from scenessl.report.flags import flag_sentence, flagged
from scenessl.report.numbers import SPACE, code, p_value, percent, percent_range, point_range, points, size_in_points
from scenessl.report.wording import plural, say, sentence

HIGH_ACCURACY = 0.90
"""What counts as a high performance, where an assignment asks for one and the settings state none."""


STATES = {"a": "better", "b": "worse", "open": "open"}
"""States of a verdict by what a table says."""


@dataclass(frozen=True)
class Judged:
    """A difference with its interval and its test, as `scenessl.evaluation.repetitions` makes them.

    `p_holm` is corrected over the `family` of listed comparisons; both are None for a pair that is not listed.
    """

    found: Difference
    family: int | None = None
    p_holm: float | None = None

    @property
    def state(self) -> str:
        """Say of the first model whether it is better, worse, or neither by this evidence."""
        p = self.found.p if self.family is None else self.p_holm
        return STATES[better_of(self.found.low, self.found.high, p)]

    def turned(self) -> "Judged":
        """Turn the difference round: b minus a."""
        sides = {"low": _negative(self.found.high), "high": _negative(self.found.low)}
        return replace(self, found=replace(self.found, difference=-self.found.difference, **sides))


@dataclass(frozen=True)
class Verdict:
    """The comparison of two models on the same test images.

    `state` is better, worse, open (the data do not tell them apart), untested or flagged (one of them learned nothing,
    so that there is nothing to compare), seen from `a`; `flags` says which and why;
    `difference` is accuracy of a minus b, mean over seeds; `found` is how that was judged, oriented a minus b.
    """

    a: str
    b: str
    state: str
    difference: float
    found: Judged | None = None
    flags: Markup | None = None

    @property
    def winner(self) -> str | None:
        """Name the model that is more accurate; None where that is open."""
        return {"better": self.a, "worse": self.b}.get(self.state)


FIGURES = tuple(field.name for field in fields(Difference))


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def compare(evidence: Evidence, a: str, b: str) -> Verdict:
    """Compare two models by differences.csv: the paired test over trainings, or of one training over test images."""
    learned_nothing = flagged(evidence, a, b)
    apart = evidence.accuracies(a).mean - evidence.accuracies(b).mean
    if learned_nothing:
        return Verdict(a, b, "flagged", apart, flags=flag_sentence(evidence, *learned_nothing))
    listed = [row for row in evidence.tables["differences"] if {row["name_a"], row["name_b"]} == {a, b}]
    if not listed:
        return Verdict(a, b, "untested", apart)
    row = listed[0]
    found = Judged(Difference(**{name: row[name] for name in FIGURES}), row["family"], row["p_holm"])
    return judged(a, b, found if row["name_a"] == a else found.turned())


def judged(a: str, b: str, found: Judged) -> Verdict:
    """Give the verdict on a difference that is oriented a minus b."""
    return Verdict(a, b, found.state, found.found.difference, found)


def unlisted(a: str, b: str, tests: Sequence[dict], trainings: int) -> Verdict:
    """Judge paired comparisons that the configuration does not list, one row per seed."""
    return judged(a, b, Judged(over_seeds(tests, trainings)))


def witnesses(verdict: Verdict) -> str:
    """Name what decides: other trainings, where there were several, else the test images."""
    tested = verdict.found and verdict.found.found.test
    return "these trainings" if tested and tested != MCNEMAR else "the test images"


def statement(verdict: Verdict) -> Markup:
    """Say in one sentence how two models compare on the test images."""
    a, b, size = code(verdict.a), code(verdict.b), size_in_points(verdict.difference)
    if verdict.state == "flagged":
        return say("{a} and {b} cannot be compared. {flags}", a=a, b=b, flags=verdict.flags)
    if verdict.state == "untested":
        text = "The test accuracies of {a} and {b} lie {size} apart ({a} minus {b}: {signed}); no paired test was made."
        return say(text, a=a, b=b, size=size, signed=points(verdict.difference))
    if verdict.state == "open":
        text = "{these} do not tell {a} and {b} apart: {a} minus {b} is {signed} of test accuracy ({support})."
        values = {"these": sentence(witnesses(verdict))[:-1], "signed": points(verdict.difference)}
        return say(text, a=a, b=b, support=support(verdict), **values)
    better, worse = (a, b) if verdict.state == "better" else (b, a)
    text = "On the test images {better} is more accurate than {worse}, by {size} ({support})."
    return say(text, better=better, worse=worse, size=size, support=support(verdict, verdict.state == "worse"))


def support(verdict: Verdict, turned: bool = False) -> str:
    """Give the interval (`turned`: of b minus a) and the test of a difference that was judged, and over what."""
    one = verdict.found.turned() if turned else verdict.found
    found = one.found
    if found.test == UNTESTED:
        return f"the same in all {plural(found.trainings, 'seed')}, which allows no test"
    interval = f"95{SPACE}% interval {point_range(found.low, found.high)}"
    if found.test == MCNEMAR:
        return f"{interval}, exact McNemar test {p_value(found.p)}{_corrected(one)}{_repeats(found)}"
    spread = f"mean of {plural(found.trainings, 'seed')}, standard deviation {size_in_points(found.deviation)}"
    return f"{spread}, {interval}, paired t-test {p_value(found.p)}{_corrected(one)}"


def _corrected(one: Judged) -> str:
    """Add the p that Holm's method leaves, where the pair is one of several listed."""
    return f", {p_value(one.p_holm)} corrected" if one.family and one.family > 1 else ""


def _repeats(found: Difference) -> str:
    """Say that several seeds are no several trainings, where both models rest on the same given features."""
    if found.seeds == 1:
        return ""
    return f"; first of {plural(found.seeds, 'classifier')} on the same features"


def start_control(evidence: Evidence, name: str) -> str | None:
    """Name what the pretext had to beat: the model with the start of `name`'s pretext, the same layers and no pretext.

    Where only the classifier trains, that is a control; where all layers train, it is the supervised scheme.
    """
    pretext = evidence.pretext_of(name)
    if pretext is None:
        return None
    wanted = evidence.models[pretext].init, evidence.models[name].train
    others = [evidence.models[other] for other in (*evidence.roles["controls"], evidence.roles["supervised"])]
    return next((other.name for other in others if (other.init, other.train) == wanted), None)


COMPARED = {
    "learning_rate": "learning rate",
    "learning_rate_classifier": "learning rate of the classifier",
    "epochs": "epochs",
}
"""Settings that should be equal in a comparison of trainings, in words."""


def unlike_settings(evidence: Evidence, a: str, b: str) -> list[str]:
    """Name the settings by which two models that train all layers were not trained alike."""
    if evidence.models[a].train != "all":
        return []
    own, other = evidence.models[a].settings, evidence.models[b].settings
    return [key for key in COMPARED if own.get(key) != other.get(key)]


@dataclass(frozen=True)
class Convergence:
    """Whether a pretext reached a high performance.

    `reached` is the mean accuracy on `part`, `interval` Wilson's 95 % one over its images; `threshold` comes from the
    early stop if `is_configured`, and is None where neither settings nor assignment ask for one; `flags` says why a
    pretext learned nothing.
    """

    model: str
    reached: float
    interval: tuple[float, float]
    part: str
    threshold: float | None
    is_configured: bool
    flags: Markup | None = None

    @property
    def converged(self) -> bool:
        """Whether the accuracy is as high as wanted."""
        return self.flags is None and (self.threshold is None or self.reached >= self.threshold)

    @property
    def is_below(self) -> bool:
        """Whether the accuracy is shown to be lower than wanted."""
        return self.threshold is not None and self.interval[1] < self.threshold


def convergence(evidence: Evidence, pretext: str) -> Convergence:
    """Judge a pretext by the accuracy that its early stop asks for, else by what the assignment takes for high."""
    stop = evidence.models[pretext].settings.get("early_stop") or {}
    spread, part = evidence.reached(pretext)
    threshold = stop.get("accuracy")
    high = HIGH_ACCURACY if evidence.document.ASKS_SOLVED_PRETEXTS else None
    flags = flag_sentence(evidence, pretext) if flagged(evidence, pretext) else None
    images = evidence.rows("accuracy", model=pretext)[0][f"n_{part}"]  # each in all its views, which are alike
    interval = wilson_interval(spread.mean, images)
    return Convergence(pretext, spread.mean, interval, part, threshold or high, bool(threshold), flags)


def converged_statement(found: Convergence) -> Markup:
    """Say whether a pretext reached the performance wanted; below it, nothing is claimed about convergence."""
    if found.flags:
        return found.flags
    origin = "its settings ask for" if found.is_configured else "is taken here as a high performance"
    values = {"model": code(found.model), "reached": percent(found.reached), "part": found.part}
    if found.threshold is None:
        return say("{model} reaches {reached} {part} accuracy on its own task.", **values)
    values |= {"threshold": percent(found.threshold), "origin": origin}
    if found.converged:
        return say("{model} converged: {reached} {part} accuracy, at least the {threshold} that {origin}.", **values)
    if found.is_below:
        return say("{model} ended at {reached} {part} accuracy, below the {threshold} that {origin}.", **values)
    text = (
        "{model} ended at {reached} {part} accuracy, which these images do not show to be below the {threshold} that "
        "{origin} (95 % interval {interval})."
    )
    return say(text, **values, interval=percent_range(*found.interval))
