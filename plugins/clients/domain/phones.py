"""Phone numbers, as people write them and as they are kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_DASHES: Final = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
_BETWEEN: Final = re.compile(r"[ ()./-]+")
_WITH_COUNTRY: Final = re.compile(r"\+[1-9][0-9]{3,14}")
_WITHOUT: Final = re.compile(r"[0-9 ()./-]+")
_FEWEST, _MOST = 4, 20


def dialable(text: str) -> str:
    """A number with + in front as E.164 has it, `+34600000000`; without, as it was written, for of which country it is nobody says. Idempotent.

    Raises ValueError for anything else; the message is for people.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).translate(_DASHES).split())
    if plain.startswith("+"):
        number = "+" + _BETWEEN.sub("", plain[1:].replace("(0)", ""))  # as in +44 (0)20 7946 0000: only for who calls from there
        if not _WITH_COUNTRY.fullmatch(number):
            raise ValueError("After the + come a country and a number in it: 4 to 15 digits, the first of them no 0.")
        return number
    if not _WITHOUT.fullmatch(plain) or not _FEWEST <= sum(letter.isdigit() for letter in plain) <= _MOST:
        raise ValueError(f"Write {_FEWEST} to {_MOST} digits, with spaces or - ( ) . / between them, or + and the country first.")
    return plain
