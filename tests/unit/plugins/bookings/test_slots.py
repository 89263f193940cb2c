"""Free times, compared with an oracle that looks at every minute and shares no code with them; and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from kernel.intervals import Interval
from plugins.bookings.domain.hours import Hours, Stretch, stretches
from plugins.bookings.domain.slots import Offer, roomless, slots
from plugins.bookings.domain.zones import DAY, day_bounds, wall_time
from tests.unit.plugins.bookings.test_hours import CHANGES, LISBON, stretch

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOTHING = timedelta()
LONG = timedelta(days=400)


@dataclass(frozen=True)
class Case:
    """Everything that decides which times are free."""

    offer: Offer
    hours: list[Stretch]
    busy: list[Interval]
    now: datetime
    zone: ZoneInfo
    inside: Interval
    rooms: list[list[Interval]]
    """When each is taken; none: it takes no room."""


def free(case: Case) -> list[datetime]:
    without = roomless(case.offer, case.rooms) if case.rooms else []
    return slots(case.offer, case.hours, case.busy, now=case.now, zone=case.zone, inside=case.inside, without=without)


def looked_up(case: Case) -> list[datetime]:
    """Every minute, asked for by itself."""
    offer, found = case.offer, []
    taken = _minutes(case.busy)
    full = [_minutes(one) for one in case.rooms]
    first, last = case.inside.start, case.inside.end + offer.duration
    open_at = {at for n in range((last - first) // MINUTE) if _signs(wall_time(at := first + n * MINUTE, case.zone), case.hours)}
    for n in range(case.inside.duration // MINUTE):
        start = case.inside.start + n * MINUTE
        wall = wall_time(start, case.zone)
        on_grid = start in open_at and any((wall - datetime.combine(one.day, one.opens)) % offer.step == NOTHING for one in _signs(wall, case.hours))
        length = range(offer.duration // MINUTE)
        buffered = range(-(offer.before // MINUTE), (offer.duration + offer.after) // MINUTE)
        if (
            on_grid
            and all(start + m * MINUTE in open_at for m in length)
            and not any(start + m * MINUTE in taken for m in buffered)
            and (not full or any(all(start + m * MINUTE not in room for m in buffered) for room in full))
            and offer.notice <= start - case.now <= offer.window
        ):
            found.append(start)
    return found


def _minutes(several: list[Interval]) -> set[datetime]:
    return {one.start + n * MINUTE for one in several for n in range(one.duration // MINUTE)}


def _signs(wall: datetime, hours: list[Stretch]) -> list[Stretch]:
    """The signs that say open at what the clocks show."""
    return [one for one in hours if one.day == wall.date() and one.opens <= wall.time() and (one.closes == time() or wall.time() < one.closes)]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, day = draw(st.sampled_from(CHANGES))
    offer = Offer(
        duration=draw(st.integers(1, 24)) * 5 * MINUTE,
        before=draw(st.sampled_from([0, 0, 5, 10, 60])) * MINUTE,
        after=draw(st.sampled_from([0, 0, 5, 15, 45])) * MINUTE,
        step=draw(st.sampled_from([5, 15, 20, 30, 45, 60, 90])) * MINUTE,
        notice=draw(st.integers(0, 600)) * MINUTE,
        window=draw(st.sampled_from([LONG, 10 * HOUR, 30 * HOUR])),
    )
    hours = [Stretch(day + n * DAY, *pair) for n in range(-1, 2) for pair in draw(st.lists(stretch(), max_size=2))]
    start, end = day_bounds(day - DAY, zone).start, day_bounds(day + DAY, zone).end
    length = (end - start) // MINUTE
    taken = st.builds(lambda at, long: Interval(start + at * MINUTE, start + (at + long) * MINUTE), st.integers(-60, length), st.integers(1, 200))
    asked = (
        draw(st.integers(0, length - 2).flatmap(lambda at: st.tuples(st.just(at), st.integers(at + 1, length))))
        if draw(st.booleans())
        else (0, length)
    )
    now = start + draw(st.integers(-600, length)) * MINUTE if draw(st.booleans()) else start - DAY
    inside = Interval(start + asked[0] * MINUTE, start + asked[1] * MINUTE)
    rooms = draw(st.lists(st.lists(taken, max_size=12), max_size=3))
    return Case(offer, hours, draw(st.lists(taken, max_size=6)), now, zone, inside, rooms)


SEARCH = settings(max_examples=2000, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_free_times_are_those_found_by_looking_at_every_minute(case: Case) -> None:
    assert free(case) == looked_up(case)


def _without_after(case: Case) -> list[datetime]:
    return free(replace(case, offer=replace(case.offer, after=NOTHING)))


def _without_before(case: Case) -> list[datetime]:
    return free(replace(case, offer=replace(case.offer, before=NOTHING)))


def _touching_is_overlapping(case: Case) -> list[datetime]:
    return free(replace(case, busy=[one.widened(MINUTE, MINUTE) for one in case.busy]))


def _every_room_is_needed(case: Case) -> list[datetime]:
    return free(replace(case, rooms=[], busy=[*case.busy, *(one for room in case.rooms for one in room)]))


def _one_room_is_forgotten(case: Case) -> list[datetime]:
    return free(replace(case, rooms=case.rooms[:-1])) if len(case.rooms) > 1 else free(case)


def _strict_notice(case: Case) -> list[datetime]:
    return free(replace(case, now=case.now + MINUTE))


def _last_busy_forgotten(case: Case) -> list[datetime]:
    return free(replace(case, busy=case.busy[:-1]))


def _clocks_never_set(case: Case) -> list[datetime]:
    hours = (case.inside.start.astimezone(case.zone).utcoffset() or NOTHING) / HOUR
    return free(replace(case, zone=ZoneInfo(f"Etc/GMT{-int(hours):+d}"))) if hours.is_integer() and -15 < hours < 13 else looked_up(case)


def _repeated_hour_once(case: Case) -> list[datetime]:
    return list({wall_time(at, case.zone): at for at in free(case)}.values())


FAULTS = [
    _without_after, _without_before, _touching_is_overlapping, _every_room_is_needed, _one_room_is_forgotten, _strict_notice, _last_busy_forgotten,
    _clocks_never_set, _repeated_hour_once,
]  # fmt: skip


@pytest.mark.parametrize("faulty", FAULTS, ids=lambda faulty: faulty.__name__.strip("_"))
def test_the_oracle_notices_a_seeded_fault(faulty: Callable[[Case], list[datetime]]) -> None:
    found = find(cases(), lambda case: faulty(case) != looked_up(case), settings=SEARCH)
    assert free(found) == looked_up(found)


def walls(starts: list[datetime], zone: ZoneInfo) -> list[str]:
    return [wall_time(at, zone).strftime("%H:%M") for at in starts]


PLAIN = Offer(HOUR, NOTHING, NOTHING, 30 * MINUTE, NOTHING, LONG)


def on(day: date, opens: time, closes: time, zone: ZoneInfo, offer: Offer = PLAIN, busy: tuple[Interval, ...] = ()) -> list[datetime]:
    inside = day_bounds(day, zone)
    return slots(offer, [Stretch(day, opens, closes)], busy, now=inside.start - DAY, zone=zone, inside=inside)


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes", "offered"),
    [
        (LISBON, date(2026, 3, 28), time(), time(4), "00:00 00:30 01:00 01:30 02:00 02:30 03:00"),
        (LISBON, date(2026, 3, 29), time(), time(4), "00:00 00:30 02:00 02:30 03:00"),
        (LISBON, date(2026, 10, 25), time(), time(4), "00:00 00:30 01:00 01:30 01:00 01:30 02:00 02:30 03:00"),
        ("America/New_York", date(2026, 3, 8), time(1), time(5), "01:00 01:30 03:00 03:30 04:00"),
        ("America/New_York", date(2026, 11, 1), time(0, 15), time(2, 15), "00:15 00:45 01:15 01:45 01:15"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(1), time(4), "01:00 01:30 02:30 03:00"),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1), time(3), "01:00 01:30 01:30 02:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), time(), time(3), "01:00 01:30 02:00"),
        ("America/Sao_Paulo", date(2018, 2, 17), time(22), time(), "22:00 22:30 23:00 23:30 23:00"),
        ("Pacific/Apia", date(2011, 12, 30), time(9), time(17), ""),
        ("Pacific/Apia", date(2011, 12, 31), time(9), time(11), "09:00 09:30 10:00"),
    ],
)
def test_the_missing_hour_is_never_offered_and_the_repeated_one_twice(
    zone: str | ZoneInfo, day: date, opens: time, closes: time, offered: str
) -> None:
    place = zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone)
    starts = on(day, opens, closes, place)
    assert walls(starts, place) == offered.split()
    assert len(set(starts)) == len(starts)


def test_the_repeated_hour_is_two_different_instants() -> None:
    starts = on(date(2026, 10, 25), time(1), time(2), LISBON)
    assert [at.isoformat() for at in starts] == [
        "2026-10-25T00:00:00+00:00", "2026-10-25T00:30:00+00:00", "2026-10-25T01:00:00+00:00",
    ]  # fmt: skip


def test_buffers_may_lie_outside_the_hours_and_touch_what_is_busy() -> None:
    day = date(2026, 7, 6)
    offer = replace(PLAIN, before=15 * MINUTE, after=15 * MINUTE)
    lunch = Interval(datetime(2026, 7, 6, 11, 15, tzinfo=UTC), datetime(2026, 7, 6, 11, 45, tzinfo=UTC))
    assert walls(on(day, time(9), time(15), LISBON, offer, (lunch,)), LISBON) == [
        "09:00",
        "09:30",
        "10:00",
        "10:30",
        "11:00",
        "13:00",
        "13:30",
        "14:00",
    ]
    shifted = Interval(lunch.start - MINUTE, lunch.end + MINUTE)
    assert walls(on(day, time(9), time(15), LISBON, offer, (shifted,)), LISBON) == ["09:00", "09:30", "10:00", "10:30", "13:30", "14:00"]


def test_notice_and_window_are_kept_to_the_instant() -> None:
    day, zone = date(2026, 7, 6), ZoneInfo("UTC")
    offer = replace(PLAIN, notice=2 * HOUR, window=4 * HOUR)
    open_all_day, inside = [Stretch(day, time(), time())], day_bounds(day, zone)
    at_eight = datetime(2026, 7, 6, 8, tzinfo=UTC)
    for now, offered in (
        (at_eight, ["10:00", "10:30", "11:00", "11:30", "12:00"]),
        (at_eight + timedelta(microseconds=1), ["10:30", "11:00", "11:30", "12:00"]),
    ):
        assert walls(slots(offer, open_all_day, (), now=now, zone=zone, inside=inside), zone) == offered


def test_what_is_busy_may_come_in_any_order_and_zone() -> None:
    day = date(2026, 10, 25)
    first, second = (
        Interval(datetime(2026, 10, 25, 1, 0, fold=n, tzinfo=LISBON), datetime(2026, 10, 25, 1, 30, fold=n, tzinfo=LISBON)) for n in (0, 1)
    )
    quick = replace(PLAIN, duration=30 * MINUTE)
    assert walls(on(day, time(1), time(2), LISBON, quick, (second, first)), LISBON) == ["01:30", "01:30"]
    assert on(day, time(1), time(2), LISBON, quick, (second, second)) == on(day, time(1), time(2), LISBON, quick, (second,))


@pytest.mark.parametrize(
    "wrong", [{"duration": NOTHING}, {"step": NOTHING}, {"before": -MINUTE}, {"after": -MINUTE}, {"notice": -MINUTE}, {"window": -MINUTE}]
)
def test_an_offer_lasts_some_time_and_has_no_negative_buffers(wrong: dict[str, timedelta]) -> None:
    with pytest.raises(ValueError, match=r"offer|least zero"):
        replace(PLAIN, **wrong)


def test_thirty_days_of_ten_collaborators_are_found_quickly() -> None:
    first = date(2026, 10, 10)
    days = [first + n * DAY for n in range(30)]
    inside = Interval(day_bounds(days[0], LISBON).start, day_bounds(days[-1], LISBON).end)
    weekly = [Hours(weekday, opens, closes) for weekday in range(1, 6) for opens, closes in ((time(8), time(13)), (time(14), time(20)))]
    busy = [Interval(inside.start + n * 3 * HOUR, inside.start + n * 3 * HOUR + 75 * MINUTE) for n in range(30 * 8)]
    offer = replace(PLAIN, before=5 * MINUTE, after=10 * MINUTE, step=10 * MINUTE)

    def everybody() -> int:
        return sum(len(slots(offer, stretches(weekly, (), days), busy, now=inside.start, zone=LISBON, inside=inside)) for _ in range(10))

    offered, best = everybody(), 1.0
    for _ in range(5):
        started = process_time()
        assert everybody() == offered
        best = min(best, process_time() - started)
    print(f"30 days of 10 collaborators, {offered} free times: {best * 1e3:.1f} ms, {best / 300 * 1e6:.0f} us a day")
    assert offered > 1000
    assert best < 0.15
