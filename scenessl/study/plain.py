"""Is a configuration plain data: mappings, lists, text, finite numbers? Whatever comes later may then rely on it."""

import datetime
import math
import re
import reprlib
from collections.abc import Iterator

LARGEST = 2**63 - 1
DEPTH = 32
LONGEST = 1000  # items of a list, keys of a mapping
VALUES = 20_000  # of a whole configuration; aliases make few lines stand for any number
LONGEST_TEXT = 20_000  # characters
QUOTES = "put it in quotes"
_WORD = re.compile("[A-Za-z0-9_@-]{1,64}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class _Short(reprlib.Repr):
    """Writes the beginning of a value, as YAML would: null, true, false."""

    def __init__(self) -> None:
        """Show little: a message has one line."""
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother = 3, 200, 200

    def repr_NoneType(self, value: None, level: int) -> str:
        """Write null."""
        return "null"

    def repr_bool(self, value: bool, level: int) -> str:
        """Write true or false."""
        return str(value).lower()

    def repr_OrderedDict(self, value: dict, level: int) -> str:
        """Write a mapping like any other; Snakemake makes these of JSON."""
        return self.repr_dict(value, level)


_SHORT = _Short()


def show(value: object, length: int = 60) -> str:
    """Write a value as it may stand in a one-line message, cut to `length` characters."""
    try:
        text = _SHORT.repr(value)
    except (ValueError, RecursionError):
        text = "a huge number" if isinstance(value, int) else f"something ({type(value).__name__})"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= length else text[: length - 1] + "…"


def join(path: str, key: object) -> str:
    """Extend a dotted path by a key or an index; a key that is no plain word is quoted, a long one cut."""
    plain = isinstance(key, str) and _WORD.fullmatch(key)
    step = key if plain else str(key) if isinstance(key, int) and abs(key) <= LARGEST else show(key)
    return f"{path}.{step}" if path else step


def unplain(value: object, path: str = "") -> Iterator[str]:
    """Give a message for every part of `value` that is no plain data (dates, NaN, huge numbers, broken text).

    Ends at what is nested too deeply and after `VALUES` values: also where something holds itself.
    """
    waiting, seen = [(value, path, 0)], 0
    while waiting:
        part, place, depth = waiting.pop()
        here, seen = place or "the configuration", seen + 1
        if seen > VALUES:
            yield f"{here}: one value too many; no configuration here has more than {VALUES:,}"
            return
        if depth > DEPTH:
            yield f"{_cut(here)}: nested more than {DEPTH} levels deep"
            return
        yield from (f"{here}: {reason}" for reason in _unplain_one(part))
        if isinstance(part, dict | list) and len(part) <= LONGEST:
            inner = part.items() if isinstance(part, dict) else enumerate(part)
            waiting += [(deeper, join(place, key), depth + 1) for key, deeper in inner][::-1]


def _cut(path: str, length: int = 120) -> str:
    """Cut the middle out of a long path, which nothing but nesting makes."""
    return path if len(path) <= length else f"{path[: length // 2]}…{path[-length // 2 :]}"


def _unplain_one(value: object) -> Iterator[str]:
    """Complain about a value, not about what it holds."""
    if isinstance(value, dict | list) and len(value) > LONGEST:
        yield f"has {len(value):,} {'keys' if isinstance(value, dict) else 'items'} (at most {LONGEST:,})"
    elif isinstance(value, dict):
        yield from (reason for key in value for reason in _unplain_key(key))
    elif not isinstance(value, list):
        yield from _unplain_leaf(value)


def _unplain_key(key: object) -> Iterator[str]:
    """Complain about a key that is no text, or text of more than one line."""
    if not isinstance(key, str):
        yield f"the key {show(key)} is no text; {QUOTES}"
        return
    yield from (f"the key {show(key)} {reason}" for reason in _broken_text(key))
    if "\n" in key or "\t" in key:
        yield f"the key {show(key)} holds a line break or a tab"


def _unplain_leaf(value: object) -> Iterator[str]:
    """Complain about a value that JSON does not know."""
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        yield from (f"{show(value)} {reason}" for reason in _broken_text(value))
    elif isinstance(value, int):
        if abs(value) > LARGEST:
            yield "the number is too large (more than 18 digits)"
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield f"{value} is not a finite number"
    elif isinstance(value, datetime.date):
        yield f"{value} is a date to YAML; {QUOTES}"
    else:
        yield f"{show(value)} (Python: {type(value).__name__}) is neither text, number, list nor mapping"


def _broken_text(text: str) -> Iterator[str]:
    """Complain about text that no file can hold (lone surrogates), hides something (control signs) or has no end."""
    if any("\ud800" <= sign <= "\udfff" for sign in text[:LONGEST_TEXT]):
        yield "holds half of a character (a lone surrogate)"
    if _CONTROL.search(text):
        yield "holds a control character"
    if len(text) > LONGEST_TEXT:
        yield f"has {len(text):,} characters (at most {LONGEST_TEXT:,})"
