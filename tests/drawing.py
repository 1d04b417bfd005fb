"""What the tests of single figures share: the figure behind a file, and whether its labels are whole."""

import matplotlib
from matplotlib.figure import Figure

from scenessl.figures import style

LONG = "Zürich\nHauptbahnhof (Ostseite, bei Nacht und viel Regen)"
AWKWARD = ["$a_b$", "_under_", "a<b & 'c'", 'x "y" -- z', LONG]


def figure_of(module, monkeypatch, folder, **arguments) -> Figure:
    """Draw with a module of `scenessl.figures` and give the figure behind the file."""
    figures, whole = [], style.save

    def save(figure, path, **options):
        figures.append(figure)
        whole(figure, path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(module, "save", save)
        module.draw(output=folder / "figure.svg", **arguments)
    return figures[0]


def words(figure):
    """Give all visible texts."""
    found = (text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible())
    return [text for text in found if text.strip()]


def check_labels(figure, monkeypatch):
    """Demand that the figure fits the page, and that every label is inside it and lies on no other."""
    boxes = []

    def record(text, renderer):  # called for what is drawn: ticks out of range exist as well
        if text.get_visible() and text.get_text().strip():
            boxes.append((text.get_text(), text.get_window_extent(renderer)))

    with monkeypatch.context() as patched, style.look():
        patched.setattr(matplotlib.text.Text, "draw", record)
        figure.canvas.draw()
    dot = figure.dpi / style.MM_PER_INCH
    width, height = figure.get_size_inches() * figure.dpi
    assert width <= (style.TEXT_WIDTH + 0.5) * dot and height <= (style.TEXT_HEIGHT + 7) * dot
    assert boxes
    assert [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height] == []
    slack = 0.25 * dot  # boxes of two lines of text may touch
    for index, (text, box) in enumerate(boxes):
        for other, its in boxes[index + 1 :]:
            beside = box.x1 - slack < its.x0 or its.x1 - slack < box.x0
            assert beside or box.y1 - slack < its.y0 or its.y1 - slack < box.y0, (text, other)


def same_bytes(module, folder, **arguments):
    """Demand that drawing twice, with other settings of the user's, gives the same file."""
    module.draw(output=folder / "one.svg", **arguments)
    with matplotlib.rc_context({"font.family": "serif", "lines.linewidth": 9, "svg.fonttype": "none"}):
        module.draw(output=folder / "two.svg", **arguments)
    assert (folder / "one.svg").read_bytes() == (folder / "two.svg").read_bytes()
