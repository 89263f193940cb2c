"""Names in several columns, several columns for one field, and bytes that only look like UTF-16."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.http.sheets import unquoted
from plugins.clients.domain.imports.columns import meaning
from plugins.clients.domain.imports.rows import File, read_file
from plugins.clients.domain.imports.text import Unreadable


def read(raw: str | bytes) -> File:
    content = raw.encode() if isinstance(raw, str) else raw
    return read_file(content, None, order=None, locale="es", today=date(2026, 5, 4), unquoted=unquoted)


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
