"""Reminders of what is booked, with time that passes as tests say."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from tests.agenda import Agenda
from tests.office import Office, tick
from tests.servers import owner_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SPELL = 15 * MINUTE
_SLOTS = itertools.count()


def address_of(agenda: Agenda, address: str = "", client: int = 0) -> str:
    """Another address of a client, the first and a new one unless told otherwise."""
    address = address or f"reminded-{uuid.uuid4().hex[:8]}@example.com"
    reply = agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[client]}", {"email": address}, **{"If-Match": "*"})
    assert reply.status == 200, reply.body
    return address


def set_up(agenda: Agenda, settings: dict[str, Any]) -> None:
    reply = agenda.ask("PUT", f"/api/v1/workspaces/{agenda.workspace}/modules/bookings", {"enabled": True, "settings": settings})
    assert reply.status == 200, reply.body


def switch(agenda: Agenda, *, enabled: bool) -> None:
    reply = agenda.ask("PUT", f"/api/v1/workspaces/{agenda.workspace}/modules/bookings", {"enabled": enabled})
    assert reply.status == 200, reply.body


def free_time(ahead: timedelta) -> datetime:
    """In about so much time, on the grid of slots; nothing else here is booked then, nor a quarter of an hour later."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + ahead + 2 * SPELL * next(_SLOTS)


def soon(agenda: Agenda, ahead: timedelta = 26 * HOUR, **given: Any) -> dict[str, Any]:
    """What begins then, of the first client unless told otherwise."""
    return agenda.booked(free_time(ahead), minutes=10, **{"client_ids": agenda.clients[:1], **given})


def comes_near(agenda: Agenda, office: Office, made: dict[str, Any], left: timedelta = 30 * HOUR) -> datetime:
    """Time passes until so much is left to the start of a booking, and somebody looks ahead; when it starts then."""
    with owner_of(agenda.settings) as connection:
        row = connection.execute("select start_time from bookings where id = %s", (made["id"],)).fetchone()
    assert row is not None
    start = let_pass(agenda, made, row[0] - datetime.now(UTC).replace(second=0, microsecond=0) - left)
    tick(agenda.settings, "bookings:look_ahead")
    office.work()
    return start


def let_pass(agenda: Agenda, made: dict[str, Any], time: timedelta) -> datetime:
    """So much time passes for a booking; when it starts, as seen from now."""
    values = {"by": time, "id": made["id"], "workspace": agenda.workspace}
    with owner_of(agenda.settings) as connection:
        row = connection.execute(
            "update bookings set start_time = start_time - %(by)s, end_time = end_time - %(by)s, updated_at = updated_at - %(by)s,"
            " created_at = created_at - %(by)s where workspace_id = %(workspace)s and id = %(id)s returning start_time", values,
        ).fetchone()  # fmt: skip
        connection.execute(
            "update bookings_reminded set start_time = start_time - %(by)s where workspace_id = %(workspace)s and booking_id = %(id)s", values
        )
    assert row is not None
    return cast("datetime", row[0])


def timers(agenda: Agenda, made: dict[str, Any]) -> list[datetime]:
    """When timers of a booking ring, or rang."""
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select unique_key from outbox_deliveries where workspace_id = %s and unique_key like %s order by id",
            (agenda.workspace, f"remind:{made['id']}:%"),
        ).fetchall()  # fmt: skip
    rings = [each[0].removeprefix(f"remind:{made['id']}:").rsplit(":", 1) for each in found]
    return [datetime.fromisoformat(start) - timedelta(minutes=int(minutes)) for start, minutes in rings]


def ring(agenda: Agenda, office: Office, made: dict[str, Any]) -> None:
    """The time of every timer of a booking has come."""
    with owner_of(agenda.settings) as connection:
        connection.execute(
            "update outbox_deliveries set available_at = now() where workspace_id = %s and unique_key like %s and done_at is null",
            (agenda.workspace, f"remind:{made['id']}:%"),
        )  # fmt: skip
    office.work()
