"""Series: when they take place, and how they are cut and moved."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from kernel.errors import Invalid
from plugins.bookings.domain.series import moved, occurrences, parse, rest_from, until_before
from plugins.bookings.domain.zones import instant
from tests.unit.plugins.bookings.corpus import samples
from tests.yardstick import budget_s

DAY = timedelta(days=1)
LISBON, NEW_YORK, LORD_HOWE, SAO_PAULO, APIA = map(
    ZoneInfo, ("Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia")
)
UTC_ZONE = ZoneInfo("UTC")
MONDAY = datetime(2026, 3, 2, 9)


def at(text: str, first: datetime = MONDAY, zone: ZoneInfo = LISBON, exdates: tuple[datetime, ...] = ()) -> list[datetime]:
    return occurrences(parse(text), first, zone, exdates)


def days(text: str, first: datetime = MONDAY) -> list[str]:
    return [one.strftime("%m-%d") for one in at(text, first)]


RFC = [
    ("FREQ=DAILY;COUNT=10", datetime(1997, 9, 2, 9), "09-02 09-03 09-04 09-05 09-06 09-07 09-08 09-09 09-10 09-11"),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", datetime(1997, 9, 2, 9), "09-02 09-12 09-22 10-02 10-12"),
    ("FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR", datetime(1997, 9, 1, 9),
     "09-01 09-03 09-05 09-15 09-17 09-19 09-29 10-01 10-03 10-13 10-15 10-17 10-27 10-29 10-31 "
     "11-10 11-12 11-14 11-24 11-26 11-28 12-08 12-10 12-12 12-22"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", datetime(1997, 9, 2, 9), "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16"),
    ("FREQ=MONTHLY;COUNT=10;BYDAY=1FR", datetime(1997, 9, 5, 9), "09-05 10-03 11-07 12-05 01-02 02-06 03-06 04-03 05-01 06-05"),
    ("FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", datetime(1997, 9, 7, 9), "09-07 09-28 11-02 11-30 01-04 01-25 03-01 03-29 05-03 05-31"),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", datetime(1997, 9, 22, 9), "09-22 10-20 11-17 12-22 01-19 02-16"),
    ("FREQ=MONTHLY;COUNT=6;BYMONTHDAY=-3", datetime(1997, 9, 28, 9), "09-28 10-29 11-28 12-29 01-29 02-26"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", datetime(1997, 9, 30, 9), "09-30 10-01 10-31 11-01 11-30 12-01 12-31 01-01 01-31 02-01"),
    ("FREQ=YEARLY;COUNT=6;BYMONTH=6,7", datetime(1997, 6, 10, 9), "06-10 07-10 06-10 07-10 06-10 07-10"),
    ("FREQ=YEARLY;COUNT=3;BYDAY=20MO", datetime(1997, 5, 19, 9), "05-19 05-18 05-17"),
    ("FREQ=YEARLY;COUNT=11;BYMONTH=3;BYDAY=TH", datetime(1997, 3, 13, 9), "03-13 03-20 03-27 03-05 03-12 03-19 03-26 03-04 03-11 03-18 03-25"),
    ("FREQ=MONTHLY;COUNT=5;BYDAY=FR;BYMONTHDAY=13", datetime(1997, 9, 2, 9), "02-13 03-13 11-13 08-13 10-13"),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", datetime(1997, 9, 4, 9), "09-04 10-07 11-06"),
    ("FREQ=MONTHLY;COUNT=7;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", datetime(1997, 9, 29, 9), "09-29 10-30 11-27 12-30 01-29 02-26 03-30"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", datetime(1997, 8, 5, 9), "08-05 08-10 08-19 08-24"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", datetime(1997, 8, 5, 9), "08-05 08-17 08-19 08-31"),
    ("FREQ=MONTHLY;COUNT=5;BYMONTHDAY=15,30", datetime(2007, 1, 15, 9), "01-15 01-30 02-15 03-15 03-30"),
]  # fmt: skip
"""The examples of RFC 5545 that we read, with its answers."""


@pytest.mark.parametrize(("text", "first", "expected"), RFC, ids=[text for text, _, _ in RFC])
def test_the_examples_of_the_rfc_come_out_as_it_says(text: str, first: datetime, expected: str) -> None:
    assert days(text, first) == expected.split()


def test_three_things_are_read_as_the_rfc_means_them_where_dateutil_and_rrule_js_do_not() -> None:
    assert days("FREQ=MONTHLY;COUNT=5;BYDAY=MO,2TU") == ["03-02", "03-09", "03-10", "03-16", "03-23"]
    # The week of this Wednesday began on Monday, which was its first day.
    assert days("FREQ=WEEKLY;COUNT=3;BYDAY=MO,WE,FR;BYSETPOS=1", MONDAY + 2 * DAY) == ["03-09", "03-16", "03-23"]
    assert days("FREQ=DAILY;UNTIL=20260304") == ["03-02", "03-03", "03-04"]


def test_until_is_a_day_a_wall_time_or_an_instant() -> None:
    new_york = ZoneInfo("America/New_York")
    assert len(at("FREQ=DAILY;UNTIL=20260304T090000")) == 3
    assert len(at("FREQ=DAILY;UNTIL=20260304T085959")) == 2
    assert len(at("FREQ=DAILY;UNTIL=20260304T140000Z", zone=new_york)) == 3
    assert len(at("FREQ=DAILY;UNTIL=20260304T135959Z", zone=new_york)) == 2
    evening = MONDAY.replace(hour=22)
    assert [one.day for one in at("FREQ=DAILY;UNTIL=20260304T030000Z", evening, new_york)] == [2, 3]


def test_a_first_that_the_rule_does_not_name_is_not_among_them() -> None:
    assert days("FREQ=WEEKLY;COUNT=2;BYDAY=TU") == ["03-03", "03-10"]


def test_a_day_that_a_month_lacks_is_left_out() -> None:
    assert days("FREQ=MONTHLY;COUNT=3", datetime(2026, 1, 31, 9)) == ["01-31", "03-31", "05-31"]
    assert [one.year for one in at("FREQ=YEARLY;COUNT=3", datetime(2028, 2, 29, 9))] == [2028, 2032, 2036]


@pytest.mark.parametrize(
    ("zone", "first", "walls", "instants"),
    [
        (LISBON, datetime(2026, 3, 28, 1, 30), "28 01:30, 29 02:30, 30 01:30", "28 01:30, 29 01:30, 30 00:30"),
        (LISBON, datetime(2026, 10, 24, 1, 30), "24 01:30, 25 01:30, 26 01:30", "24 00:30, 25 00:30, 26 01:30"),
        (NEW_YORK, datetime(2026, 3, 7, 2, 30), "07 02:30, 08 03:30, 09 02:30", "07 07:30, 08 07:30, 09 06:30"),
        (NEW_YORK, datetime(2026, 10, 31, 1, 30), "31 01:30, 01 01:30, 02 01:30", "31 05:30, 01 05:30, 02 06:30"),
        (LORD_HOWE, datetime(2026, 10, 3, 2, 15), "03 02:15, 04 02:45, 05 02:15", "02 15:45, 03 15:45, 04 15:15"),
        (LORD_HOWE, datetime(2026, 4, 4, 1, 45), "04 01:45, 05 01:45, 06 01:45", "03 14:45, 04 14:45, 05 15:15"),
        (SAO_PAULO, datetime(2018, 11, 3, 0, 0), "03 00:00, 04 01:00, 05 00:00", "03 03:00, 04 03:00, 05 02:00"),
        (SAO_PAULO, datetime(2018, 2, 16, 23, 30), "16 23:30, 17 23:30, 18 23:30", "17 01:30, 18 01:30, 19 02:30"),
        (APIA, datetime(2011, 12, 29, 9, 0), "29 09:00, 31 09:00", "29 19:00, 30 19:00"),
    ],
)
def test_wall_time_is_kept_when_the_clocks_are_set(zone: ZoneInfo, first: datetime, walls: str, instants: str) -> None:
    found = at("FREQ=DAILY;COUNT=3", first, zone)
    assert ", ".join(f"{one:%d %H:%M}" for one in found) == walls
    assert ", ".join(f"{instant(one, zone):%d %H:%M}" for one in found) == instants
    assert len({instant(one, zone) for one in found}) == len(found)


def test_what_an_exdate_names_is_left_out_but_counts() -> None:
    assert [one.day for one in at("FREQ=DAILY;COUNT=4", exdates=(MONDAY + DAY, MONDAY + 99 * DAY))] == [2, 4, 5]
    missing = datetime(2026, 3, 28, 1, 30)
    for exdate in (datetime(2026, 3, 29, 1, 30), datetime(2026, 3, 29, 2, 30)):
        assert [one.day for one in at("FREQ=DAILY;COUNT=3", missing, exdates=(exdate,))] == [28, 30]
    with pytest.raises(Invalid) as refused:
        at("FREQ=DAILY;COUNT=1", exdates=(MONDAY,))
    assert refused.value.errors[0].pointer == "/exdates"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FREQ=DAILY", "more than 520 occurrences"),
        ("FREQ=DAILY;COUNT=521", "more than 520 occurrences"),
        ("FREQ=DAILY;COUNT=999999", "more than 520 occurrences"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "more than 520 occurrences"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "Nothing happens by this rule from 2026-03-02 to 2036-03-02"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31;COUNT=999999", "Nothing happens"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "Nothing happens"),
        ("FREQ=YEARLY;INTERVAL=999;BYMONTH=1", "Nothing happens"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=31", "Nothing happens"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "Nothing happens"),
        ("FREQ=DAILY;UNTIL=20260301", "UNTIL is before the start"),
        ("FREQ=DAILY;UNTIL=20260302T085959Z", "UNTIL is before the start"),
        ("FREQ=YEARLY;COUNT=12", "COUNT reaches more than 10 years"),
        ("FREQ=YEARLY;UNTIL=20370101", "UNTIL lies more than 10 years"),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", "UNTIL lies more than 10 years"),
    ],
)
def test_rules_that_never_come_to_an_end_or_to_a_beginning_are_refused_at_once(text: str, why: str) -> None:
    started = process_time()
    with pytest.raises(Invalid) as refused:
        at(text)
    assert [(fault.pointer, why in fault.message) for fault in refused.value.errors] == [("/rrule", True)], refused.value.errors
    assert process_time() - started < budget_s(0.1)


def test_a_rule_without_end_is_planned_for_ten_years() -> None:
    assert parse("FREQ=MONTHLY").endless
    assert len(at("FREQ=MONTHLY")) == 121
    assert len(at("FREQ=WEEKLY;COUNT=520")) == 520


def test_520_occurrences_are_found_quickly() -> None:
    started = process_time()
    assert len(at("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,WE,FR,SU;COUNT=520")) == 520
    spent = process_time() - started
    print(f"520 occurrences: {spent * 1e3:.1f} ms")
    assert spent < 0.3


@pytest.mark.parametrize("year", [1969, 2201, 9999])
def test_a_series_begins_in_a_year_of_ours(year: int) -> None:
    with pytest.raises(Invalid) as refused:
        at("FREQ=DAILY;COUNT=2", datetime(year, 12, 31, 9))
    assert refused.value.errors[0].pointer == "/start_time"


def test_two_parts_of_a_series_are_the_whole() -> None:
    chance, cut = random.Random(7), 0
    for one in samples(400, seed=404):
        rule, zone = parse(one.text), chance.choice([LISBON, NEW_YORK, UTC_ZONE])
        try:
            whole = occurrences(rule, one.first, zone)
        except Invalid:
            continue
        at_one = chance.choice(whole)
        rest, begins = rest_from(rule, one.first, at_one, zone)
        later = occurrences(rest, begins, zone)
        assert later == [wall for wall in whole if wall >= at_one]
        if at_one == whole[0]:
            with pytest.raises(ValueError, match="nothing comes before"):
                until_before(rule, one.first, at_one, zone)
        else:
            earlier = until_before(rule, one.first, at_one, zone)
            assert occurrences(earlier, one.first, zone) + later == whole
            assert parse(str(earlier)) == earlier
            cut += 1
    assert cut > 100


def test_a_series_is_cut_at_an_occurrence_that_moved() -> None:
    first, rule = datetime(2026, 3, 27, 1, 30), parse("FREQ=DAILY;COUNT=5")
    shown = datetime(2026, 3, 29, 2, 30)
    assert [one.day for one in occurrences(until_before(rule, first, shown, LISBON), first, LISBON)] == [27, 28]
    rest, begins = rest_from(rule, first, shown, LISBON)
    assert begins == datetime(2026, 3, 29, 1, 30)
    assert occurrences(rest, begins, LISBON)[0] == shown


def test_what_is_no_occurrence_cuts_nothing() -> None:
    for wrong in (MONDAY + timedelta(minutes=1), MONDAY - DAY, MONDAY + 10 * DAY):
        with pytest.raises(Invalid) as refused:
            rest_from(parse("FREQ=DAILY;COUNT=10"), MONDAY, wrong, LISBON)
        assert refused.value.errors[0].pointer == "/occurrence"


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("FREQ=WEEKLY;COUNT=9;BYDAY=MO,WE,SU", 1),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=9;BYDAY=MO,SU", 3),
        ("FREQ=WEEKLY;INTERVAL=3;COUNT=9;BYDAY=MO,SA;WKST=SU", -2),
        ("FREQ=WEEKLY;COUNT=5", 4),
        ("FREQ=DAILY;INTERVAL=3;COUNT=7;BYDAY=MO,TU,FR", 2),
        ("FREQ=DAILY;UNTIL=20260320T090000Z", 5),
        ("FREQ=DAILY;UNTIL=20260320", 0),
        ("FREQ=WEEKLY;UNTIL=20260420T083000Z;BYDAY=MO,FR", 40),
        ("FREQ=MONTHLY;COUNT=6", 9),
        ("FREQ=MONTHLY;COUNT=6;BYDAY=1MO", 0),
        ("FREQ=YEARLY;COUNT=3", 20),
        ("FREQ=WEEKLY;COUNT=5;BYDAY=MO,WE,FR;BYSETPOS=1,-1", 2),
    ],
)
@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=5), timedelta(hours=-3)])
def test_a_series_that_moves_keeps_its_distances(text: str, by: int, later: timedelta) -> None:
    rule, to = parse(text), MONDAY + by * DAY + later
    after = moved(rule, MONDAY, to, LISBON)
    assert occurrences(after, to, LISBON) == [one + by * DAY + later for one in at(text)]
    assert parse(str(after)) == after


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("FREQ=MONTHLY;COUNT=3", datetime(2026, 1, 30, 9)),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=3", MONDAY),
        ("FREQ=YEARLY;COUNT=3", datetime(2028, 2, 28, 9)),
        ("FREQ=MONTHLY;BYMONTHDAY=2;COUNT=3", MONDAY),
        ("FREQ=WEEKLY;BYMONTH=3;COUNT=3", MONDAY),
    ],
)
def test_a_series_whose_days_have_no_fixed_distance_needs_another_rule(text: str, first: datetime) -> None:
    with pytest.raises(Invalid, match="validation_failed") as refused:
        moved(parse(text), first, first + DAY, LISBON)
    assert refused.value.errors[0].pointer == "/rrule"
    moved(parse(text), first, first + timedelta(hours=1), LISBON)
