"""Drawn scenes of houses and roads."""

from scenessl.data import motifs
from scenessl.data.canvas import Canvas, Point, shade


def industrial(c: Canvas) -> None:
    """Chimneys with smoke, halls with saw-tooth roofs, tanks."""
    horizon = c.between(0.72, 0.82)
    motifs.sky(c, horizon)
    motifs.ground(c, horizon)
    for _ in range(c.count(2, 4)):
        x, top, wide = c.between(0.08, 0.92), c.between(0.12, 0.35), c.between(0.022, 0.04)
        drift, smoke = c.between(-0.07, 0.07), shade(c.palette.sky, c.between(0.6, 0.8))
        for puff in range(4):
            c.oval(x + drift * puff, top - 0.045 * puff, wide * (1 + 0.45 * puff), smoke)
        colour = c.thing(0.6, 0.95)
        c.shape([(x - wide, top), (x + wide, top), (x + wide * 1.7, horizon), (x - wide * 1.7, horizon)], colour)
        c.box(x - wide * 1.1, top + 0.05, x + wide * 1.1, top + 0.09, shade(colour, 1.6))
    left, teeth, wide, wall, hall = (
        c.between(-0.05, 0.35),
        c.count(3, 5),
        c.between(0.1, 0.15),
        c.between(0.55, 0.64),
        c.thing(0.6, 1),
    )
    for tooth in range(teeth):
        x = left + tooth * wide
        c.shape([(x, wall), (x, wall - 0.09), (x + wide, wall)], shade(hall, 0.7))
    c.box(left, wall, left + teeth * wide, horizon, hall)
    motifs.windows(c, (left, wall + 0.02, left + teeth * wide, horizon - 0.02), (teeth * 2, 1), shade(hall, 0.5))
    for _ in range(c.count(0, 3)):
        x, radius, colour = c.between(0, 1), c.between(0.05, 0.09), c.thing(1, 1.4)
        c.box(x - radius, horizon - radius * 1.5, x + radius, horizon + 0.04, colour)
        c.oval(x, horizon - radius * 1.5, radius, shade(colour, 1.3), 0.35)


def tall_building(c: Canvas) -> None:
    """Towers seen from below: they narrow upwards and leave the frame to the sky."""
    motifs.sky(c, 1.0)
    for number in range(c.count(1, 3)):
        x, foot, head = c.between(0.12, 0.88), c.between(0.14, 0.24), c.between(0.08, 0.15)
        x = x if number else c.between(0.35, 0.65)
        top, lean, colour, floors = c.between(0.03, 0.2), c.between(-0.06, 0.06), c.thing(0.6, 1.1), c.count(10, 16)
        c.shape([(x - foot, 1.02), (x + foot, 1.02), (x + lean + head, top), (x + lean - head, top)], colour)
        c.shape(
            [(x + foot, 1.02), (x + foot * 1.35, 1.02), (x + lean + head * 1.25, top + 0.03), (x + lean + head, top)],
            shade(colour, 0.6),
        )
        columns, glass = c.count(3, 6), shade(colour, 0.45 if c.chance(0.6) else 1.7)
        for floor in range(floors):
            y = top + 0.03 + (0.97 - top) * (floor / floors) ** 1.15
            share = (y - top) / (1.02 - top)
            half, middle = head + (foot - head) * share, x + lean * (1 - share)
            for column in range(columns):
                left = middle - half + 2 * half * (column + 0.22) / columns
                c.box(left, y, left + 1.1 * half / columns, y + 0.55 * (0.97 - top) / floors, glass)
        if c.chance(0.4):
            c.line([(x + lean, top), (x + lean, top - 0.12)], shade(colour, 0.5), 0.012)


def inside_city(c: Canvas) -> None:
    """House fronts side by side that fill the frame: windows, doors, awnings, a pavement."""
    pavement = c.between(0.84, 0.9)
    motifs.sky(c, 0.3)
    left = c.between(-0.15, 0)
    while left < 1:
        right, roof, colour = left + c.between(0.28, 0.5), c.between(-0.05, 0.12), c.thing(0.75, 1.3)
        c.box(left, roof, right, pavement, colour)
        c.box(left - 0.01, roof, right + 0.01, roof + 0.03, shade(colour, 0.6))
        motifs.windows(
            c, (left, roof + 0.04, right, pavement - 0.27), (c.count(2, 3), c.count(2, 3)), shade(colour, 0.4)
        )
        c.box(left + 0.02, pavement - 0.2, right - 0.02, pavement - 0.01, shade(colour, 0.45))
        awning, strips = c.thing(0.9, 1.3), 6
        for strip in range(strips):
            start = left + 0.02 + (right - left - 0.04) * strip / strips
            tone = awning if strip % 2 else (240, 238, 230)
            c.box(start, pavement - 0.24, start + (right - left - 0.04) / strips, pavement - 0.17, tone)
        door = c.between(left + 0.06, right - 0.1)
        c.box(door, pavement - 0.14, door + 0.07, pavement, c.thing(0.6, 1.2))
        left = right
    motifs.ground(c, pavement, shade(c.palette.ground, 0.9))
    for _ in range(c.count(0, 4)):
        x, size = c.between(0.05, 0.95), c.between(0.13, 0.18)
        c.box(x - size * 0.12, pavement + 0.05 - size * 0.8, x + size * 0.12, pavement + 0.05, c.thing(0.4, 1.0))
        c.oval(x, pavement + 0.05 - size * 0.9, size * 0.12, (200, 160, 130))


def street(c: Canvas) -> None:
    """House fronts on both sides run to one vanishing point, with the road between them."""
    x, y = c.between(0.38, 0.62), c.between(0.5, 0.6)
    motifs.sky(c, y)
    motifs.ground(c, y, shade(c.palette.ground, 0.75))
    c.shape([(x - 0.02, y), (x + 0.02, y), (x + 0.42, 1), (x - 0.42, 1)], shade(c.palette.ground, 0.5))
    for side in (-1, 1):
        edge = 0.0 if side < 0 else 1.0
        share = 0.0
        while share < 0.8:
            end, colour, rise = min(share + c.between(0.16, 0.34), 0.86), c.thing(0.65, 1.25), c.between(0.8, 1.15)

            def at(along: float, height: float, edge: float = edge, rise: float = rise) -> Point:
                """Give the place on the front: how far along the street, and how far up."""
                ground, roof = 0.93 + (y - 0.93) * along, -0.25 * rise + (y + 0.25 * rise) * along
                return edge + (x - edge) * along, ground + (roof - ground) * height

            c.shape([at(share, 0), at(end, 0), at(end, 1), at(share, 1)], colour)
            for row in range(3):
                for column in range(3):
                    a, b = (share + (end - share) * (column + part) / 3 for part in (0.25, 0.7))
                    low, high = 0.2 + row * 0.26, 0.36 + row * 0.26
                    c.shape([at(a, low), at(b, low), at(b, high), at(a, high)], shade(colour, 0.45))
            share = end
    for dash in range(5):
        near, far = 1 - 0.8 ** (dash * 2), 1 - 0.8 ** (dash * 2 + 1)
        ends = [(0.5 + (x - 0.5) * s, 1 + (y - 1) * s, 0.018 * (1 - s)) for s in (near, far)]
        c.shape([(u - w, v) for u, v, w in ends] + [(u + w, v) for u, v, w in reversed(ends)], (235, 230, 210))
    for _ in range(c.count(0, 2)):
        side, share = (-1 if c.chance(0.5) else 1), c.between(0.05, 0.6)
        motifs.car(c, x + side * 0.3 * (1 - share), 0.97 + (y - 0.97) * share, 0.24 * (1 - share) + 0.03)


def highway(c: Canvas) -> None:
    """A broad road to a low horizon under a wide sky, with lanes, a rail and cars."""
    y, x = c.between(0.42, 0.54), c.between(0.3, 0.7)
    motifs.sky(c, y)
    if c.chance(0.5):
        motifs.ridge(c, y + 0.01, c.between(0.04, 0.1), shade(c.palette.ground, 0.8), c.count(3, 6))
    motifs.ground(c, y)
    left, right, road = c.between(-0.5, -0.15), c.between(1.15, 1.5), c.thing(0.4, 0.65)
    c.shape([(x - 0.015, y), (x + 0.03, y), (right, 1), (left, 1)], road)
    lanes = c.count(3, 5)
    for lane in range(lanes + 1):
        foot = left + (right - left) * (0.04 + 0.92 * lane / lanes)
        solid = lane in {0, lanes}
        for dash in range(1 if solid else 6):
            near, far = (0.0, 0.97) if solid else (1 - 0.72 ** (dash * 1.6), 1 - 0.72 ** (dash * 1.6 + 0.8))
            ends = [(foot + (x - foot) * s, 1 + (y - 1) * s, 0.02 * (1 - s)) for s in (near, far)]
            c.shape([(u - w, v) for u, v, w in ends] + [(u + w, v) for u, v, w in reversed(ends)], (240, 236, 220))
    if c.chance(0.4):
        height = c.between(0.14, 0.24)
        for post in (0.08, 0.92):
            c.box(post - 0.01, y - height, post + 0.01, y + 0.12, (90, 90, 95))
        c.box(0.08, y - height, 0.92, y - height + 0.015, (90, 90, 95))
        c.box(0.3, y - height - 0.03, 0.6, y - height + 0.06, c.thing())
    for share in sorted((c.between(0.15, 0.85) for _ in range(c.count(1, 4))), reverse=True):
        foot = left + (right - left) * (0.1 + 0.8 * c.between(0, 1))
        motifs.car(c, min(max(foot + (x - foot) * share, 0.05), 0.95), 1 + (y - 1) * share, 0.26 * (1 - share) + 0.02)


def suburb(c: Canvas) -> None:
    """A house with a gable roof on a lawn, a drive, trees, neighbours."""
    horizon = c.between(0.6, 0.7)
    motifs.sky(c, horizon)
    for _ in range(c.count(1, 4)):
        motifs.tree(c, c.between(0, 1), horizon + 0.02, c.between(0.2, 0.36))
    motifs.ground(c, horizon)
    x, half, eaves, peak = c.between(0.38, 0.62), c.between(0.22, 0.3), c.between(0.4, 0.46), c.between(0.18, 0.27)
    wall, roof, foot = c.thing(1.0, 1.5), c.thing(0.5, 0.8), horizon + c.between(0.03, 0.08)
    drive = x + half * c.between(0.2, 0.6)
    c.shape(
        [(drive - 0.07, foot), (drive + 0.07, foot), (drive + 0.2, 1), (drive - 0.16, 1)], shade(c.palette.wall, 1.3)
    )
    c.box(x - half, eaves, x + half, foot, wall)
    if c.chance(0.5):
        c.shape([(x - half - 0.05, eaves), (x + half + 0.05, eaves), (x, peak)], roof)
    else:
        c.shape(
            [(x - half - 0.05, eaves), (x + half + 0.05, eaves), (x + half * 0.7, peak), (x - half * 0.7, peak)], roof
        )
    if c.chance(0.6):
        c.box(x + half * 0.4, peak - 0.06, x + half * 0.56, eaves - 0.03, shade(roof, 0.7))
    c.box(drive - 0.08, eaves + 0.07, drive + 0.08, foot, shade(wall, 0.8))
    c.box(x - half * 0.3, eaves + 0.08, x - half * 0.3 + 0.07, foot, shade(roof, 0.8))
    motifs.windows(c, (x - half, eaves + 0.02, x - half * 0.3, foot - 0.04), (1, 1), shade(wall, 0.35))
    if c.chance(0.6):
        motifs.tree(
            c,
            c.between(0.02, 0.15) if c.chance(0.5) else c.between(0.85, 0.98),
            c.between(0.75, 0.9),
            c.between(0.4, 0.6),
        )
