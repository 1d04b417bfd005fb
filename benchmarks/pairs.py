"""Sides that do the same work in turns, and the ratios of their times."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch

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


def in_turns(ours: Side, *others: Side, warm_up: bool = True) -> list[Pairs]:
    """Time all sides `PAIRS` times, now in this order and now in the other; give our pairs with each of the others.

    Before, each has a turn that does not count; `warm_up` is False where a first turn is hardly slower than later ones.
    With several others, minutes may lie between the two turns of a pair.
    """
    sides = (ours, *others)
    for side in sides if warm_up else ():
        side()
    found: list[list[float]] = [[] for _ in sides]
    order = list(enumerate(sides))
    for _ in range(PAIRS):
        for at, side in order:
            begin = time.perf_counter()
            work = side()
            found[at].append((time.perf_counter() - begin) / work)
        order.reverse()
    return [Pairs(found[0], times) for times in found[1:]]


@contextmanager
def apart(make: Callable[..., Side], *given: object) -> Iterator[Side]:
    """Make a side in a process of its own, where nothing is set but the number of threads, as in somebody's script.

    In ours, freed memory is kept, from which other people's tools would gain as well. The side is made when the block
    begins, and its process is gone when it ends.

    Raises:
        RuntimeError: the process ended early; its own message stands before.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, torch.get_num_threads(), make, given))
    process.start()
    there.close()

    def answer() -> float:
        try:
            return here.recv()
        except (EOFError, ConnectionError):
            process.join()
            raise RuntimeError(f"{make.__name__} ended with status {process.exitcode}") from None

    def side() -> float:
        with suppress(ConnectionError):  # the answer says so
            here.send(None)
        return answer()

    try:
        answer()
        yield side
    except BaseException:
        process.terminate()
        raise
    finally:
        here.close()
        process.join()


def _serve(turns, threads: int, make: Callable[..., Side], given: tuple) -> None:
    """Make the side, say so, and take a turn for each message, until there are no more."""
    torch.set_num_threads(threads)
    side = make(*given)
    turns.send(None)
    with suppress(EOFError):
        while True:
            turns.recv()
            turns.send(side())
