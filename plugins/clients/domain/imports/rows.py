"""From the cells of a row to what is said about a client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from plugins.clients.domain.imports.columns import Columns, known, read_header
from plugins.clients.domain.imports.dates import DateOrder, order_of, read_date
from plugins.clients.domain.imports.text import Table, Unreadable, decode, tabulate
from plugins.clients.domain.register import Status, normalise

MAX_ROWS: Final = 20_000

_NOTHING: Final = frozenset({"-", "--", "n/a", "na", "null", "none", "nan", "#n/a"})
_STATUS: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("active", "activo", "activa", "ativo", "ativa", "yes", "si", "sim", "current", "alta"), Status.ACTIVE),
    **dict.fromkeys(
        ("inactive", "inactivo", "inactiva", "inativo", "inativa", "no", "nao", "paused", "baja", "pausado", "suspended"), Status.INACTIVE
    ),
    **dict.fromkeys(("archived", "archivado", "archivada", "arquivado", "arquivada", "deleted", "former", "antiguo", "antigo"), Status.ARCHIVED),
}
_ROUNDED: Final = re.compile(r"\d([.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
_TAG: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*|([^;|,]*))(?:[;|,]|\Z)')
_TAG_QUOTED: Final = re.compile(r'[;|,"]|\A\s|\s\Z')


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row; column: the header as written, None for the row as a whole. Never a value from the file."""

    row: int
    column: str | None
    message: str


@dataclass(slots=True)
class Entry:
    """One client to be. values: as a request's body would say them; assigned_to: a collaborator's address or name, as written."""

    row: int
    values: dict[str, Any]
    assigned_to: str | None = None
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """A file that could be read. date_order: None when no date depends on it."""

    encoding: str
    separator: str
    columns: Columns
    date_order: DateOrder | None
    entries: Sequence[Entry]


def read_file(
    raw: bytes, charset: str | None, *, order: DateOrder | None, locale: str, today: date, unquoted: Callable[[str], str]
) -> File:  # fmt: skip
    """Everything a file says. order: of dates, None to find out; unquoted: takes off what an export puts before a formula. Raises Unreadable."""
    table = tabulate(*decode(raw, charset), known)
    if not table.records:
        raise Unreadable("The file is empty.")
    if len(table.records) - 1 > MAX_ROWS:
        raise Unreadable(f"The file has more than {MAX_ROWS} rows; send it in parts.")
    columns = read_header([unquoted(cell.strip()) for cell in table.records[0][1]])
    if not columns.named:
        raise Unreadable("No column of the first row is a name we know, such as `name`, `nombre` or `nome`.")
    decided = None
    if "birth_date" in columns.places:
        decided = order or order_of(_column(table, columns.places["birth_date"]), locale)
    reader = _Reader(columns, len(table.records[0][1]), decided or DateOrder.DMY, today, unquoted)
    return File(table.encoding, table.separator, columns, decided, [reader.read(number, cells) for number, cells in table.records[1:]])


def tags_cell(tags: Sequence[str]) -> str:
    """Tags in one cell; `tags_of` reads them back."""
    return "; ".join('"' + tag.replace('"', '""') + '"' if _TAG_QUOTED.search(tag) or not tag else tag for tag in tags)


def tags_of(cell: str) -> list[str]:
    """The tags in a cell: between `;`, `,` or `|`, each perhaps in double quotes."""
    found, at = [], 0
    while at < len(cell):
        match = _TAG.match(cell, at)
        if match is None:  # text after a closing quote: what stands there is one tag, quotes and all
            match = re.compile(r"()([^;|,]*)(?:[;|,]|\Z)").match(cell, at)
            assert match is not None
        tag = match[1].replace('""', '"') if match[1] else match[2].strip() if match[2] else ""
        if tag:
            found.append(tag)
        at = match.end()
    return found


def _column(table: Table, place: int) -> Iterator[str]:
    return (cells[place] for _, cells in table.records[1:] if place < len(cells))


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Columns
    width: int
    order: DateOrder
    today: date
    unquoted: Callable[[str], str]

    def read(self, number: int, cells: Sequence[str]) -> Entry:
        said = {name: self._cell(cells[place]) for name, place in self.columns.places.items() if place < len(cells)}
        for name in ("email", "phone", "birth_date", "status", "assigned_to"):
            if said.get(name, "").lower() in _NOTHING:
                said[name] = ""
        name = said.get("full_name") or " ".join(part for part in (said.get("first_name"), said.get("last_name")) if part)
        values: dict[str, Any] = {"full_name": name}
        values.update({key: said[key] for key in ("email", "phone", "notes") if said.get(key)})
        if tags := tags_of(said.get("tags", "")):
            values["tags"] = tags
        entry = Entry(number, values, said.get("assigned_to") or None)
        if any(cell.strip() for cell in cells[self.width :]):
            self._wrong(entry, None, "There are more cells than columns; is a text with the separator not in quotes?")
        if not name:
            self._wrong(entry, "full_name" if "full_name" in self.columns.places else "first_name", "Has no name.")
        if _ROUNDED.fullmatch(values.get("phone", "")):
            self._wrong(entry, "phone", "A spreadsheet has rounded this number; format the column as text.")
        self._date(entry, said.get("birth_date", ""))
        self._status(entry, said.get("status", ""))
        return entry

    def _cell(self, cell: str) -> str:
        """Trimmed, unless an export marked it as exactly this."""
        text = self.unquoted(cell)
        return text if text != cell else cell.strip()

    def _date(self, entry: Entry, text: str) -> None:
        if not text:
            return
        found = read_date(text, self.order, self.today)
        if found is None:
            self._wrong(entry, "birth_date", f"Is no date we can read ({self.order}); write it as 1990-04-17.")
        else:
            entry.values["birth_date"] = found.isoformat()

    def _status(self, entry: Entry, text: str) -> None:
        if not text:
            return
        found = _STATUS.get(normalise(text))
        if found is None:
            self._wrong(entry, "status", "Is none of active, inactive, archived.")
        else:
            entry.values["status"] = found.value

    def _wrong(self, entry: Entry, name: str | None, message: str) -> None:
        entry.problems.append(Problem(entry.row, self.columns.headers.get(name) if name else None, message))
