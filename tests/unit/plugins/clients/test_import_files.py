"""Files of clients as people have them: encodings, separators, headers, dates, cells."""

from __future__ import annotations

import codecs
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.sheets import Separator, Sheet, file_of, unquoted
from plugins.clients.domain.duplicates import keys_of, row_key
from plugins.clients.domain.imports.columns import header_of, meaning, read_header
from plugins.clients.domain.imports.custom import Custom, custom_cell
from plugins.clients.domain.imports.dates import DateOrder, order_of, read_date
from plugins.clients.domain.imports.rows import File, read_file
from plugins.clients.domain.imports.tags import tags_cell, tags_of
from plugins.clients.domain.imports.text import Unreadable
from plugins.clients.domain.register import terms_of
from tests.spreadsheets import PAYLOADS

TODAY = date(2026, 5, 4)
SAMPLE = "Nombre;Correo electrónico;Teléfono;Fecha de nacimiento;Notas\r\nJosé Álvarez;jose@example.com;600 000 001;17/04/1990;Rodilla ñ\r\n"


def read(raw: bytes | str, charset: str | None = None, order: DateOrder | None = None, locale: str = "es") -> File:
    content = raw.encode() if isinstance(raw, str) else raw
    return read_file(content, charset, order=order, locale=locale, today=TODAY, unquoted=unquoted)


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (SAMPLE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + SAMPLE.encode(), "utf-8"),
        (SAMPLE.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + SAMPLE.encode("utf-16-be"), "utf-16"),
        (SAMPLE.encode("utf-16-le"), "utf-16-le"),
        (SAMPLE.encode("utf-16-be"), "utf-16-be"),
        (SAMPLE.encode("cp1252"), "cp1252"),
        ((SAMPLE + "\x81;;;;\r\n").encode("latin-1"), "latin-1"),
    ],
)
def test_the_encoding_is_found(raw: bytes, encoding: str) -> None:
    file = read(raw)
    assert file.encoding == encoding
    assert file.entries[0].values == {
        "full_name": "José Álvarez", "email": "jose@example.com", "phone": "600 000 001", "birth_date": "1990-04-17", "notes": "Rodilla ñ",
    }  # fmt: skip


def test_a_declared_charset_is_believed_and_checked() -> None:
    assert read(SAMPLE.encode("mac-roman"), "macintosh").entries[0].values["full_name"] == "José Álvarez"
    with pytest.raises(Unreadable, match="byte"):
        read(SAMPLE.encode("cp1252"), "utf-8")
    with pytest.raises(Unreadable, match="charset"):
        read(SAMPLE.encode(), "rot13")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("announced", ["", "sep={}\r\n"])
def test_the_separator_is_found_and_may_stand_in_quotes(separator: str, announced: str) -> None:
    other = next(each for each in ",;" if each != separator)
    text = announced.format(separator) + separator.join(("name", "email", "notes")) + "\n"
    text += separator.join(("Ana", "ana@example.com", f'"a{separator}b{other}{other}{other}"')) + "\n" + separator.join(("Bo", "", "")) + "\n"
    file = read(text)
    assert file.separator == separator
    assert [entry.values.get("notes") for entry in file.entries] == [f"a{separator}b{other}{other}{other}", None]
    assert [entry.row for entry in file.entries] == ([3, 4] if announced else [2, 3])


def test_titles_above_the_header_are_looked_past_and_rows_keep_their_numbers() -> None:
    for title in ("Clients of North Studio\n\n", "Clients,,\nExported 2026-05-04,,\n"):
        file = read(title + "name,email,phone\nAna,ana@example.com,\n")
        assert [(entry.row, entry.values["full_name"]) for entry in file.entries] == [(title.count("\n") + 2, "Ana")]
    with pytest.raises(Unreadable, match="No column"):
        read("Ana,ana@example.com\nname,email\nBo,bo@example.com\n")


def test_quotation_marks_inside_a_text_and_the_end_mark_of_old_systems_are_no_open_ends() -> None:
    assert [entry.values for entry in read('name,notes\nAna "the boss",5" tall\nBo,"x ""y"""\n\x1a').entries] == [
        {"full_name": 'Ana "the boss"', "notes": '5" tall'}, {"full_name": "Bo", "notes": 'x "y"'},
    ]  # fmt: skip


def test_a_file_of_one_column_needs_no_separator() -> None:
    assert [entry.values["full_name"] for entry in read("Nome\nAna\n\nBia\n").entries] == ["Ana", "Bia"]


def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    file = read('name,notes\n\nAna,"two\nlines"\nBo,\n')
    assert [(entry.row, entry.values["full_name"]) for entry in file.entries] == [(3, "Ana"), (4, "Bo")]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "workbook"),
        (b"\x1f\x8b\x08rest", "archive"),
        (b"%PDF-1.7", "PDF"),
        (b"\xef\xbb\xbf \n<html><table>", "web page"),
        (b'[{"name": "Ana"}]', "JSON"),
        (b"n\0a\0x", "no text"),
        (SAMPLE.encode() + b"Ana \xff;;;;\r\n", r"byte 1\d\d .line 3."),
        (SAMPLE.encode()[:-3], r"byte 1\d\d .line 2."),
        ('name,notes\nAna,"open\nBo,x\nCy,y\n', "row 2 a quotation mark"),
        ('name,notes\nAna,x\nBo,"', "row 3 a quotation mark"),
        ("name,notes\nAna,x\nBo," + "x" * 140_000, "row 3 a cell is longer"),
        ("name" + ",x" * 500, "500 columns"),
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"email,phone\na@example.com,1\n", "No column"),
        (b"Ana,ana@example.com\n", "No column"),
        (b"name\0,\0x\nA\0\0\0b", "NUL"),
        ("name\nA\0\n".encode("utf-16"), "NUL"),
        ("name\n" + "Ana\n" * 20_001, "20000"),
    ],
)
def test_what_is_no_table_of_clients_is_refused_with_the_reason(raw: bytes | str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(raw)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Full Name", "full_name"), ("Nombre y apellidos", "full_name"), ("NOME COMPLETO", "full_name"), ("cliente", "full_name"),
        ("E-Mail Address", "email"), ("Correo electrónico", "email"), ("endereço_de_e-mail", "email"), ("e-mail (personal)", "email"),
        ("Móvil", "phone"), ("TELEMÓVEL", "phone"), ("Cell Phone", "phone"), ("Tel.", "phone"),
        ("D.O.B.", None), ("DOB", "birth_date"), ("Fecha de nacimiento (dd/mm/aaaa)", "birth_date"), ("Data de Nascimento", "birth_date"),
        ("Situação", "status"), ("Active", "status"), ("Etapa", "lifecycle_stage"),
        ("Etiquetas", "tags"), ("Observações", "notes"), ("Entrenadora", "assigned_to"), ("Shoe size", None), ("", None),
    ],
)  # fmt: skip
def test_headers_are_known_in_three_languages(header: str, field: str | None) -> None:
    assert meaning(header) == field


def test_columns_nobody_reads_are_named_and_those_of_our_own_export_are_not() -> None:
    columns = read_header(["id", "Nombre", "Apellidos", "Teléfono", "Móvil", "Talla", "", "created_at"])
    assert columns.places == {"first_name": [1], "last_name": [2], "phone": [3, 4]}
    assert columns.ignored == ["Talla"]


def test_given_name_and_surname_make_a_name() -> None:
    assert [each.values["full_name"] for each in read("First Name,Surname\nAna,Souza\nBo,\n").entries] == ["Ana Souza", "Bo"]


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("1990-04-17", DateOrder.DMY, date(1990, 4, 17)), ("1990/4/7", DateOrder.MDY, date(1990, 4, 7)),
        ("19900417", DateOrder.DMY, date(1990, 4, 17)),
        ("1990-04-17T00:00:00Z", DateOrder.DMY, date(1990, 4, 17)), ("03/04/1990", DateOrder.DMY, date(1990, 4, 3)),
        ("03/04/1990", DateOrder.MDY, date(1990, 3, 4)), ("3.4.90", DateOrder.DMY, date(1990, 4, 3)), ("3-4-05", DateOrder.DMY, date(2005, 4, 3)),
        ("90/04/17", DateOrder.YMD, date(1990, 4, 17)), ("17 abr 1990", DateOrder.DMY, date(1990, 4, 17)),
        ("17 de abril de 1990", DateOrder.MDY, date(1990, 4, 17)), ("1º de março de 1990", DateOrder.DMY, date(1990, 3, 1)),
        ("April 17, 1990", DateOrder.DMY, date(1990, 4, 17)), ("Apr 17th, 1990", DateOrder.DMY, date(1990, 4, 17)),
        ("17-Apr-90", DateOrder.DMY, date(1990, 4, 17)), ("17/04/1990 00:00", DateOrder.DMY, date(1990, 4, 17)),
        ("29/02/2023", DateOrder.DMY, None), ("17/04/1990", DateOrder.MDY, None), ("03/04/1990", DateOrder.YMD, None), ("soon", DateOrder.DMY, None),
        ("32980", DateOrder.DMY, None), ("17 foo 1990", DateOrder.DMY, None), ("0000-01-01", DateOrder.DMY, None),
        ("١٧/٠٤/١٩٩٠", DateOrder.DMY, None),
    ],
)  # fmt: skip
def test_dates_are_read_by_the_order_of_the_file(text: str, order: DateOrder, day: date | None) -> None:
    assert read_date(text, order, TODAY) == day


def test_the_order_is_what_the_cells_prove_and_else_the_locales() -> None:
    assert order_of(["03/04/1990", "04/17/1990"], "es") is DateOrder.MDY
    assert order_of(["03/04/1990", "17/04/1990"], "en-US") is DateOrder.DMY
    assert order_of(["03/04/1990"], "en_US") is DateOrder.MDY
    assert order_of(["03/04/1990"], "en") is DateOrder.DMY
    assert order_of(["13/04/1990", "04/13/1990"], "pt") is DateOrder.DMY


def test_no_day_at_all_is_no_birth_date_and_a_spreadsheets_number_is_told() -> None:
    file = read("name,dob\nA,0000-00-00\nB,00/00/0000\nC,00.00.0000 00:00\nD,32980\n")
    assert [entry.values for entry in file.entries[:3]] == [{"full_name": name} for name in "ABC"]
    assert [(p.row, p.column, "format the column" in p.message) for entry in file.entries for p in entry.problems] == [(5, "dob", True)]


def test_status_and_stage_as_other_programs_mix_them() -> None:
    rows = "A,Lead,\nB,TRUE,\nC,cancelado,\nD,prospecto,former\nE,,trial\nF,Cliente,\nG,asleep,later\n"
    file = read("name,status,stage\n" + rows)
    assert [(e.values.get("status"), e.values.get("lifecycle_stage")) for e in file.entries] == [
        (None, "lead"), ("active", None), ("inactive", None), (None, "former"), (None, "trial"), (None, "client"), (None, None),
    ]  # fmt: skip
    assert [(p.row, p.column) for entry in file.entries for p in entry.problems] == [(8, "stage"), (8, "status")]


def test_what_cannot_be_seen_around_a_cell_is_no_part_of_it() -> None:
    assert read("\u200bname,\u00a0Email\u00a0\n\u00a0Ana\u200b,\u2060ana@example.com \n").entries[0].values == {
        "full_name": "Ana", "email": "ana@example.com",
    }  # fmt: skip


DEFINED = [
    Custom(name, definition)
    for name, definition in {
        "goal": {"type": "string", "title": "Objetivo", "enum": ["Strength", "Pérdida de peso"]},
        "shoes": {"type": "number"}, "visits": {"type": "integer"}, "news": {"type": "boolean"}, "since": {"type": "string", "format": "date"},
        "sports": {"type": "array", "items": {"type": "string"}}, "marks": {"type": "array", "items": {"type": "integer"}},
        "kin": {"type": "object", "properties": {"name": {"type": "string"}}}, "notes": {"type": "string"},
    }.items()
]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "cell", "value"),
    [
        ("Objetivo", "perdida DE peso", "Pérdida de peso"), ("goal", "fame", "fame"), ("Shoes", "41,5", 41.5), ("shoes", "1.234,5", 1234.5),
        ("shoes", "1,234.5", 1234.5), ("shoes", "41.0", 41), ("visits", "12", 12), ("visits", "a dozen", "a dozen"), ("shoes", "1e999", "1e999"),
        ("news", "Sí", True), ("news", "FALSE", False), ("news", "perhaps", "perhaps"), ("since", "3/4/20", "2020-04-03"), ("since", "soon", "soon"),
        ("sports", 'ski; "a;b"', ["ski", "a;b"]), ("marks", "1;2;x", [1, 2, "x"]), ("kin", '{"name": "Olga"}', {"name": "Olga"}),
        ("kin", "Olga", "Olga"), ("kin", "[" * 100_000, "[" * 100_000), ("kin", '{"name": NaN}', '{"name": NaN}'), ("custom_fields.notes", "x", "x"),
    ],
)  # fmt: skip
def test_cells_of_the_workspaces_own_fields_are_read_by_their_type(header: str, cell: str, value: object) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    file = read_file(
        f"name;{header}\nAna;{quoted}\n".encode(), None, order=None, locale="es", today=TODAY, unquoted=unquoted, custom=DEFINED
    )  # fmt: skip
    (found,) = file.entries[0].values["custom_fields"].values()
    assert (found, type(found)) == (value, type(value))
    assert file.columns.ignored == []


def test_a_field_of_the_workspaces_own_does_not_take_the_place_of_ours() -> None:
    columns = read_header(["name", "notes", "custom_fields.notes", "Goal", "Objetivo"], DEFINED)
    assert columns.places == {"full_name": [0], "notes": [1], "custom_fields.notes": [2], "custom_fields.goal": [3, 4]}
    assert columns.ignored == []
    assert [header_of(each) for each in DEFINED if each.name in ("goal", "notes")] == ["goal", "custom_fields.notes"]


@given(
    st.fixed_dictionaries({}, optional={
        "goal": st.sampled_from(["Strength", "Pérdida de peso"]), "shoes": st.floats(-1e6, 1e6), "visits": st.integers(-(2**53) + 1, 2**53 - 1),
        "news": st.booleans(), "since": st.dates(date(1880, 1, 1), date(9999, 12, 31)).map(str),
        "sports": st.lists(st.text("ab;,| \"'=\u00e9", min_size=1).filter(str.strip), min_size=1),
        "kin": st.fixed_dictionaries({"name": st.text()}), "marks": st.lists(st.integers(0, 9), min_size=1),
    })
)  # fmt: skip
def test_the_workspaces_own_fields_read_back_from_an_export(values: dict[str, object]) -> None:
    rows = [["Ana", *(custom_cell(values.get(each.name)) for each in DEFINED)]]
    body = file_of(Sheet("clients", ("full_name", *(header_of(each) for each in DEFINED)), rows)).body
    entry = read_file(body, None, order=None, locale="en", today=TODAY, unquoted=unquoted, custom=DEFINED).entries[0]
    assert entry.values.get("custom_fields", {}) == values


def test_what_is_wrong_is_told_per_row_and_column() -> None:
    file = read('Nombre,Nacimiento,Estado,Tel\nAna,17 foo,dormido,"6,0E+08"\n,,,\n,01/02/1990,activo,n/a\nBo,,,1,2\n')
    assert [(p.row, p.column) for entry in file.entries for p in entry.problems] == [
        (2, "Tel"), (2, "Nacimiento"), (2, "Estado"), (4, "Nombre"), (5, None),
    ]  # fmt: skip
    assert "phone" not in file.entries[1].values


def test_an_export_reads_back_exactly() -> None:
    for separator in Separator:
        rows = [(text, text, tags_cell([text, "a;b"])) for text in PAYLOADS if text.strip()]
        file = read(file_of(Sheet("clients", ("full_name", "notes", "tags"), rows), separator=separator).body)
        assert [(e.values["full_name"], e.values["notes"]) for e in file.entries] == [row[:2] for row in rows]
        assert [e.values["tags"] for e in file.entries] == [[name, "a;b"] for name, _, _ in rows]


@given(st.lists(st.text(min_size=1, max_size=8).filter(str.strip)))
def test_tags_read_back(tags: list[str]) -> None:
    assert tags_of(tags_cell(tags)) == tags


def test_tags_as_people_write_them() -> None:
    assert tags_of("strength, morning; vip |  ,") == ["strength", "morning", "vip"]
    assert tags_of('"a" b, c') == ['"a" b', "c"]


def test_two_spellings_of_a_person_have_a_key_in_common() -> None:
    one = {"full_name": "José  Álvarez", "email": "jose@example.com", "phone": "+34 600 000 001", "birth_date": date(1990, 4, 17)}
    other = {"full_name": "JOSE ALVAREZ", "email": None, "phone": "600-00-00-01", "birth_date": date(1990, 4, 17)}
    assert set(keys_of(other)) <= set(keys_of(one))
    assert set(keys_of(one)) <= set(terms_of("José  Álvarez", "jose@example.com", [], "+34 600 000 001", date(1990, 4, 17)))
    assert keys_of({"full_name": "José", "phone": "112"}) == []
    assert row_key(one, 0) != row_key(one, 1)
    assert row_key(one, 0) == row_key({**one, "full_name": "jose alvarez", "notes": "x"}, 0)
