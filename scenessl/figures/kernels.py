"""Kernels as pictures: zero is mid gray, and each kernel is scaled by its own largest weight."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import FAINT, INK, MM_PER_INCH, MUTED, SMALL, panel, plain, write

DOTS = 20  # pixels of a picture per weight: enough that no viewer blurs it; times GAP a whole number
GAP = 0.15  # between the tiles of a strip, in sides of a tile
BAR = 0.8  # mm, the height of a bar
RIM = 140  # gray level of a tile's outline
PARTS = ("name", "kernels", "norm", "pattern", "explained", "scores", "random", "kind", "orientation")
PICKED = ("picked", "picked_kind", "template")


@dataclass(frozen=True)
class Layer:
    """What a filters file holds of one layer; see `scenessl.explain.filters.describe`."""

    name: str
    kinds: tuple[str, ...]
    kernels: np.ndarray
    norm: np.ndarray
    pattern: np.ndarray
    explained: np.ndarray
    scores: np.ndarray
    random: np.ndarray
    kind: np.ndarray
    orientation: np.ndarray
    picked: np.ndarray
    picked_kind: np.ndarray
    template: np.ndarray

    @property
    def in_colour(self) -> bool:
        """Whether the input channels are red, green and blue, for which alone a colour score is defined."""
        return bool(np.isfinite(self.scores[:, self.kinds.index("colour-opponent")]).all())

    @property
    def mixed(self) -> bool:
        """Whether a leading pattern has to stand for several slices."""
        return not self.in_colour and self.kernels.shape[1] > 1

    @property
    def shown(self) -> np.ndarray:
        """What is painted of each filter, [out, h, w, 1 or 3]: its kernel in colour, else its leading pattern."""
        return self.kernels.transpose(0, 2, 3, 1) if self.in_colour else self.pattern[..., None]

    @property
    def strength(self) -> np.ndarray:
        """Each kernel's norm beside the layer's largest, [out], 0..1."""
        return self.norm / max(float(self.norm.max()), np.finfo(np.float32).tiny)

    @property
    def shape(self) -> str:
        """Number and size of the kernels in words."""
        filters, channels, height, width = self.kernels.shape
        return f"{filters} filters of {channels} × {height} × {width}"


def layers(path: Path | str) -> list[Layer]:
    """Read all layers of a filters file; UserError when it cannot be read or its arrays do not fit together."""
    found = inputs.arrays(path, ["kinds", "name_0"])
    kinds = tuple(str(kind) for kind in found["kinds"])
    count = sum(key.startswith("name_") for key in found)
    inputs.arrays(path, [f"{part}_{place}" for part in PARTS + PICKED for place in range(count)])
    return [_layer(path, found, place, kinds) for place in range(count)]


def _layer(path: Path | str, found: dict[str, np.ndarray], place: int, kinds: tuple[str, ...]) -> Layer:
    own = {part: found[f"{part}_{place}"] for part in PARTS + PICKED}
    lengths = {len(own[part]) for part in PARTS if part not in ("name", "random") and own[part].ndim}
    if own["kernels"].ndim != 4 or lengths != {len(own["kernels"])} or len({len(own[part]) for part in PICKED}) != 1:
        raise UserError(f"{path}: the arrays of layer {own['name']} do not fit together. Delete it and run again.")
    return Layer(kinds=kinds, **own | {"name": plain(own["name"])})


def painted(kernel: np.ndarray, top: float | None = None) -> np.ndarray:
    """Paint weights [h, w, 1 or 3] as uint8 [h * DOTS, w * DOTS, 3]: 0 is mid gray, -top black and top white.

    In colour this holds for red, green and blue each. Without `top`, it is the largest weight's size.
    """
    top = float(np.abs(kernel).max()) if top is None else top
    levels = 127.5 + 127.5 * (kernel / top if top > 0 else np.zeros_like(kernel))
    small = np.broadcast_to(np.rint(levels).astype(np.uint8), (*kernel.shape[:2], 3))
    tile = small.repeat(DOTS, axis=0).repeat(DOTS, axis=1)
    rim = len(tile) // 30
    tile[:rim] = tile[-rim:] = tile[:, :rim] = tile[:, -rim:] = RIM
    return tile


def strip(tiles: list[np.ndarray]) -> np.ndarray:
    """Put tiles of equal size side by side, with white between them."""
    white = np.full((tiles[0].shape[0], round(GAP * tiles[0].shape[1]), 3), 255, np.uint8)
    return np.concatenate([piece for tile in tiles for piece in (tile, white)][:-1], axis=1)


def pitch(side: float) -> float:
    """The distance from one tile of a strip to the next, for tiles `side` mm wide."""
    return side * (1 + GAP)


def draw_tiles(figure: Figure, left: float, top: float, side: float, tiles: list[np.ndarray]) -> Axes:
    """Show tiles side by side from `left`, `top`, each `side` mm wide."""
    width = pitch(side) * (len(tiles) - 1) + side
    axes = panel(figure, left, top, width, side * tiles[0].shape[0] / tiles[0].shape[1])
    axes.imshow(strip(tiles), interpolation="none", aspect="auto")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():  # a single tile's frame is a line, which no viewer loses
        spine.set(visible=len(tiles) == 1, linewidth=0.5, edgecolor=MUTED)
    return axes


def bar(figure: Figure, left: float, top: float, length: float, share: float) -> None:
    """Draw a bar of `length` x BAR mm, filled as far as `share` (0..1) says."""
    width, height = figure.get_size_inches() * MM_PER_INCH
    for part, colour in ((length, FAINT), (length * share, INK)):
        corner = (left / width, 1 - (top + BAR) / height)
        figure.add_artist(Rectangle(corner, part / width, BAR / height, facecolor=colour, linewidth=0))


def legend(figure: Figure, left: float, top: float, *, in_colour: bool) -> None:
    """A small scale of the levels, with what they mean."""
    ramp = np.linspace(0, 255, 9).round().astype(np.uint8)
    axes = panel(figure, left, top, 27, 2.4)
    axes.imshow(np.repeat(ramp, 3).reshape(1, 9, 3), aspect="auto", interpolation="none")
    axes.set(xticks=[0, 4, 8], xticklabels=["−max", "0", "+max"], yticks=[])
    axes.tick_params(length=1.5, pad=1)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.4)
    said = "weight" + (" (of red, green and blue each)" if in_colour else "") + ", by the kernel's own largest"
    write(figure, left + 31, top - 0.2, said, SMALL, color=MUTED)
