"""Test images beside their copies in train, pair by pair."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.overlay import read_image
from scenessl.figures.style import MUTED, SMALL, TEXT_WIDTH, TINY, canvas, look, picture, save, shortened, write

COLUMNS = ("image", "class", "path")
ACROSS, SIDE, GAP, SPACE, ABOVE, UNDER = 4, 18.5, 0.8, 4.4, 3.6, 6.4  # pairs in a row; mm
PAIR = 2 * SIDE + GAP


def draw(*, audit: Path | str, index: Path | str, crops: Path | str, shown: int, output: Path | str) -> None:
    """Draw the first `shown` test images that have a copy in train, each at the left of its first copy.

    Args:
        audit: audit.json; its `leaks` name a `test` path each and the `train` paths of its copies.
        index: index.csv with the COLUMNS.
        crops: uint8 [images, 1 or 3, S, S] as .npy.
        shown: most pairs; more are left out.
        output: the figure, .svg or .png; where there is no such image, it says so.

    Raises:
        UserError: A file cannot be read, or the index lacks a path.
    """
    rows = {row["path"]: row for row in inputs.table(index, COLUMNS)}
    leaks = inputs.settings(audit, ["leaks"])["leaks"][:shown]
    lacking = [path for leak in leaks for path in (leak["test"], leak["train"][0]) if path not in rows]
    if lacking:
        raise UserError(f"{index} lacks {lacking[0]}, which {audit} names. Delete both and run again.")
    stored = inputs.images(crops)
    pairs = [(rows[leak["test"]], rows[leak["train"][0]]) for leak in leaks]
    with look():
        save(_figure(pairs, lambda row: read_image(stored, int(row["image"]), crops)), output, photographs=True)


def _figure(pairs: Sequence[tuple[Mapping, Mapping]], image_of: object) -> Figure:
    if not pairs:
        figure = canvas(TEXT_WIDTH, 8)
        write(figure, 0, 2, "No test image has a copy in train.", SMALL)
        return figure
    figure = canvas(TEXT_WIDTH, -(-len(pairs) // ACROSS) * (ABOVE + SIDE + UNDER))
    for place, pair in enumerate(pairs):
        row, column = divmod(place, ACROSS)
        left, top = column * (PAIR + SPACE), row * (ABOVE + SIDE + UNDER) + ABOVE
        for side, (image, part) in enumerate(zip(pair, ("test", "train"), strict=True)):
            at = left + side * (SIDE + GAP)
            write(figure, at, top - ABOVE + 0.4, f"{part}, image {image['image']}", TINY, color=MUTED)
            picture(figure, at, top, SIDE, image_of(image))
            write(figure, at, top + SIDE + 0.7, shortened(image["class"], SIDE, TINY), TINY)
    return figure
