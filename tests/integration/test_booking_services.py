"""What a Cliente sees of a service: what they can do with it, and no link to where it takes place before they booked it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.reminders import set_up
from tests.servers import Api

LINK = "https://meet.example.com/room?pwd=secret"


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


def seen(agenda: Agenda, service: dict[str, Any], who: str) -> dict[str, Any]:
    """The same alone and in the list."""
    alone = agenda.get(f"/api/v1/bookings/services/{service['id']}", who=who).json
    (listed,) = [each for each in agenda.get("/api/v1/bookings/services?limit=100", who=who).json["items"] if each["id"] == service["id"]]
    assert alone == listed
    return dict(alone)


def test_the_link_is_with_what_was_booked_alone(agenda: Agenda) -> None:
    agenda.hours()
    online, there = agenda.service(location_kind="online", location=LINK), agenda.service(location_kind="in_person", location="Main street 1")
    assert [seen(agenda, each, "Cliente")["location"] for each in (online, there)] == [None, "Main street 1"]
    assert [seen(agenda, each, "Colaborador")["location"] for each in (online, there)] == [LINK, "Main street 1"]
    booked = agenda.book(a_day(), who="Cliente", service_id=online["id"])
    assert (booked.status, booked.json["location"]) == (201, LINK), booked.body


def test_nor_is_it_with_what_was_only_asked_for(agenda: Agenda) -> None:
    agenda.hours()
    asked = agenda.book(a_day(), who="Cliente", service_id=agenda.service(location_kind="online", location=LINK, needs_approval=True)["id"]).json
    feed = urlsplit(agenda.made("/api/v1/bookings/feeds", {"mode": "full"}, who="Cliente")["url"]).path
    path = f"/api/v1/bookings/{asked['id']}"
    for approved in (False, True):
        if approved:
            assert agenda.act(asked, "approve").status == 200
        found = agenda.get(path, who="Cliente")
        (listed,) = agenda.get("/api/v1/bookings", who="Cliente").json["items"]
        assert [each["location"] for each in (found.json, listed)] == [LINK if approved else None] * 2
        assert (b"meet.example.com" in agenda.api.request("GET", feed).body) is approved
        assert agenda.get(path).json["location"] == LINK
    assert asked["location"] is None


def test_where_clients_book_nothing_by_themselves_no_service_says_that_they_do(agenda: Agenda) -> None:
    theirs, staffs = agenda.service(), agenda.service(self_service=False)
    path = f"/api/v1/bookings/services/{theirs['id']}"
    first = agenda.get(path, who="Cliente")
    assert [seen(agenda, each, "Cliente")["self_service"] for each in (theirs, staffs)] == [True, False]
    set_up(agenda, {"self_service": False})
    again = agenda.get(path, who="Cliente", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.json["self_service"]) == (200, False)
    assert agenda.get(path, who="Cliente", **{"If-None-Match": again.headers["ETag"]}).status == 304
    assert [seen(agenda, each, "Cliente")["self_service"] for each in (theirs, staffs)] == [False, False]
    assert [seen(agenda, each, "Owner")["self_service"] for each in (theirs, staffs)] == [True, False]


def test_the_tag_that_was_read_is_good_for_a_change(agenda: Agenda) -> None:
    service = agenda.service()
    path = f"/api/v1/bookings/services/{service['id']}"
    read = agenda.get(path).headers["ETag"]
    changed = agenda.ask("PATCH", path, {"name": "Another"}, **{"If-Match": read})
    assert (changed.status, changed.json["name"]) == (200, "Another"), changed.body
    assert agenda.ask("PATCH", path, {"name": "A third"}, **{"If-Match": read}).status == 412
