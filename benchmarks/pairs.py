"""Two sides that do the same work in turns, and the ratios of their times."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

PAIRS = 5

Side = Callable[[], float]
"""Does some seconds of work and returns how much it was: images, maps, steps."""


@dataclass(frozen=True)
class Pairs:
    """Seconds per unit of work of our side and of the other, in the order of their turns."""

    ours: list[float]
    other: list[float]

    @property
    def gains(self) -> list[float]:
        """How many times as fast as the other side we were, pair by pair, ascending.

        Their smallest and largest are an interval for the median: of five pairs it holds it with a probability of
        1 - 2 x 0.5^5, 94 %.
        """
        return sorted(other / ours for ours, other in zip(self.ours, self.other, strict=True))

    @property
    def gain(self) -> float:
        """The median gain."""
        return statistics.median(self.gains)


def in_turns(ours: Side, other: Side, pairs: int = PAIRS) -> Pairs:
    """Time both sides `pairs` times, now one first and now the other, after a turn of each that does not count."""
    for side in (ours, other):
        side()
    found: dict[Side, list[float]] = {ours: [], other: []}
    for number in range(pairs):
        for side in (ours, other) if number % 2 == 0 else (other, ours):
            begin = time.perf_counter()
            work = side()
            found[side].append((time.perf_counter() - begin) / work)
    return Pairs(found[ours], found[other])
