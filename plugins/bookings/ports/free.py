"""What availability needs from storage: rules and taken time, none of which names a client."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from kernel.intervals import Interval
from ports.persistence import Row


class Free(Protocol):
    """One query for each."""

    def basis(self, service_id: UUID) -> Row | None:
        """The service, `timezone` of the workspace, `rooms_in_use` (its rooms that are not archived), and `revisions` and `holds`: what changes
        when an answer would."""

    def schedules(self, people: Collection[UUID]) -> Sequence[Row]:
        """When they work: `user_id`, `timezone`, `weekly`, `overrides`."""

    def time_off(self, people: Collection[UUID], rooms: Collection[UUID], span: Interval) -> Sequence[Row]:
        """Who is away, what is closed; a row without both closes the studio."""

    def taken(self, service_id: UUID, people: Collection[UUID], rooms: Collection[UUID], span: Interval) -> Sequence[Row]:
        """Time taken by bookings and by holds that have not expired, of these people, in these rooms and of this service whoever teaches it, in
        order: `begins`, `ends` with buffers, `starts_at`, `ends_at` without; `is_class` for a class of the service, full ones as well,
        `seats_left` in it."""

    def external(self, people: Collection[UUID], span: Interval) -> Sequence[Row]:
        """Time taken by calendars elsewhere: `user_id`, `starts_at`, `ends_at`."""

    def teaches(self, service_id: UUID, organizer_id: UUID) -> bool:
        """Whether any class of the service is theirs."""
