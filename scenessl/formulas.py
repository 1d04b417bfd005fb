"""Text in tables that no spreadsheet takes for a formula.

A spreadsheet runs a cell that begins with = + - or @, perhaps after blanks, and class and file names are whatever a
user's folders are called. Such text gets an apostrophe in front, which spreadsheets hide; so does each piece of it that
begins a cell where tables are split at semicolons, tabs or line breaks. Pieces that begin with an apostrophe get one as
well, so that `unguard` always gives back what was there.
"""

import re

_PLACE = r"(?<![^;\t\r\n])"  # where a cell may begin
_FORMULA = re.compile(_PLACE + r"(?=\s*[=+\-@＝＋－＠]|['\t\r\n])")
_GUARDED = re.compile(_PLACE + "'")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def guard(value: object) -> object:
    """Return text that a spreadsheet shows as text; numbers, and text that is a number, stay as they are."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return _FORMULA.sub("'", value)


def unguard(cell: str | None) -> str | None:
    """Return the text that `guard` was given; None, a cell that a short row lacks, stays None."""
    return _GUARDED.sub("", cell) if cell and "'" in cell else cell
