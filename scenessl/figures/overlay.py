"""Heat maps on images: the maps of a model, the images they belong to, and one laid over the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import plain

MAP_SHARE = 0.5  # of a pixel's colour; the rest is the image in gray, so that all colour comes from the map
GRAY = np.array([0.299, 0.587, 0.114])  # luma of R, G, B


@dataclass(frozen=True)
class Chosen:
    """One image of the choice: its number in the report, its row in the crops and its class."""

    number: int
    image: int
    name: str


@dataclass(frozen=True)
class Maps:
    """The maps of one model: float [n, layers, S, S] in the order of the choice, and what it said of each image."""

    maps: np.ndarray
    layers: tuple[int, ...]
    confidence: np.ndarray  # [n], 0..1, probability of the target
    pretext: np.ndarray | None = None  # as `maps`, those of the pretext with the same features, where there is one


def read_choice(path: Path | str) -> list[Chosen]:
    """The images of choice.json by their numbers; there may be none."""
    entries = inputs.settings(path, ["images"])["images"]
    try:
        return [Chosen(int(entry["number"]), int(entry["image"]), plain(entry["class"])) for entry in entries]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: an image lacks number, id or class ({error}). Delete it and run again.") from error


def read_maps(path: Path | str, choice: Sequence[Chosen], layers: Sequence[int] | None = None) -> Maps:
    """The maps of `choice` at `layers` (all stored by default); UserError when some of them are not in the file."""
    found = inputs.arrays(path, ["maps", "layers", "images", "confidence"])
    stored = [int(layer) for layer in found["layers"]]
    wanted = stored if layers is None else [int(layer) for layer in layers]
    rows = {int(image): row for row, image in enumerate(found["images"])}
    absent = [f"image {one.number}" for one in choice if one.image not in rows]
    absent += [f"layer {layer}" for layer in wanted if layer not in stored]
    if absent:
        raise UserError(f"{path} has no map of {', '.join(absent)}. Delete it and run again.")
    maps = found["maps"]
    if maps.ndim != 4 or maps.shape[:2] != (len(rows), len(stored)) or not np.isfinite(maps).all():
        raise UserError(f"{path}: maps {list(maps.shape)} are not finite [images, layers, S, S]. Delete it.")
    order = np.array([rows[one.image] for one in choice], dtype=int)
    columns = [stored.index(layer) for layer in wanted]
    pretext = found["pretext_maps"][order][:, columns] if "pretext_maps" in found else None
    return Maps(maps[order][:, columns], tuple(wanted), found["confidence"][order], pretext)


def read_image(crops: np.ndarray, image: int, path: Path | str) -> np.ndarray:
    """Image `image` of crops [n, C, S, S] as uint8 [S, S, 3]; UserError when there is none."""
    if not 0 <= image < len(crops):
        raise UserError(f"{path} has {len(crops)} images and no image {image}. Delete it and run again.")
    return np.repeat(crops[image], 3 // crops.shape[1], axis=0).transpose(1, 2, 0).copy()


def scaled(heat: np.ndarray, top: float | None = None) -> np.ndarray:
    """`heat` [S, S] divided by `top`, by default its own maximum, 0..1; without a positive one it stays zero."""
    top = float(heat.max()) if top is None else top
    return np.clip(heat / top, 0, 1) if top > 0 else np.zeros_like(heat)


def is_zero(heat: np.ndarray) -> bool:
    """Whether a map says nothing: no value is above zero."""
    return not float(heat.max()) > 0


def blended(image: np.ndarray, heat: np.ndarray, colour_map: str, top: float | None = None) -> np.ndarray:
    """`heat` [S, S], scaled as by `scaled`, in colours over `image` (uint8 [S, S, 3]) in gray; uint8 [S, S, 3].

    UserError when their sizes differ.
    """
    if image.shape[:2] != heat.shape:
        raise UserError(f"a map of {heat.shape} pixels does not fit an image of {image.shape[:2]}. Make it again.")
    colours = matplotlib.colormaps[colour_map](scaled(heat, top))[..., :3] * 255
    gray = (image @ GRAY)[..., None]
    return np.rint(MAP_SHARE * colours + (1 - MAP_SHARE) * gray).astype(np.uint8)
