"""The rows of the two tables: what is compared with what, and what has a limit."""

from dataclasses import dataclass, field

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
        return f"| {self.what} | {self.found:.1f} {self.unit} | {self.most:.1f} {self.unit} | {met} |"


HEAD = "| stage | against | times as fast, median (min to max) | demanded | met | notes |\n" + "| --- " * 6 + "|"
LIMITS = "| what | found | at most | met |\n" + "| --- " * 4 + "|"
