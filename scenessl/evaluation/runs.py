"""The stored results of one model and seed, read back: predictions, history and the selected epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from scenessl.arrays import read_arrays
from scenessl.data.parts import PARTS
from scenessl.errors import UserError
from scenessl.files import read_csv, read_json

RUN_FILES = ("history.csv", "selection.json", "predictions.npz")


@dataclass(frozen=True)
class Predictions:
    """What a model said of every image and view: m rows, K targets."""

    image: np.ndarray  # int [m], id of the image
    part: np.ndarray  # uint8 [m], position in PARTS
    view: np.ndarray  # uint8 [m]
    target: np.ndarray  # int64 [m], 0..K-1
    probabilities: np.ndarray  # float32 [m, K]
    names: tuple[str, ...]  # of the K targets

    @cached_property
    def predicted(self) -> np.ndarray:
        """The likeliest target of each row, int64 [m]; the first of equals."""
        return self.probabilities.argmax(1)

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each row is right, bool [m]."""
        return self.predicted == self.target

    @property
    def views(self) -> int:
        """Views per image."""
        return len(np.unique(self.view))

    def rows(self, part: str) -> np.ndarray:
        """Return which rows are of a part, bool [m]."""
        return self.part == PARTS.index(part)

    def images(self, part: str) -> np.ndarray:
        """Return the ids of the images of a part, ascending."""
        return np.unique(self.image[self.rows(part)])


@dataclass(frozen=True)
class Run:
    """One training: a model of the published configuration at one seed."""

    model: str
    seed: int
    settings: Mapping[str, object]  # the model's entry in the published configuration
    predictions: Predictions
    history: Sequence[Mapping[str, float | None]]  # a row per epoch, 0 first; None where a figure does not apply
    selection: Mapping[str, object]


def run_folder(root: Path, model: str, seed: int) -> Path:
    """Return where the files of a model's seed lie."""
    return Path(root) / "models" / model / f"seed{seed}"


def read_runs(root: Path, published: Mapping) -> list[Run]:
    """Read all runs of a study, in the order of its models, then seeds.

    Args:
        root: the study's results folder.
        published: the content of its configuration.yaml.

    Raises:
        UserError: a file is missing or damaged.
    """
    wanted = [(model, seed) for model in published["models"] for seed in published["seeds"]]
    return [read_run(root, model, seed, published["models"][model]) for model, seed in wanted]


def read_run(root: Path, model: str, seed: int, settings: Mapping[str, object]) -> Run:
    """Read one run; raises UserError when a file of it is missing or damaged."""
    folder = run_folder(root, model, seed)
    for name in RUN_FILES:
        if not (folder / name).is_file():
            raise UserError(f"{folder / name} is missing. Run the study to its end first.")
    return Run(
        model=model,
        seed=int(seed),
        settings=settings,
        predictions=read_predictions(folder / "predictions.npz"),
        history=read_history(folder / "history.csv"),
        selection=read_json(folder / "selection.json"),
    )


def read_predictions(path: Path | str) -> Predictions:
    """Read predictions.npz; raises UserError when it is missing or damaged."""
    stored = read_arrays(path, [field.name for field in fields(Predictions)])
    target = stored["target"].astype(np.int64)
    return Predictions(**stored | {"target": target, "names": tuple(str(name) for name in stored["names"])})


def read_history(path: Path | str) -> list[dict[str, float | None]]:
    """Read history.csv as numbers, an empty cell as None."""
    return [{key: float(cell) if cell else None for key, cell in row.items()} for row in read_csv(path)]
