"""What services and rooms need from storage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Row


class Catalogue(Protocol):
    """What is offered."""

    def service(self, service_id: UUID) -> Row | None:
        """One service, with `organizer_ids` and `room_ids`."""


class Services(Catalogue, Protocol):
    """Services."""

    def services(self, archived: bool, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """By name. archived: those, and no others."""

    def add_service(self, values: Mapping[str, object], organizers: Collection[UUID], rooms: Collection[UUID]) -> None: ...

    def change_service(
        self,
        service_id: UUID,
        values: Mapping[str, object],
        organizers: Collection[UUID] | None,
        rooms: Collection[UUID] | None,
        expected: int | None,
    ) -> bool:
        """Set what is given; None leaves organizers or rooms. False when there is none at the version expected."""


class Rooms(Protocol):
    """Rooms."""

    def rooms(self, archived: bool, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """By name."""

    def room(self, room_id: UUID) -> Row | None: ...

    def add_room(self, values: Mapping[str, object]) -> None: ...

    def change_room(self, room_id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None: ...

    def room_needed(self, room_id: UUID, now: datetime) -> bool:
        """Whether a booking to come has it; until the transaction ends none more will, and no service is given it."""

    def services_in(self, room_id: UUID) -> Sequence[UUID]:
        """Those that are offered and in it, held. Before the room itself, always: whoever changes one waits for no room."""

    def leave_room(self, room_id: UUID, services: Sequence[UUID], now: datetime) -> Sequence[UUID]:
        """These are in it no more. Those of them that have no other room then."""


class Offered(Services, Rooms, Protocol):
    """Both."""
