"""What stands in a cell of a table: numbers of one length, and text that no spreadsheet takes for a formula.

A spreadsheet runs a cell that begins with = + - or @ (or a control character before them), and class names are
whatever a user's folders are called. Such text gets an apostrophe in front, which spreadsheets hide. Text that begins
with an apostrophe gets one as well, so that `unguard` always gives back what was there.
"""

import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def guard(value: object) -> object:
    """Return text that a spreadsheet shows as text; numbers, and text that is a number, stay as they are."""
    if isinstance(value, str) and value.startswith(STARTS) and not NUMBER.fullmatch(value):
        return "'" + value
    return value


def unguard(cell: str) -> str:
    """Return the text that `guard` was given."""
    return cell.removeprefix("'")


def rounded(value: float | None, digits: int = 6) -> float | str:
    """Round to `digits` after the point; None, a figure that does not apply, is an empty cell."""
    return "" if value is None else round(float(value), digits) + 0.0  # + 0.0: never -0.0


def significant(value: float, digits: int = 6) -> float:
    """Round to `digits` significant digits, for figures of any size such as p values."""
    return float(f"{value:.{digits}g}")


def words(value: object) -> str:
    """Write a setting's value as text: none, yes, no, a list with commas, a group as `key value` pairs."""
    if value is None or (isinstance(value, list | tuple | dict) and not value):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {words(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(words(entry) for entry in value)
    return str(value)
