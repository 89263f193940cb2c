"""Files that spreadsheets open: no text acts as a formula, and all of it reads back."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http import sheets
from adapters.http.sheets import Separator, Sheet, SheetFormat, file_of, quoted, unquoted
from tests.spreadsheets import PAYLOADS, active, csv_cells, xlsx_cells


def sheet(*texts: object) -> Sheet:
    return Sheet("people", ("name", "note"), [(text, "x") for text in texts])


@pytest.mark.parametrize("kind", list(SheetFormat))
def test_no_payload_begins_a_cell(kind: SheetFormat) -> None:
    body = file_of(sheet(*PAYLOADS), kind).body
    rows = csv_cells(body) if kind is SheetFormat.CSV else xlsx_cells(body)
    assert len(rows) == 1 + len(PAYLOADS)
    assert active(rows) == []


@pytest.mark.parametrize("separator", list(Separator))
def test_every_payload_reads_back_whatever_stands_between_the_cells(separator: Separator) -> None:
    rows = csv_cells(file_of(sheet(*PAYLOADS), separator=separator).body, {"comma": ",", "semicolon": ";", "tab": "\t"}[separator])
    assert [unquoted(row[0]) for row in rows[1:]] == list(PAYLOADS)


@given(st.text())
def test_taking_the_apostrophe_off_gives_back_any_text(text: str) -> None:
    assert unquoted(quoted(text)) == text


@given(st.text(alphabet="'=+a \t", max_size=6))
def test_apostrophes_of_the_text_itself_stay(text: str) -> None:
    assert unquoted(quoted(text)) == text


def test_ordinary_names_stay_as_they_are() -> None:
    for text in ("O'Brien", "'s-Gravenhage", "Ana", "", "a=b", "1-2"):
        assert quoted(text) == text


def test_values_that_are_not_texts_have_one_form() -> None:
    id = uuid.uuid4()
    body = file_of(Sheet("s", ("a", "b", "c", "d", "e", "f"), [(None, True, -5, date(1990, 4, 17), datetime(2026, 1, 2, tzinfo=UTC), id)])).body
    assert csv_cells(body)[1] == ["", "true", "-5", "1990-04-17", "2026-01-02T00:00:00+00:00", str(id)]


def test_a_file_says_what_it_is() -> None:
    answer = file_of(sheet("Ana"), SheetFormat.XLSX)
    assert dict(answer.headers) == {
        "Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Content-Disposition": 'attachment; filename="people.xlsx"',
        "Cache-Control": "no-store",
    }
    assert file_of(sheet("Ana")).body.startswith(b"\xef\xbb\xbfname,note\r\n")


def test_a_text_longer_than_a_spreadsheets_cell_is_cut_in_a_workbook_only() -> None:
    text = "a" * 40_000
    assert len(xlsx_cells(file_of(sheet(text), SheetFormat.XLSX).body)[1][0]) == 32_767
    assert csv_cells(file_of(sheet(text)).body)[1][0] == text


def test_leaving_out_a_trigger_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    for left_out in ("\t", "＝", "@"):
        faulty = sheets._ACTIVE.pattern.replace(left_out, "").replace("\\uff1d" if left_out == "＝" else left_out, "")
        monkeypatch.setattr(sheets, "_ACTIVE", re.compile(faulty))
        assert active(csv_cells(file_of(sheet(*PAYLOADS)).body)) != []
