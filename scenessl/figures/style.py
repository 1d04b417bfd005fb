"""The look that all figures share: sizes in millimetres, fonts, colours, text that fits, and files of equal bytes."""

import base64
import io
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import Normal, Stroke
from matplotlib.textpath import text_to_path
from PIL import Image

from scenessl.errors import UserError
from scenessl.files import atomic

TEXT_WIDTH = 170.0  # mm, between the margins of an A4 page
TEXT_HEIGHT = 215.0  # mm, what a figure may take of the page so that its caption fits below
MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72
DPI = 250  # of what has to be rasterised
PIXELS_PER_MM = 7.5  # of photographs as they are printed, about 190 dpi; more would only make the report heavy
PHOTOGRAPH_BYTES = 10_000  # a PNG below this (a colour bar, an image of 64 pixels) stays as it is

INK = "#222222"
MUTED = "#6b6b6b"
FAINT = "#d9d9d9"
TRAIN = "#0072b2"
VALIDATION = "#d55e00"
# Okabe and Ito's colours, told apart with every common kind of colour blindness; their yellow is too light for lines.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5f4690", "#7f7f7f")

TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # of text; see unicodedata.bidirectional

BODY, SMALL, TINY = 8.0, 7.0, 6.0  # points

_SETTINGS = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so the same outlines everywhere
    "font.size": SMALL,
    "axes.labelsize": SMALL,
    "axes.titlesize": BODY,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # a class called "$a_b$" is no formula
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.0,
    "image.composite_image": False,
    "svg.fonttype": "path",  # the PDF then needs no font
    "svg.hashsalt": "scenessl",  # ids of clips and markers are otherwise drawn anew each time
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def look() -> Iterator[None]:
    """Draw with this look, whatever matplotlibrc the user has; build and save a figure inside it."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def canvas(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` millimetres."""
    figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at `left`, `top` (millimetres from the figure's upper left corner), of `width` x `height` millimetres."""
    whole_width, whole_height = figure.get_size_inches() * MM_PER_INCH
    bottom = whole_height - top - height
    return figure.add_axes(
        (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height),
    )


def write(figure: Figure, left: float, top: float, text: str, size: float = SMALL, **keywords: object) -> None:
    """Write `text` at `left`, `top` (millimetres from the upper left corner); by default it hangs from that point."""
    width, height = figure.get_size_inches() * MM_PER_INCH
    keywords = {"ha": "left", "va": "top", "linespacing": 1.25} | keywords
    figure.text(left / width, 1 - top / height, text, fontsize=size, **keywords)


def picture(figure: Figure, left: float, top: float, side: float, image: np.ndarray) -> Axes:
    """Show `image` (uint8 [S, S, 3]) in a square of `side` millimetres, with a thin frame; returns its axes."""
    axes = panel(figure, left, top, side, side)
    shown = shrunk(image, round(side * PIXELS_PER_MM))
    height, width = image.shape[:2]
    axes.imshow(shown, interpolation="none", extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.3, edgecolor=MUTED)
    return axes


def note(axes: Axes, text: str, size: float) -> None:
    """Write `text` at the lower edge of a picture, white with a dark rim, so that it shows on every colour."""
    rim = [Stroke(linewidth=1.4, foreground="black"), Normal()]
    axes.text(0.5, 0.05, text, transform=axes.transAxes, ha="center", fontsize=size, color="white", path_effects=rim)


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """`image` (uint8 [S, S, 3]) with at most `side` pixels a side; a smaller one comes back as it is."""
    if max(image.shape[:2]) <= side:
        return image
    scale = side / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def colour_bar(figure: Figure, left: float, top: float, width: float, *, colour_map: str) -> Axes:
    """A lying colour bar from 0 to 1 at `left`, `top`, of `width` x 2.5 millimetres; returns its axes."""
    axes = panel(figure, left, top, width, 2.5)
    colours = np.linspace(0, 1, 256)[None, :]
    axes.imshow(colours, cmap=colour_map, vmin=0, vmax=1, aspect="auto", interpolation="none", extent=(0, 1, 0, 1))
    axes.set(yticks=[], xticks=[0, 0.25, 0.5, 0.75, 1], xticklabels=["0", "0.25", "0.5", "0.75", "1"])
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.4)
    return axes


def colour(index: int) -> str:
    """The colour of the model that stands at `index` in the study's order; they repeat after eight."""
    return PALETTE[index % len(PALETTE)]


def plain(text: str) -> str:
    """`text` in one line, composed (NFC), without characters that no SVG file holds or that turn its direction."""
    text = " ".join(unicodedata.normalize("NFC", str(text)).split())
    return "".join("\ufffd" if _is_odd(sign) else sign for sign in text)


def _is_odd(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs", "Cn", "Co") or unicodedata.bidirectional(sign) in TURNS


@cache
def _font() -> FontProperties:
    return FontProperties(family=["DejaVu Sans"], size=100)  # large, so that hinting hardly rounds


def text_width(text: str, size: float) -> float:
    """Width of `text` in millimetres at `size` points."""
    width, _, _ = text_to_path.get_text_width_height_descent(text, _font(), False)
    return width / 100 * size * MM_PER_POINT


def shortened(text: str, width: float, size: float) -> str:
    """`text` in one line, its end replaced by an ellipsis where it is wider than `width` millimetres."""
    text = plain(text)
    if text_width(text, size) <= width:
        return text
    kept = len(text)
    while kept > 1 and text_width(text[:kept].rstrip() + "…", size) > width:
        kept -= 1
    return text[:kept].rstrip() + "…"


def wrapped(text: str, width: float, size: float, lines: int = 2) -> str:
    """`text` in at most `lines` lines of `width` millimetres, broken after spaces, else also after hyphens and _.

    What does not fit even so ends with an ellipsis.
    """
    text = plain(text)
    for breaks in (" ", " _-"):
        broken = _broken(text, width, size, breaks)
        if len(broken) <= lines and all(text_width(line, size) <= width for line in broken):
            return "\n".join(broken)
    last = " ".join(broken[lines - 1 :]) if lines <= len(broken) else ""
    return "\n".join(shortened(line, width, size) for line in [*broken[: lines - 1], last] if line)


def _broken(text: str, width: float, size: float, breaks: str) -> list[str]:
    """`text` in lines as full as `width` mm allows; a piece without a break may be wider."""
    done = [""]
    for piece in re.findall(f"[^{breaks}]+[{breaks}]*|[{breaks}]+", text):
        if done[-1] and text_width((done[-1] + piece).rstrip(), size) > width:
            done.append("")
        done[-1] += piece
    return [line.rstrip() for line in done]


def percent(share: float, digits: int = 1) -> str:
    """A share of 0 to 1 as a percentage without its sign: 0.93634 becomes 93.6."""
    return f"{100 * share:.{digits}f}"


def number(value: float) -> str:
    """`value` with three significant digits, a true minus sign and no exponent below ten thousand."""
    if not np.isfinite(value):
        return "not finite"
    size = abs(value)
    text = f"{value:.2e}" if size >= 10_000 else f"{value:.0f}" if size >= 1000 else f"{value:.3g}"
    return text.replace("-", "−")


def check_colour_map(name: str) -> str:
    """Return `name` if matplotlib has a colour map of that name; UserError otherwise."""
    if name not in matplotlib.colormaps:
        raise UserError(f"colour_map: there is no colour map named {name!r}; jet, viridis, magma and cividis exist.")
    return name


def save(figure: Figure, path: Path | str, *, photographs: bool = False) -> None:
    """Write `figure` as SVG or PNG, by the suffix of `path`, with the same bytes each time.

    With `photographs`, the large pictures in an SVG are stored as JPEG: a grid of thirty stays below a megabyte.
    Raises UserError for another suffix or a folder that cannot be written.
    """
    suffix = Path(path).suffix
    if suffix not in (".svg", ".png"):
        raise UserError(f"cannot draw {path}: a figure's file ends in .svg or .png.")
    metadata = {"Date": None, "Creator": None} if suffix == ".svg" else {"Software": None}
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=DPI, metadata=metadata)
        if photographs and suffix == ".svg":
            text = temporary.read_text(encoding="utf-8")
            embedded = re.sub(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", _as_jpeg, text)
            temporary.write_text(embedded, encoding="utf-8")


def _as_jpeg(match: re.Match[str]) -> str:
    png = base64.b64decode(match.group(1))
    if len(png) <= PHOTOGRAPH_BYTES:
        return match.group(0)
    buffer = io.BytesIO()
    # Full colour resolution (no subsampling): the edges of heat maps and painted squares stay sharp.
    Image.open(io.BytesIO(png)).convert("RGB").save(buffer, "JPEG", quality=92, subsampling=0)
    if buffer.tell() >= len(png):
        return match.group(0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
