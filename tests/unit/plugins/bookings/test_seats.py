"""Places at the times that are offered."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugins.bookings.domain.seats import anyones, seats


def slot(hour: int, left: int = 1, booking: str | None = None, organizer: str = "a", minutes: int = 0) -> dict[str, Any]:
    times = {"start_time": f"2027-06-15T{hour:02}:00:00+01:00", "end_time": f"2027-06-15T{hour + 1:02}:{minutes:02}:00+01:00"}
    return {**times, "organizer_id": organizer, "booking_id": booking, **seats(left)}


def test_what_is_full_has_a_queue_and_nothing_else_has() -> None:
    assert seats(0) == {"seats_left": 0, "can_queue": True}
    assert seats(3) == {"seats_left": 3, "can_queue": False}


def test_how_many_people_have_a_time_is_not_told() -> None:
    alone, crowd = anyones([slot(9)]), anyones([slot(9, organizer=each) for each in "abc"])
    assert alone == crowd == [{"start_time": "2027-06-15T09:00:00+01:00", "end_time": "2027-06-15T10:00:00+01:00", **seats(1)}]


def test_classes_at_the_same_time_have_their_places_together() -> None:
    several = [slot(9, 0, "x"), slot(9, 2, "y", "b"), slot(9, 1, "z", "c", minutes=30), slot(10, 0, "v"), slot(10, 0, "w", "b")]
    found = [(each["start_time"][11:16], each["seats_left"], each["can_queue"]) for each in anyones(several)]
    assert found == [("09:00", 2, False), ("09:00", 1, False), ("10:00", 0, True)]


@given(st.lists(st.tuples(st.integers(0, 22), st.integers(0, 5), st.sampled_from("abc")), max_size=30))
def test_nobody_and_no_booking_is_named_and_no_place_is_lost(given: list[tuple[int, int, str]]) -> None:
    several = [slot(hour, left, f"{n}", organizer) for n, (hour, left, organizer) in enumerate(given)]
    merged = anyones(several)
    assert all(each.keys() == {"start_time", "end_time", "seats_left", "can_queue"} for each in merged)
    assert len({each["start_time"] for each in merged}) == len(merged)
    assert sum(each["seats_left"] for each in merged) == sum(left for _, left, _ in given)


@given(st.permutations([slot(9, organizer="a"), slot(9, organizer="b"), slot(9, 2, "x", "c"), slot(9, 0, "y", "d")]))
def test_a_free_time_besides_classes_is_one_place_more_in_every_order(several: list[dict[str, Any]]) -> None:
    assert [each["seats_left"] for each in anyones(several)] == [3]
