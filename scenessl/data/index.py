"""The index of a data set: every image read, hashed and decoded once, and the audit of what was found."""

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PIL import Image

from scenessl.data.decode import DECODERS, GRAY_MODES, Picture, UnreadableError
from scenessl.data.folders import Listing
from scenessl.data.identity import combine
from scenessl.data.sources import Source, described, each, open_source
from scenessl.data.trees import Load
from scenessl.errors import UserError
from scenessl.files import write_csv, write_json

COLUMNS = ("image", "split", "label", "class", "path", "sha256", "width", "height", "mode")
SHOWN = 20  # unreadable images named in a message

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
    workers: int | None = None,
) -> None:
    """Read all images of a data set and write index.csv, classes.json, audit.json and source.json.

    Args:
        root: the data folder or archive.
        index: CSV of `COLUMNS`, a row per image; width and height are those of the upright image.
        classes: JSON of class names, folders, origin of the split, hash, and whether all images are grayscale.
        audit: JSON of duplicates, leaks, conflicting labels and files passed over.
        source: JSON of what `open_source` takes, for whoever reads pixels.
        kind: where the images come from, "folders" (also in an archive), "drawn" or "torchvision".
        test_share: share of each class that becomes test when the data set has no split.
        seed: of that split.
        workers: threads; all cores by default.

    Raises:
        UserError: see `open_source` and `Source.images`; or images cannot be read (all are looked at, up to 20 are
            named).
    """
    images = open_source(Path(root).absolute())
    listing = images.images(test_share=test_share, seed=seed)
    rows = _read_all(images, listing, workers)
    write_csv(index, rows, COLUMNS)
    write_json(
        classes,
        {
            "classes": listing.classes,
            "folders": listing.folders,
            "origin": listing.origin,
            "source": kind,
            "hash": combine(listing, [str(row["sha256"]) for row in rows]),
            "grayscale": all(row["mode"] in GRAY_MODES for row in rows),
        },
    )
    write_json(audit, examine(rows) | {"ignored": listing.ignored, "inside": images.tree.inside})
    write_json(source, described(images))
    if images.tree.inside:
        print(f"the images lie in the folder {images.tree.inside} of {images.tree.given}", flush=True)


def examine(rows: Iterable[Row]) -> dict[str, object]:
    """Find byte-identical images among the rows of an index.

    Returns:
        "images": their number. "duplicates": groups of paths within one split. "leaks": for each test image with
        copies in train, {"test": path, "train": paths}. "conflicts": groups of paths of more than one class.
        "unreadable": always empty, since unreadable images stop the index. "leaked_images": image ids of the leaks.
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
        "unreadable": [],
        "leaked_images": sorted(leak["image"] for leak in leaks),
    }


def _by_content(rows: Iterable[Row]) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["sha256"]].append(row)
    return groups


def _paths(rows: Iterable[Row], split: str | None = None) -> list[str]:
    return sorted(str(row["path"]) for row in rows if split in {None, row["split"]})


def _read_all(source: Source, listing: Listing, workers: int | None) -> list[Row]:
    """Read and decode every image; raise one UserError for all that cannot be."""
    paths = [image.path for image in listing.images]
    # decode() refuses large images with a message of its own, so Pillow's warning would only repeat it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        found = dict(each(source, paths, partial(_facts, DECODERS[source.layout]), workers))
    bad = [f"{path} ({found[path]})" for path in paths if isinstance(found[path], str)]
    if bad:
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        count = "1 image" if len(bad) == 1 else f"{len(bad)} images"
        place = source.tree.root
        raise UserError(f"{count} in {place} cannot be read; remove or replace: {', '.join(bad[:SHOWN])}{more}.")
    return [
        {"image": number, "split": image.split, "label": label, "class": listing.classes[label], "path": image.path}
        | found[image.path]
        for number, (image, label) in enumerate(zip(listing.images, listing.labels, strict=True))
    ]


def _facts(decode: Callable[[bytes], Picture], path: str, load: Load) -> Row | str:
    """Return the facts of one image, or why it cannot be read."""
    try:
        data = load()
        picture = decode(data)
    except OSError as error:
        return error.strerror or "cannot be opened"
    except UnreadableError as error:
        return str(error)
    width, height = picture.pixels.size
    return {"sha256": hashlib.sha256(data).hexdigest(), "width": width, "height": height, "mode": picture.mode}
