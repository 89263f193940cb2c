"""What another plugin may forbid."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from kernel.context import Current, Kind, Scope, serving
from kernel.errors import Fault, Refused
from kernel.hooks import Hook
from kernel.ids import new_id
from plugins.clients.domain.duplicates import Candidate
from plugins.clients.domain.register import Search, Status
from plugins.clients.domain.timeline import Moment
from plugins.clients.service.register import Clients
from ports.persistence import Document, Row

ID = new_id()


@pytest.mark.parametrize("how", ["archive", "change"])
def test_a_veto_leaves_the_client_alone_and_tells_nobody(register: Register, hub: Hub, how: str) -> None:
    hub.refusing = "clients_archiving"
    clients = Clients(
        directory=register, register=register, duplicates=Nobody(), history=register, custom=lambda: Nothing(), now=lambda: datetime.now(UTC)
    )
    with pytest.raises(Refused):
        clients.archive(ID, None) if how == "archive" else clients.change(ID, {"status": Status.ARCHIVED}, None)
    assert (register.changed, register.remembered, hub.fired) == ([], [], ["clients_archiving"])


def test_archiving_asks_first_and_tells_afterwards(register: Register, hub: Hub) -> None:
    Clients(
        directory=register, register=register, duplicates=Nobody(), history=register, custom=lambda: Nothing(), now=lambda: datetime.now(UTC)
    ).archive(ID, -1)
    assert (len(register.changed), register.remembered) == (1, [Moment.ARCHIVED])
    assert hub.fired == ["clients_archiving", "clients_updated", "clients_archived"]


class Nobody:
    """Nobody is here twice."""

    def check(self, keys: Sequence[str]) -> list[Candidate]:
        return []

    def others(self, client_id: UUID | None, keys: Sequence[str]) -> list[Candidate]:
        return []

    def groups(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return []


class Nothing:
    """No custom fields."""

    names = ()
    properties: Mapping[str, Mapping[str, Any]] = {}

    def faults(self, value: Mapping[str, Any], at: str = "") -> list[Fault]:
        return []


class Register:
    """One active client."""

    again = False

    def __init__(self) -> None:
        self.changed: list[Collection[str]] = []
        self.remembered: list[Moment] = []

    def stay(self, people: Collection[UUID]) -> None:
        assert not people

    def get(self, client_id: UUID) -> Document | None:
        return {"version": 1}

    def page(self, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        return []

    def tags(self, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        return []

    def add(self, client: Mapping[str, object], terms: Sequence[str], keys: Sequence[str]) -> None:
        raise NotImplementedError

    def lock(self, client_id: UUID) -> Row | None:
        return {"version": 1, "status": "active", "full_name": "A", "email": None, "tags": [], "phone": None, "birth_date": None,
                "lifecycle_stage": "client", "custom_fields": {}, "merged_into": None}  # fmt: skip

    def change(self, client_id: UUID, named: Collection[str], values: Mapping[str, object], expected: int | None) -> Document | None:
        self.changed.append(named)
        return {"version": 2}

    def remember(self, client_id: UUID, moment: Moment, at: datetime, detail: str | None = None, reference: UUID | None = None) -> None:
        self.remembered.append(moment)

    def index(self, client_id: UUID, terms: Sequence[str]) -> None:
        raise NotImplementedError


class Hub:
    """Writes down what was fired; refuses one hook."""

    def __init__(self) -> None:
        self.fired: list[str] = []
        self.refusing = ""

    def fire(self, hook: Hook[..., Any], arguments: Mapping[str, object]) -> object:
        assert arguments == {"client_id": ID}
        self.fired.append(hook.name)
        if hook.name == self.refusing:
            raise Refused("not now")
        return None

    def command(self, name: str, arguments: Mapping[str, object]) -> object:
        raise NotImplementedError


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    nothing: Any = None
    with serving(Current(Scope(Kind.JOB, "r", new_id()), made, nothing)):
        yield made
