"""From the cells of a row to what is said about a client."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from plugins.clients.domain.imports.columns import PARTS, Columns, doubtful, known, read_header, written
from plugins.clients.domain.imports.custom import PREFIX, Custom
from plugins.clients.domain.imports.dates import DateOrder, order_of, read_date
from plugins.clients.domain.imports.tags import tags_of
from plugins.clients.domain.imports.text import Table, Unreadable, decode, tabulate
from plugins.clients.domain.imports.words import EMPTIABLE, NOTHING, STAGE, STATUS, fits
from plugins.clients.domain.register import Stage, normalise, phone_key, unique_tags

MAX_ROWS: Final = 20_000

_ADDED_UP: Final = frozenset({"notes", "tags"})
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
    custom: Sequence[Custom] = (), staff: Mapping[str, object] = {}, unlike: Collection[str] | None = None,
) -> File:  # fmt: skip
    """Everything a file says. order: of dates, None to find out; unquoted: takes off what an export puts before a formula; custom: the fields of
    the workspace's own; staff: who is who, by address and name; unlike: the headers that stand for something else than they seem to, None to
    find out. Raises Unreadable."""
    table = tabulate(*decode(raw, charset), known)
    if not table.records:
        raise Unreadable("The file is empty.")
    if len(table.records) - 1 > MAX_ROWS:
        raise Unreadable(f"The file has more than {MAX_ROWS} rows; send it in parts.")
    headers = [unquoted(cell.strip()) for cell in table.records[0][1]]
    columns = read_header(headers, custom, _unlike(table, headers, staff, unquoted) if unlike is None else unlike)
    if not columns.named:
        raise Unreadable("No column of the first row is a name we know, such as `name`, `nombre` or `nome`.")
    nameless = [f"({_letters(place)})" for place, header in enumerate(headers) if not header.strip() and any(map(str.strip, _column(table, place)))]
    columns = replace(columns, ignored=[*columns.ignored, *nameless])
    own = [each for each in custom if PREFIX + each.name in columns.places]
    dated = [place for name in ("birth_date", *(PREFIX + each.name for each in own if each.dated)) for place in columns.places.get(name, ())]
    decided = (order or order_of((cell for place in dated for cell in _column(table, place)), locale)) if dated else None
    reader = _Reader(columns, own, len(headers), decided or DateOrder.DMY, today, unquoted, columns.headers, staff)
    return File(table.encoding, table.separator, columns, decided, [reader.read(number, cells) for number, cells in table.records[1:]])


def _column(table: Table, place: int) -> Iterator[str]:
    return (cells[place] for _, cells in table.records[1:] if place < len(cells))


def _letters(place: int) -> str:
    """A column as a spreadsheet calls it."""
    rest, last = divmod(place, 26)
    return (_letters(rest - 1) if rest else "") + chr(ord("A") + last)


def _unlike(table: Table, headers: Sequence[str], staff: Collection[str], unquoted: Callable[[str], str]) -> list[str]:
    """The headers that stand for something else than they seem to: `State` of an address, `Owner` of something. Most of what they say tells."""
    found = []
    for place, header in enumerate(headers):
        if name := doubtful(header):
            filled = [text for cell in _column(table, place) if (text := _trimmed(cell, unquoted)) and text.lower() not in NOTHING]
            if 2 * sum(fits(name, text, staff) for text in filled) < len(filled):
                found.append(written(header))
    return found


def _trimmed(cell: str, unquoted: Callable[[str], str]) -> str:
    """Unless an export marked it as exactly this."""
    text = unquoted(cell)
    return text if text != cell else cell.strip().strip(_INVISIBLE).strip()


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Columns
    custom: Sequence[Custom]
    width: int
    order: DateOrder
    today: date
    unquoted: Callable[[str], str]
    headers: Mapping[str, str]
    staff: Mapping[str, object]

    def read(self, number: int, cells: Sequence[str]) -> Entry:
        filled = self._filled(cells)
        said = {name: found[0][1] for name, found in filled.items()}
        name = said.get("full_name") or " ".join(part for each in PARTS if (part := said.get(each)))
        values: dict[str, Any] = {"full_name": name}
        values.update({key: said[key] for key in ("email", "phone") if key in said})
        if tags := unique_tags([tag for _, text in filled.get("tags", ()) for tag in tags_of(text)]):
            values["tags"] = tags
        further = {name: header for name, ((header, _), *_) in filled.items() if header != self.headers[name]}
        entry = Entry(number, values, said.get("assigned_to") or None, headers=further)
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
        self._notes(entry, filled)
        return entry

    def _filled(self, cells: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        """What the columns of each field say, with their headers; those that say nothing are left out."""
        found = dict[str, list[tuple[str, str]]]()
        for name, places in self.columns.places.items():
            for place in places:
                cell = _trimmed(cells[place], self.unquoted) if place < len(cells) else ""
                if cell and not (name in EMPTIABLE and cell.lower() in NOTHING) and not (name == "birth_date" and _NO_DAY.fullmatch(cell)):
                    found.setdefault(name, []).append((self.columns.written[place], cell))
        return found

    def _notes(self, entry: Entry, filled: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """What the columns of notes say, and below it what is said besides and has no other place: nothing of a row is lost."""
        besides = [pair for name, found in filled.items() if name not in _ADDED_UP for pair in self._besides(name, found)]
        if "full_name" in filled:
            whole = set(normalise(entry.values["full_name"]).split())
            besides += [pair for part in PARTS for pair in filled.get(part, ())[:1] if not whole.issuperset(normalise(pair[1]).split())]
        if "lifecycle_stage" in filled:  # which goes before a stage in the column of another
            stages = set(Stage) - {entry.values.get("lifecycle_stage")}
            besides += [pair for pair in filled.get("status", ())[:1] if self._meant("status", pair[1]) in stages]
        lines = [*dict.fromkeys(text for _, text in filled.get("notes", ())), *(f"{header}: {text}" for header, text in besides)]
        if lines:
            entry.values["notes"] = "\n".join(lines)
        if besides and "notes" not in filled:
            entry.headers["notes"] = besides[0][0]

    def _besides(self, name: str, found: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        said = {self._meant(name, found[0][1])}
        for header, text in found[1:]:
            if (meant := self._meant(name, text)) not in said:
                said.add(meant)
                yield header, text

    def _meant(self, name: str, text: str) -> object:
        """What a cell says, however it is spelled."""
        plain = normalise(text)
        if name == "phone":
            return phone_key(text) or plain
        if name == "birth_date":
            return read_date(text, self.order, self.today) or plain
        if name == "assigned_to":
            return self.staff.get(plain) or plain
        if name == "status" and plain in STATUS:
            return STATUS[plain]
        return STAGE.get(plain, plain) if name in ("status", "lifecycle_stage") else plain

    def _date(self, entry: Entry, text: str) -> None:
        if not text:
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
        found = STATUS.get(plain)
        if found is not None:
            entry.values["status"] = found.value
        elif plain in STAGE:  # other programs have one column for both
            entry.values.setdefault("lifecycle_stage", STAGE[plain].value)
        else:
            self._wrong(entry, "status", "Is none of active, inactive, archived, nor a lifecycle stage.")

    def _stage(self, entry: Entry, text: str) -> None:
        if not text:
            return
        found = STAGE.get(normalise(text))
        if found is None:
            self._wrong(entry, "lifecycle_stage", "Is none of lead, trial, client, former.")
        else:
            entry.values["lifecycle_stage"] = found.value

    def _wrong(self, entry: Entry, name: str | None, message: str) -> None:
        entry.problems.append(Problem(entry.row, entry.headers.get(name, self.headers.get(name)) if name else None, message))
