"""The rows of the tables: what is compared with what, what has a limit, and what grows with what."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

from benchmarks.pairs import Pairs


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        stage: what is measured.
        other: what it is measured against.
        pairs: the times of both.
        target: the gain that is demanded.
        notes: what else was found, in words.
    """

    stage: str
    other: str
    pairs: Pairs
    target: float
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Write a row of a Markdown table."""
        low, *_, high = self.pairs.gains
        met = "yes" if self.pairs.gain >= self.target else "no"
        cells = [self.stage, self.other, f"{self.pairs.gain:.2f} ({low:.2f} to {high:.2f})", f"{self.target:.2f}", met]
        return f"| {' | '.join([*cells, '; '.join(self.notes)])} |"


@dataclass(frozen=True)
class Limit:
    """Something that may be so large and no larger."""

    what: str
    found: float
    most: float
    unit: str

    def line(self) -> str:
        """Write a row of a Markdown table."""
        met = "yes" if self.found <= self.most else "no"
        return f"| {self.what} | {self.found:.2f} {self.unit} | {self.most:.1f} {self.unit} | {met} |"


@dataclass(frozen=True)
class Slope:
    """What a stage takes at some sizes.

    Attributes:
        stage: what is timed.
        size: what its sizes count.
        sizes: from the smallest on.
        seconds: at each of them.
    """

    stage: str
    size: str
    sizes: Sequence[int]
    seconds: Sequence[float]

    @property
    def slope(self) -> float:
        """The slope of log seconds against log size, by least squares: 1 where cost is proportional, 0 where fixed."""
        return statistics.linear_regression(list(map(log, self.sizes)), list(map(log, self.seconds))).slope

    def line(self) -> str:
        """Write a row of a Markdown table."""
        sizes, seconds = ", ".join(map(str, self.sizes)), ", ".join(f"{value:.3g}" for value in self.seconds)
        return f"| {self.stage} | {self.size}: {sizes} | {seconds} | {self.slope:.2f} |"


HEAD = "| stage | against | times as fast, median (min to max) | demanded | met | notes |\n" + "| --- " * 6 + "|"
LIMITS = "| what | found | at most | met |\n" + "| --- " * 4 + "|"
SLOPES = "| stage | sizes | seconds | slope |\n" + "| --- " * 4 + "|"
