"""How a unit of work is timed: a call again and again, or the steps of the training loop as it runs."""

import io
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr

from scenessl.training.loop import Learner, fit
from scenessl.training.recipe import course_of
from scenessl.training.state import State

SECONDS = 0.8  # of a measurement, its first round not counted; `share` takes more or less of them


def pace(once: Callable[[], float], share: float = 1.0) -> float:
    """Give the median seconds per unit of what `once` does, which returns how many, in a share of SECONDS.

    The first round warms up and does not count; there is at least one more.
    """
    once()
    found, end = [], time.perf_counter() + share * SECONDS
    while not found or time.perf_counter() < end:
        begin = time.perf_counter()
        units = once()
        found.append((time.perf_counter() - begin) / units)
    return statistics.median(found)


def training_paces(
    learner: Learner, batches: Callable[[], Iterator], settings: Mapping, state: State, share: float = 1.0
) -> tuple[float, float]:
    """Let the training loop run for a while; give seconds per input, and those of the end of an epoch.

    Its clock is the batches' generator: between two that the loop asks for lies one step, and the reading of the next
    batch. The first step does not count. The last one has been asked for when the epoch ends, which keeps the state.
    """
    ticks, sizes = [], []

    def timed(_: int) -> Iterator:
        for inputs, targets in batches():
            ticks.append(time.perf_counter())
            yield inputs, targets
            sizes.append(len(targets))
            if len(ticks) > 2 and time.perf_counter() - ticks[1] > share * SECONDS:
                break
        ticks.append(time.perf_counter())

    nothing = {f"{part}_{name}": 0.0 for part in ("train", "validation") for name in ("loss", "accuracy")}
    course = course_of(dict(settings) | {"epochs": 1, "early_stop": None}, seed=0, epoch_steps=1000)
    with redirect_stderr(io.StringIO()):
        fit(learner, timed, lambda model: nothing, course, state)
    end = time.perf_counter()
    taken = [(after - before) / size for before, after, size in zip(ticks, ticks[1:], sizes, strict=False)]
    return statistics.median(taken[1:]), end - ticks[-1]
