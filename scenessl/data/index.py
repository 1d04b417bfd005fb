"""The index of a data set: every image read, hashed and decoded once, and the audit of what was found."""

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from scenessl.data.decode import GRAY_MODES, UnreadableError, decode
from scenessl.data.folders import Listing, find_images
from scenessl.data.identity import combine
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
    """Read all images under `root` and write index.csv, classes.json, audit.json and source.json.

    Args:
        root: the data folder.
        index: CSV of `COLUMNS`, a row per image; width and height are those of the upright image.
        classes: JSON of class names, folders, origin of the split, hash, and whether all images are grayscale.
        audit: JSON of duplicates, leaks, conflicting labels and files passed over.
        source: JSON of the absolute root, for whoever reads pixels.
        kind: where the images come from, "folders" or "drawn".
        test_share: share of each class that becomes test when the folders have no split.
        seed: of that split.
        workers: threads; all cores by default.

    Raises:
        UserError: see `find_images`; or images cannot be read (all are looked at, up to 20 are named).
    """
    listing = find_images(root, test_share=test_share, seed=seed)
    rows = _read_all(Path(root), listing, workers)
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
    write_json(audit, examine(rows) | {"ignored": listing.ignored})
    write_json(source, {"root": str(Path(root).resolve())})


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


def _read_all(root: Path, listing: Listing, workers: int | None) -> list[Row]:
    """Read and decode every image; raise one UserError for all that cannot be."""
    paths = [image.path for image in listing.images]
    # decode() refuses large images with a message of its own, so Pillow's warning would only repeat it
    with warnings.catch_warnings(), ThreadPoolExecutor(workers) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        found = list(pool.map(lambda path: _read(root, path), paths))
    bad = [f"{path} ({result})" for path, result in zip(paths, found, strict=True) if isinstance(result, str)]
    if bad:
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        count = "1 image" if len(bad) == 1 else f"{len(bad)} images"
        raise UserError(f"{count} in {root} cannot be read; remove or replace: {', '.join(bad[:SHOWN])}{more}.")
    pairs = zip(listing.images, listing.labels, found, strict=True)
    return [
        {"image": number, "split": image.split, "label": label, "class": listing.classes[label], "path": image.path}
        | facts
        for number, (image, label, facts) in enumerate(pairs)
    ]


def _read(root: Path, path: str) -> Row | str:
    """Return the facts of one image, or why it cannot be read."""
    try:
        data = (root / path).read_bytes()
        picture = decode(data)
    except OSError as error:
        return error.strerror or "cannot be opened"
    except UnreadableError as error:
        return str(error)
    width, height = picture.pixels.size
    return {"sha256": hashlib.sha256(data).hexdigest(), "width": width, "height": height, "mode": picture.mode}
