"""Parts that several drawn scenes share: skies, grounds, trees, cars, rooms."""

import math

from scenessl.data.canvas import Canvas, Colour, Point, shade


def sky(c: Canvas, horizon: float) -> None:
    """A sky that grows lighter towards the horizon, with a sun or clouds."""
    c.gradient(0, horizon, shade(c.palette.sky, 0.86), shade(c.palette.sky, 1.35))
    if c.chance(0.35):
        c.oval(c.between(0.1, 0.9), c.between(0.05, 0.6) * horizon, c.between(0.03, 0.07), shade(c.palette.sky, 1.8))
    for _ in range(c.count(0, 2)):
        x, y, size = c.between(0, 1), c.between(0.1, 0.6) * horizon, c.between(0.05, 0.11)
        for step in (-1, 0, 1):
            c.oval(x + step * size, y, size * (1.1 - 0.3 * abs(step)), shade(c.palette.sky, 1.55), 0.38)


def ground(c: Canvas, horizon: float, colour: Colour | None = None) -> None:
    """A ground that grows darker towards the viewer."""
    colour = colour or c.palette.ground
    c.gradient(horizon, 1, shade(colour, 1.12), shade(colour, 0.72))


def ridge(c: Canvas, base: float, height: float, colour: Colour, peaks: int) -> list[Point]:
    """A jagged outline above `base`; returns its peaks."""
    points, tops = [(-0.2, base)], []
    for peak in range(peaks):
        x = (peak + c.between(0.2, 0.8)) / peaks * 1.2 - 0.1
        tops.append((x, base - height * c.between(0.55, 1)))
        points += [tops[-1], (x + 0.6 / peaks, base - height * c.between(0.05, 0.35))]
    c.shape([*points, (1.2, base)], colour)
    return tops


def hill(c: Canvas, base: float, height: float, colour: Colour) -> None:
    """A soft outline, filled down to the bottom."""
    phase, waves = c.between(0, 6.28), c.between(0.5, 1.3)
    line = [(x / 24, base - height * math.sin(phase + waves * 6.28 * x / 24)) for x in range(25)]
    c.shape([*line, (1, 1), (0, 1)], colour)


def tree(c: Canvas, x: float, foot: float, height: float, colour: Colour | None = None) -> None:
    """A tree, round or pointed."""
    leaves = colour or c.thing(0.6, 1.0)
    c.box(x - height * 0.04, foot - height * 0.45, x + height * 0.04, foot, shade(leaves, 0.5))
    if c.chance(0.5):
        c.oval(x, foot - height * 0.65, height * 0.27, leaves, 1.25)
    else:
        c.shape(
            [(x, foot - height), (x - height * 0.25, foot - height * 0.25), (x + height * 0.25, foot - height * 0.25)],
            leaves,
        )


def car(c: Canvas, x: float, foot: float, size: float) -> None:
    """A car seen from behind."""
    colour = c.thing()
    c.box(x - size * 0.36, foot - size * 0.85, x + size * 0.36, foot - size * 0.4, shade(colour, 0.6))
    c.box(x - size * 0.5, foot - size * 0.55, x + size * 0.5, foot - size * 0.12, colour)
    for side in (-0.36, 0.36):
        c.oval(x + side * size, foot - size * 0.1, size * 0.12, (30, 30, 34))


def windows(c: Canvas, box: tuple[float, float, float, float], grid: tuple[int, int], colour: Colour) -> None:
    """Columns by rows of upright windows in a box of left, top, right and bottom."""
    (left, top, right, bottom), (columns, rows) = box, grid
    width, height = (right - left) / columns, (bottom - top) / rows
    for column in range(columns):
        for row in range(rows):
            x, y = left + column * width, top + row * height
            c.box(x + width * 0.25, y + height * 0.2, x + width * 0.75, y + height * 0.8, colour)


def room(c: Canvas, floor: float, inset: float) -> None:
    """A room seen from its open side: back wall, two side walls, floor and ceiling."""
    wall = c.palette.wall
    top = c.between(0.04, 0.12)
    c.box(0, 0, 1, 1, shade(wall, 0.86))
    c.shape([(0, 0), (1, 0), (1 - inset, top), (inset, top)], shade(wall, 1.5))
    c.box(inset, top, 1 - inset, floor, shade(wall, 1.1))
    c.shape([(inset, floor), (1 - inset, floor), (1.25, 1.05), (-0.25, 1.05)], shade(c.palette.ground, 0.75))


def picture(c: Canvas, x: float, y: float, size: float) -> None:
    """A framed picture."""
    c.box(x - size, y - size * 0.75, x + size, y + size * 0.75, shade(c.thing(), 0.5))
    c.box(x - size * 0.82, y - size * 0.58, x + size * 0.82, y + size * 0.58, c.thing(1.1, 1.5))


def lamp(c: Canvas, x: float, foot: float, height: float) -> None:
    """A standing lamp."""
    c.line([(x, foot), (x, foot - height)], (60, 55, 50), 0.012)
    top, wide = foot - height, height * 0.22
    c.shape(
        [
            (x - wide, top + wide),
            (x + wide, top + wide),
            (x + wide * 0.6, top - wide * 0.5),
            (x - wide * 0.6, top - wide * 0.5),
        ],
        c.thing(1.3, 1.7),
    )
