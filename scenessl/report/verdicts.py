"""Who is better than whom, and did a pretext converge: judged once, in one way, for all sentences."""

from dataclasses import dataclass
from statistics import mean

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.flags import flag_sentence, flagged
from scenessl.report.numbers import SPACE, code, p_value, percent, point_range, points, size_in_points
from scenessl.report.wording import number_word, plural, say

LEVEL = 0.05
"""Two-sided level of the tests, which fits the 95 % intervals."""

HIGH_ACCURACY = 0.90
"""What counts as a high performance, where an assignment asks for one and the settings state none."""


@dataclass(frozen=True)
class Verdict:
    """The comparison of two models on the same test images.

    `state` is better, worse, open (the data do not tell them apart), untested or flagged (one of them learned nothing,
    so that there is nothing to compare), seen from `a`; `flags` says which and why;
    `difference` is accuracy of a minus b, mean over seeds; `tests` has one row per seed, oriented a minus b.
    """

    a: str
    b: str
    state: str
    difference: float
    tests: tuple[dict, ...]
    flags: Markup | None = None

    @property
    def winner(self) -> str | None:
        """Name the model that is more accurate; None where that is open."""
        return {"better": self.a, "worse": self.b}.get(self.state)


def compare(evidence: Evidence, a: str, b: str) -> Verdict:
    """Compare two models by the paired tests of comparisons.csv: better or worse only if every seed says so."""
    learned_nothing = flagged(evidence, a, b)
    if learned_nothing:
        difference = evidence.accuracies(a).mean - evidence.accuracies(b).mean
        return Verdict(a, b, "flagged", difference, (), flag_sentence(evidence, *learned_nothing))
    tests = tuple(
        _oriented(row, a) for row in evidence.tables["comparisons"] if {row["name_a"], row["name_b"]} == {a, b}
    )
    if not tests:
        difference = evidence.accuracies(a).mean - evidence.accuracies(b).mean
        return Verdict(a, b, "untested", difference, ())
    return judged(a, b, tests)


def judged(a: str, b: str, tests: tuple[dict, ...]) -> Verdict:
    """Judge paired tests, one row per seed, oriented a minus b: better or worse only if every seed says so."""
    states = {seed_state(row) for row in tests}
    return Verdict(a, b, states.pop() if len(states) == 1 else "open", mean(row["difference"] for row in tests), tests)


def _oriented(row: dict, a: str) -> dict:
    """Turn a row round so that its difference is a minus the other."""
    if row["name_a"] == a:
        return row
    turned = {"name_a": row["name_b"], "name_b": row["name_a"], "difference": -row["difference"]}
    sides = {"low": -row["high"], "high": -row["low"]}
    right = {"only_a_right": row["only_b_right"], "only_b_right": row["only_a_right"]}
    return row | turned | sides | right


def seed_state(row: dict) -> str:
    """Judge one seed: different only if test and interval agree."""
    if row["p"] >= LEVEL or row["low"] <= 0 <= row["high"]:
        return "open"
    return "better" if row["difference"] > 0 else "worse"


def statement(verdict: Verdict) -> Markup:
    """Say in one sentence how two models compare on the test images."""
    a, b, size = code(verdict.a), code(verdict.b), size_in_points(verdict.difference)
    if verdict.state == "flagged":
        return say("{a} and {b} cannot be compared. {flags}", a=a, b=b, flags=verdict.flags)
    if verdict.state == "untested":
        text = "The test accuracies of {a} and {b} lie {size} apart (a minus b: {signed}); no paired test was made."
        return say(text.replace("a minus b", "{a} minus {b}"), a=a, b=b, size=size, signed=points(verdict.difference))
    if verdict.state == "open":
        text = "The test images do not tell {a} and {b} apart: {a} minus {b} is {signed} of test accuracy ({support})."
        return say(text, a=a, b=b, signed=points(verdict.difference), support=support(verdict))
    better, worse = (a, b) if verdict.state == "better" else (b, a)
    text = "On the test images {better} is more accurate than {worse}, by {size} ({support})."
    return say(text, better=better, worse=worse, size=size, support=support(verdict, verdict.state == "worse"))


def support(verdict: Verdict, turned: bool = False) -> str:
    """Give interval (`turned`: of b minus a) and test; over several seeds, how many of them stand on their own."""
    if len(verdict.tests) == 1:
        row = verdict.tests[0]
        low, high = row["low"], row["high"]
        if turned:
            low, high = -high, -low
        return f"95{SPACE}% interval {point_range(low, high)}, exact McNemar test {p_value(row['p'])}"
    decided = sum(seed_state(row) != "open" for row in verdict.tests)
    largest = max(row["p"] for row in verdict.tests)
    seeds = plural(len(verdict.tests), "seed")
    return f"mean of {seeds}; {number_word(decided)} of them significant on their own, largest {p_value(largest)}"


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

    `reached` is the mean accuracy on `part`; `threshold` comes from the early stop if `is_configured`, and is None
    where neither settings nor assignment ask for one; `flags` says why a pretext learned nothing.
    """

    model: str
    reached: float
    part: str
    threshold: float | None
    is_configured: bool
    flags: Markup | None = None

    @property
    def converged(self) -> bool:
        """Whether the accuracy is as high as wanted."""
        return self.flags is None and (self.threshold is None or self.reached >= self.threshold)


def convergence(evidence: Evidence, pretext: str) -> Convergence:
    """Judge a pretext by the accuracy that its early stop asks for, else by what the assignment takes for high."""
    stop = evidence.models[pretext].settings.get("early_stop") or {}
    spread, part = evidence.reached(pretext)
    threshold = stop.get("accuracy")
    high = HIGH_ACCURACY if evidence.document.ASKS_SOLVED_PRETEXTS else None
    flags = flag_sentence(evidence, pretext) if flagged(evidence, pretext) else None
    return Convergence(pretext, spread.mean, part, threshold or high, bool(threshold), flags)


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
    return say("{model} ended at {reached} {part} accuracy, below the {threshold} that {origin}.", **values)
