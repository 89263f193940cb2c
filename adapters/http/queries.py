"""Query strings: every parameter declared, given once, percent-encoded UTF-8. A list is one comma-separated value."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote_to_bytes

from kernel.errors import Fault, Invalid

_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MAX_FAULTS: Final = 20
_NOTHING: Final[Collection[str]] = ()


def parse_query(raw: str, declared: Collection[str] = _NOTHING, *, others: bool = False) -> dict[str, str]:
    """The parameters of a query string, still text; a schema gives them types.

    raw: as WSGI hands it over (`QUERY_STRING`: bytes shown as Latin-1). declared: the names allowed (a mapping serves).
    others: whether more may come along, unread: only where somebody else's service writes the query.
    Raises Invalid (422) that points at each unknown, repeated or undecodable parameter.
    """
    if not raw:
        return {}
    values: dict[str, str] = {}
    faults: list[Fault] = []
    for pair in raw.split("&"):
        if not pair:
            continue
        encoded_name, _, encoded_value = pair.partition("=")
        name = _decode(encoded_name)
        if others and name not in declared:
            continue
        if name is None or name not in declared:
            faults.append(Fault(f"?{_shown(name)}", "Unknown parameter."))
        elif name in values:
            faults.append(Fault(f"?{name}", "Given more than once; a list is one comma-separated value."))
        else:
            value = _decode(encoded_value)
            if value is None:
                faults.append(Fault(f"?{name}", "Not percent-encoded UTF-8 text without control characters."))
            values[name] = value or ""
        if len(faults) == _MAX_FAULTS:
            break
    if faults:
        raise Invalid(errors=faults)
    return values


def _decode(text: str) -> str | None:
    """The decoded text, or None where it is no text."""
    if text.isascii() and text.isprintable() and "%" not in text and "+" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        return None
    try:
        decoded = unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode()
    except UnicodeError:
        return None
    return None if _CONTROL.search(decoded) else decoded


def _shown(name: str | None) -> str:
    """An unknown name in an answer: cut, so that nobody makes us send back what they sent."""
    return "" if name is None else name[:64]
