"""Calendar files that adversaries write: none keeps us busy for long, each is read or refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from tests.unit.plugins.bookings.files import MAY, ONE_HOUR, YEAR, event, file, look

HOSTILE: list[tuple[str, Callable[[], bytes]]] = [
    ("new lines", lambda: b"BEGIN:VCALENDAR" + b"\n" * 4_000_000),
    ("folds", lambda: b"BEGIN:VCALENDAR" + b"\r\n " * 1_300_000),
    ("short lines", lambda: file(*["A:"] * 2_400_000)),
    ("one line", lambda: file("X:" + "a" * 4_000_000)),
    ("one long time", lambda: file(*event("DTSTART:" + "1" * 4_000_000))),
    ("parameters", lambda: file(*event(*["DTSTART" + ";A=1" * 12_000 + ":x"] * 80))),
    ("quotes", lambda: file(*event(*["DTSTART;A=" + '"' * 60_000 + ":x"] * 60))),
    ("open quotes", lambda: file(*event(*["DTSTART" + ';A="' * 15_000] * 60))),
    ("equal signs", lambda: file(*event(*["DTSTART;" + "=" * 60_000] * 60))),
    ("nesting", lambda: b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 300_000),
    ("events", lambda: file(*(line for n in range(9_999) for line in event(*ONE_HOUR, uid=str(n))))),
    ("a million occurrences", lambda: file(*event(*ONE_HOUR, "RRULE:FREQ=DAILY;COUNT=999999"))),
    ("many endless series", lambda: file(*(line for n in range(9_999) for line in event(*ONE_HOUR, "RRULE:FREQ=DAILY", uid=str(n))))),
    ("counted since 1601", lambda: file(*event("DTSTART:16010101T000000Z", "DURATION:PT1H", *["RRULE:FREQ=DAILY;COUNT=999999"] * 5000))),
    ("the 30th of February", lambda: file(*event(*ONE_HOUR, *["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"] * 9_999))),
    ("seconds", lambda: file(*event(*ONE_HOUR, *["RRULE:FREQ=SECONDLY;INTERVAL=1"] * 20_000))),
    ("exceptions", lambda: file(*event(*ONE_HOUR, *["EXDATE:" + ",".join(["20260504T090000Z"] * 3_500)] * 60))),
    (
        "extra times",
        lambda: file(*event(*ONE_HOUR, *["RDATE:" + ",".join(f"202605{n % 28 + 1:02}T{n % 24:02}{n % 60:02}00Z" for n in range(2_000))] * 80)),
    ),
    ("periods among times", lambda: file(*event(*ONE_HOUR, *["RDATE;VALUE=PERIOD:20260504T090000Z/PT1H", "RDATE:20260504T090000Z"] * 60_000))),
    (
        "zones",
        lambda: file(*(line for n in range(9_999) for line in event(f"DTSTART;TZID={'a/' * 45}{n}:20260504T090000", "DURATION:PT1H", uid=str(n)))),
    ),
    (
        "a zone that never ends",
        lambda: file(
            "BEGIN:VTIMEZONE",
            "TZID:Z",
            *[
                "BEGIN:STANDARD",
                "DTSTART:16010101T000000",
                "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
                "TZOFFSETFROM:+0000",
                "TZOFFSETTO:+0100",
                "END:STANDARD",
            ]
            * 1000,
            "END:VTIMEZONE",
            *event("DTSTART;TZID=Z:20260504T090000", "DURATION:PT1H"),
        ),
    ),
]


@pytest.mark.parametrize(("name", "make"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_no_file_keeps_us_busy_for_long(name: str, make: Callable[[], bytes]) -> None:
    data = make()
    started = process_time()
    try:
        answer = f"{len(look(data, YEAR).busy)} times"
    except Invalid as refused:
        answer = refused.errors[0].message
    spent = process_time() - started
    print(f"{name}: {len(data) / 1e6:.1f} MB, {spent:.2f} s: {answer}")
    assert spent < 8


@pytest.mark.parametrize(
    "lines",
    [
        [line for _ in range(26) for line in ("BEGIN:VFREEBUSY", "FREEBUSY:" + ",".join(["19990101T000000Z/PT1H"] * 2_000), "END:VFREEBUSY")],
        event(*ONE_HOUR, *["RRULE:F=1"] * 51_000),
        event(*ONE_HOUR, *["EXDATE:20260504T090000Z"] * 51_000),
    ],
    ids=["busy times outside the window", "rules that nobody understands", "exceptions one by one"],
)
def test_what_is_in_vain_costs_as_much_as_what_is_not(lines: list[str]) -> None:
    with pytest.raises(Invalid) as caught:
        look(file(*lines), YEAR)
    assert caught.value.errors[0].message == "The series of the calendar take too long to follow."
    assert look(file(*lines[: len(lines) // 3 * 2], *lines[-1:]), YEAR) is not None


LINES = """BEGIN:VEVENT|END:VEVENT|BEGIN:VTIMEZONE|END:VTIMEZONE|BEGIN:VFREEBUSY|END:VFREEBUSY|DTSTART:20260504T090000Z|DTSTART;VALUE=DATE:20260504
DTSTART:|DTSTART;TZID=:20260504T090000|DTSTART;TZID=../../etc/passwd:20260504T090000|DURATION:PT1H|DURATION:-PT1H|DTEND:P1D|RRULE:FREQ=DAILY|RRULE:|EXDATE:
RDATE:,|UID:|SEQUENCE:x|RECURRENCE-ID:|:|;| x||X-WR-TIMEZONE:Mars|TZID:a|X-LIC-LOCATION:b|FREEBUSY:/|FREEBUSY:20260504T090000Z/PT1H"""


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES.replace("\n", "|").split("|")), max_size=25), st.binary(max_size=30))
def test_a_file_is_read_or_refused_and_nothing_else(lines: list[str], noise: bytes) -> None:
    for data in (file(*lines), file(*lines)[:-15] + noise, noise, file(*event(*lines))):
        try:
            feed = look(data)
        except Invalid:
            continue
        assert all(MAY.start <= one.start < one.end <= MAY.end for one in feed.busy)
        assert all(one.end < other.start for one, other in pairwise(feed.busy))
