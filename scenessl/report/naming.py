"""The submission's name, Lastname_FirstName_StudentID, in letters that every system and every e-mail survives."""

import unicodedata

from scenessl.errors import UserError

# Letters that Unicode does not take apart into a base letter and an accent.
LETTERS = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "ng", "Ŋ": "Ng",
    "ŧ": "t", "Ŧ": "T", "ə": "e", "Ə": "E", "ĸ": "k", "ƒ": "f",
}  # fmt: skip
LONGEST = 200  # letters; file systems take 255, and the suffix is to come
DROPPED = set(".,'`´\"’‘‛ʼʻʹ·")  # O'Brien, J. P., L·l
HYPHENS = set("-_ \t\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212")


def submission_name(first_name: str, last_name: str, number: str) -> str:
    """Return `Lastname_FirstName_StudentID` of ASCII letters, digits and hyphens, a hyphen for every space.

    Raises:
        UserError: a part is missing, is no text, or has a character without a Latin counterpart, or all is too long;
            names the key.
    """
    parts = {"last_name": last_name, "first_name": first_name, "number": number}
    name = "_".join(transliterate(value, f"student.{key}") for key, value in parts.items())
    if len(name) > LONGEST:
        raise UserError(
            f"student: the submission would be called {name[:40]}…, {len(name)} letters; give shorter names."
        )
    return name


def transliterate(text: str, key: str) -> str:
    """Write `text` in ASCII letters, digits and hyphens; `key` is named in the UserError where that cannot be done."""
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{key} is missing or no text: {text!r}. Put it in quotes.")
    ascii_text = "".join(_letter(letter, text, key) for letter in unicodedata.normalize("NFC", text.strip()))
    name = "-".join(piece for piece in ascii_text.split("-") if piece)
    if not name:
        raise UserError(f"{key}: {text!r} has no letter or digit.")
    return name


def _letter(letter: str, text: str, key: str) -> str:
    """Return what stands for one character in a file name."""
    if letter in DROPPED:
        return ""
    if letter in HYPHENS:
        return "-"
    plain = LETTERS.get(letter) or "".join(
        LETTERS.get(piece, piece) for piece in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(piece)
    )
    if not (plain.isascii() and (plain.isalnum() or (not plain and unicodedata.combining(letter)))):
        raise UserError(f"{key}: {letter!r} in {text!r} cannot stand in a file name; write it in Latin letters.")
    return plain
