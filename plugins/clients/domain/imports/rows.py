"""From the cells of a row to what is said about a client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from plugins.clients.domain.imports.columns import PARTS, Columns, known, read_header
from plugins.clients.domain.imports.custom import PREFIX, Custom
from plugins.clients.domain.imports.dates import DateOrder, order_of, read_date
from plugins.clients.domain.imports.tags import tags_of
from plugins.clients.domain.imports.text import Table, Unreadable, decode, tabulate
from plugins.clients.domain.register import Stage, Status, normalise

MAX_ROWS: Final = 20_000

_NOTHING: Final = frozenset({"-", "--", "n/a", "na", "null", "none", "nan", "#n/a"})
_EMPTIABLE: Final = frozenset({"email", "phone", "birth_date", "status", "lifecycle_stage", "assigned_to"})
_STATUS: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("active", "activo", "activa", "ativo", "ativa", "yes", "si", "sim", "current", "alta", "true", "1"), Status.ACTIVE),
    **dict.fromkeys(
        (
            "inactive",
            "inactivo",
            "inactiva",
            "inativo",
            "inativa",
            "no",
            "nao",
            "paused",
            "baja",
            "pausado",
            "suspended",
            "false",
            "0",
            "cancelled",
            "canceled",
            "cancelado",
            "cancelada",
            "expired",
            "vencido",
            "vencida",
        ),
        Status.INACTIVE,
    ),
    **dict.fromkeys(("archived", "archivado", "archivada", "arquivado", "arquivada", "deleted", "former", "antiguo", "antigo"), Status.ARCHIVED),
}
_STAGE: Final[Mapping[str, Stage]] = {
    **dict.fromkeys(("lead", "prospect", "prospecto", "prospecta", "interesado", "interesada", "interessado", "interessada"), Stage.LEAD),
    **dict.fromkeys(("trial", "trialing", "prueba", "en prueba", "teste", "em teste", "experimental"), Stage.TRIAL),
    **dict.fromkeys(("client", "customer", "member", "cliente", "socio", "aluno", "alumno"), Stage.CLIENT),
    **dict.fromkeys(("former", "ex", "former client", "antiguo", "antigua", "antigo", "antiga", "ex cliente", "excliente"), Stage.FORMER),
}
_INVISIBLE: Final = "\u200b\u2060\ufeff"
_NO_DAY: Final = re.compile(r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}(?: .*)?", re.ASCII)
_SERIAL: Final = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
_ROUNDED: Final = re.compile(r"\d([.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row; column: the header as written, None for the row as a whole. Never a value from the file."""

    row: int
    column: str | None
    message: str


@dataclass(slots=True)
class Entry:
    """One client to be. values: as a request's body would say them; assigned_to: a collaborator's address or name, as written; headers: of what
    is not read from its field's first column."""

    row: int
    values: dict[str, Any]
    assigned_to: str | None = None
    problems: list[Problem] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A file that could be read. date_order: None when no date depends on it."""

    encoding: str
    separator: str
    columns: Columns
    date_order: DateOrder | None
    entries: Sequence[Entry]


def read_file(
    raw: bytes, charset: str | None, *, order: DateOrder | None, locale: str, today: date, unquoted: Callable[[str], str],
    custom: Sequence[Custom] = (),
) -> File:  # fmt: skip
    """Everything a file says. order: of dates, None to find out; unquoted: takes off what an export puts before a formula; custom: the fields of
    the workspace's own. Raises Unreadable."""
    table = tabulate(*decode(raw, charset), known)
    if not table.records:
        raise Unreadable("The file is empty.")
    if len(table.records) - 1 > MAX_ROWS:
        raise Unreadable(f"The file has more than {MAX_ROWS} rows; send it in parts.")
    columns = read_header([unquoted(cell.strip()) for cell in table.records[0][1]], custom)
    if not columns.named:
        raise Unreadable("No column of the first row is a name we know, such as `name`, `nombre` or `nome`.")
    own = [each for each in custom if PREFIX + each.name in columns.places]
    dated = [place for name in ("birth_date", *(PREFIX + each.name for each in own if each.dated)) for place in columns.places.get(name, ())]
    decided = (order or order_of((cell for place in dated for cell in _column(table, place)), locale)) if dated else None
    reader = _Reader(columns, own, len(table.records[0][1]), decided or DateOrder.DMY, today, unquoted, columns.headers)
    return File(table.encoding, table.separator, columns, decided, [reader.read(number, cells) for number, cells in table.records[1:]])


def _column(table: Table, place: int) -> Iterator[str]:
    return (cells[place] for _, cells in table.records[1:] if place < len(cells))


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Columns
    custom: Sequence[Custom]
    width: int
    order: DateOrder
    today: date
    unquoted: Callable[[str], str]
    headers: Mapping[str, str]

    def read(self, number: int, cells: Sequence[str]) -> Entry:
        said, headers = self._said(cells)
        name = said.get("full_name") or " ".join(part for each in PARTS if (part := said.get(each)))
        values: dict[str, Any] = {"full_name": name}
        values.update({key: said[key] for key in ("email", "phone", "notes") if said.get(key)})
        if tags := tags_of(said.get("tags", "")):
            values["tags"] = tags
        entry = Entry(number, values, said.get("assigned_to") or None, headers=headers)
        if any(cell.strip() for cell in cells[self.width :]):
            self._wrong(entry, None, "There are more cells than columns; is a text with the separator not in quotes?")
        if not name:
            self._wrong(entry, next(each for each in ("full_name", *PARTS) if each in self.columns.places), "Has no name.")
        if _ROUNDED.fullmatch(values.get("phone", "")):
            self._wrong(entry, "phone", "A spreadsheet has rounded this number; format the column as text.")
        self._date(entry, said.get("birth_date", ""))
        self._stage(entry, said.get("lifecycle_stage", ""))
        self._status(entry, said.get("status", ""))
        if own := {each.name: each.read(cell, self.order, self.today) for each in self.custom if (cell := said.get(PREFIX + each.name))}:
            entry.values["custom_fields"] = own
        return entry

    def _said(self, cells: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        """What each field says, and the headers of what was found further on."""
        said, headers = dict[str, str](), dict[str, str]()
        for name, places in self.columns.places.items():
            for place in places:
                cell = self._cell(cells[place]) if place < len(cells) else ""
                if cell and not (name in _EMPTIABLE and cell.lower() in _NOTHING):
                    said[name] = cell
                    if place != places[0]:
                        headers[name] = self.columns.written[place]
                    break
        return said, headers

    def _cell(self, cell: str) -> str:
        """Trimmed, unless an export marked it as exactly this."""
        text = self.unquoted(cell)
        return text if text != cell else cell.strip().strip(_INVISIBLE).strip()

    def _date(self, entry: Entry, text: str) -> None:
        if not text:
            return
        if _NO_DAY.fullmatch(text):
            return
        found = read_date(text, self.order, self.today)
        if found is None and _SERIAL.fullmatch(text):
            self._wrong(entry, "birth_date", "Is a spreadsheet's number for a day; format the column as a date.")
        elif found is None:
            self._wrong(entry, "birth_date", f"Is no date we can read ({self.order}); write it as 1990-04-17.")
        else:
            entry.values["birth_date"] = found.isoformat()

    def _status(self, entry: Entry, text: str) -> None:
        if not text:
            return
        plain = normalise(text)
        found = _STATUS.get(plain)
        if found is not None:
            entry.values["status"] = found.value
        elif plain in _STAGE:  # other programs have one column for both
            entry.values.setdefault("lifecycle_stage", _STAGE[plain].value)
        else:
            self._wrong(entry, "status", "Is none of active, inactive, archived, nor a lifecycle stage.")

    def _stage(self, entry: Entry, text: str) -> None:
        if not text:
            return
        found = _STAGE.get(normalise(text))
        if found is None:
            self._wrong(entry, "lifecycle_stage", "Is none of lead, trial, client, former.")
        else:
            entry.values["lifecycle_stage"] = found.value

    def _wrong(self, entry: Entry, name: str | None, message: str) -> None:
        entry.problems.append(Problem(entry.row, entry.headers.get(name, self.headers.get(name)) if name else None, message))
