"""Tables as files: CSV and XLSX in which no text can act as a formula, and which read back as they were written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from adapters.http import headers
from adapters.http.exchange import Answer
from kernel.errors import TooLarge

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CELL: Final = 32_767  # what a spreadsheet's cell can hold
_ROWS: Final = 1_048_575  # and a sheet, below its header
# What spreadsheets take for a formula (OWASP CSV injection), in all its widths, also after blanks that some of them skip. The apostrophes in
# front are ours: one more for a text that has them already makes taking one off again exact.
_ACTIVE: Final = re.compile("'*(?:[\t\r\n\0]|[\\s\u200b-\u200f\u2060\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")


class SheetFormat(StrEnum):
    """How a table leaves."""

    CSV = "csv"
    XLSX = "xlsx"


class Separator(StrEnum):
    """What stands between the cells of a CSV; spreadsheets of most of Europe and Latin America expect the semicolon."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"


_CHARACTERS: Final = {Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.TAB: "\t"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table on its way out. name: of the file, without an ending; rows: read once, None is an empty cell."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[object]]


def quoted(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would compute it. `unquoted` takes it off."""
    return f"'{text}" if _ACTIVE.match(text) else text


def unquoted(text: str) -> str:
    """What `quoted` was given."""
    return text[1:] if text.startswith("'") and _ACTIVE.match(text) else text


def file_of(sheet: Sheet, kind: SheetFormat = SheetFormat.CSV, separator: Separator = Separator.COMMA) -> Answer:
    """The download: a view returns it. CSV is RFC 4180 in UTF-8 with a byte order mark, by which spreadsheets know it."""
    body = _csv(sheet, _CHARACTERS[separator]) if kind is SheetFormat.CSV else _xlsx(sheet)
    media = "text/csv; charset=utf-8" if kind is SheetFormat.CSV else XLSX
    disposition = f'attachment; filename="{sheet.name}.{kind}"'
    return Answer(200, [("Content-Type", media), ("Content-Disposition", disposition), headers.NO_STORE], body)


def _csv(sheet: Sheet, separator: str) -> bytes:
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8-sig", newline="") as text:
        csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(_cells(sheet))
        text.flush()
        return written.getvalue()


def _xlsx(sheet: Sheet) -> bytes:
    import xlsxwriter  # costs memory, and most processes never write one

    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"constant_memory": True, "in_memory": False}) as book:
        page = book.add_worksheet()
        page.freeze_panes(1, 0)
        for row, cells in enumerate(_cells(sheet)):
            if row > _ROWS:
                raise TooLarge("That is more than a spreadsheet holds; narrow it, or take the CSV.", code="sheet_too_large")
            for column, value in enumerate(cells):
                # By kind, never by look: write() would make formulas and links of texts.
                if isinstance(value, str):
                    page.write_string(row, column, value[:_CELL])
                elif value is not None:
                    page.write_number(row, column, value)
    return written.getvalue()


def _cells(sheet: Sheet) -> Iterator[list[str | int | float | None]]:
    yield [quoted(column) for column in sheet.columns]
    for row in sheet.rows:
        yield [_cell(value) for value in row]


def _cell(value: object) -> str | int | float | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return quoted(str(value))
