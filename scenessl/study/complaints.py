"""What a schema's errors mean to a person: one sentence each, which names the key and the way out."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

from jsonschema.exceptions import ValidationError

from scenessl.errors import UserError
from scenessl.study.plain import QUOTES, join, show

MOST = 40  # mistakes in one message
COUNTED = 200  # mistakes after which nobody looks for more
KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping (key: value)",
    "array": "a list",
    "null": "null",
}
BOUNDS = {
    "minimum": "is below {}",
    "maximum": "is above {}",
    "exclusiveMinimum": "must be above {}",
    "exclusiveMaximum": "must be below {}",
}
LENGTHS = {
    "minLength": "is too short (at least {})",
    "maxLength": "is too long (at most {} characters)",
    "minItems": "has too few items (at least {})",
    "maxItems": "has too many items (at most {})",
    "minProperties": "has too few keys (at least {})",
    "maxProperties": "has too many keys (at most {})",
    "uniqueItems": "names something twice",
}


def refuse(mistakes: Iterable[str]) -> None:
    """Raise a UserError that lists all mistakes, each once and in a line; none if there are none."""
    mistakes = sorted(set(islice(mistakes, COUNTED)))
    if mistakes:
        least = "at least " if len(mistakes) == COUNTED else ""
        count = "1 mistake" if len(mistakes) == 1 else f"{least}{len(mistakes)} mistakes"
        shown = [f"  {line}" for line in mistakes[:MOST]]
        more = [f"  … and {len(mistakes) - MOST} more"] if len(mistakes) > MOST else []
        raise UserError("\n".join([f"the configuration has {count}:", *shown, *more]))


def suggestion(word: object, known: Iterable[object]) -> str:
    """Give "; did you mean 'x'?" when a known name resembles `word`, else an empty string."""
    close = get_close_matches(str(word)[:200], [str(name) for name in known], n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def names(known: Iterable[object], most: int = 25) -> str:
    """List names in one line, the first `most` of them."""
    known = [str(name) for name in known]
    return ", ".join(known[:most]) + (", …" if len(known) > most else "")


def complaints(error: ValidationError) -> Iterator[str]:
    """Say in plain words what one error of the schema found; an error may concern several keys."""
    path = ""
    for step in error.absolute_path:
        path = join(path, step)
    kind, value = error.validator, error.instance
    if kind == "additionalProperties":
        yield from _unknown_keys(path, error)
    elif kind == "required":
        yield from _missing_keys(path, error)
    elif "propertyNames" in error.absolute_schema_path:
        yield f"{join(path, value)}: no name that can be used here ({_description(error)})"
    else:
        yield f"{path or 'the configuration'}: {_about_value(kind, value, error)}"


def _unknown_keys(path: str, error: ValidationError) -> Iterator[str]:
    """Complain about each key that the schema does not know."""
    known = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key not in known:
            hint = suggestion(key, known)
            yield f"{join(path, key)}: unknown key{hint or f' (known: {names(known)})'}"


def _missing_keys(path: str, error: ValidationError) -> Iterator[str]:
    """Complain about each required key that is not there; jsonschema gives one error per key."""
    key = next(key for key in error.validator_value if f"{key!r}" == error.message.split(" is a required")[0])
    meaning = error.schema.get("properties", {}).get(key, {})
    described = meaning.get("description") if isinstance(meaning, dict) else None
    if key == "reason":
        described = "every value needs a sentence that justifies it"
    yield f"{join(path, key)}: missing{f' ({described})' if described else ''}"


def _about_value(kind: str, value: object, error: ValidationError) -> str:
    """Say what is wrong with a value."""
    limit = error.validator_value
    if kind == "type":
        return _wrong_type(value, [limit] if isinstance(limit, str) else list(limit), error)
    if isinstance(value, str) and not value.strip():
        return f"is empty{_meaning(error)}"
    if kind == "enum":
        return f"{show(value)} is not one of {names(limit)}{suggestion(value, limit)}"
    if kind in BOUNDS or kind in LENGTHS:
        sentence = (BOUNDS | LENGTHS)[kind].format(limit)
    elif isinstance(value, str) and ("\n" in value or "\t" in value):
        sentence = "holds a line break or a tab"
    else:
        sentence = f"does not fit{_number_hint(value, error.schema.get('type'))}"
    return f"{show(value)} {sentence}{_meaning(error)}"


def _wrong_type(value: object, wanted: list[str], error: ValidationError) -> str:
    """Say that a value is of the wrong type, and how to write it."""
    expected = " or ".join(KINDS[kind] for kind in wanted)
    if wanted == ["object"] and error.schema.get("required") == ["value", "reason"]:
        return f'{show(value)} stands alone; write {{value: {show(value)}, reason: "…"}}'
    if "string" in wanted and isinstance(value, (int, float)):
        return f"{_as_read(value)} is not {expected}; {QUOTES}"
    return f"{show(value)} is not {expected}{_number_hint(value, wanted)}"


def _as_read(value: object) -> str:
    """Write a scalar as YAML read it, with a word on what happens to numbers that begin with 0."""
    if isinstance(value, bool):
        return f"{str(value).lower()} (YAML reads yes, no, on and off as true or false)"
    octal = isinstance(value, int) and value > 7
    return f"{value}{' (what begins with 0 is octal to YAML)' if octal else ''}"


def _number_hint(value: object, wanted: list[str] | str | None) -> str:
    """Help with text that was meant as a number, a truth value or null."""
    wanted = [wanted] if isinstance(wanted, str) else wanted or []
    if isinstance(value, float) and value.is_integer() and "integer" in wanted:
        return f" (write {int(value)})"
    if not isinstance(value, str):
        return ""
    text = value.strip()
    if {"number", "integer"} & set(wanted) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text[:40]):
        return f" (write {_plain_number(text)}{_ON_COMMAND_LINE})"
    if "boolean" in wanted and text.lower() in ("true", "false"):
        return f" (write {text.lower()} without quotes; after --config write {text.capitalize()})"
    if text == "null":
        return " (write null without quotes; after --config write nothing behind the =)"
    return ""


_ON_COMMAND_LINE = " without quotes; inside braces after --config every number is text: use a file and --configfile"


def _plain_number(text: str) -> str:
    """Write a number so that YAML sees one: 1e-3 becomes 1.0e-3."""
    mantissa, mark, exponent = text.lower().partition("e")
    if not mark:
        return text
    mantissa = mantissa if "." in mantissa else mantissa + ".0"
    return f"{mantissa}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _description(error: ValidationError) -> str:
    """Give the schema's word on what stands here."""
    if error.validator == "not":
        return f"taken: {names(error.validator_value['enum'])}"
    return str(error.schema.get("description", "see rules/config.schema.yaml"))


def _meaning(error: ValidationError) -> str:
    """Add the schema's description in parentheses."""
    described = error.schema.get("description")
    return f" ({described})" if described else ""
