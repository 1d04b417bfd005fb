"""Drawn scenes within walls."""

from scenessl.data import motifs
from scenessl.data.canvas import Canvas, Point, shade


def bedroom(c: Canvas) -> None:
    """A bed that comes towards the viewer, its headboard on the back wall."""
    floor = c.between(0.5, 0.62)
    motifs.room(c, floor, c.between(0.05, 0.18))
    x, half, head = c.between(0.4, 0.6), c.between(0.16, 0.22), c.between(0.14, 0.22)
    foot, cover, sheet = c.between(0.84, 0.94), c.thing(), shade(c.thing(), 1.6)
    if c.chance(0.6):
        motifs.picture(c, x, floor - head - 0.15, c.between(0.07, 0.12))
    c.box(x - half * 1.12, floor - head, x + half * 1.12, floor + 0.06, shade(c.thing(), 0.55))
    c.shape([(x - half, floor), (x + half, floor), (x + half * 1.7, foot - 0.12), (x - half * 1.7, foot - 0.12)], sheet)
    c.shape(
        [
            (x - half * 1.22, floor + 0.09),
            (x + half * 1.22, floor + 0.09),
            (x + half * 1.75, foot - 0.12),
            (x - half * 1.75, foot - 0.12),
        ],
        cover,
    )
    c.box(x - half * 1.75, foot - 0.12, x + half * 1.75, foot, shade(cover, 0.7))
    for side in (-0.5, 0.5):
        c.oval(x + side * half, floor + 0.015, half * 0.42, shade(sheet, 1.6), 0.45)
    for side in (-1, 1):
        if c.chance(0.6):
            c.box(
                x + side * half * 1.65 - 0.06,
                floor - 0.06,
                x + side * half * 1.65 + 0.06,
                floor + 0.07,
                shade(c.thing(), 0.6),
            )
            motifs.lamp(c, x + side * half * 1.65, floor - 0.06, 0.13)


def living_room(c: Canvas) -> None:
    """A sofa along the wall, a low table on a rug, pictures and plants."""
    floor = c.between(0.58, 0.68)
    motifs.room(c, floor, c.between(0.05, 0.15))
    x, half, colour = c.between(0.38, 0.62), c.between(0.25, 0.32), c.thing()
    for number in range(c.count(1, 3)):
        motifs.picture(c, x + (number - 1) * 0.2, c.between(0.2, 0.3), c.between(0.05, 0.09))
    c.oval(x, c.between(0.88, 0.93), half * 1.2, c.thing(0.9, 1.4), 0.28)
    c.box(x - half, floor - 0.17, x + half, floor + 0.1, shade(colour, 0.85))
    c.box(x - half, floor - 0.02, x + half, floor + 0.12, colour)
    for side in (-1, 1):
        c.box(x + side * half - 0.05, floor - 0.09, x + side * half + 0.05, floor + 0.14, shade(colour, 0.65))
    for number in range(c.count(1, 4)):
        c.box(
            x - half * 0.75 + number * 0.12,
            floor - 0.11,
            x - half * 0.75 + number * 0.12 + 0.09,
            floor - 0.02,
            c.thing(1, 1.5),
        )
    top = c.between(0.83, 0.88)
    c.shape([(x - 0.14, top), (x + 0.14, top), (x + 0.19, top + 0.06), (x - 0.19, top + 0.06)], shade(c.thing(), 0.55))
    motifs.lamp(c, x + (half + 0.1) * (1 if c.chance(0.5) else -1), floor + 0.1, c.between(0.34, 0.44))


def kitchen(c: Canvas) -> None:
    """Cupboards above, a worktop with doors below, a stove with its hood."""
    top, work = c.between(0.28, 0.36), c.between(0.54, 0.62)
    motifs.room(c, 0.88, 0.0)
    doors, front = c.count(4, 7), c.thing()
    stove = c.count(1, doors - 2)
    for door in range(doors):
        left, right = door / doors, (door + 1) / doors
        if door != stove:
            c.box(left + 0.006, 0.06, right - 0.006, top, shade(front, 1.05))
            c.box(right - 0.03, top - 0.07, right - 0.02, top - 0.03, (50, 50, 55))
        c.box(left + 0.006, work + 0.04, right - 0.006, 0.9, front)
        c.line([(left + 0.03, work + 0.08), (right - 0.03, work + 0.08)], shade(front, 0.5), 0.012)
    middle, half = (stove + 0.5) / doors, 0.5 / doors
    c.shape(
        [
            (middle - half * 0.3, 0),
            (middle + half * 0.3, 0),
            (middle + half * 0.3, top - 0.1),
            (middle + half, top),
            (middle - half, top),
            (middle - half * 0.3, top - 0.1),
        ],
        (165, 165, 172),
    )
    c.box(middle - half, work, middle + half, 0.9, (70, 70, 78))
    c.box(middle - half * 0.7, work + 0.13, middle + half * 0.7, 0.82, (25, 25, 30))
    c.box(0, work, 1, work + 0.035, shade(c.palette.ground, 1.4))
    for _ in range(c.count(2, 5)):
        x, size = c.between(0.05, 0.95), c.between(0.025, 0.05)
        c.box(x - size, work - size * c.between(1, 2.5), x + size, work, c.thing())


def office(c: Canvas) -> None:
    """Desks with screens and chairs before a window with blinds."""
    floor = c.between(0.6, 0.7)
    motifs.room(c, floor, c.between(0, 0.1))
    if c.chance(0.75):
        left, right, bottom = c.between(0.02, 0.25), c.between(0.7, 0.98), c.between(0.36, 0.44)
        c.box(left, 0.1, right, bottom, shade(c.palette.sky, 1.5))
        for row in range(9):
            y = 0.1 + (bottom - 0.1) * row / 9
            c.line([(left, y), (right, y)], shade(c.palette.sky, 0.75), 0.012)
    desks = c.count(1, 2)
    for desk in range(desks):
        x, half, y = (desk + c.between(0.4, 0.6)) / desks, c.between(0.3, 0.36) / desks**0.6, c.between(0.62, 0.68)
        screen = half * 0.42
        for side in (-0.5, 0.5) if c.chance(0.4) else (0,):
            c.box(x + side * half - 0.015, y - 0.08, x + side * half + 0.015, y, (50, 50, 55))
            c.box(x + (side - 0.42) * half, y - screen - 0.07, x + (side + 0.42) * half, y - 0.05, (35, 35, 40))
            c.box(x + (side - 0.36) * half, y - screen - 0.05, x + (side + 0.36) * half, y - 0.075, c.thing(1.1, 1.5))
        top = c.thing(0.9, 1.3)
        c.box(x - half, y, x + half, y + 0.045, top)
        for side in (-0.92, 0.92):
            c.box(x + side * half - 0.02, y + 0.045, x + side * half + 0.02, y + 0.26, shade(top, 0.6))
        chair = c.thing(0.5, 0.9)
        c.box(x - half * 0.3, y - 0.02, x + half * 0.3, y + 0.14, chair)
        c.line([(x, y + 0.14), (x, y + 0.26)], (40, 40, 45), 0.02)
        c.line([(x - half * 0.35, y + 0.28), (x, y + 0.24), (x + half * 0.35, y + 0.28)], (40, 40, 45), 0.02)


def store(c: Canvas) -> None:
    """Shelves full of goods on both sides of an aisle, or right across."""
    motifs.room(c, 0.72, 0.3)
    for lamp in range(c.count(0, 3)):
        c.box(0.42, 0.02 + 0.05 * lamp, 0.58, 0.04 + 0.05 * lamp, (250, 250, 235))
    across = c.chance(0.35)
    rows, columns, far = c.count(4, 6), c.count(9, 14), c.between(0.36, 0.44)
    sides = ((0.02, 0.98),) if across else ((0.0, far), (1.0, 1 - far))
    for start, end in sides:
        small = 1.0 if across else 0.38

        def at(share: float, height: float, start: float = start, end: float = end, small: float = small) -> Point:
            """Give the place on the shelf's front: how far along, and how far up."""
            scale = 1 + (small - 1) * share
            return start + (end - start) * share, 0.5 + (0.47 - 0.87 * height) * scale

        c.shape([at(0, 0), at(1, 0), at(1, 1), at(0, 1)], shade(c.palette.wall, 0.45))
        for row in range(rows):
            for column in range(columns):
                a, b, low = (column + 0.1) / columns, (column + 0.9) / columns, (row + 0.14) / rows
                high = (row + c.between(0.5, 0.9)) / rows
                c.shape([at(a, low), at(b, low), at(b, high), at(a, high)], c.thing(0.8, 1.5))
            c.line([at(0, (row + 0.08) / rows), at(1, (row + 0.08) / rows)], shade(c.palette.wall, 1.4), 0.012)
