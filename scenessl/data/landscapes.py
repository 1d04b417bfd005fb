"""Drawn scenes of land and sea."""

import math

from scenessl.data import motifs
from scenessl.data.canvas import Canvas, shade


def coast(c: Canvas) -> None:
    """Bands of sky, sea and slanting sand, with surf."""
    horizon, shore = c.between(0.34, 0.5), c.between(0.66, 0.82)
    motifs.sky(c, horizon)
    sea, sand, slope = c.thing(0.7, 1.0), shade(c.palette.ground, 1.35), c.between(0.03, 0.14)
    c.gradient(horizon, 1, shade(sea, 0.75), shade(sea, 1.25))
    for _ in range(c.count(5, 12)):
        y, x, wide = c.between(horizon + 0.02, shore), c.between(0, 1), c.between(0.04, 0.16)
        c.line([(x - wide, y), (x + wide, y)], shade(sea, 1.5), 0.008)
    waves = [(x / 20, shore + slope * (x / 20 - 0.5) * 2 + 0.012 * math.sin(x * c.between(0.8, 1))) for x in range(21)]
    c.shape([*((x, y - 0.035) for x, y in waves), (1, 1), (0, 1)], (244, 244, 240))
    c.shape([*waves, (1, 1), (0, 1)], sand)
    if c.chance(0.3):
        start, height = c.between(0.5, 0.85), c.between(0.06, 0.14)
        c.shape(
            [(start, horizon), (start + 0.1, horizon - height), (1.1, horizon - height * 1.3), (1.1, horizon)],
            c.thing(0.5, 0.8),
        )
    for _ in range(c.count(0, 2)):
        x, size = c.between(0.1, 0.9), c.between(0.05, 0.1)
        c.shape(
            [(x, horizon + 0.03 - size * 1.6), (x, horizon + 0.03), (x + size * 0.8, horizon + 0.03)], (248, 246, 240)
        )


def mountain(c: Canvas) -> None:
    """Ridges behind each other, with snow on the peaks."""
    motifs.sky(c, 0.8)
    base, colour = c.between(0.78, 0.9), c.thing(0.55, 0.85)
    motifs.ridge(c, base, c.between(0.4, 0.6), shade(colour, 1.35), c.count(3, 5))
    for x, y in motifs.ridge(c, base + 0.02, c.between(0.55, 0.75), colour, c.count(1, 3)):
        drop, wide = c.between(0.1, 0.17), c.between(0.05, 0.08)
        c.shape(
            [
                (x, y),
                (x - wide, y + drop),
                (x - wide * 0.3, y + drop * 0.75),
                (x + wide * 0.2, y + drop),
                (x + wide, y + drop * 0.8),
            ],
            (246, 247, 250),
        )
        c.shape(
            [(x, y + drop), (x + wide * 0.6, y + drop), (x + wide * 2.4, base), (x + wide * 0.6, base)],
            shade(colour, 0.75),
        )
    motifs.ridge(c, 1.02, c.between(0.12, 0.25), shade(colour, 0.6), c.count(4, 8))
    for _ in range(c.count(0, 7)):
        motifs.tree(c, c.between(0, 1), c.between(0.95, 1.05), c.between(0.1, 0.2), shade(colour, 0.45))


def forest(c: Canvas) -> None:
    """Trunks from the ground to the leaves, one behind another."""
    leaves, ground, bark = c.thing(0.6, 1.0), c.between(0.74, 0.86), c.thing(0.4, 0.8)
    c.gradient(0, ground, shade(leaves, 0.85), shade(c.palette.sky, 1.2))
    motifs.ground(c, ground)
    for layer, light in enumerate((1.5, 1.15, 0.75)):
        for _ in range(c.count(3, 6)):
            x, wide, foot = c.between(-0.02, 1.02), (0.012 + 0.014 * layer) * c.between(0.7, 1.4), ground + 0.05 * layer
            lean = c.between(-0.04, 0.04)
            trunk = shade(bark, light)
            c.shape(
                [
                    (x - wide * 1.3, foot),
                    (x + wide * 1.3, foot),
                    (x + lean + wide * 0.8, -0.02),
                    (x + lean - wide * 0.8, -0.02),
                ],
                trunk,
            )
            if c.chance(0.5):
                y = c.between(0.25, 0.55)
                c.line([(x, y), (x + (0.15 if c.chance(0.5) else -0.15), y - 0.14)], trunk, wide * 0.7)
        for _ in range(c.count(5, 9)):
            c.oval(
                c.between(0, 1), c.between(-0.05, 0.2), c.between(0.06, 0.12), shade(leaves, c.between(0.6, 1.25)), 0.7
            )
    for _ in range(c.count(2, 8)):
        c.oval(c.between(0, 1), c.between(ground, 1), c.between(0.03, 0.08), shade(leaves, c.between(0.5, 1.0)), 0.6)


def open_country(c: Canvas) -> None:
    """Rolling fields to a soft horizon, with furrows, bales and single trees."""
    horizon = c.between(0.44, 0.56)
    motifs.sky(c, horizon + 0.1)
    motifs.hill(c, horizon, c.between(0.02, 0.06), shade(c.thing(), 1.25))
    motifs.hill(c, horizon + 0.1, c.between(0.02, 0.06), c.thing())
    for _ in range(c.count(1, 5)):
        motifs.tree(c, c.between(0, 1), horizon + c.between(0.05, 0.12), c.between(0.08, 0.17))
    field = c.palette.ground
    motifs.hill(c, horizon + 0.2, c.between(0.01, 0.05), field)
    if c.chance(0.6):
        x = c.between(0.1, 0.9)
        for row in range(-9, 10):
            c.line([(x + row * 0.05, horizon + 0.25), (x + row * 0.22, 1.02)], shade(field, 0.75), 0.012)
    for _ in range(c.count(0, 5)):
        x, y = c.between(0.05, 0.95), c.between(horizon + 0.28, 0.95)
        size = 0.02 + 0.12 * (y - horizon - 0.2)
        c.oval(x, y, size * 1.2, shade(field, 0.55), 0.5)
        c.oval(x, y - size * 0.5, size, shade(field, 1.4), 0.8)
