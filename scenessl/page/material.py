"""What a page is made of beside the report's evidence: predictions, crops and thumbnails of the first seed."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from scenessl.evaluation.runs import Predictions, read_predictions
from scenessl.page.pictures import picture
from scenessl.page.thumbnails import choose, thumbnails, thumbnails_of
from scenessl.report.evidence import Evidence
from scenessl.report.readers.files import Files, NotThereError

THUMBNAILS = "page/thumbnails.json"
CROPS = "data/crops.npy"


@dataclass(frozen=True)
class Material:
    """The results of a study as the page shows them; what a draft lacks raises NotThereError when it is asked for."""

    evidence: Evidence

    @property
    def root(self) -> Path:
        """The study's results folder."""
        return self.evidence.root

    @cached_property
    def files(self) -> Files:
        """The files, which note what is missing where the evidence does."""
        files = Files(self.root, self.evidence.draft)
        files.missing = self.evidence.missing
        return files

    @cached_property
    def predictions(self) -> dict[str, Predictions]:
        """What every model said of every image, first seed; models without predictions are left out of a draft."""
        names = {model: self.file_of(model, "predictions.npz") for model in self.evidence.models}
        there = {model: name for model, name in names.items() if self.files.there(name)}
        return {model: read_predictions(self.root / name) for model, name in there.items()}

    @cached_property
    def labelled(self) -> dict[str, Predictions]:
        """Those of the models that answer with the labels."""
        return {model: found for model, found in self.predictions.items() if model in self.evidence.label_models}

    @cached_property
    def crops(self) -> np.ndarray:
        """All crops, uint8 [images, 1 or 3, S, S], mapped and not read."""
        if not self.files.there(CROPS):
            raise NotThereError(CROPS)
        return np.load(self.root / CROPS, mmap_mode="r")

    @cached_property
    def stored_thumbnails(self) -> dict:
        """The thumbnails' file; a draft without it makes them for itself."""
        if (self.root / THUMBNAILS).is_file() or not self.evidence.draft:
            return self.files.json(THUMBNAILS)
        test = [row["image"] for row in self.evidence.parts[self.evidence.first] if row["part"] == "test"]
        return thumbnails(self.crops, choose(test, list(self.labelled.values())), len(test))

    @cached_property
    def thumbnails(self) -> dict[int, str]:
        """The URI of every test image on the page, by its id."""
        return thumbnails_of(self.stored_thumbnails)

    def file_of(self, model: str, name: str) -> str:
        """Name a file of a model's first seed."""
        return f"models/{model}/seed{self.evidence.first}/{name}"

    def picture(self, image: int, side: int = 224) -> str:
        """Give the URI of an image of `side` pixels at most."""
        return picture(self.crops[image], side)
