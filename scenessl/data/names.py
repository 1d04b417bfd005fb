"""Names of files as people may have made them: any bytes but a slash. Standard library only: planning uses it."""


def is_text(name: str) -> bool:
    """Tell whether a name is UTF-8; bytes that are not come as surrogates."""
    return not any(0xD800 <= ord(sign) <= 0xDFFF for sign in name)


def as_text(name: str) -> str:
    """Return a name as a file can hold it: bytes that are not UTF-8 are spelt out, as in \\xff."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def printable(name: str) -> str:
    """Return a name as it may stand in a line: line breaks, signs that reverse the text and the like are spelt out."""
    text = as_text(name)
    return text if text.isprintable() else "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
