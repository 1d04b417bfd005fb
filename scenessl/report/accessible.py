"""The PDF as its readers open it: small enough, with a title, bookmarks, a language, and a text for each picture."""

from collections.abc import Iterator
from pathlib import Path

from scenessl.errors import UserError

LARGEST = 10_000_000  # bytes


def demand_accessible(pdf: Path, figures: int) -> dict[str, int]:
    """Demand what every reader of the report needs, and count bookmarks and described figures.

    Args:
        pdf: the report.
        figures: how many it has, by its captions.

    Raises:
        UserError: names everything that the PDF lacks.
    """
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    root = reader.trailer["/Root"]
    texts = [str(figure.get("/Alt", "")).strip() for figure in _figures(root.get("/StructTreeRoot"))]
    faults = {
        f"is larger than {LARGEST // 1_000_000} MB": pdf.stat().st_size > LARGEST,
        "has no title": not (reader.metadata and reader.metadata.title),
        "names no language": not root.get("/Lang"),
        "has no bookmarks": not reader.outline,
        "has no tags for screen readers": "/StructTreeRoot" not in root,
        f"has tags for {len(texts)} of {figures} figures": len(texts) < figures,
        f"has {texts.count('')} figures without an alternative text": "" in texts,
    }
    found = [fault for fault, is_one in faults.items() if is_one]
    if found:
        raise UserError(f"{pdf} {', '.join(found)}. Check the templates and the figures.")
    return {"bookmarks": len(reader.outline), "described_figures": len(texts)}


def _figures(node: object) -> Iterator[object]:
    """Give the figures below a node of the structure tree."""
    pending = [node]
    while pending:
        one = pending.pop()
        one = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(one, list):
            pending += one
        elif isinstance(one, dict):
            if one.get("/S") == "/Figure":
                yield one
            pending += [one["/K"]] if "/K" in one else []
