"""Plans of series: cut, moved, and what is in one another's way."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from plugins.bookings.domain.place import Place
from plugins.bookings.domain.repeating import Plan, overlapping
from plugins.bookings.domain.series import parse
from plugins.bookings.domain.zones import wall_time

LISBON = ZoneInfo("Europe/Lisbon")
DAY = timedelta(days=1)
FIRST = wall_time(datetime(2031, 3, 29, 1, 30, tzinfo=LISBON), LISBON)  # 01:30 is skipped the day after


def plan(rule: str) -> Plan:
    return Plan(parse(rule), FIRST, LISBON)


def test_an_occurrence_is_called_by_the_time_the_rule_says_also_where_the_zone_skips_it() -> None:
    daily = plan("FREQ=DAILY;COUNT=3")
    assert daily.occurrences() == [FIRST, FIRST + DAY, FIRST + 2 * DAY]
    assert wall_time(daily.at(FIRST + DAY), LISBON) == FIRST + DAY + timedelta(hours=1)


def test_an_exdate_at_which_nothing_takes_place_is_a_stray() -> None:
    gap = FIRST + DAY + timedelta(hours=1)  # as the clocks show it
    whole = plan("FREQ=DAILY;COUNT=520").without([FIRST, gap, FIRST + timedelta(minutes=1), FIRST + 520 * DAY])
    assert whole.strays() == {FIRST + timedelta(minutes=1), FIRST + 520 * DAY}
    assert plan("FREQ=DAILY;COUNT=520").strays() == set()


def test_what_is_cut_is_all_of_it_and_nothing_twice() -> None:
    whole = plan("FREQ=DAILY;COUNT=6").without([FIRST + DAY, FIRST + 4 * DAY])
    for cut in whole.occurrences()[1:]:
        before, after = whole.cut(cut)
        assert before.occurrences() + after.occurrences() == whole.occurrences()
        assert after.occurrences()[0] == cut


def test_what_is_moved_moves_with_what_it_leaves_out() -> None:
    whole = plan("FREQ=WEEKLY;BYDAY=SA,SU;COUNT=6").without([FIRST + DAY])
    by = timedelta(days=1, hours=2)
    assert whole.shifted(by).occurrences() == [each + by for each in whole.occurrences()]


def test_the_later_of_two_in_one_anothers_way_is_named_and_blocks_no_third() -> None:
    ana, rui, room = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    start = datetime(2031, 1, 1, 9, tzinfo=UTC)

    def place(who: uuid.UUID, hours: float, room: uuid.UUID | None = None) -> Place:
        return Place(who, room, start + timedelta(hours=hours), start + timedelta(hours=hours + 1))

    assert list(overlapping([place(ana, 0), place(ana, 0.5), place(ana, 1), place(rui, 0)])) == [(1, 0)]
    assert list(overlapping([place(ana, 0, room), place(rui, 0.5, room), place(rui, 0.5)])) == [(1, 0)]
    assert list(overlapping([place(ana, 1), place(ana, 0)])) == []
