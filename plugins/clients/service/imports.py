"""Importing files of clients: looked at first, then added step by step, each row once however often it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.context import current
from kernel.errors import Fault, Forbidden, Invalid, NotFound
from kernel.ids import new_id
from plugins.clients import events
from plugins.clients.domain.duplicates import keys_of, row_key
from plugins.clients.domain.imports.custom import PREFIX, Custom
from plugins.clients.domain.imports.dates import DateOrder
from plugins.clients.domain.imports.report import MOST, Arrival, Sorted, sort
from plugins.clients.domain.imports.rows import Entry, File, Problem, read_file
from plugins.clients.domain.imports.text import Unreadable
from plugins.clients.domain.register import Status, normalise, terms_of, unique_tags
from plugins.clients.ports.custom import Definition
from plugins.clients.ports.imports import Imports as Stored
from plugins.clients.ports.imports import Load, Options, Place, Queue
from ports.persistence import Row

_STEP: Final = 500
_STOPPED: Final = "Who started it may not import any more: they left, became a Cliente, or are limited to their own clients."
_NOBODY: Final = "No such collaborator in this workspace."
_DEFAULTS: Final = {"email": None, "phone": None, "birth_date": None, "notes": None, "assigned_to": None}


class Imports:
    """Files of clients. custom: the workspace's own fields, as they are defined now; unquoted: takes off what an export puts before a formula."""

    def __init__(
        self, *, stored: Stored, queue: Queue, custom: Callable[[], Definition], unquoted: Callable[[str], str], now: Callable[[], datetime]
    ) -> None:
        self._stored = stored
        self._custom = custom
        self._queue = queue
        self._unquoted = unquoted
        self._now = now

    def preview(self, content: bytes, options: Options, load: Load) -> dict[str, Any]:
        """What an import would do, row by row; nothing is written. Raises Invalid unreadable_file, Forbidden for who sees only their own."""
        _whole_register()
        place = self._stored.place()
        file = self._read(content, options, place)
        arrivals = self._arrivals(file, place, load)
        total = self._sorted(arrivals, {}, options)
        return {
            "id": None, "state": "checked", "job_id": None, "mode": options.mode, "allow_duplicate": options.allow_duplicate,
            "file": _described(file), "total": len(arrivals), **total.counts, "done": len(arrivals), "problems": total.problems[:MOST],
            "created_by": current().scope.user_id, "created_at": self._now(), "finished_at": None, "reason": None,
        }  # fmt: skip

    def start(self, content: bytes, options: Options) -> dict[str, Any]:
        """Queue an import. Raises as `preview`."""
        _whole_register()
        file = self._read(content, options, self._stored.place())
        made = new_id()
        job = self._queue(import_id=made)
        values = {
            "id": made, "job_id": job, "mode": options.mode, "allow_duplicate": options.allow_duplicate, "date_order": options.date_order,
            "charset": options.charset, "file": _described(file), "total": len(file.entries), "created_at": self._now(),
        }  # fmt: skip
        self._stored.start(values, content)
        return {
            **values, "state": "waiting", **Sorted().counts, "problems": [], "created_by": current().scope.user_id, "finished_at": None,
            "reason": None,
        }  # fmt: skip

    def go_on(self) -> None:
        """Queue anew what was cut off while the module was off."""
        for interrupted in self._stored.interrupted():
            self._stored.requeued(interrupted, self._queue(import_id=interrupted))

    def read(self, import_id: UUID) -> Row:
        """An import: its state, progress and problems; who sees only their own clients is not told of others. Raises NotFound."""
        found = self._stored.get(import_id)
        if found is None:
            raise NotFound()
        return {**found, "problems": self._own(found["problems"])} if current().open_transaction.entered().limited else found

    def page(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """Imports, newest first; those of their own for who sees only their own clients."""
        return self._stored.page(limit, after)

    def _own(self, problems: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        named = {UUID(each["client_id"]) for each in problems if each["client_id"]}
        visible = self._stored.visible(named)
        return [each for each in problems if not each["client_id"] or UUID(each["client_id"]) in visible]

    def run(self, import_id: UUID, load: Load) -> Iterator[Mapping[str, object]]:
        """The steps of an import, for a job. What a step adds, its report and its progress are one transaction: a killed one goes on behind
        its last step. It ends when who started it may not import any more, and gives nobody a client who has left meanwhile."""
        found = self._stored.content(import_id)
        if found is None:  # finished in an attempt that was cut off before it could say so
            return
        told, content = found
        options = Options(told["mode"], told["allow_duplicate"], told["date_order"], told["charset"])
        place = self._stored.place()
        file = self._read(content, options, place, told["file"].get("unlike", told["file"]["ignored_columns"]))
        arrivals = self._arrivals(file, place, load)
        step = len(arrivals) if options.mode == "all" else _STEP
        done, seen = int(told["done"]), dict[str, int]()
        while done < len(arrivals):
            rows = arrivals[done : done + step]
            part = self._step(import_id, told["created_by"], rows, file.columns.headers.get("assigned_to"), seen, options)
            if part is None:
                self._stored.stop(import_id, _STOPPED)
                return
            done += len(rows)
            self._stored.advance(import_id, {**part.counts, "done": len(rows)}, part.problems[:MOST], finished=done >= len(arrivals))
            yield {"done": done, "total": len(arrivals)}
        if not arrivals:
            self._stored.advance(import_id, Sorted().counts, [], finished=True)

    def _step(
        self, import_id: UUID, by: UUID | None, arrivals: Sequence[Arrival], column: str | None, seen: dict[str, int], options: Options
    ) -> Sorted | None:
        """None when `by` may not import any more. Order of locks: imports, people, terms."""
        self._stored.lock()
        named = {each.client["assigned_to"] for each in arrivals if each.client.get("assigned_to")}
        staff = self._stored.stay(named if by is None else named | {by})
        if by is not None:
            if not staff.get(by):
                return None
            self._stored.act_for(by)
        rows = [_left(each, column) if each.client.get("assigned_to") in named - staff.keys() else each for each in arrivals]
        if not options.allow_duplicate:
            self._stored.lock_terms({term for each in rows if not each.problems for term in each.terms})
        found = self._sorted(rows, seen, options)
        for start in range(0, len(found.new), _STEP):
            self._add(import_id, found.new[start : start + _STEP])
        return found

    def _sorted(self, arrivals: Sequence[Arrival], seen: dict[str, int], options: Options) -> Sorted:
        """What becomes of each. Nobody is new where all or none are to be and one row is wrong."""
        whole = Sorted()
        for start in range(0, len(arrivals), _STEP):
            part = self._sort(arrivals[start : start + _STEP], seen, options)
            whole.new += part.new
            whole.present += part.present
            whole.duplicates += part.duplicates
            whole.invalid += part.invalid
            whole.problems += part.problems
        if options.mode == "all" and whole.invalid:
            whole.new.clear()
        return whole

    def _sort(self, arrivals: Sequence[Arrival], seen: dict[str, int], options: Options) -> Sorted:
        good = [each for each in arrivals if not each.problems]
        known = self._stored.known([each.key for each in arrivals if each.key])
        holders = {} if options.allow_duplicate else self._stored.holders({term for each in good for term in each.terms})
        return sort(arrivals, known, holders, seen, allow_duplicate=options.allow_duplicate)

    def _add(self, import_id: UUID, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        now = self._now()
        clients = [
            {
                **_DEFAULTS, **each.client, "id": new_id(), "search_name": normalise(each.client["full_name"]), "created_at": now, "updated_at": now,
                "archived_at": now if each.client["status"] == Status.ARCHIVED else None, "lifecycle_since": now,
            }
            for each in arrivals
        ]  # fmt: skip
        terms = {each["id"]: terms_of(*(each[name] for name in ("full_name", "email", "tags", "phone", "birth_date"))) for each in clients}
        self._stored.add(import_id, clients, terms, {client["id"]: each.key for client, each in zip(clients, arrivals, strict=True)})
        for client in clients:
            events.clients_created(client_id=client["id"])

    def _read(self, content: bytes, options: Options, place: Place, unlike: Collection[str] | None = None) -> File:
        """unlike: the columns that were when it was started, whoever has left since."""
        order = DateOrder(options.date_order) if options.date_order else None
        try:
            return read_file(
                content, options.charset, order=order, locale=place.locale, today=place.today, unquoted=self._unquoted,
                custom=[Custom(name, defined) for name, defined in self._custom().properties.items()], staff=place.collaborators, unlike=unlike,
            )  # fmt: skip
        except Unreadable as error:
            raise Invalid(code="unreadable_file", errors=[Fault("", str(error))]) from None

    def _arrivals(self, file: File, place: Place, load: Load) -> list[Arrival]:
        """Every row, checked as a request would be."""
        arrivals, firsts, occurrences = [], dict[str, int](), Counter[str]()
        definition, headers = self._custom(), file.columns.headers
        for entry in file.entries:
            client, problems = _loaded(entry, headers, place, load, definition)
            if problems:  # it may be here all the same, from when whoever it names was, or the custom fields were others
                arrivals.append(Arrival(entry.row, client, row_key(client, 0) if client and not entry.problems else "", (), None, problems))
                continue
            same = row_key(client, 0)
            first = firsts.setdefault(same, entry.row)
            key = row_key(client, occurrences[same]) if occurrences[same] else same
            occurrences[same] += 1
            arrivals.append(Arrival(entry.row, client, key, keys_of(client), None if first == entry.row else first, ()))
        return arrivals


def _loaded(
    entry: Entry, headers: Mapping[str, str], place: Place, load: Load, definition: Definition
) -> tuple[dict[str, Any], list[Problem]]:  # fmt: skip
    problems = list(entry.problems)
    headers = {**headers, **entry.headers} if entry.headers else headers
    client, faults = load(entry.values)
    if client and definition.names:
        faults = definition.faults(client["custom_fields"], "/custom_fields")
    told = {problem.column for problem in problems}
    for fault in faults:
        name, own = (*fault.pointer.split("/")[1:], "", "")[:2]
        column = headers.get(name) or (headers.get("first_name") if name == "full_name" else None)
        message = fault.message
        if name == "custom_fields":
            column = headers.get(PREFIX + own)
            message = message if column else f"{own}: {message}"
        if column is None or column not in told:
            problems.append(Problem(entry.row, column, message))
    born = client.get("birth_date")
    if born is not None and born > place.today:
        problems.append(Problem(entry.row, headers.get("birth_date"), "May not be in the future."))
    if entry.assigned_to is not None:
        name = normalise(entry.assigned_to)
        found = place.collaborators.get(name)
        if found is None:
            several = name in place.collaborators
            message = "Several collaborators have this name; write the e-mail address." if several else _NOBODY
            problems.append(Problem(entry.row, headers.get("assigned_to"), message))
        elif client:
            client["assigned_to"] = found
    if not problems:
        client["tags"] = unique_tags(client["tags"])
    return client, problems


def _left(arrival: Arrival, column: str | None) -> Arrival:
    return replace(arrival, problems=(*arrival.problems, Problem(arrival.row, column, _NOBODY)))


def _described(file: File) -> dict[str, Any]:
    return {
        "encoding": file.encoding, "separator": file.separator, "columns": dict(file.columns.described),
        "ignored_columns": list(file.columns.ignored), "unlike": list(file.columns.unlike),
        "date_order": file.date_order.value if file.date_order else None,
    }  # fmt: skip


def _whole_register() -> None:
    """An import compares with every client, which a collaborator limited to their own may not know of."""
    if current().open_transaction.entered().limited:
        raise Forbidden("Whoever sees only their own clients cannot import.", code="limited_to_own_clients")
