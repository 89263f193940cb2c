"""From the bytes of a file to its cells: encoding and separator are found, not asked."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARABLE: Final = frozenset(
    {"utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "iso8859-1", "iso8859-15", "ascii", "mac-roman"}
)
_SEPARATORS: Final = (",", ";", "\t", "|")
_LOOKED_AT: Final = 20
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"


class Unreadable(ValueError):
    """The file is no table of text; the message says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a file. records: with the header first, each with its number as a spreadsheet counts rows, from 1; blank ones left out."""

    encoding: str
    separator: str
    records: Sequence[tuple[int, list[str]]]


def decode(raw: bytes, charset: str | None = None) -> tuple[str, str]:
    """The text and the encoding it was in. A byte order mark decides, then what was declared, then what the bytes can be: UTF-8,
    UTF-16, and at last Windows-1252, which Excel writes in most of our users' countries. Raises Unreadable."""
    if raw.startswith((_ZIP, _OLD_EXCEL)):
        raise Unreadable("This is a workbook; save it as CSV first.")
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if marked is not None:
        return _strictly(raw, marked).removeprefix("\ufeff"), marked.removesuffix("-sig")
    if charset is not None:
        name = _declared(charset)
        return _strictly(raw, name), name
    if b"\0" in raw:
        name = "utf-16-be" if raw[0::2].count(0) > raw[1::2].count(0) else "utf-16-le"
        return _strictly(raw, name), name
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:  # five bytes mean nothing there
        return raw.decode("latin-1"), "latin-1"


def _declared(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        name = ""
    if name not in _DECLARABLE:
        raise Unreadable(f"The charset {charset[:40]} is not one we read; UTF-8, UTF-16 and Windows-1252 are.")
    return name


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"The file is not {encoding}: byte {error.start} cannot be.") from None


def tabulate(text: str, encoding: str, known: Callable[[Sequence[str]], int]) -> Table:
    """The cells. known: how many of a header's cells it recognises, which tells the separators apart. Raises Unreadable."""
    if "\0" in text:
        raise Unreadable("The file holds NUL characters: it is no text.")
    skipped, separator = _announced(text)
    if separator is None:
        separator = max(_SEPARATORS, key=lambda each: _fitness(text, each, known))
    else:
        text = text.partition("\n")[2]
    try:
        records = [(number, cells) for number, cells in enumerate(_read(text, separator), 1 + skipped) if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise Unreadable(f"The file is not a table: {error}.") from None
    return Table(encoding, separator, records)


def _announced(text: str) -> tuple[int, str | None]:
    """`sep=;` in the first line, as Excel writes and reads it; the line counts as a row."""
    first = text.partition("\n")[0].rstrip("\r").strip('"')
    if len(first) == 5 and first.lower().startswith("sep=") and first[4] in _SEPARATORS:
        return 1, first[4]
    return 0, None


def _fitness(text: str, separator: str, known: Callable[[Sequence[str]], int]) -> tuple[int, int, int]:
    """How well a separator explains the beginning: headers recognised, then rows as wide as the header, then its width."""
    try:
        rows = list(islice(_read(text, separator), _LOOKED_AT))
    except csv.Error:
        return (0, 0, 0)
    header = next((row for row in rows if any(cell.strip() for cell in row)), [])
    same = sum(len(row) == len(header) for row in rows) if len(header) > 1 else 0
    return (known(header), same, len(header))


def _read(text: str, separator: str) -> Iterable[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)
