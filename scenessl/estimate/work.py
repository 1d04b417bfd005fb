"""What a study's work is counted in: kinds with their units, jobs, and what their size follows from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenessl.data.parts import draw_parts
from scenessl.evaluation.probes import cells

# Kinds of work, with their unit.
DECODED = "decoded"  # images read and decoded
PAINTED = "painted"  # images drawn
FORWARD = "forward"  # images through the network in evaluation mode
FOLDED = "folded"  # images through the folded network
INPUTS = "inputs of "  # and a model's name: inputs of its training, forward and back
EPOCHS = "epochs of "  # likewise: ends of epochs, at which the training's state is kept
MASKED = "masked"  # images under one channel's mask through the folded network
CLIMBED = "climbed"  # synthetic images moved by one step of the ascent
CLASSIFIED = "classified"  # features through a classifier, forward and back
FITS = "fits"  # logistic regressions, without what grows with the rows
FITTED = "fitted"  # rows of logistic regressions, by as many columns as the network's features have
COMPARED = "compared"  # multiplications of features with each other
MAPPED = "mapped"  # n log2(n) of n images mapped by t-SNE
START = "start"  # jobs that import torch
LIGHT_START = "light start"  # jobs that import as little as matplotlib


@dataclass(frozen=True)
class Images:
    """How many images there are, by part; where the test part validates, `validates_on_test` is set."""

    train: int
    validation: int
    test: int
    classes: int
    validates_on_test: bool = False

    @classmethod
    def divided(cls, train: Sequence[int], test: int, share: float | str) -> "Images":
        """Divide the labels of train images as every seed does, but for byte-identical copies."""
        drawn = draw_parts(train, share, seed=0).count("validation")
        return cls(len(train) - drawn, drawn or test, test, len(set(train)), validates_on_test=not drawn)

    @property
    def all(self) -> int:
        """All images, each once."""
        return self.train + self.test + (0 if self.validates_on_test else self.validation)

    @property
    def judging(self) -> int:
        """Images that are scored after each epoch: validation, and as many of train."""
        return self.validation + min(self.validation, self.train)


@dataclass(frozen=True)
class Job:
    """One job: what it makes, what it computes, what it waits for.

    Attributes:
        stage: a key of `STAGES`.
        name: of its file below the study's benchmarks/, without the suffix, or of what it makes.
        output: a file that is there when the job is done, below the study's results.
        work: kind -> amount, in the kind's unit.
        needs: outputs of other jobs.
        whole: it computes with all of a study's threads and holds the GPU. Others count as one thread, also where
            they decode images with more.
    """

    stage: str
    name: str
    output: str
    work: Mapping[str, float]
    needs: Sequence[str] = ()
    whole: bool = False


@dataclass(frozen=True)
class Network:
    """Channels and side of the map of every feature block, and the views of every task."""

    blocks: Sequence[tuple[int, int]]
    views: Mapping[str, int]

    @property
    def channels(self) -> list[int]:
        """Channels by block."""
        return [channels for channels, _ in self.blocks]

    @property
    def width(self) -> int:
        """Columns of what the classifier sees."""
        return self.channels[-1]

    @property
    def grids(self) -> list[int]:
        """Columns that a probe of a block takes."""
        return [channels * cells(channels, side, side) ** 2 for channels, side in self.blocks]


def n_log_n(count: int) -> float:
    """Give what t-SNE by Barnes and Hut grows with."""
    return count * max(1, count).bit_length()
