"""Busy times from calendar files as Google, Microsoft and Apple write them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kernel.errors import Invalid
from kernel.intervals import Interval
from plugins.bookings.domain.hours import merged, within
from plugins.bookings.domain.series import occurrences, parse
from plugins.bookings.domain.zones import instant
from tests.unit.plugins.bookings.corpus import samples
from tests.unit.plugins.bookings.files import LISBON, MAY, ONE_HOUR, event, file, look


def taken(*lines: str, window: Interval = MAY, zone: ZoneInfo = LISBON) -> str:
    """What a calendar with these lines takes, as UTC, readable."""
    feed = look(file(*lines), window, zone)
    assert feed.notes == ()
    return ", ".join(f"{one.start:%m-%d %H:%M}-{one.end:%d %H:%M}" for one in feed.busy)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (ONE_HOUR, "05-04 09:00-04 10:00"),
        (("DTSTART;TZID=America/New_York:20260504T090000", "DTEND;TZID=America/New_York:20260504T100000"), "05-04 13:00-04 14:00"),
        (("DTSTART;TZID=Eastern Standard Time:20260504T090000", "DTEND;TZID=Eastern Standard Time:20260504T100000"), "05-04 13:00-04 14:00"),
        (('DTSTART;X-A="b;c:d";TZID="America/New_York":20260504T090000', "DURATION:PT90M"), "05-04 13:00-04 14:30"),
        (("DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20260504T090000", "DURATION:PT1H"), "05-04 13:00-04 14:00"),
        (("DTSTART:20260504T090000", "DTEND:20260504T100000"), "05-04 08:00-04 09:00"),
        (("DTSTART;VALUE=DATE:20260504", "DTEND;VALUE=DATE:20260506"), "05-03 23:00-05 23:00"),
        (("DTSTART;VALUE=DATE:20260504",), "05-03 23:00-04 23:00"),
        (("DTSTART;VALUE=DATE:20260504", "DTEND;VALUE=DATE:20260504"), "05-03 23:00-04 23:00"),
        (("DTSTART;VALUE=DATE:20260504", "DURATION:P2D"), "05-03 23:00-05 23:00"),
        (("DTSTART:20260504T090000Z",), ""),
        (("DTSTART:20260504T090000Z", "DTEND:20260504T090000Z"), ""),
        ((*ONE_HOUR, "TRANSP:TRANSPARENT"), ""),
        ((*ONE_HOUR, "TRANSP:opaque", "STATUS:TENTATIVE"), "05-04 09:00-04 10:00"),
        ((*ONE_HOUR, "STATUS:cancelled"), ""),
        (("DTSTART:20260430T230000Z", "DTEND:20260501T010000Z"), "05-01 00:00-01 01:00"),
        (("DTSTART:20200101T000000Z", "DTEND:20300101T000000Z"), "05-01 00:00-01 00:00"),
        (("DTSTART:20260601T000000Z", "DTEND:20260601T010000Z"), ""),
        ((*ONE_HOUR, "BEGIN:VALARM", "TRIGGER:-PT15M", "DTSTART:20260505T090000Z", "END:VALARM"), "05-04 09:00-04 10:00"),
    ],
)  # fmt: skip
def test_an_event_takes_its_time(lines: tuple[str, ...], expected: str) -> None:
    assert taken(*event(*lines)) == expected


NIGHT, OVER = "DTSTART;TZID=Europe/Lisbon:20260328T100000", "DTSTART;TZID=Europe/Lisbon:20261024T100000"
"""The day before the clocks go forward, and back."""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((NIGHT, "DURATION:P1D"), "03-28 10:00-29 09:00"),
        ((OVER, "DURATION:P1D"), "10-24 09:00-25 10:00"),
        ((NIGHT, "DURATION:PT24H"), "03-28 10:00-29 10:00"),
        ((NIGHT, "DURATION:P1DT24H"), "03-28 10:00-30 09:00"),
        ((NIGHT, "DURATION:P1W"), "03-28 10:00-04 09:00"),
        ((NIGHT, "DTEND;TZID=Europe/Lisbon:20260329T100000"), "03-28 10:00-29 09:00"),
        ((NIGHT.replace("28T", "27T"), "DURATION:P1D", "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=2"), "03-27 10:00-28 10:00, 03-29 09:00-30 09:00"),
        # Whatever ends by a time lasts as long each time, in hours.
        ((OVER, "DTEND;TZID=Europe/Lisbon:20261025T100000", "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=2"), "10-24 09:00-25 10:00, 10-26 10:00-27 11:00"),
        ((NIGHT.replace("0328", "0320"), "DURATION:PT1H", "RDATE;VALUE=PERIOD;TZID=Europe/Lisbon:20260328T100000/P1D"),
         "03-20 10:00-20 11:00, 03-28 10:00-29 09:00"),
    ],
)  # fmt: skip
def test_a_day_is_as_long_as_the_clocks_make_it_and_24_hours_are_24(lines: tuple[str, ...], expected: str) -> None:
    year = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert taken(*event(*lines), window=year) == expected


def test_whole_days_are_in_the_calendars_zone_and_floating_times_in_ours() -> None:
    lines = ["X-WR-TIMEZONE:America/New_York", *event("DTSTART;VALUE=DATE:20260504"), *event("DTSTART:20260506T090000", "DURATION:PT1H", uid="v")]
    assert taken(*lines) == "05-04 04:00-05 04:00, 05-06 08:00-06 09:00"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("RRULE:FREQ=WEEKLY;COUNT=3",), "05-04 09:00-04 10:00, 05-11 09:00-11 10:00, 05-18 09:00-18 10:00"),
        (("RRULE:FREQ=WEEKLY;UNTIL=20260511T090000Z",), "05-04 09:00-04 10:00, 05-11 09:00-11 10:00"),
        (("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260511T090000Z"), "05-04 09:00-04 10:00, 05-18 09:00-18 10:00"),
        (("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Lisbon:20260511T100000,20260518T100000"), "05-04 09:00-04 10:00"),
        (("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260504T090000Z", "EXDATE;VALUE=DATE:20260518"), "05-11 09:00-11 10:00"),
        (("RDATE:20260507T120000Z,20260508T120000Z",), "05-04 09:00-04 10:00, 05-07 12:00-07 13:00, 05-08 12:00-08 13:00"),
        (
            ("RDATE;VALUE=PERIOD:20260507T120000Z/20260507T160000Z,20260508T120000Z/PT2H", "EXDATE:20260508T120000Z"),
            "05-04 09:00-04 10:00, 05-07 12:00-07 16:00",
        ),
        (("RDATE;VALUE=PERIOD:20260508T120000Z/PT2H",), "05-04 09:00-04 10:00, 05-08 12:00-08 14:00"),
        (("RDATE;VALUE=PERIOD:20260508T120000Z/PT2H", "EXDATE;VALUE=DATE:20260508"), "05-04 09:00-04 10:00"),
        (("RDATE;VALUE=PERIOD;TZID=Europe/Lisbon:20260507T120000/20260507T160000",), "05-04 09:00-04 10:00, 05-07 11:00-07 15:00"),
        (("RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0;COUNT=2;WKST=SU;",), "05-04 09:00-04 10:00, 05-11 09:00-11 10:00"),
        (("RRULE:FREQ=WEEKLY;COUNT=2;BYDAY=TU",), "05-04 09:00-04 10:00, 05-05 09:00-05 10:00, 05-12 09:00-12 10:00"),
    ],
)
def test_an_event_that_repeats_takes_every_time(lines: tuple[str, ...], expected: str) -> None:
    assert taken(*event(*ONE_HOUR, *lines)) == expected


def test_a_period_needs_no_length_of_its_event_and_an_empty_one_is_no_fault() -> None:
    assert taken(*event("DTSTART:20260504T090000Z", "RDATE;VALUE=PERIOD:20260508T120000Z/PT2H,")) == "05-08 12:00-08 14:00"
    assert look(file(*event(*ONE_HOUR, "RDATE;VALUE=PERIOD:20260508T120000Z/PT2H,"))).notes == ()


@pytest.mark.parametrize("line", ["RRULE:FREQ=YEARLY;BYWEEKNO=20", "EXDATE:garbage", "RDATE:garbage", *["RRULE:FREQ=DAILY;COUNT=20000"]])
def test_what_takes_no_time_is_not_followed(line: str) -> None:
    feed = look(file(*event("DTSTART:19800504T090000Z", *[line] * 400)))
    assert (feed.busy, feed.notes) == ((), ())


def test_a_series_in_a_zone_keeps_its_wall_time() -> None:
    lines = event("DTSTART;TZID=Europe/Lisbon:20251006T090000", "DTEND;TZID=Europe/Lisbon:20251006T100000", "RRULE:FREQ=WEEKLY;INTERVAL=25;COUNT=2")
    assert taken(*lines, window=Interval(datetime(2025, 10, 1, tzinfo=UTC), MAY.end)) == "10-06 08:00-06 09:00, 03-30 08:00-30 09:00"
    winter = event("DTSTART;TZID=Europe/Lisbon:20251201T090000", "DURATION:PT1H", "RRULE:FREQ=MONTHLY")
    assert (
        taken(*winter, window=Interval(datetime(2026, 3, 1, tzinfo=UTC), MAY.end))
        == "03-01 09:00-01 10:00, 04-01 08:00-01 09:00, 05-01 08:00-01 09:00"
    )


def test_a_night_that_began_before_the_window_reaches_into_it() -> None:
    lines = event("DTSTART:20260101T220000Z", "DURATION:P3DT4H", "RRULE:FREQ=MONTHLY;BYMONTHDAY=29")
    assert taken(*lines) == "05-01 00:00-03 02:00, 05-29 22:00-01 00:00"


def test_a_changed_occurrence_takes_the_place_of_its_own() -> None:
    series = event(*ONE_HOUR, "RRULE:FREQ=WEEKLY;COUNT=4", uid="s")
    moved = event("RECURRENCE-ID:20260511T090000Z", "DTSTART:20260512T150000Z", "DTEND:20260512T160000Z", uid="s")
    cancelled = event("RECURRENCE-ID;TZID=Europe/Lisbon:20260518T100000", "DTSTART:20260518T090000Z", "DURATION:PT1H", "STATUS:CANCELLED", uid="s")
    shorter = event("RECURRENCE-ID:20260525T090000Z", "DTSTART:20260525T090000Z", "DURATION:PT10M", uid="s")
    expected = "05-04 09:00-04 10:00, 05-12 15:00-12 16:00, 05-25 09:00-25 09:10"
    assert taken(*series, *moved, *cancelled, *shorter) == expected
    assert taken(*shorter, *cancelled, *moved, *series) == expected


def test_a_changed_occurrence_without_its_series_takes_its_time() -> None:
    assert taken(*event("RECURRENCE-ID:20260511T090000Z", "DTSTART:20260512T150000Z", "DURATION:PT1H")) == "05-12 15:00-12 16:00"


def test_of_several_versions_the_newest_counts() -> None:
    old, new = event(*ONE_HOUR, "SEQUENCE:1"), event("DTSTART:20260505T090000Z", "DURATION:PT1H", "SEQUENCE:12")
    assert taken(*new, *old) == taken(*old, *new) == "05-05 09:00-05 10:00"
    # Two events that somebody gave one name are two.
    assert taken(*event(*ONE_HOUR), *event("DTSTART:20260505T090000Z", "DURATION:PT1H")) == "05-04 09:00-04 10:00, 05-05 09:00-05 10:00"


def test_events_that_overlap_are_one_stretch() -> None:
    assert taken(*event(*ONE_HOUR), *event("DTSTART:20260504T093000Z", "DURATION:PT1H", uid="v")) == "05-04 09:00-04 10:30"


def test_a_published_list_of_busy_times_is_read() -> None:
    lines = ["BEGIN:VFREEBUSY", "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260504T090000Z/PT1H,20260505T090000Z/20260505T100000Z",
             "FREEBUSY;FBTYPE=FREE:20260506T090000Z/PT1H", "FREEBUSY:20260507T090000Z/PT1H", "END:VFREEBUSY"]  # fmt: skip
    assert taken(*lines) == "05-04 09:00-04 10:00, 05-05 09:00-05 10:00, 05-07 09:00-07 10:00"


def test_folded_lines_other_line_ends_and_letters_are_read() -> None:
    lines = file(*event("DTSTART;TZID=America/\r\n New_York:20260504\r\n\tT090000", "duration:PT1H", "DESCRIPTION:é \r\n  BEGIN:VEVENT"))
    expected = look(lines).busy
    assert [one.start.hour for one in expected] == [13]
    for same in (lines.replace(b"\r\n", b"\n"), b"\xef\xbb\xbf" + lines, b"\r\n " + lines, lines.decode().encode("latin-1")):
        assert look(same).busy == expected


def test_a_zone_that_a_file_defines_is_its_own() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:Home", "X-LIC-LOCATION:America/New_York", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0000",
            "TZOFFSETTO:+1300", "END:STANDARD", "END:VTIMEZONE"]  # fmt: skip
    at_home = event("DTSTART;TZID=Home:20260504T090000", "DURATION:PT1H")
    assert taken(*zone, *at_home) == taken(*at_home, *zone) == "05-04 13:00-04 14:00"
    feed = look(file(*at_home))
    assert [one.start.hour for one in feed.busy] == [8]
    assert feed.notes == ("Times in zones that are not known are read as in Europe/Lisbon.",)
    liar = [line.replace("Home", "Europe/Lisbon") for line in zone]
    assert taken(*liar, *event("DTSTART;TZID=Europe/Lisbon:20260504T090000", "DURATION:PT1H")) == "05-04 08:00-04 09:00"


@pytest.mark.parametrize(
    ("lines", "note", "expected"),
    [
        ((*ONE_HOUR, "RRULE:FREQ=HOURLY;COUNT=3"), "Events that repeat in a way", 1),
        ((*ONE_HOUR, "RRULE:FREQ=DAILY;BYHOUR=9,12;COUNT=3"), "Events that repeat in a way", 1),
        ((*ONE_HOUR, "RRULE:FREQ=YEARLY;BYWEEKNO=20"), "Events that repeat in a way", 1),
        ((*ONE_HOUR, "RECURRENCE-ID;RANGE=THISANDFUTURE:20260504T090000Z"), "Changes to an occurrence", 1),
        (("DTSTART:20260504T090000Z", "DTEND:20260504T080000Z"), "Events that could not be read: 1.", 0),
        (("DTSTART:2026-05-04T09:00:00Z", "DURATION:PT1H"), "Events that could not be read: 1.", 0),
        (("DTSTART:20260504T250000Z", "DURATION:PT1H"), "Events that could not be read: 1.", 0),
        (("DTSTART:", "DURATION:PT1H"), "Events that could not be read: 1.", 0),
        (("DTSTART:PT1H", "DURATION:PT1H"), "Events that could not be read: 1.", 0),
        (("DTSTART:20260504T090000Z", "DURATION:20260504T090000Z"), "Events that could not be read: 1.", 0),
        (("DURATION:PT1H",), "Events that could not be read: 1.", 0),
        (("DTSTART:20260504T090000Z", "DURATION:P99999999999W"), "Events that could not be read: 1.", 0),
        (("DTSTART:20260504T090000Z", "DURATION:P999999999D"), "Events that could not be read: 1.", 0),
        (("DTSTART;VALUE=DATE:00010101",), "Events that could not be read: 1.", 0),
        (("DTSTART;VALUE=DATE:99991231",), "Events that could not be read: 1.", 0),
        ((*ONE_HOUR, "EXDATE;=:20260504T090000Z"), "Events that could not be read: 1.", 0),
        ((*ONE_HOUR, "EXDATE:" + "20260504T090000Z," * 5000), "Events that could not be read: 1.", 0),
    ],
)
def test_what_is_not_understood_is_told_and_costs_nothing_else(lines: tuple[str, ...], note: str, expected: int) -> None:
    feed = look(file(*event(*lines), *event("DTSTART:20260520T090000Z", "DURATION:PT1H", uid="fine")))
    assert len(feed.busy) == expected + 1
    assert [one.startswith(note) for one in feed.notes] == [True], feed.notes
    assert not any("Secret" in one for one in feed.notes)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin with BEGIN:VCALENDAR"),
        (b"<!doctype html><title>secret</title>", "does not begin with"),
        (b'{"a": 1}', "does not begin"),
        (b"\x00\x01\x02", "does not begin"),
        ("BEGIN:VCALENDAR".encode("utf-16"), "does not begin"),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", "does not begin"),
        (b"BEGIN:VCALENDAR", "it ends in the middle"),
        (file(*event(*ONE_HOUR))[:-17], "it ends in the middle"),
        (file(*event(*ONE_HOUR))[:-19], "line 10 ends what has not begun"),
        (file("BEGIN:VEVENT"), "line 5 ends what has not begun"),
        (file("END:VEVENT"), "line 4 ends what has not begun"),
        (file("BEGIN:VCALENDAR", "END:VCALENDAR"), "line 4 begins a calendar within another"),
        (file(*["BEGIN:X"] * 9, *["END:X"] * 9), "line 11 is nested deeper than 8"),
        (file() + b"X:1\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "line 5 is outside of it"),
        (file(*event(*ONE_HOUR) * 11), "more than 10 events"),
        (b"BEGIN:VCALENDAR" + b"\n" * 5000, "larger than 5000 bytes"),
        (file(*event(*ONE_HOUR, "RRULE:FREQ=DAILY")), "more than 20 events in the time"),
    ],
)
def test_what_is_no_calendar_is_refused_precisely_and_nothing_of_it_repeated(data: bytes, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        look(data, max_bytes=5000, max_events=10, max_occurrences=20)
    assert refused.value.code == "invalid_calendar"
    assert [(fault.pointer, why in fault.message) for fault in refused.value.errors] == [("/url", True)], refused.value.errors
    assert "secret" not in refused.value.errors[0].message.lower()


def test_several_calendars_in_one_file_are_read() -> None:
    assert len(look(file(*event(*ONE_HOUR)) + file(*event("DTSTART:20260505T090000Z", "DURATION:PT1H"))).busy) == 2


def test_a_series_is_followed_to_the_same_times_wherever_the_window_lies() -> None:
    chance, compared = random.Random(3), 0
    for one in samples(800, seed=99):
        rule = replace(parse(one.text), until=None) if chance.random() < 0.5 else parse(one.text)
        start = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(1000))
        window = Interval(start, start + timedelta(days=chance.randrange(1, 400)))
        try:
            walls = occurrences(rule, one.first, LISBON, limit=10_000)
        except Invalid:
            continue
        expected = [Interval(at, at + timedelta(minutes=45)) for wall in {*walls, one.first} for at in [instant(wall, LISBON)]]
        lines = event(f"DTSTART;TZID=Europe/Lisbon:{one.first:%Y%m%dT%H%M%S}", "DURATION:PT45M", f"RRULE:{rule}")
        feed = look(file(*lines), window)
        assert feed.busy == tuple(within(merged(expected), [window])), (str(rule), one.first, window)
        compared += len(feed.busy)
    print(f"{compared} times agree")
    assert compared > 2000
