"""What may become of a booking: every verb on every status, against the table of what may follow what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kernel.errors import Invalid, Refused
from plugins.bookings.domain.booking import (
    BLOCKING,
    TRANSITIONS,
    Status,
    approved,
    blocks,
    cancelled,
    check_times,
    completed,
    declined,
    missed,
    moved,
)  # fmt: skip

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
END = START + timedelta(hours=1)
TICK = timedelta(microseconds=1)
VERBS: dict[str, Callable[[Status], Status]] = {
    "approve": approved,
    "decline": declined,
    "cancel": cancelled,
    "complete": lambda status: completed(status, END, END),
    "no_show": lambda status: missed(status, START, START),
}
EXPECTED = {
    ("approve", "pending"): "booked", ("approve", "booked"): "not_pending", ("approve", "cancelled"): "already_cancelled",
    ("approve", "completed"): "not_pending", ("approve", "no_show"): "not_pending",
    ("decline", "pending"): "cancelled", ("decline", "booked"): "not_pending", ("decline", "cancelled"): "already_cancelled",
    ("decline", "completed"): "not_pending", ("decline", "no_show"): "not_pending",
    ("cancel", "pending"): "cancelled", ("cancel", "booked"): "cancelled", ("cancel", "cancelled"): "already_cancelled",
    ("cancel", "completed"): "already_completed", ("cancel", "no_show"): "already_no_show",
    ("complete", "pending"): "not_approved", ("complete", "booked"): "completed", ("complete", "cancelled"): "already_cancelled",
    ("complete", "completed"): "already_completed", ("complete", "no_show"): "completed",
    ("no_show", "pending"): "not_approved", ("no_show", "booked"): "no_show", ("no_show", "cancelled"): "already_cancelled",
    ("no_show", "completed"): "no_show", ("no_show", "no_show"): "already_no_show",
}  # fmt: skip


@pytest.mark.parametrize(("verb", "status"), [(verb, status) for verb in VERBS for status in Status])
def test_a_verb_leads_to_a_status_or_says_why_not(verb: str, status: Status) -> None:
    expected = EXPECTED[verb, status]
    if expected in set(Status):
        assert VERBS[verb](status) == expected
        assert expected in TRANSITIONS[status]
    else:
        with pytest.raises(Refused, match=r"\.$") as refused:
            VERBS[verb](status)
        assert refused.value.code == expected


def test_every_transition_has_a_verb() -> None:
    assert {(status, after) for (_, status), after in EXPECTED.items() if after in set(Status)} == {
        (status, after) for status, following in TRANSITIONS.items() for after in following
    }


def test_a_status_read_as_text_is_understood() -> None:
    assert VERBS["approve"]("pending") == "booked"  # type: ignore[arg-type]
    with pytest.raises(Refused, match="already_cancelled"):
        VERBS["cancel"]("cancelled")  # type: ignore[arg-type]


def test_a_booking_is_over_at_its_end_and_missed_from_its_start() -> None:
    with pytest.raises(Refused, match="not_over_yet"):
        completed(Status.BOOKED, END, END - TICK)
    with pytest.raises(Refused, match="not_started_yet"):
        missed(Status.BOOKED, START, START - TICK)


@pytest.mark.parametrize("status", Status)
def test_only_what_is_still_to_come_moves(status: Status) -> None:
    if status in (Status.PENDING, Status.BOOKED):
        assert moved(status) == status
    else:
        with pytest.raises(Refused, match=f"already_{status}"):
            moved(status)


def test_everything_but_the_cancelled_takes_its_time() -> None:
    assert [status for status in Status if not blocks(status)] == [Status.CANCELLED]
    assert frozenset(filter(blocks, Status)) == BLOCKING


@pytest.mark.parametrize(
    ("minutes", "why"),
    [(-60, "later than"), (0, "later than"), (4.99, "at least 5 minutes"), (5, None), (24 * 60, None), (24 * 60 + 0.01, "at most 24 hours")],
)
def test_a_booking_lasts_five_minutes_to_a_day(minutes: float, why: str | None) -> None:
    end = START + timedelta(minutes=minutes)
    if why is None:
        check_times(START, end)
    else:
        with pytest.raises(Invalid) as refused:
            check_times(START, end)
        assert [(fault.pointer, why in fault.message) for fault in refused.value.errors] == [("/end_time", True)]


def test_the_length_is_measured_in_instants_not_on_the_clock() -> None:
    zone = ZoneInfo("Europe/Lisbon")
    check_times(datetime(2026, 10, 25, 1, 50, tzinfo=zone), datetime(2026, 10, 25, 1, 10, fold=1, tzinfo=zone))
    with pytest.raises(Invalid):
        check_times(datetime(2026, 3, 29, 0, 58, tzinfo=zone), datetime(2026, 3, 29, 2, 1, tzinfo=zone))
