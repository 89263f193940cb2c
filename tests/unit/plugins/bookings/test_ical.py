"""The file that calendar applications subscribe to, read back by a library and line by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from kernel.intervals import Interval
from plugins.bookings.domain.booking import Status
from plugins.bookings.domain.feeds import busy_times
from plugins.bookings.domain.ical import Entry, render, render_busy

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ENTRY = Entry("b-1@hub", 3, START, START + HOUR, Status.BOOKED, "Ioga com Ana", "Sala 2", "Traz a esteira", START - HOUR)


def lines(file: bytes) -> list[str]:
    """As an application sees them, unfolded."""
    return file.decode().replace("\r\n ", "").split("\r\n")


def test_a_feed_says_everything_of_an_entry() -> None:
    found = lines(render([ENTRY], "Estúdio Norte"))
    assert found[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert {
        "PRODID:-//FitPro Hub//Bookings//EN", "METHOD:PUBLISH", "NAME:Estúdio Norte", "X-WR-CALNAME:Estúdio Norte",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "UID:b-1@hub", "SEQUENCE:3", "DTSTART:20260504T090000Z", "DTEND:20260504T100000Z",
        "DTSTAMP:20260504T080000Z", "LAST-MODIFIED:20260504T080000Z", "STATUS:CONFIRMED", "TRANSP:OPAQUE", "SUMMARY:Ioga com Ana",
        "LOCATION:Sala 2", "DESCRIPTION:Traz a esteira", "END:VEVENT", "END:VCALENDAR",
    } <= set(found)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "said", "transparent"),
    [("pending", "TENTATIVE", False), ("booked", "CONFIRMED", False), ("cancelled", "CANCELLED", True), ("completed", "CONFIRMED", False),
     ("no_show", "CONFIRMED", False)],
)  # fmt: skip
def test_a_cancelled_entry_stays_and_says_so(status: str, said: str, transparent: bool) -> None:
    found = lines(render([replace(ENTRY, status=Status(status))], "x"))
    assert f"STATUS:{said}" in found
    assert f"TRANSP:{'TRANSPARENT' if transparent else 'OPAQUE'}" in found


def test_times_are_written_in_utc_whatever_zone_they_came_in() -> None:
    lisbon = ZoneInfo("Europe/Lisbon")
    second = replace(ENTRY, start=datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=lisbon), end=datetime(2026, 10, 25, 2, 30, tzinfo=lisbon))
    assert {"DTSTART:20261025T013000Z", "DTEND:20261025T023000Z"} <= set(lines(render([second], "x")))


def test_a_feed_of_busy_times_names_nobody_and_nothing() -> None:
    secret = replace(ENTRY, summary="Ana Sousa", location="Rua da Ana 1", description="joelho")
    file = render_busy([secret, replace(secret, status=Status.CANCELLED, uid="gone")], "Agenda", "Ocupado")
    for word in (b"Ana", b"Sousa", b"Rua", b"joelho", b"gone", b"LOCATION", b"DESCRIPTION"):
        assert word not in file
    assert {"SUMMARY:Ocupado", "CLASS:PRIVATE", "TRANSP:OPAQUE"} <= set(lines(file))
    assert file.count(b"BEGIN:VEVENT") == 1


def test_an_unchanged_calendar_is_the_same_file() -> None:
    assert render([ENTRY], "x") == render([ENTRY], "x")
    assert render([ENTRY], "x") != render([replace(ENTRY, sequence=4)], "x")


def test_an_empty_calendar_is_a_calendar() -> None:
    assert Calendar.from_ical(render([], "x").decode()).events == []


texts = st.text(max_size=300).filter(lambda text: "\\N" not in text and "\\n" not in text)


@given(summary=texts, location=texts, name=texts)
def test_no_text_breaks_out_of_its_property(summary: str, location: str, name: str) -> None:
    file = render([replace(ENTRY, summary=summary, location=location, description=None), ENTRY], name)
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    assert file.replace(b"\r\n", b"").count(b"\n") == 0
    assert file.replace(b"\r\n", b"").count(b"\r") == 0
    assert [line for line in lines(file) if line.startswith(("BEGIN:", "END:"))] == [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    first = Calendar.from_ical(file.decode()).events[0]
    assert _visible(str(first["SUMMARY"])) == _visible(summary)
    assert _visible(str(first.get("LOCATION", ""))) == _visible(location)


def test_a_line_end_in_a_text_begins_no_line() -> None:
    for end in ("\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\x00"):
        file = render([replace(ENTRY, summary=f"a{end}DTSTART:20000101T000000Z{end}END:VEVENT", uid="x")], f"n{end}BEGIN:VEVENT")
        assert not [line for line in file.decode().splitlines() if line.startswith("DTSTART:2000")]
        assert [line for line in file.decode().splitlines() if "VEVENT" in line and line[:4] in ("BEGI", "END:")] == ["BEGIN:VEVENT", "END:VEVENT"]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(5, 300), st.sampled_from(Status)), max_size=12))
def test_what_is_read_from_a_feed_of_ours_is_what_blocks(drawn: list[tuple[int, int, Status]]) -> None:
    entries = [
        replace(ENTRY, uid=str(number), start=(start := START + timedelta(minutes=at)), end=start + timedelta(minutes=long), status=status)
        for number, (at, long, status) in enumerate(drawn)
    ]
    window = Interval(START, START + timedelta(days=10))
    for file in (render(entries, "x"), render_busy(entries, "x", "Busy")):
        feed = busy_times(file, window, ZoneInfo("Europe/Lisbon"), max_bytes=1_000_000)
        minutes = {one.start + n * timedelta(minutes=1) for one in feed.busy for n in range(one.duration // timedelta(minutes=1))}
        assert minutes == {
            one.start + n * timedelta(minutes=1)
            for one in entries
            if one.status != Status.CANCELLED
            for n in range((one.end - one.start) // timedelta(minutes=1))
        }
        assert feed.notes == ()


def test_five_hundred_entries_are_written_quickly() -> None:
    started = process_time()
    file = render([replace(ENTRY, uid=str(n)) for n in range(500)], "x")
    spent = process_time() - started
    print(f"500 entries: {len(file)} bytes, {spent * 1e3:.0f} ms")
    assert spent < 3


def _visible(text: str) -> str:
    """But for what no calendar text has: control characters, and one kind of line end."""
    return "".join(letter for letter in text.replace("\r\n", "\n").replace("\r", "\n") if letter == "\n" or (letter.isprintable() and letter != " "))
