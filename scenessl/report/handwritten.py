"""Digits that were typed by hand where a result belongs: looked for in templates and in the sentences of the answers.

A number on paper is read from a result file, so a text of ours holds none. What may be typed are the few that no run
changes: levels, scales, formulas and names.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scenessl.errors import UserError

ALLOWED = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b95\s% (?:Wilson )?intervals?\b",  # the level of all intervals
        r"\b95\s% of random kernels\b",  # and of the kinds of filters
        r"\bepochs? 0\b",  # before training
        r"\bF1\b",  # names
        r"\bn is 1\b",
        r"[−-]?\b[01] to 1\b",  # scales and what their ends mean
        r"\b[01]: (?:the|un|none)",
        r"\b[01] (?:if|for|only for)\b",
        r"\b(?:goes to|from) 0\b",
        r"\bof 255\b",  # grey levels of a picture
        r"\bsha256\b",
        r"\bL2\b",
        r"\b(?:1 × 1|3 × 3)\b",  # of a convolution
        r"\bResNet-18\b",  # of other people's work
        r"\b(?:images of 224 pixels|1,000 classes)\b",
        r"\babout 2,000 features\b",
        r"^section \d$",  # of the assignment
    )
)
TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
COMMENTS = re.compile(r"\{#.*?#\}", re.DOTALL)
MARKUP = re.compile(r"<sub>.*?</sub>|<[^>]*>|&[a-z0-9#]+;")  # indices of formulas are no results
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
FIELD = re.compile(r"\{[^{}]*\}")  # filled in by `say`


def demand_computed(templates: Path | str, package: Path | str) -> None:
    """Demand that no text for the report has a number that was typed by hand.

    Args:
        templates: folder of the report's templates; those of the page stand below page/ and are not looked at.
        package: folder of the modules that write its sentences, scenessl/report.

    Raises:
        UserError: names every file and text that has one.
    """
    found = [*_in_templates(Path(templates)), *_in_sentences(Path(package))]
    if found:
        listed = "; ".join(f"{file}: {text!r}" for file, text in found)
        raise UserError(f"numbers typed by hand where results belong: {listed}. Read them from a result file.")


def typed(text: str) -> bool:
    """Tell whether a text holds a digit that no allowed phrase accounts for."""
    for phrase in ALLOWED:
        text = phrase.sub("", text)
    return bool(re.search(r"\d", text))


def _in_templates(folder: Path) -> Iterator[tuple[str, str]]:
    """Give (file, text) of what is printed as it stands: text between tags, and sentences within them."""
    for path in sorted(folder.rglob("*.jinja")):
        if "page" in path.relative_to(folder).parts:
            continue
        source = COMMENTS.sub("", path.read_text(encoding="utf-8"))
        sentences = [text for tag in TAGS.findall(source) for text in QUOTED.findall(tag) if " " in text]
        printed = MARKUP.sub(" ", TAGS.sub("\n", source)).splitlines()
        yield from ((path.name, text.strip()) for text in (*printed, *sentences) if typed(text.strip()))


def _in_sentences(package: Path) -> Iterator[tuple[str, str]]:
    """Give (file, text) of the sentences in Python: texts with a space that are no docstring."""
    modules = [*sorted(package.glob("answers/*.py")), *sorted(package.glob("text*.py"))]
    for path in (*modules, package / "verdicts.py", package / "flags.py"):
        for text in _sentences(ast.parse(path.read_text(encoding="utf-8"))):
            if " " in text and typed(FIELD.sub("", text)):
                yield path.name, text


def _sentences(tree: ast.AST) -> Iterator[str]:
    """Give all texts of a module but those that stand alone, which document."""
    alone = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in alone:
            yield node.value
