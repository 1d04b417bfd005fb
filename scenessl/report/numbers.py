"""How numbers are written: one set of filters for all templates and all sentences."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

SPACE = "\u00a0"  # no-break, between a number and its unit
MINUS = "\u2212"
DASH = "\u2013"  # stands in a table where there is nothing to say


def _signed(text: str) -> str:
    """Use a true minus sign."""
    return text.replace("-", MINUS)


def percent(share: float, digits: int = 2) -> str:
    """A share of 0 to 1 as a percentage: 0.93634 becomes 93.63 %."""
    return _signed(f"{100 * share:.{digits}f}") + SPACE + "%"


def points(difference: float) -> str:
    """A difference of two shares in percentage points, with its sign: +1.23 points."""
    return _signed(f"{100 * difference:+.2f}") + " points"


def size_in_points(difference: float) -> str:
    """The size of a difference of two shares, without its sign: 1.23 percentage points."""
    return f"{100 * abs(difference):.2f} percentage points"


def point_range(low: float, high: float) -> str:
    """An interval of a difference: +0.31 to +2.15 points."""
    return _signed(f"{100 * low:+.2f} to {100 * high:+.2f}") + " points"


def percent_range(low: float, high: float) -> str:
    """An interval of a share: 92.71 to 94.44 %."""
    return f"{100 * low:.2f} to {100 * high:.2f}{SPACE}%"


def p_value(p: float) -> str:
    """A p-value with its relation: p = 0.032, p < 0.001."""
    return f"p{SPACE}<{SPACE}0.001" if p < 0.001 else f"p{SPACE}={SPACE}{p:.3f}"


def count(number: int) -> str:
    """A whole number with thousands separators: 2,985."""
    return f"{number:,}"


def hundredfold(share: float) -> str:
    """A share of 0 to 1 in a column whose heading says percent: 93.63."""
    return _signed(f"{100 * share:.2f}")


def loss(value: float) -> str:
    """A loss, three decimals."""
    return _signed(f"{value:.3f}")


def decimal(value: float) -> str:
    """A correlation, an activation or another plain quantity, two decimals."""
    return _signed(f"{value:.2f}")


def degrees(value: float) -> str:
    """An angle, in whole degrees: 45°."""
    return f"{value:.0f}°"


def factor(value: float) -> str:
    """How many times as much: 1.8 times, 14 times."""
    return _signed(f"{value:.1f} times" if value < 10 else f"{value:.0f} times")


def setting(value: object) -> str:
    """The value of a setting as a reader expects it: 5e-4, yes, none, flip + crop."""
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _short(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)} {setting(inner)}" for key, inner in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " + ".join(setting(inner) for inner in value)
    return str(value)


def _words(key: object) -> str:
    return str(key).replace("_", " ")


def _short(value: float) -> str:
    """A float with up to four significant digits; small ones as a power of ten."""
    if value == 0:
        return "0"
    if abs(value) < 0.01:
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        return _signed(f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}")
    return _signed(f"{value:.4g}")


def or_dash(value: object, name: str) -> str:
    """Write a table's cell by the filter called `name`; a dash where there is no value."""
    return DASH if value is None else FILTERS[name](value)


def code(name: object) -> Markup:
    """A model's or a layer's name, printed as code, which may break after an underscore."""
    return Markup("<code>{}</code>").format(Markup("_<wbr>").join(str(name).split("_")))


FILTERS = {
    function.__name__: function
    for function in (
        percent,
        percent_range,
        points,
        size_in_points,
        point_range,
        p_value,
        count,
        hundredfold,
        loss,
        decimal,
        degrees,
        factor,
        setting,
        or_dash,
        code,
    )
}
