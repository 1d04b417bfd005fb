"""Numbers, captions and cross-references: every figure and table is unique, numbered and referred to."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from scenessl.errors import UserError
from scenessl.report.bibliography import WORKS, numbered

REFERENCE = re.compile(r'<a data-ref="([^"]+)"></a>')
LISTED = re.compile(r'<a data-list="([^"]+)"></a>')
CITATION = re.compile(r'<a data-cite="([^"]+)"></a>')
BIBLIOGRAPHY = "<div data-bibliography></div>"
CONTENTS = "<div data-contents></div>"
WORDS = {"figure": ("Figure", "Figures"), "table": ("Table", "Tables"), "section": ("Section", "Sections")}


@dataclass(frozen=True)
class Item:
    """A figure, table or section that can be referred to."""

    kind: str
    id: str
    number: str
    caption: str
    source: str = ""


class Captions:
    """What has been numbered so far; `resolve` then fills in all references."""

    def __init__(self, draft: bool = False) -> None:
        """Start at Figure 1 and Table 1. In a draft, items may be missing or not referred to."""
        self.items: dict[str, Item] = {}
        self.draft = draft

    def add(self, kind: str, id: str, caption: str, source: str = "") -> Item:
        """Number a new figure or table made from the file `source`; UserError for a used id or caption."""
        text = plain(caption)
        for item in self.items.values():
            if item.kind == kind and plain(item.caption) == text:
                raise UserError(
                    f"templates: two {kind}s have the caption {text!r} ({item.id}, {id}); make them differ."
                )
        return self._keep(Item(kind, id, str(1 + self._count(kind)), caption, source))

    def section(self, id: str, title: str, level: int = 1, appendix: bool = False) -> Item:
        """Number a section (level 1, a letter in the appendix) or a subsection (level 2)."""
        tops = [item for item in self.items.values() if item.kind == "section" and "." not in item.number]
        if level == 1:
            alike = sum(item.number.isalpha() == appendix for item in tops)
            return self._keep(Item("section", id, chr(ord("A") + alike) if appendix else str(1 + alike), title))
        top = tops[-1].number
        inner = sum(item.number.startswith(f"{top}.") for item in self.items.values() if item.kind == "section")
        return self._keep(Item("section", id, f"{top}.{inner + 1}", title))

    def sourced(self) -> list[tuple[str, list[str]]]:
        """Give the source files so far, each with the figures and tables made from it, in order of appearance."""
        found: dict[str, list[str]] = {}
        for item in self.items.values():
            if item.source:
                found.setdefault(item.source, []).append(item.id)
        return list(found.items())

    def snapshot(self) -> dict[str, Item]:
        """Give what there is, for `restore`."""
        return dict(self.items)

    def restore(self, items: dict[str, Item]) -> None:
        """Forget what was numbered since the snapshot."""
        self.items = items

    def resolve(self, html: str) -> str:
        """Fill in references, citations and bibliography.

        Raises:
            UserError: a reference to nothing, an unknown work, a figure or table that no text refers to.
        """
        mentioned = {id for match in REFERENCE.finditer(html) for id in match[1].split()}
        forgotten = [item for id, item in self.items.items() if item.kind != "section" and id not in mentioned]
        if forgotten and not self.draft:
            listed = ", ".join(f"{item.kind} {item.id!r}" for item in forgotten)
            raise UserError(f"templates: no text refers to {listed}; add a ref(...) or take it out.")
        for pattern in (REFERENCE, LISTED):
            html = pattern.sub(lambda match: self._links(match[1].split()), html)
        numbers = numbered({key for match in CITATION.finditer(html) for key in match[1].split()})
        html = CITATION.sub(lambda match: _citation(match[1].split(), numbers), html)
        html = html.replace(BIBLIOGRAPHY, _bibliography(numbers))
        return html.replace(CONTENTS, self._contents())

    def _contents(self) -> Markup:
        """List the sections; the style sheet adds the page numbers."""
        line = Markup('<li class="level{}"><a href="#{}"><span class="number">{}</span>{}</a></li>')
        sections = [item for item in self.items.values() if item.kind == "section"]
        rows = [line.format(1 + item.number.count("."), item.id, item.number, item.caption) for item in sections]
        return Markup("<ul>{}</ul>").format(Markup("\n").join(rows))

    def _count(self, kind: str) -> int:
        return sum(item.kind == kind for item in self.items.values())

    def _keep(self, item: Item) -> Item:
        if item.id in self.items:
            raise UserError(
                f"templates: the id {item.id!r} is used twice; every figure, table and section has its own."
            )
        self.items[item.id] = item
        return item

    def _links(self, ids: list[str]) -> Markup:
        """Write links to items, grouped by kind: Figures 3 and 4."""
        unknown = [id for id in ids if id not in self.items]
        if unknown and not self.draft:
            raise UserError(
                f"templates: ref({unknown[0]!r}) refers to nothing; there is no such figure, table or section."
            )
        known = [self.items[id] for id in ids if id in self.items]
        if not known:
            return escape("(not there yet)")
        kinds = list(dict.fromkeys(item.kind for item in known))
        return _joined([_group([item for item in known if item.kind == kind]) for kind in kinds])


def plain(caption: str) -> str:
    """Give a caption's words without markup, case and space, for comparison."""
    return " ".join(re.sub(r"<[^>]*>", "", str(caption)).casefold().split())


def _group(items: list[Item]) -> Markup:
    one, many = WORDS[items[0].kind]
    runs = _runs(items)
    links = [_run(run) for run in runs]
    return Markup("{}\u00a0{}").format(one if len(items) == 1 else many, _joined(links))


def _runs(items: list[Item]) -> list[list[Item]]:
    """Split items where their numbers do not follow each other."""
    runs: list[list[Item]] = []
    for item in items:
        follows = runs and item.number.isdecimal() and int(runs[-1][-1].number) + 1 == int(item.number)
        runs[-1].append(item) if follows else runs.append([item])
    return runs


def _run(items: list[Item]) -> Markup:
    if len(items) < 3:
        return _joined([_link(item) for item in items])
    return Markup("{} to {}").format(_link(items[0]), _link(items[-1]))


def _link(item: Item) -> Markup:
    return Markup('<a class="ref" href="#{}">{}</a>').format(item.id, item.number)


def _joined(parts: list[Markup]) -> Markup:
    if len(parts) == 1:
        return parts[0]
    return Markup(", ").join(parts[:-1]) + " and " + parts[-1]


def _citation(keys: list[str], numbers: dict[str, int]) -> Markup:
    links = [
        Markup('<a class="ref" href="#work-{}">{}</a>').format(key, numbers[key])
        for key in sorted(keys, key=numbers.get)
    ]
    return Markup("[{}]").format(Markup(", ").join(links))


def _bibliography(numbers: dict[str, int]) -> Markup:
    entries = [Markup('<li id="work-{}">{}</li>').format(key, WORKS[key]) for key in numbers]
    return Markup('<ol class="bibliography">{}</ol>').format(Markup("\n").join(entries))
