"""Names in several columns, several columns for one field, and bytes that only look like UTF-16."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from adapters.http.sheets import unquoted
from plugins.clients.domain.imports.columns import meaning
from plugins.clients.domain.imports.custom import Custom
from plugins.clients.domain.imports.rows import File, read_file
from plugins.clients.domain.imports.text import Unreadable


def read(raw: str | bytes, unlike: Sequence[str] | None = None, custom: Sequence[Custom] = ()) -> File:
    content = raw.encode() if isinstance(raw, str) else raw
    staff = {"carl": 1, "carl@example.com": 1}
    return read_file(
        content, None, order=None, locale="es", today=date(2026, 5, 4), unquoted=unquoted, staff=staff, unlike=unlike, custom=custom
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("Full name,Last name", "Ana Souza,Souza", "Ana Souza"),
        ("Full name,Last name", ",Souza", "Souza"),
        ("Nombre completo;Nombre;Apellidos", "Ana Souza Lima;Ana;Souza", "Ana Souza Lima"),
        ("Name,Last name", "Ana,Souza", "Ana Souza"),
        ("Nombre;Primer apellido;Segundo apellido", "Ana;Souza;Lima", "Ana Souza Lima"),
        ("Apellido 1;Apellido 2;Nombre", "Souza;Lima;Ana", "Ana Souza Lima"),
        ("Nombre;1er Apellido;2º Apellido", "Ana;Souza;Lima", "Ana Souza Lima"),
        ("Nombre;1.er Apellido;2.º Apellido", "Ana;Souza;", "Ana Souza"),
        ("Nombre;Segundo apellido", "Ana;Lima", "Ana Lima"),
        ("First name,Middle name,Surname", "Ana,Maria,Souza", "Ana Maria Souza"),
        ("Nome,Sobrenome", "Ana,Souza", "Ana Souza"),
        ("Nombre;Cliente", ";Ana Souza", "Ana Souza"),
    ],
)
def test_a_name_is_whole_once_and_nothing_of_it_is_lost(header: str, row: str, name: str) -> None:
    file = read(f"{header}\n{row}\n")
    assert (file.entries[0].values["full_name"], file.entries[0].problems, file.columns.ignored) == (name, [], [])


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Data de nasc.", "birth_date"), ("Fecha nac.", "birth_date"), ("Telemóvel nº", "phone"), ("Nº de telemóvel", "phone"), ("Tel. no.", "phone"),
        ("Nº de cliente", None), ("Cliente nº", None), ("Nº socio", None), ("Nº", None),
    ],
)  # fmt: skip
def test_numbers_of_telephones_are_known_and_those_of_clients_are_no_names(header: str, field: str | None) -> None:
    assert meaning(header) == field


def test_of_several_columns_for_a_field_the_first_that_is_filled_counts() -> None:
    file = read('name,Phone,Mobile,E-mail,Email 2\nAna,,600 000 001,a@example.com,\nBo,n/a,"6,0E+08",,\nCy,600 000 003,600 000 004,,\n')
    assert [entry.values.get("phone") for entry in file.entries] == ["600 000 001", "6,0E+08", "600 000 003"]
    assert [(each.row, each.column) for entry in file.entries for each in entry.problems] == [(3, "Mobile")]
    assert (file.columns.described["phone"], file.columns.ignored) == ("Phone, Mobile", ["Email 2"])


def test_dates_of_every_column_tell_what_the_month_is() -> None:
    file = read("name,dob,birthday\nAna,03/04/1990,\nBo,,04/17/1990\n")
    assert [entry.values["birth_date"] for entry in file.entries] == ["1990-03-04", "1990-04-17"]


@pytest.mark.parametrize("name", ["Ana\0", "Ana\0x", "Ñandú\0x"])
def test_a_stray_nul_does_not_make_a_file_utf_16(name: str) -> None:
    rows = "".join(f"Bo {n},bo{n}@example.com\n" for n in range(20))
    with pytest.raises(Unreadable, match="holds NUL characters"):
        read(f"name,email\n{rows}{name},ana@example.com\n")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_nuls(encoding: str) -> None:
    file = read("Имя,name,email\nАна Соуза Лима,Ана Соуза,ana@example.com\n".encode(encoding))
    assert (file.encoding, file.entries[0].values["full_name"]) == (encoding, "Ана Соуза")


@pytest.mark.parametrize(
    ("header", "row", "notes"),
    [
        ("Name,Notes,Comments", "Ana,one,two", "one\ntwo"),
        ("Name,Notes,Comments", "Ana,one,one", "one"),
        ("Name,Phone,Mobile,WhatsApp", "Ana,600111000,600333000,+34 600 333 000", "Mobile: 600333000"),
        ("Name,Phone,Mobile", "Ana,600111000,+34 600-111-000", None),
        ("Name,Notes,Email,Mail", "Ana,one,a@example.com,b@example.com", "one\nMail: b@example.com"),
        ("Name,Trainer,Coach,Nutritionist", "Ana,carl,carl@example.com,Eva", "Nutritionist: Eva"),
        ("Name,Status,Active", "Ana,Active,yes", None),
        ("Name,Status,Active", "Ana,Active,no", "Active: no"),
        ("Name,Status,Stage", "Ana,Lead,Client", "Status: Lead"),
        ("Name,Born,DOB", "Ana,1990-04-17,17/04/1990", None),
        ("Name,Born,DOB", "Ana,1990-04-17,1991-04-17", "DOB: 1991-04-17"),
        ("Full name,First name,Last name", "Ana Souza,Ana,Lima", "Last name: Lima"),
        ("Name,Client", "Ana,Bo", "Client: Bo"),
    ],
)
def test_what_several_columns_say_is_kept_in_the_notes(header: str, row: str, notes: str | None) -> None:
    (entry,) = read(f"{header}\n{row}\n").entries
    assert (entry.values.get("notes"), entry.problems) == (notes, [])


def test_tags_of_several_columns_add_up_and_no_day_is_no_first_one() -> None:
    file = read('Name,Tags,Groups,DOB,Birthday\nAna,"a; b","B, c",0000-00-00,1990-04-17\n')
    assert (file.entries[0].values["tags"], file.entries[0].values["birth_date"]) == (["a", "b", "c"], "1990-04-17")


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("State", ["CA", "NY"], None), ("Estado", ["SP", "RJ", "activo"], None), ("State", ["active", "CA", "paused"], "status"),
        ("Estado", ["", "n/a"], "status"), ("Estado (cliente)", ["SP"], None), ("Owner", ["Anybody"], None), ("Owner", ["Carl"], "assigned_to"),
        ("Responsable", ["carl@example.com", "Eva"], "assigned_to"), ("Fase", ["hipertrofia"], None), ("Fase", ["prueba"], "lifecycle_stage"),
        ("Stage", ["\u200bLead"], "lifecycle_stage"),
        ("Status", ["CA"], "status"), ("Trainer", ["Anybody"], "assigned_to"),
    ],
)  # fmt: skip
def test_headers_with_two_meanings_count_when_most_cells_fit(header: str, cells: list[str], field: str | None) -> None:
    text = f"name;{header}\n" + "".join(f"Ana {n};{cell}\n" for n, cell in enumerate(cells))
    columns = read(text).columns
    assert (columns.headers.get(field or "none"), columns.ignored) == ((header, []) if field else (None, [header]))
    # As it was told when the import began, so it stays.
    assert read(text, list(columns.unlike)).columns == columns
    assert field is None or read(text, []).columns == columns


@pytest.mark.parametrize(
    ("text", "ignored"), [("name,Owner\nAna,Anybody\n", []), ("name,State,State\nAna,active,CA\n", ["State", "State"])], ids=["own", "twice"]
)  # fmt: skip
def test_what_a_file_is_does_not_change_between_a_look_and_the_import(text: str, ignored: list[str]) -> None:
    """Neither where a field of the workspace's own has such a header, nor where two columns have the same."""
    own = [Custom("owner", {"type": "string"})]
    file = read(text, custom=own)
    assert (file.entries[0].assigned_to, file.columns.ignored) == (None, ignored)
    assert read(text, list(file.columns.unlike), own) == file


def test_a_file_with_addresses_is_imported_and_filled_columns_without_a_header_are_told() -> None:
    file = read("Name,City,State,Status,,\nAna,LA,CA,inactive,x,\n")
    assert (file.entries[0].values, file.entries[0].problems) == ({"full_name": "Ana", "status": "inactive"}, [])
    assert file.columns.ignored == ["City", "State", "(E)"]
