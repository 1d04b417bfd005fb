"""The part that each image plays in a seed: train, validation or test."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scenessl.errors import UserError
from scenessl.files import read_csv, write_csv

PARTS = ("train", "validation", "test")  # predictions.npz holds their positions


def write_parts(*, index: Path | str, parts: Path | str, share: float | str, seed: int) -> None:
    """Write the parts of all images of an index as a CSV of image and part.

    Train images with a byte-identical copy in train stay in train, so that nothing validated was trained on.

    Raises:
        UserError: see `draw_parts`.
    """
    rows = read_csv(index)
    train = [row for row in rows if row["split"] == "train"]
    copies = Counter(row["sha256"] for row in train)
    names = {int(row["label"]): row["class"] for row in rows}
    drawn = draw_parts(
        [int(row["label"]) for row in train],
        share,
        seed,
        free=[copies[row["sha256"]] == 1 for row in train],
        names=[names[label] for label in sorted(names)],
    )
    part = {row["image"]: name for row, name in zip(train, drawn, strict=True)}
    write_csv(
        parts, [{"image": row["image"], "part": part.get(row["image"], "test")} for row in rows], ("image", "part")
    )


def draw_parts(
    labels: Sequence[int],
    share: float | str,
    seed: int,
    *,
    free: Sequence[bool] | None = None,
    names: Sequence[str] | None = None,
) -> list[str]:
    """Draw the part, "train" or "validation", of each train image, stratified: of every class the same share.

    Args:
        labels: label of each train image [n].
        share: of each class, 0 < share < 1, rounded, at least one image; or "test": all images train.
        seed: of the draw.
        free: which images may validate [n]; all by default.
        names: of the classes by label, for messages.

    Raises:
        UserError: a class has too few images for one in train and one in validation.
    """
    parts = np.full(len(labels), "train", dtype=object)
    if share == "test":
        return parts.tolist()
    labels = np.asarray(labels)
    may = np.ones(len(labels), bool) if free is None else np.asarray(free, bool)
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        wanted = min(max(1, int(len(here) * float(share) + 0.5)), len(here) - 1, int(may[here].sum()))
        if wanted < 1:
            name = names[label] if names else int(label)
            raise UserError(
                f"class {name!r} has too few different train images ({len(here)}) to train and validate. "
                "Add images or set `validation: test`."
            )
        # the class's own stream: adding a class changes no other class's draw
        order = np.random.default_rng([seed, int(label)]).permutation(here[may[here]])
        parts[order[:wanted]] = "validation"
    return parts.tolist()


def read_parts(path: Path | str) -> dict[str, np.ndarray]:
    """Return the image ids (int64, ascending) of "train", "validation" and "test".

    When no row says validation, the test part plays that role and both have the same ids.
    """
    rows = read_csv(path)
    ids = {name: np.array(sorted(int(r["image"]) for r in rows if r["part"] == name), np.int64) for name in PARTS}
    if not len(ids["validation"]):
        ids["validation"] = ids["test"]
    return ids


def own_parts(parts: Mapping[str, Sequence[int]]) -> list[str]:
    """Name the parts that are really there: where `read_parts` lets the test part validate, validation is none."""
    shared = np.array_equal(parts["validation"], parts["test"])
    return [part for part in PARTS if not (part == "validation" and shared)]


def read_labels(index: Path | str) -> np.ndarray:
    """Return the label (int64) of every image of an index; the position is the image's id."""
    return np.array([int(row["label"]) for row in read_csv(index)], np.int64)


def read_splits(index: Path | str) -> dict[str, list[int]]:
    """Return the image ids of "train" and "test" as the data set is given, ascending."""
    splits: dict[str, list[int]] = {"train": [], "test": []}
    for row in read_csv(index):
        splits[row["split"]].append(int(row["image"]))
    return splits
