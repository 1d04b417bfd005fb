"""The kernels of a convolution, told apart by four patterns: edge, centre-surround, colour-opponent, low-pass.

Let W [in, h w] be a filter's kernel, one row per input channel. For a spatial pattern t of unit length,

    share(t) = |W t|^2 / |W|^2

is the share of the kernel's energy (its sum of squares) that lies in t: 1 where every row is a multiple of t, whatever
its sign and size, and 0 where every row is orthogonal to t. A filter's score for a kind is its largest share over the
kind's templates. With g(r) = 2^(-(r / s)^2) for s = 1 .. half the kernel's side, they are

    oriented edge    u g(r) and (a - u^2) g(r), first and second derivative across a line at 0, 1, .. 179 degrees
                     (u is the distance from the line, a makes the sum 0): an edge and a bar; on 3x3 Sobel's kernel
    centre-surround  an even disc against the even ring around it, sum 0: on 3x3 three Laplacians
    low-pass         an even patch, and g(r)

In a layer that sees the image (three input channels), these look at the achromatic part alone: the mean over red,
green and blue; the rest of the energy is the score as colour-opponent, which other layers do not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from scenessl.arrays import write_arrays
from scenessl.errors import UserError
from scenessl.models.network import rebuild

KINDS = ("oriented edge", "centre-surround", "colour-opponent", "low-pass")
EDGE, CENTRE, COLOUR, LOW = range(len(KINDS))
SMALLEST = 3  # pixels; a smaller kernel has no centre and surround
WEAK = 0.05  # of the layer's largest norm; weaker kernels are not picked, since training has let them die
RANDOM, BELOW = 1000, 0.95  # random kernels that a score is compared with, and the share of them it has to exceed
NO_KIND = -1


def write_filters(*, model: Path | str, layers: Sequence[str], shown: int, output: Path | str) -> None:
    """Write what `describe` finds of each layer of a model, its keys followed by the layer's place (`kernels_0`).

    Args:
        model: its weights file.
        layers: names of convolutions in the model, such as "features.0.0".
        shown: filters to pick per layer.
        output: .npz; also holds `kinds` str [4].

    Raises:
        UserError: a name is no convolution of the model, or its kernels are smaller than 3x3.
    """
    network, arrays = rebuild(model), {"kinds": np.array(KINDS)}
    for place, name in enumerate(layers):
        found = {"name": np.array(name)} | describe(convolution(network, name), shown)
        arrays |= {f"{key}_{place}": array for key, array in found.items()}
    write_arrays(output, arrays)


def convolution(network: nn.Module, name: str) -> nn.Conv2d:
    """Find the convolution `name` with kernels of 3x3 or more; UserError names those there are."""
    there = {place: module for place, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    large = [place for place, module in there.items() if min(module.kernel_size) >= SMALLEST]
    if name not in large:
        reason = "has kernels smaller than 3x3" if name in there else "is no convolution of this network"
        raise UserError(f"filters.layers: {name} {reason}; there are {', '.join(large)}.")
    return there[name]


def describe(layer: nn.Conv2d, shown: int) -> dict[str, np.ndarray]:
    """Score all filters of a convolution and pick some of each kind.

    Args:
        layer: of `out` filters with kernels [in, h, w].
        shown: filters to pick: the best of each kind in turn, none twice; fewer where there are fewer.

    Returns:
        `kernels` float32 [out, in, h, w]; `norm` float32 [out], its length; `pattern` float32 [out, h, w], the leading
        spatial pattern of unit length, and `explained` float32 [out], the share of energy in it (see
        `leading_patterns`); `scores` float32 [out, 4] by KINDS, 0..1, NaN where a kind is not defined; `random`
        float32 [4], the score that 95 % of random kernels stay below; `kind` int32 [out], the highest of the scores
        that exceed `random`, else -1; `orientation` float32 [out], 0 <= degrees < 180, counter-clockwise from the
        horizontal, along the best edge; `picked` and `picked_kind` int32 [shown]; `template` float32 [shown, h, w], the
        best template of the picked filter's kind, NaN for colour-opponent.
    """
    kernels = layer.weight.detach().cpu().double().numpy()
    bank = Bank.of(*kernels.shape[2:])
    scores, best = score(kernels, bank, colour=sees_colours(layer))
    level = random_level(kernels.shape[1:], bank, colour=sees_colours(layer))
    norm = np.sqrt((kernels**2).sum((1, 2, 3)))
    picked, kinds = pick(scores, norm >= WEAK * norm.max(), shown)
    pattern, explained = leading_patterns(kernels)
    floats = {
        "kernels": kernels,
        "norm": norm,
        "pattern": pattern,
        "explained": explained,
        "scores": scores,
        "random": level,
        "orientation": bank.angles[best[:, EDGE]],
        "template": np.array(
            [bank.template(kind, best[index, kind]) for index, kind in zip(picked, kinds, strict=True)]
        ),
    }
    whole = {"kind": kind_of(scores, level), "picked": np.array(picked), "picked_kind": np.array(kinds)}
    return {key: array.astype(np.float32) for key, array in floats.items()} | {
        key: array.astype(np.int32) for key, array in whole.items()
    }


def sees_colours(layer: nn.Conv2d) -> bool:
    """Tell whether a layer's input channels are red, green and blue."""
    return layer.in_channels == 3 and layer.groups == 1


@dataclass(frozen=True)
class Bank:
    """The templates of the spatial kinds for one size of kernel, each of unit length.

    Attributes:
        height: of a kernel, in pixels.
        width: of a kernel, in pixels.
        templates: by kind, float64 [number, height * width].
        angles: float64, the direction of each edge template in degrees, 0..179.
    """

    height: int
    width: int
    templates: dict[int, np.ndarray]
    angles: np.ndarray

    @classmethod
    def of(cls, height: int, width: int) -> "Bank":
        """Make the templates."""
        y, x = (axis.ravel() for axis in np.mgrid[:height, :width].astype(float))
        x, y = x - x.mean(), y.mean() - y  # x to the right, y upwards, 0 in the middle
        bells = [2.0 ** -((x**2 + y**2) / scale**2) for scale in range(1, 1 + min(height, width) // 2)]
        angles = np.arange(180.0)
        found = {
            EDGE: [
                edge for angle in np.radians(angles) for edge in _edges(y * np.cos(angle) - x * np.sin(angle), bells)
            ],
            CENTRE: _centres(np.round(x**2 + y**2, 6)),
            LOW: [np.ones_like(x), *bells],
        }
        unit = {kind: np.array([row / np.linalg.norm(row) for row in rows]) for kind, rows in found.items()}
        return cls(height, width, unit, angles.repeat(2 * len(bells)))

    def template(self, kind: int, number: int) -> np.ndarray:
        """Give a template [height, width]; NaN for a kind that has none."""
        rows = self.templates.get(kind)
        return np.full((self.height, self.width), np.nan) if rows is None else rows[number].reshape(self.height, -1)


def _edges(across: np.ndarray, bells: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Make the odd and the even templates of one direction; `across` is the distance from its line."""
    odd = [across * bell for bell in bells]
    return odd + [((across**2 @ bell) / bell.sum() - across**2) * bell for bell in bells]


def _centres(squares: np.ndarray) -> list[np.ndarray]:
    """Make discs against the rings around them from the squared distances of all pixels from the middle."""
    radii = np.unique(squares)
    made = []
    for inner in range(len(radii) - 1):
        disc = squares <= radii[inner]
        for outer in radii[inner + 1 :]:
            ring = ~disc & (squares <= outer)
            made.append(disc / disc.sum() - ring / ring.sum())
    return made


def score(kernels: np.ndarray, bank: Bank, *, colour: bool) -> tuple[np.ndarray, np.ndarray]:
    """Score kernels [out, in, h, w] by kind: shares [out, 4] and the number of the best template, int [out, 4].

    Without `colour`, the score as colour-opponent is NaN. A kernel of zeros scores 0.
    """
    rows = kernels.reshape(*kernels.shape[:2], -1)
    energy = (rows**2).sum((1, 2))
    seen = rows.mean(1, keepdims=True) * np.sqrt(rows.shape[1]) if colour else rows  # of the same energy if achromatic
    # |W t|^2 = t' (W' W) t: the channels need not be kept apart
    products = np.einsum("oip,oiq->opq", seen, seen)
    scores, best = np.full((len(rows), len(KINDS)), np.nan), np.zeros((len(rows), len(KINDS)), int)
    for kind, templates in bank.templates.items():
        shares = _divided(np.einsum("tp,opq,tq->ot", templates, products, templates, optimize=True), energy[:, None])
        best[:, kind], scores[:, kind] = shares.argmax(1), shares.max(1)
    if colour:
        scores[:, COLOUR] = _divided(energy - (seen**2).sum((1, 2)), energy)
    return scores.clip(0, 1), best


def _divided(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0 where `whole` is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=np.broadcast_to(whole > 0, part.shape))


def random_level(shape: Sequence[int], bank: Bank, *, colour: bool) -> np.ndarray:
    """Give the score by kind, [4], that 95 % of kernels [in, h, w] of independent Gaussian weights stay below."""
    drawn = np.random.default_rng(0).standard_normal((RANDOM, *shape))
    return np.quantile(score(drawn, bank, colour=colour)[0], BELOW, axis=0)


def kind_of(scores: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Name each filter's kind, int [out]: its highest score among those above `level`; NO_KIND where none is."""
    above = np.where(scores > level, scores, -1.0)  # NaN is not above
    return np.where(above.max(1) >= 0, above.argmax(1), NO_KIND)


def pick(scores: np.ndarray, strong: np.ndarray, shown: int) -> tuple[list[int], list[int]]:
    """Pick filters for a picture: the best of each kind in turn, none twice; ties go to the lower index.

    Args:
        scores: [out, 4]; a kind that is NaN is left out.
        strong: bool [out], the filters that may be picked.
        shown: how many; fewer where fewer may be picked.

    Returns:
        Filters and their kinds, in the order of picking.
    """
    orders = {
        kind: [index for index in np.argsort(-scores[:, kind], kind="stable").tolist() if strong[index]]
        for kind in range(scores.shape[1])
        if not np.isnan(scores[:, kind]).any()
    }
    picked: list[int] = []
    kinds: list[int] = []
    while len(picked) < min(shown, int(strong.sum())):
        kind = list(orders)[len(picked) % len(orders)]
        picked.append(next(index for index in orders[kind] if index not in picked))
        kinds.append(kind)
    return picked, kinds


def leading_patterns(kernels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the one spatial pattern that says most of each kernel: the first right singular vector of W [in, h w].

    Args:
        kernels: [out, in, h, w].

    Returns:
        Patterns [out, h, w] of unit length, each with the sign that it has in the sum over the input channels; and the
        share of the kernel's energy in it, [out], which no spatial template's share exceeds.
    """
    rows = kernels.reshape(*kernels.shape[:2], -1)
    values, vectors = np.linalg.eigh(np.einsum("oip,oiq->opq", rows, rows))  # ascending
    patterns = vectors[:, :, -1]
    signs = np.where((patterns * rows.sum(1)).sum(1) < 0, -1.0, 1.0)
    explained = _divided(values[:, -1], (rows**2).sum((1, 2)))
    return (signs[:, None] * patterns).reshape(len(rows), *kernels.shape[2:]), explained.clip(0, 1)
