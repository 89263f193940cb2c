"""Full classes and their queues, as tests make and use them."""

from __future__ import annotations

import contextlib
import random
from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.agenda import Agenda, a_day
from tests.servers import owner_of


def class_of(agenda: Agenda, capacity: int, clients: list[str], start: datetime | None = None) -> dict[str, Any]:
    service = agenda.service(capacity=capacity, organizer_ids=[agenda.people["Eva"].id])
    start = start or a_day() + timedelta(minutes=random.randrange(0, 600, 5))
    return agenda.booked(start, service_id=service["id"], client_ids=clients, organizer_id=agenda.people["Eva"].id)


def queueing(agenda: Agenda, made: dict[str, Any], n: int) -> Any:
    return agenda.act(made, "queue", {"client_id": agenda.clients[n]})


def accepting(agenda: Agenda, made: dict[str, Any], n: int) -> Any:
    return agenda.act(made, "queue/accept", {"client_id": agenda.clients[n]})


def offers_over(agenda: Agenda, made: dict[str, Any]) -> None:
    """Offers of a class are over; not when the fault lets the others wait for each other in a circle."""
    with contextlib.suppress(psycopg.errors.DeadlockDetected), owner_of(agenda.settings) as connection:
        connection.execute("select from bookings_time where id = %s for update", (made["id"],))
        over = "update bookings_queue_place set offered_until = now() - interval '1 second' where booking_id = %s and status = 'offered'"
        connection.execute(over, (made["id"],))
