"""The index of a data set: every image read, hashed and decoded once, and the audit of what was found."""

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from PIL import Image

from scenessl.data.decode import DECODERS, GRAY_MODES, Picture, UnreadableError
from scenessl.data.folders import SPLITS, Listing
from scenessl.data.identity import UNREADABLE, combine
from scenessl.data.names import as_text, is_text, printable
from scenessl.data.sources import Source, described, each, open_source
from scenessl.data.trees import Load
from scenessl.errors import UserError
from scenessl.files import write_csv, write_json

COLUMNS = ("image", "split", "label", "class", "path", "sha256", "width", "height", "mode")
SHOWN = 20  # unreadable images named in a message
WAYS_OUT = "Remove or replace what is named, or set `unreadable_images: skip` to do without."

Row = dict[str, object]


def write_index(
    *,
    root: Path | str,
    index: Path | str,
    classes: Path | str,
    audit: Path | str,
    source: Path | str,
    kind: str = "folders",
    test_share: float = 1 / 3,
    seed: int = 0,
    unreadable: str = "stop",
    workers: int | None = None,
) -> None:
    """Read all images of a data set and write index.csv, classes.json, audit.json and source.json.

    Args:
        root: the data folder or archive.
        index: CSV of `COLUMNS`, a row per image; width and height are those of the upright image.
        classes: JSON of class names, folders, origin of the split, hash, and whether all images are grayscale.
        audit: JSON of unreadable images, duplicates, leaks, conflicting labels and files passed over.
        source: JSON of what `open_source` takes, for whoever reads pixels.
        kind: where the images come from, "folders" (also in an archive), "drawn" or "torchvision".
        test_share: share of each class that becomes test when the data set has no split.
        seed: of that split; images that are left out change nobody else's part.
        unreadable: "stop" at images that cannot be read, or "skip" them.
        workers: threads; all cores by default.

    Raises:
        UserError: see `open_source` and `Source.images`; or images cannot be read (all are looked at, up to 20 are
            named); or skipping them leaves a class without images.
    """
    images = open_source(Path(root).absolute())
    listing = images.images(test_share=test_share, seed=seed)
    found = _look_at_all(images, listing, workers)
    rows, bad = _rows(listing, found), _unreadable(listing, found)
    if bad and unreadable == "stop":
        raise UserError(f"{_tell(bad, images.tree.root)} {WAYS_OUT}")
    _require_all_classes(rows, listing)
    write_csv(index, rows, COLUMNS)
    write_json(
        classes,
        {
            "classes": listing.classes,
            "folders": listing.folders,
            "origin": listing.origin,
            "source": kind,
            "hash": combine(listing, [str(found[image.path]["sha256"]) for image in listing.images]),
            "grayscale": all(row["mode"] in GRAY_MODES for row in rows),
        },
    )
    rest = {"unreadable": bad, "ignored": [*map(as_text, listing.ignored)], "inside": images.tree.inside}
    write_json(audit, examine(rows) | rest)
    write_json(source, described(images))
    if images.tree.inside:
        print(f"the images lie in the folder {images.tree.inside} of {images.tree.given}", flush=True)
    if bad:
        print(f"{_tell(bad, images.tree.root)} They are left out; audit.json lists all.", flush=True)


def examine(rows: Iterable[Row]) -> dict[str, object]:
    """Find byte-identical images among the rows of an index.

    Returns:
        "images": their number. "duplicates": groups of paths within one split. "leaks": for each test image with
        copies in train, {"test": path, "train": paths}. "conflicts": groups of paths of more than one class.
        "leaked_images": image ids of the leaks.
    """
    rows = list(rows)
    copies = [group for group in _by_content(rows).values() if len(group) > 1]
    leaks = [
        {"image": row["image"], "test": row["path"], "train": train}
        for group in copies
        if (train := _paths(group, "train"))
        for row in group
        if row["split"] == "test"
    ]
    within = [_paths(group, split) for group in copies for split in ("train", "test")]
    return {
        "images": len(rows),
        "duplicates": sorted(paths for paths in within if len(paths) > 1),
        "leaks": sorted(({"test": leak["test"], "train": leak["train"]} for leak in leaks), key=lambda x: x["test"]),
        "conflicts": sorted(_paths(group) for group in copies if len({row["label"] for row in group}) > 1),
        "leaked_images": sorted(leak["image"] for leak in leaks),
    }


def _by_content(rows: Iterable[Row]) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["sha256"]].append(row)
    return groups


def _paths(rows: Iterable[Row], split: str | None = None) -> list[str]:
    return sorted(str(row["path"]) for row in rows if split in {None, row["split"]})


def _unreadable(listing: Listing, found: Mapping[str, Row]) -> list[dict[str, str]]:
    """Name the images that cannot be read, with the reason."""
    pairs = ((image.path, found[image.path].get("reason")) for image in listing.images)
    return [{"path": as_text(path), "reason": str(reason)} for path, reason in pairs if reason]


def _look_at_all(source: Source, listing: Listing, workers: int | None) -> dict[str, Row]:
    """Read and decode every image: by path its facts, or its "reason" if it cannot be read."""
    paths = [image.path for image in listing.images]
    # decoded() refuses large images with a message of its own, so Pillow's warning would only repeat it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return dict(each(source, paths, partial(_facts, DECODERS[source.layout]), workers))


def _facts(decoded: Callable[[bytes], AbstractContextManager[Picture]], path: str, load: Load) -> Row:
    """Return the facts of one image: its hash, and size and mode or why it cannot be read."""
    sha256 = UNREADABLE
    try:
        data = load()
        sha256 = hashlib.sha256(data).hexdigest()
        if not is_text(path):
            return {"sha256": sha256, "reason": "its name is not UTF-8"}
        with decoded(data) as picture:
            width, height = picture.pixels.size
            return {"sha256": sha256, "width": width, "height": height, "mode": picture.mode}
    except OSError as error:
        return {"sha256": sha256, "reason": error.strerror or "it cannot be opened"}
    except UnreadableError as error:
        return {"sha256": sha256, "reason": str(error)}


def _rows(listing: Listing, found: Mapping[str, Row]) -> list[Row]:
    """Number the images that can be read."""
    images = zip(listing.images, listing.labels, strict=True)
    readable = ((image, label) for image, label in images if "reason" not in found[image.path])
    return [
        {"image": number, "split": image.split, "label": label, "class": listing.classes[label], "path": image.path}
        | found[image.path]
        for number, (image, label) in enumerate(readable)
    ]


def _tell(bad: Sequence[Mapping[str, str]], place: Path) -> str:
    """Say which images cannot be read, and why."""
    more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    count = "1 image" if len(bad) == 1 else f"{len(bad)} images"
    named = ", ".join(f"{printable(image['path'])} ({image['reason']})" for image in bad[:SHOWN])
    return f"{count} in {place} cannot be read: {named}{more}."


def _require_all_classes(rows: Iterable[Row], listing: Listing) -> None:
    """Demand that skipping left every class an image in train and in test."""
    left = {(row["split"], row["label"]) for row in rows}
    for split in SPLITS:
        for label, name in enumerate(listing.classes):
            if (split, label) not in left:
                raise UserError(
                    f"class {name!r} has no {split} image that can be read, and skipping leaves it without any. "
                    "Replace its images or remove the class."
                )
