"""Building blocks of sentences: safe formatting, lists, plurals, references to figures, tables and literature."""

from collections.abc import Iterable, Sequence, Sized

from markupsafe import Markup, escape

from scenessl.report.numbers import code

SMALL_NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def say(text: str, **values: object) -> Markup:
    """Fill a sentence; every value that is not Markup already is escaped."""
    return Markup(text).format(**values)  # nosec B704 # the text is ours, and the values are escaped


def paragraph(*sentences: Markup | str | None) -> Markup:
    """Join sentences, leaving out those that are None or empty."""
    return Markup(" ").join(escape(sentence) for sentence in sentences if sentence)


def listing(items: Iterable[object], conjunction: str = "and") -> Markup:
    """Join items as in a sentence: a, b and c."""
    items = [escape(item) for item in items]
    if len(items) < 2:
        return Markup("").join(items)
    return Markup(", ").join(items[:-1]) + f" {conjunction} " + items[-1]


def names(models: Iterable[str], conjunction: str = "and") -> Markup:
    """Join names of models as code."""
    return listing([code(name) for name in models], conjunction)


def number_word(number: int) -> str:
    """Spell out small whole numbers."""
    return SMALL_NUMBERS[number] if 0 <= number < len(SMALL_NUMBERS) else f"{number:,}"


def plural(number: int, noun: str, many: str | None = None) -> str:
    """Say how many: one image, eight images."""
    return f"{number_word(number)} {noun if number == 1 else many or noun + 's'}"


def verb(things: Sized, one: str, many: str) -> str:
    """Choose the form of a verb: one figure shows, two figures show."""
    return one if len(things) == 1 else many


def sentence(text: str) -> str:
    """Turn a phrase that somebody wrote into a sentence: capital letter first, full stop last."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def phrase(text: str) -> str:
    """Turn what somebody wrote into a part of a sentence, without its full stop."""
    return text.strip().rstrip(".")


def layer_name(layer: int) -> Markup:
    """Name a block of the network."""
    return code(f"features[{layer}]")


def ref(*ids: str) -> Markup:
    """Refer to figures, tables or sections by id; the numbers are filled in when all of them are known."""
    return say('<a data-ref="{ids}"></a>', ids=" ".join(ids))


def listed(*ids: str) -> Markup:
    """Point to items in a list of them, which does not count as a text that refers to them."""
    return say('<a data-list="{ids}"></a>', ids=" ".join(ids))


def cite(*keys: str) -> Markup:
    """Cite works of the bibliography by key; the numbers are filled in at the end."""
    return say('<a data-cite="{keys}"></a>', keys=" ".join(keys))


def image_numbers(numbers: Sequence[int]) -> Markup:
    """Point to images by number: image 3; images 1, 4 and 7."""
    return say("{noun} {numbers}", noun="image" if len(numbers) == 1 else "images", numbers=listing(numbers))
