"""Use cases of the client register."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel.errors import Conflict, Fault, Invalid, NotFound, Stale
from kernel.ids import new_id
from plugins.clients import events
from plugins.clients.domain.custom import kept, merged
from plugins.clients.domain.duplicates import Candidate, keys_of
from plugins.clients.domain.register import Search, Status, normalise, own_view, terms_of, unique_tags
from plugins.clients.domain.timeline import Moment
from plugins.clients.ports.custom import Definition
from plugins.clients.ports.register import Directory, Duplicates, Register
from plugins.clients.ports.timeline import History
from plugins.clients.service.actors import is_cliente
from plugins.clients.service.standing import writable
from ports.persistence import Document, Row

_FINDABLE: Final = ("full_name", "email", "tags", "phone", "birth_date")
_COMPARED: Final = frozenset({*_FINDABLE, "status", "lifecycle_stage", "custom_fields"})
"""What a change of needs the record as it was."""
_CUSTOM: Final = "/custom_fields"
_EASTERNMOST: Final = timedelta(hours=14)  # where today begins first


class Clients:
    """The clients of the current workspace. custom: its own fields, as they are defined now; now: the time, aware, in UTC."""

    def __init__(
        self,
        *,
        directory: Directory,
        register: Register,
        duplicates: Duplicates,
        history: History,
        custom: Callable[[], Definition],
        now: Callable[[], datetime],
    ) -> None:
        self._history = history
        self._custom = custom
        self._directory = directory
        self._register = register
        self._duplicates = duplicates
        self._now = now

    def find(self, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """A page of clients; a Cliente finds only themself."""
        found = self._directory.page(search, limit, after)
        return [own_view(each) for each in found] if is_cliente() else found

    def tags(self, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """The tags in use, with how many clients carry each."""
        return self._directory.tags(limit, after)

    def read(self, client_id: UUID) -> Document:
        """One client. Raises NotFound."""
        found = self._directory.get(client_id)
        if found is None:
            raise NotFound()
        return own_view(found) if is_cliente() else found

    def add(self, given: Mapping[str, Any], *, allow_duplicate: bool = False) -> dict[str, Any]:
        """Add a client. Raises Conflict duplicate_client with the candidates when they may be here already, Invalid for a birth date to come,
        for custom fields that do not fit, and (invalid_reference) for a collaborator this workspace does not have."""
        now = self._now()
        _check_birth(given, now)
        self._register.stay(_assigned(given))
        custom = self._fitting({}, given["custom_fields"], whole=True) if given["custom_fields"] or self._register.again else {}
        keys = [] if allow_duplicate else keys_of(given)
        if found := self._duplicates.check(keys):
            raise duplicate(found)
        client = {
            "id": new_id(), **given, "tags": unique_tags(given["tags"]), "version": 1, "created_at": now, "updated_at": now,
            "archived_at": now if given["status"] == Status.ARCHIVED else None, "lifecycle_since": now, "custom_fields": custom, "merged_into": None,
        }  # fmt: skip
        stored = {**client, "search_name": normalise(client["full_name"])}
        self._register.add(stored, terms_of(*(client[name] for name in _FINDABLE)), keys)
        events.clients_created(client_id=client["id"])
        return client

    def replace(self, client_id: UUID, given: Mapping[str, Any], expected: int | None, *, allow_duplicate: bool = False) -> Document:
        """Set every field; custom ones that are not given go. Otherwise as `change`."""
        return self.change(client_id, given, expected, whole=True, allow_duplicate=allow_duplicate)

    def change(
        self,
        client_id: UUID,
        changes: Mapping[str, Any],
        expected: int | None,
        *,
        whole: bool = False,
        fitted: bool = False,
        allow_duplicate: bool = False,
    ) -> Document:
        """Set the given fields; of custom ones those that are named. expected: the version the caller read, None or -1 for any. fitted: the
        custom fields are all there are, and were found to fit when they were stored.

        Raises NotFound, Stale, Invalid and Conflict duplicate_client as `add`, the latter for what they come to share alone, Conflict
        already_merged, and Refused when another plugin forbids archiving.
        """
        expected = None if expected == -1 else expected
        if not changes:
            return self._unchanged(client_id, expected)
        values = dict(changes)
        _check_birth(values, self._now())
        if "tags" in values:
            values["tags"] = unique_tags(values["tags"])
        before = None
        self._register.stay(_assigned(values))
        if not values.keys().isdisjoint(_COMPARED):
            before = self._hold(client_id, expected)
            writable(before)
            if not allow_duplicate:
                self._check_others(client_id, before, values)
            if "custom_fields" in values and not fitted:
                values["custom_fields"] = self._fitting(before["custom_fields"], values["custom_fields"], whole=whole)
            if values.get("lifecycle_stage", before["lifecycle_stage"]) != before["lifecycle_stage"]:
                values["lifecycle_since"] = self._now()
            self._move(client_id, before, values)
            self._find_by(client_id, before, values)
        changed = self._register.change(client_id, frozenset(values), {**values, "updated_at": self._now()}, expected)
        if changed is None:
            writable(self._unchanged(client_id, None))
            raise Stale()
        self._tell(client_id, before, values)
        return changed

    def archive(self, client_id: UUID, expected: int | None) -> None:
        """Take a client out of the everyday list; their history stays. Archiving an archived one changes nothing."""
        held = self._hold(client_id, None if expected == -1 else expected)
        if held["status"] != Status.ARCHIVED:
            self.change(client_id, {"status": Status.ARCHIVED}, expected)

    def _fitting(self, stored: Mapping[str, Any], changes: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
        """The custom fields after a change. whole: those that are not named go, so that what is required has to be among them; otherwise what
        was missing before may go on missing. Raises Invalid for what is new and does not fit their definition."""
        definition, after = self._custom(), merged({} if whole else stored, changes)
        same = kept(stored, after)
        asked = {name: value for name, value in after.items() if name not in same or name in definition.names}
        as_before = same if whole else same.union(set(definition.names) - stored.keys() - changes.keys())
        faults = definition.faults(asked, _CUSTOM)
        if faults := [each for each in faults if each.pointer.removeprefix(f"{_CUSTOM}/").partition("/")[0] not in as_before]:
            raise Invalid(errors=faults)
        return after

    def _unchanged(self, client_id: UUID, expected: int | None) -> Document:
        found = self._directory.get(client_id)
        if found is None:
            raise NotFound()
        if expected is not None and found["version"] != expected:
            raise Stale()
        return found

    def _hold(self, client_id: UUID, expected: int | None) -> Row:
        held = self._register.lock(client_id)
        if held is None:
            raise NotFound()
        if expected is not None and held["version"] != expected:
            raise Stale()
        return held

    def _check_others(self, client_id: UUID, before: Row, values: Mapping[str, Any]) -> None:
        known, after = keys_of(before), {name: values.get(name, before[name]) for name in _FINDABLE}
        if found := self._duplicates.others(client_id, [key for key in keys_of(after) if key not in known]):
            raise duplicate(found)

    def _move(self, client_id: UUID, before: Row, values: dict[str, Any]) -> None:
        """What a new status brings with it."""
        to = values.get("status", before["status"])
        if to == before["status"]:
            return
        if to == Status.ARCHIVED:
            events.clients_archiving(client_id=client_id)
            values["archived_at"] = self._now()
        elif before["status"] == Status.ARCHIVED:
            values["archived_at"] = None

    def _find_by(self, client_id: UUID, before: Row, values: dict[str, Any]) -> None:
        after: dict[str, Any] = {name: values.get(name, before[name]) for name in _FINDABLE}
        if "full_name" in values:
            values["search_name"] = normalise(values["full_name"])
        if any(after[name] != before[name] for name in _FINDABLE):
            self._register.index(client_id, terms_of(*after.values()))

    def _tell(self, client_id: UUID, before: Row | None, values: Mapping[str, Any]) -> None:
        events.clients_updated(client_id=client_id)
        if before is not None and "lifecycle_since" in values:
            self._history.remember(client_id, Moment.STAGE, values["lifecycle_since"], values["lifecycle_stage"])
            events.clients_stage_changed(client_id=client_id, from_stage=before["lifecycle_stage"], to_stage=values["lifecycle_stage"])
        if before is None or "archived_at" not in values:
            return
        if values["archived_at"] is not None:
            self._history.remember(client_id, Moment.ARCHIVED, values["archived_at"])
            events.clients_archived(client_id=client_id)
        else:
            self._history.remember(client_id, Moment.RESTORED, self._now())
            events.clients_restored(client_id=client_id)


def duplicate(found: Sequence[Candidate]) -> Conflict:
    """The refusal that says who may be meant."""
    shown = [{"id": str(each.id), "full_name": each.full_name, "matched": each.matched.value} for each in found]
    return Conflict(
        "Somebody like this is here already; send allow_duplicate=true if this is another person.",
        code="duplicate_client",
        extra={"candidates": shown},
    )


def _assigned(given: Mapping[str, Any]) -> list[UUID]:
    """Who looks after a client by this, if anybody."""
    return [given["assigned_to"]] if given.get("assigned_to") else []


def _check_birth(given: Mapping[str, Any], now: datetime) -> None:
    born = given.get("birth_date")
    if born is not None and born > (now + _EASTERNMOST).date():
        raise Invalid(errors=[Fault("/birth_date", "May not be in the future.")])
