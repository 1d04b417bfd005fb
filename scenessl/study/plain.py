"""Is a configuration plain data: mappings, lists, text, finite numbers? Whatever comes later may then rely on it."""

import datetime
import math
from collections.abc import Iterator

LARGEST = 2**63 - 1
DEPTH = 32
QUOTES = "put it in quotes"


def show(value: object, length: int = 60) -> str:
    """Write a value as it may stand in a one-line message, cut to `length` characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= length else text[: length - 1] + "…"


def join(path: str, key: object) -> str:
    """Extend a dotted path by a key or an index; a key that is no plain word is quoted."""
    word = key if isinstance(key, str) and key.replace("-", "_").replace("@", "_").isidentifier() else None
    step = word or (str(key) if isinstance(key, int) else show(key))
    return f"{path}.{step}" if path else step


def unplain(value: object, path: str = "", depth: int = 0) -> Iterator[str]:
    """Give a message for every part of `value` that is no plain data (dates, NaN, huge numbers, broken text)."""
    here = path or "the configuration"
    if depth > DEPTH:
        yield f"{here}: nested more than {DEPTH} levels deep"
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _unplain_key(key, here)
            yield from unplain(part, join(path, key), depth + 1)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from unplain(part, join(path, index), depth + 1)
    else:
        yield from (f"{here}: {reason}" for reason in _unplain_leaf(value))


def _unplain_key(key: object, here: str) -> Iterator[str]:
    """Complain about a key that is no text."""
    if not isinstance(key, str):
        yield f"{here}: the key {show(key)} is no text; {QUOTES}"
    else:
        yield from (f"{here}: the key {show(key)} {reason}" for reason in _broken_text(key))


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
        yield f"a {type(value).__name__} is neither text, number, list nor mapping"


def _broken_text(text: str) -> Iterator[str]:
    """Complain about text that no file can hold (lone surrogates) or that hides something (control characters)."""
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        yield "holds half of a character (a lone surrogate)"
    if any((ord(sign) < 32 and sign not in "\n\t") or ord(sign) == 127 for sign in text):
        yield "holds a control character"
