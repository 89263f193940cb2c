"""From the bytes of a file to its cells: encoding and separator are found, not asked."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
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
_MOST_COLUMNS: Final = 500
_LONGEST_CELL: Final = csv.field_size_limit()
_TITLES: Final = 10  # lines above a header that are looked past
_OTHERS: Final = (
    ((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"), "This is a workbook; save it as CSV first."),
    ((b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf"), "This is an archive; take the CSV out of it."),
    ((b"%PDF",), "This is a PDF; export the list as CSV."),
    ((b"<",), "This is a web page or XML, whatever its name says; open it in a spreadsheet and save it as CSV."),
    ((b"{", b"[{", b"[\n"), "This is JSON; export the list as CSV."),
)
_END: Final = "\x1a"


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
    beginning = raw[:64].removeprefix(codecs.BOM_UTF8).lstrip()
    for signs, reason in _OTHERS:
        if beginning.startswith(signs):
            raise Unreadable(reason)
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if marked is not None:
        return _strictly(raw, marked).removeprefix("\ufeff"), marked.removesuffix("-sig")
    if charset is not None:
        name = _declared(charset)
        return _strictly(raw, name), name
    if (wide := _wide(raw)) is not None:
        try:
            return raw.decode(wide), wide
        except UnicodeDecodeError:
            raise Unreadable("The file holds NUL bytes and is not UTF-16: it is no text.") from None
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if _damaged(raw):
            row = raw[: error.start].count(b"\n") + 1
            raise Unreadable(f"The file is UTF-8, but not at byte {error.start} (line {row}); save it as CSV UTF-8 again.") from None
    try:
        return raw.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:  # five bytes mean nothing there
        return raw.decode("latin-1"), "latin-1"


def _wide(raw: bytes) -> str | None:
    """Which UTF-16 it is: every other byte of what is ASCII in it is NUL, and hardly any of the rest. One that strayed into a text says nothing."""
    first, second = raw[0::2].count(0), raw[1::2].count(0)
    if max(first, second) * 20 < len(raw) or max(first, second) < 4 * min(first, second):
        return None
    return "utf-16-be" if first > second else "utf-16-le"


def _damaged(raw: bytes) -> bool:
    """Whether most of what is not ASCII is UTF-8 all the same: in Windows-1252 hardly anything happens to be."""
    text = raw.decode(errors="replace")
    wrong = text.count("\ufffd")
    return sum(letter > "\x7f" for letter in text) - wrong > wrong


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
    """The cells. known: how many of a header's cells it recognises, which tells the separators apart, and the header from titles above it.
    Raises Unreadable."""
    if "\0" in text:
        raise Unreadable("The file holds NUL characters: it is no text.")
    skipped, separator = _announced(text)
    if separator is None:
        separator = max(_SEPARATORS, key=lambda each: _fitness(text, each, known))
    else:
        text = text.partition("\n")[2]
    records = [(number, cells) for number, cells in _rows(text, separator, 1 + skipped) if any(cell.strip() for cell in cells)]
    if records and len(records[0][1]) > _MOST_COLUMNS:
        raise Unreadable(f"The file has more than {_MOST_COLUMNS} columns.")
    return Table(encoding, separator, records[_titles([cells for _, cells in records[: _TITLES + 1]], known) :])


def _rows(text: str, separator: str, first: int) -> Iterator[tuple[int, list[str]]]:
    """Records by number. A line of ours at the end shows whether a quotation mark is still open there."""
    number = first
    try:
        for number, cells in enumerate(_read(f"{text.rstrip().rstrip(_END).rstrip()}\n{_END}", separator), first):
            if cells == [_END]:
                return
            if cells and cells[-1].endswith(f"\n{_END}"):
                raise Unreadable(f'In row {number} a quotation mark (") begins a text that never ends.')
            yield number, cells
            number += 1  # which row it was when the next one fails
    except csv.Error:
        raise Unreadable(f"In row {number} a cell is longer than {_LONGEST_CELL} characters.") from None


def _titles(rows: Sequence[Sequence[str]], known: Callable[[Sequence[str]], int]) -> int:
    """How many rows above the header are titles: nothing but one cell each, and below them a header of which two cells are known."""
    for n, cells in enumerate(rows):
        if known(cells) >= 2:
            return n
        if sum(bool(cell.strip()) for cell in cells) != 1:
            return 0
    return 0


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
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    header = filled[_titles(filled[: _TITLES + 1], known)] if filled else []
    same = sum(len(row) == len(header) for row in rows) if len(header) > 1 else 0
    return (known(header), same, len(header))


def _read(text: str, separator: str) -> Iterable[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)
