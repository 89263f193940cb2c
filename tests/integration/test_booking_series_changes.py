"""Changes of several occurrences at once: what they keep together, what is no change, and what the series itself is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.settings import Settings
from tests.agenda import Agenda
from tests.integration.test_booking_events import told
from tests.integration.test_booking_series_scopes import HOUR, WEEK, move, of
from tests.repeating import made, next_month, shown, starts
from tests.servers import Api


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """A studio of its own for each test: they all book the same days."""
    return Agenda.new(local, settings)


@pytest.mark.parametrize("scope", ["following", "all"])
@pytest.mark.parametrize(
    ("start", "end", "pointers"),
    [
        (HOUR + timedelta(milliseconds=250), HOUR + timedelta(milliseconds=250), ["/start_time"]),
        (30 * timedelta(seconds=1), HOUR + 30 * timedelta(seconds=1), ["/start_time"]),
        (timedelta(), HOUR + timedelta(seconds=30), ["/end_time"]),
        (timedelta(seconds=1), HOUR, ["/start_time", "/end_time"]),
    ],
)
def test_together_they_keep_whole_minutes(
    agenda: Agenda, settings: Settings, scope: str, start: timedelta, end: timedelta, pointers: list[str]
) -> None:
    begins = next_month()
    series = made(agenda, begins, "FREQ=WEEKLY;COUNT=4")
    ids = [each["id"] for each in series["bookings"]]
    before = of(agenda, settings, ids)
    end = end if end > start else start + HOUR
    times = {"start_time": (begins + WEEK + start).isoformat(), "end_time": (begins + WEEK + end).isoformat()}
    for reply in (agenda.act(ids[1], f"reschedule?scope={scope}", times), agenda.ask("PATCH", f"/api/v1/bookings/{ids[1]}?scope={scope}", times)):
        assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, pointers), reply.body
    assert of(agenda, settings, ids) == before


def test_none_is_moved_beyond_the_years_there_are(agenda: Agenda, settings: Settings) -> None:
    series = made(agenda, next_month(), "FREQ=WEEKLY;COUNT=3")
    ids = [each["id"] for each in series["bookings"]]
    before = of(agenda, settings, ids)
    refused = agenda.act(ids[0], "reschedule?scope=all", {"start_time": "2200-12-31T09:00:00Z"})
    assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, ["/start_time"]), refused.body
    assert of(agenda, settings, ids) == before


def test_where_all_that_would_change_is_in_the_way_the_one_named_stays_as_it_is(agenda: Agenda) -> None:
    eva, start = agenda.people["Eva"].id, next_month()
    series = made(agenda, start, "FREQ=DAILY;COUNT=2")
    one, two = (each["id"] for each in series["bookings"])
    assert agenda.act(one, "reassign", {"organizer_id": eva}).status == 200
    agenda.booked(start + timedelta(days=1), organizer_id=eva)
    skipped = agenda.ask("PATCH", f"/api/v1/bookings/{one}?scope=all&on_conflict=skip", {"organizer_id": eva})
    assert (skipped.status, [each["booking_id"] for each in skipped.json["conflicts"]]) == (200, [two]), skipped.body
    assert [agenda.get(f"/api/v1/bookings/{each}").json["organizer_id"] for each in (one, two)] == [eva, agenda.organizer]


def test_one_between_two_minutes_is_moved_alone_before_it_takes_others_with_it(agenda: Agenda) -> None:
    start = next_month()
    series = made(agenda, start, "FREQ=WEEKLY;COUNT=4")
    named = series["bookings"][1]["id"]
    assert move(agenda, series, 1, start + WEEK + timedelta(seconds=10), "this").status == 200
    refused = agenda.act(named, "reschedule?scope=all", {"start_time": (start + WEEK + HOUR).isoformat()})
    assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, ["/start_time"]), refused.body
    assert agenda.ask("PATCH", f"/api/v1/bookings/{named}?scope=all", {"title": "Yoga"}).status == 200
    assert move(agenda, series, 1, start + WEEK, "this").status == 200
    assert move(agenda, series, 1, start + WEEK + HOUR, "all").status == 200
    assert starts(agenda, series) == [shown(start + n * WEEK + HOUR) for n in range(4)]


@pytest.mark.parametrize("scope", ["following", "all"])
@pytest.mark.parametrize("how", ["nothing", "the same title", "the same clients", "the same time"])
def test_what_changes_nothing_writes_nothing(agenda: Agenda, settings: Settings, scope: str, how: str) -> None:
    start = next_month()
    series = made(agenda, start, "FREQ=WEEKLY;COUNT=5", client_ids=agenda.clients[:2], capacity=2)
    ids = [each["id"] for each in series["bookings"]]
    before = [agenda.get(f"/api/v1/bookings/series/{series['id']}").json, of(agenda, settings, ids), [told(agenda, each) for each in ids]]
    path = f"/api/v1/bookings/{ids[2]}?scope={scope}"
    if how == "the same time":
        reply = agenda.act(ids[2], f"reschedule?scope={scope}", {"start_time": (start + 2 * WEEK).isoformat()})
    else:
        same = {"the same title": {"title": "Session"}, "the same clients": {"client_ids": agenda.clients[:2]}}.get(how, {})
        reply = agenda.ask("PATCH", path, same)
    assert (reply.status, reply.json["conflicts"]) == (200, []), reply.body
    assert [agenda.get(f"/api/v1/bookings/series/{series['id']}").json, of(agenda, settings, ids), [told(agenda, each) for each in ids]] == before


@pytest.mark.parametrize(("name", "value"), [("title", "Yoga"), ("organizer_id", "Eva")])
@pytest.mark.parametrize("scope", ["following", "all"])
def test_what_its_bookings_were_given_one_by_one_the_series_is_given_too(agenda: Agenda, name: str, value: str, scope: str) -> None:
    changes = {name: agenda.people[value].id if name == "organizer_id" else value}
    series = made(agenda, next_month(), "FREQ=WEEKLY;COUNT=4")
    for each in series["bookings"]:
        assert agenda.ask("PATCH", f"/api/v1/bookings/{each['id']}", changes).status == 200
    named = series["bookings"][1 if scope == "following" else 0]["id"]
    changed = agenda.ask("PATCH", f"/api/v1/bookings/{named}?scope={scope}", changes)
    assert changed.status == 200, changed.body
    assert agenda.get(f"/api/v1/bookings/series/{changed.json['series_id']}").json[name] == changes[name]


@pytest.mark.parametrize("scope", ["following", "all"])
def test_the_length_of_one_that_was_changed_alone_is_its_own(agenda: Agenda, scope: str) -> None:
    start = next_month()
    series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
    named, long = series["bookings"][0]["id"], {"end_time": (start + HOUR + timedelta(seconds=30)).isoformat()}
    assert agenda.ask("PATCH", f"/api/v1/bookings/{named}", long).status == 200
    assert move(agenda, series, 0, start + HOUR, scope).json["conflicts"] == []
    ends = [agenda.get(f"/api/v1/bookings/{each['id']}").json["end_time"] for each in series["bookings"]]
    assert ends == [f"{start + 2 * HOUR:%Y-%m-%dT%H:%M}:30Z", *(shown(start + n * WEEK + 2 * HOUR) for n in (1, 2))]
