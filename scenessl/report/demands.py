"""What a finished report must have: something for each requirement, and text under each section that meets one."""

import re
from collections.abc import Collection, Sequence

from scenessl.errors import UserError

HEADING = re.compile(r"<h[12] id=")
QUOTE = re.compile(r"<blockquote>.*?</blockquote>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")


def demand_requirements(html: str, requirements: Sequence[tuple[str, str, list[str]]], known: Collection[str]) -> None:
    """Demand that each requirement has a figure, table or section, and that its sections say something.

    Args:
        html: the whole report.
        requirements: number, text in short and ids of where it is met.
        known: ids of the figures, tables and sections of the report.

    Raises:
        UserError: names the requirements that nothing in the report meets.
    """
    unmet = [f"{number} ({what})" for number, what, ids in requirements if not _met(html, ids, known)]
    if unmet:
        raise UserError(f"no figure, table or text of the report meets requirement {'; '.join(unmet)}.")


def _met(html: str, ids: Sequence[str], known: Collection[str]) -> bool:
    """Tell whether there is anything at all, everything named is there, and no section of it is empty."""
    return bool(ids) and all(id in known and _says_something(html, id) for id in ids)


def _says_something(html: str, id: str) -> bool:
    """Tell whether a section has subsections, or more than its heading and what it quotes; figures have a caption."""
    start = re.search(rf'<h[12] id="{re.escape(id)}">.*?</h[12]>', html, re.DOTALL)
    if not start:
        return True
    following = HEADING.search(html, start.end())
    is_top = start[0].startswith("<h1") and following and html.startswith("<h2", following.start())
    section = html[start.end() : following.start() if following else len(html)]
    return bool(is_top or TAG.sub("", QUOTE.sub("", section)).strip())
