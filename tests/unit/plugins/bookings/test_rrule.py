"""Reading a recurrence rule, refusing one precisely, and writing it again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from plugins.bookings.domain.rrule import parse
from plugins.bookings.domain.rules import Freq, Rule, Weekday
from tests.unit.plugins.bookings.corpus import samples


def test_a_rule_is_read_part_by_part_in_any_case() -> None:
    assert parse("freq=monthly;interval=2;UNTIL=20261231T235959Z;BYMONTH=12,1,1;BYMONTHDAY=-1,15;BYDAY=fr,-1mo,+2TU;BYSETPOS=-1;WKST=SU") == Rule(
        Freq.MONTHLY,
        interval=2,
        until=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        by_month=(1, 12),
        by_month_day=(-1, 15),
        by_day=(Weekday(0, -1), Weekday(1, 2), Weekday(4)),
        by_set_pos=(-1,),
        week_start=6,
    )
    assert parse("FREQ=DAILY;UNTIL=20261231").until == date(2026, 12, 31)
    assert parse("FREQ=DAILY;UNTIL=20261231T090000").until == datetime(2026, 12, 31, 9)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("BYDAY=WE,MO;FREQ=WEEKLY;INTERVAL=1;WKST=MO", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("COUNT=0005;FREQ=DAILY", "FREQ=DAILY;COUNT=5"),
        ("FREQ=YEARLY;UNTIL=00300101T000000Z", "FREQ=YEARLY;UNTIL=00300101T000000Z"),
        ("FREQ=YEARLY;UNTIL=20300101;BYDAY=+53MO,-1SU", "FREQ=YEARLY;UNTIL=20300101;BYDAY=53MO,-1SU"),
        ("FREQ=MONTHLY;BYMONTHDAY=+1,1,-31;BYSETPOS=2;BYMONTH=02", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=-31,1;BYSETPOS=2"),
    ],
)
def test_equal_rules_have_one_text(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


def test_what_is_written_is_read_again() -> None:
    for one in samples(2000, seed=1):
        rule = parse(one.text)
        assert parse(str(rule)) == rule
        assert str(parse(str(rule))) == str(rule)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "NAME=VALUE"),
        (";", "NAME=VALUE"),
        ("FREQ", "NAME=VALUE"),
        ("FREQ=", "NAME=VALUE"),
        ("FREQ=DAILY;", "an empty one is not"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=HOURLY", "FREQ is one of DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=SECONDLY;COUNT=1", "FREQ is one of"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR is not supported"),
        ("FREQ=DAILY;BYMINUTE=0", "BYMINUTE is not"),
        ("FREQ=YEARLY;BYWEEKNO=1", "BYWEEKNO is not"),
        ("FREQ=YEARLY;BYYEARDAY=1", "BYYEARDAY is not"),
        ("FREQ=DAILY;X-FOO=1", "X-FOO is not"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ occurs more than once"),
        ("FREQ=DAILY;COUNT=1;COUNT=2", "COUNT occurs more than once"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20260101", "exclude each other"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a number from 1 to 999"),
        ("FREQ=DAILY;INTERVAL=1000", "from 1 to 999"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL is a number"),
        ("FREQ=DAILY;INTERVAL=+1", "INTERVAL is a number"),
        ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL is"),
        ("FREQ=DAILY;COUNT=0", "COUNT is a number from 1 to 999999"),
        ("FREQ=DAILY;COUNT=1000000", "COUNT is a number"),
        ("FREQ=DAILY;COUNT=" + "9" * 400, "COUNT is a number"),
        ("FREQ=DAILY;UNTIL=2026", "UNTIL is a day as"),
        ("FREQ=DAILY;UNTIL=20260230", "does not exist"),
        ("FREQ=DAILY;UNTIL=00000101", "does not exist"),
        ("FREQ=DAILY;UNTIL=20260101T240000Z", "does not exist"),
        ("FREQ=DAILY;UNTIL=20260101T09Z", "UNTIL is a day as"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH has numbers from 1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH has"),
        ("FREQ=YEARLY;BYMONTH=0", "BYMONTH has"),
        ("FREQ=YEARLY;BYMONTH=1,", "BYMONTH has"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY has numbers from 1 to 31, or from the end as -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY has"),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY has"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY has weekdays as MO"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY has"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY has"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY counts to 5 within a month"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=6MO", "counts to 5"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY has numbers with MONTHLY and YEARLY only, not with WEEKLY"),
        ("FREQ=DAILY;BYDAY=-1MO", "not with DAILY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=DAILY;BYSETPOS=1", "needs another BY part"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS has"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS has"),
        ("FREQ=WEEKLY;WKST=XX", "WKST is one of"),
        ("FREQ=WEEKLY;WKST=MO,TU", "WKST is one of"),
        ("RRULE:FREQ=DAILY", "what follows RRULE:"),
        ("FREQ=DAILY\n;COUNT=1", "letters, digits"),
        (" FREQ=DAILY", "letters, digits"),
        ("FREQ=DAÍLY", "letters, digits"),
        ("FREQ=DAILY;COUNT=٣", "letters, digits"),
        ("FREQ=DAILY;BYDAY=" + "MO," * 200, "at most 500 characters"),
        ("FREQ=DAILY\x00", "letters, digits"),
    ],
)
def test_a_rule_is_refused_with_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert {fault.pointer for fault in refused.value.errors} == {"/rrule"}
    assert any(why in fault.message for fault in refused.value.errors), refused.value.errors


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        parse("FREQ=FORTNIGHTLY;INTERVAL=0;BYHOUR=9;COUNT=x")
    assert [fault.message.split()[0] for fault in refused.value.errors] == ["FREQ", "INTERVAL", "BYHOUR", "COUNT"]


@given(st.text(alphabet="FREQDAILYWKTMONHUCB=;,+-0123456789", max_size=80) | st.text(max_size=40))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        rule = parse(text)
    except Invalid:
        return
    assert parse(str(rule)) == rule


@given(
    st.lists(
        st.sampled_from(
            ["FREQ=MONTHLY", "FREQ=YEARLY", "COUNT=3", "UNTIL=20270101", "BYDAY=MO,2TU", "BYMONTH=2", "BYSETPOS=-1", "WKST=SU", "INTERVAL=2"]
        )
    )
)
def test_the_order_of_parts_does_not_matter(parts: list[str]) -> None:
    def read(these: list[str]) -> object:
        try:
            return parse(";".join(these))
        except Invalid as refused:
            return sorted(fault.message for fault in refused.errors)

    assert read(parts) == read(sorted(parts))
