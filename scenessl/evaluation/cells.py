"""What stands in a cell of a table: numbers of one length, and settings in words."""


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
