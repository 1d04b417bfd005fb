"""A canvas in units of its side for drawn scenes, with one distribution of colours for all of them."""

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

# Six colours each that go together; which one plays which part is drawn anew for every image.
PALETTES = (
    "f4d3b4 e69678 a05a6e 5a3c64 3c5078 faebd7",
    "cde1eb 8cb478 507850 c8aa6e 6e503c f0f0e1",
    "b4c8e6 7896c8 3c466e dcbe78 28283c 965a6e",
    "bee1e6 5aa0b4 285a82 e6d2aa c86e50 f5f5f0",
    "f0d296 d2823c 96462d 5a3728 78783c faf0d7",
    "dce1e6 a0aab4 647382 374150 b48c78 f0ebe6",
    "f5d7e1 c88ca5 7d5a82 465a87 8cb9af fff5e6",
    "e1ebc8 aac87d 5f8c64 2d5a5a e6b464 c8643c",
)


@dataclass(frozen=True)
class Palette:
    """The colours of one image: sky, ground, wall, and others for things."""

    sky: Colour
    ground: Colour
    wall: Colour
    things: tuple[Colour, ...]


def draw_palette(rng: np.random.Generator) -> Palette:
    """Draw colours; nothing here knows what will be painted, so colour alone says little about the class."""
    words = PALETTES[rng.integers(len(PALETTES))].split()
    turn, soft, bright = rng.uniform(-0.12, 0.12), rng.uniform(0.6, 1.15), rng.uniform(0.8, 1.12)
    colours = sorted((_vary(word, turn, soft, bright) for word in words), key=sum)
    # by night the sky is among the dark colours; otherwise it is among the light ones
    sky = colours.pop(0 if rng.random() < 0.12 else -1 - int(rng.integers(2)))
    rng.shuffle(colours)
    return Palette(sky, colours[0], colours[1], tuple(colours[2:]))


def _vary(word: str, turn: float, soft: float, bright: float) -> Colour:
    """Turn the hue and scale saturation and brightness of a hexadecimal colour."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(int(word[i : i + 2], 16) / 255 for i in (0, 2, 4)))
    red, green, blue = colorsys.hsv_to_rgb((hue + turn) % 1, min(saturation * soft, 1), min(value * bright, 1))
    return round(red * 255), round(green * 255), round(blue * 255)


def shade(colour: Colour, factor: float) -> Colour:
    """Make a colour darker (factor below 1) or lighter (above 1, towards white)."""
    if factor > 1:
        red, green, blue = (round(255 - (255 - value) * (2 - min(factor, 2))) for value in colour)
    else:
        red, green, blue = (round(value * factor) for value in colour)
    return red, green, blue


class Canvas:
    """Draws on an RGB image of `pixels` squared; coordinates run from 0 (left, top) to 1 (right, bottom)."""

    def __init__(self, pixels: int, rng: np.random.Generator) -> None:
        """Start with an empty sky and a palette of the moment."""
        self.pixels, self.rng, self.palette = pixels, rng, draw_palette(rng)
        self.image = Image.new("RGB", (pixels, pixels), self.palette.sky)
        self._pen = ImageDraw.Draw(self.image)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Return a uniform draw."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def thing(self, low: float = 0.75, high: float = 1.2) -> Colour:
        """Return a colour for some thing, in a light of its own."""
        things = self.palette.things
        return shade(things[self.rng.integers(len(things))], self.between(low, high))

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def shape(self, points: Iterable[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self._pen.polygon([(x * self.pixels, y * self.pixels) for x, y in points], fill=colour)

    def oval(self, x: float, y: float, radius: float, colour: Colour, flat: float = 1.0) -> None:
        """Fill an ellipse round (x, y); its height is `flat` times its width."""
        box = (x - radius, y - radius * flat, x + radius, y + radius * flat)
        self._pen.ellipse([value * self.pixels for value in box], fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 0.01) -> None:
        """Draw a line of this width."""
        thick = max(1, round(width * self.pixels))
        self._pen.line([(x * self.pixels, y * self.pixels) for x, y in points], fill=colour, width=thick, joint="curve")

    def gradient(self, top: float, bottom: float, above: Colour, below: Colour, steps: int = 12) -> None:
        """Fill a band over the whole width that changes from one colour to another."""
        for step in range(steps):
            share = step / (steps - 1)
            colour = tuple(round(a + (b - a) * share) for a, b in zip(above, below, strict=True))
            start = top + (bottom - top) * step / steps
            self.box(0, start, 1, bottom, (colour[0], colour[1], colour[2]))
