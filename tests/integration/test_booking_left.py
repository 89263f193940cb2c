"""Who left, or was taken out: they keep the booking as it was then, and see nothing of what becomes of it for others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.repeating import made as series_of
from tests.repeating import next_month
from tests.servers import Api

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECRETS = (b"Bob", b"back pain", b"bob-secret", b"diabetic")


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """Its collaborator looks after the first client, who signs in, and sees no others."""
    made = Agenda.new(local, settings)
    role = {"role": "Colaborador", "client_scope": "own"}
    assert made.ask("PUT", f"/api/v1/users/{made.organizer}/role", role).status == 200
    assigned = made.ask("PATCH", f"/api/v1/clients/{made.clients[0]}", {"assigned_to": made.organizer}, **{"If-Match": "*"})
    assert assigned.status == 200, assigned.body
    return made


def _bobs(agenda: Agenda, start: datetime) -> dict[str, Any]:
    return {
        "client_ids": agenda.clients[1:2], "title": "Bob Miller: back pain", "location_kind": "online",
        "location": "https://meet.example.com/bob-secret", "notes": "Bob is diabetic", "start_time": start.isoformat(),
        "end_time": (start + 2 * HOUR).isoformat(),
    }  # fmt: skip


def _feed(agenda: Agenda) -> str:
    return urlsplit(agenda.made("/api/v1/bookings/feeds", {"mode": "full"}, who="Cliente")["url"]).path


@pytest.mark.parametrize("how", ["at once", "after leaving", "with its series"])
def test_what_became_somebody_elses_is_nowhere_in_what_is_theirs(agenda: Agenda, how: str) -> None:
    start, eva = next_month(), agenda.people["Eva"].id
    terms = {
        "title": "Pair",
        "capacity": 2,
        "location_kind": "in_person",
        "location": "Main street 1",
        "organizer_id": eva,
        "client_ids": agenda.clients[:1],
    }
    booking = series_of(agenda, start, "FREQ=WEEKLY;COUNT=1", **terms)["bookings"][0]
    path, feed = f"/api/v1/bookings/{booking['id']}", _feed(agenda)
    if how == "after leaving":
        assert agenda.act(booking, "leave", who="Cliente").status == 204
    scope = "?scope=all" if how == "with its series" else ""
    changed = agenda.ask("PATCH", f"{path}{scope}", _bobs(agenda, start + 3 * HOUR))
    assert changed.status == 200, changed.body
    exported = f"/api/v1/privacy/clients/{agenda.clients[0]}/export"
    seen = [agenda.api.request("GET", feed), agenda.get(exported, who="Cliente"), agenda.get(exported)]
    seen += [
        agenda.get(f"/api/v1/clients/{agenda.clients[0]}/timeline"),
        agenda.get(path, who="Cliente"),
        agenda.get("/api/v1/bookings", who="Cliente"),
    ]
    assert [reply.status for reply in seen] == [200, 200, 200, 200, 404, 200]
    for reply in seen:
        assert [secret for secret in SECRETS if secret in reply.body] == []
    (event,) = Calendar.from_ical(seen[0].body).walk("VEVENT")
    assert (str(event["SUMMARY"]), str(event["STATUS"]), event["DTSTART"].dt, event["DTEND"].dt) == ("Pair", "CANCELLED", start, start + HOUR)
    assert "LOCATION" not in event
    (held,) = seen[2].json["data"]["bookings"]["bookings"]
    assert (held["title"], held["start_time"], held["attendance"], held["location"]) == ("Pair", f"{start:%Y-%m-%dT%H:%M:%S}Z", "left", None)
    assert {each["title"] for each in seen[3].json["items"] if each["kind"].startswith("bookings.")} == {"Booked: Pair", "Left: Pair"}


def test_who_comes_back_sees_it_as_it_is(agenda: Agenda) -> None:
    start, feed = next_month(), _feed(agenda)
    booking = agenda.booked(start, capacity=2, client_ids=agenda.clients[:1], title="Pair")
    assert agenda.act(booking, "leave", who="Cliente").status == 204
    assert agenda.ask("PATCH", f"/api/v1/bookings/{booking['id']}", {"title": "Trio", "capacity": 3}).status == 200
    assert agenda.act(booking, "join", {"client_id": agenda.clients[0]}).status == 200
    (event,) = Calendar.from_ical(agenda.api.request("GET", feed).body).walk("VEVENT")
    assert (str(event["SUMMARY"]), str(event["STATUS"])) == ("Trio", "CONFIRMED")


def test_a_link_goes_with_what_was_called_off(agenda: Agenda) -> None:
    feed, link = _feed(agenda), "https://meet.example.com/room"
    booking = agenda.booked(next_month(), client_ids=agenda.clients[:1], location_kind="online", location=link)
    path = f"/api/v1/bookings/{booking['id']}"
    assert agenda.get(path, who="Cliente").json["location"] == link
    assert agenda.act(booking, "cancel").status == 200
    assert (agenda.get(path, who="Cliente").json["location"], agenda.get(path).json["location"]) == (None, link)
    assert link.encode() not in agenda.api.request("GET", feed).body


class TestLimited:
    """To a collaborator who is limited to their own clients the same holds when none of those takes part any more."""

    @pytest.mark.parametrize("how", ["left", "given away", "booked by them"])
    def test_what_none_of_theirs_takes_part_in_is_not_there(self, agenda: Agenda, how: str) -> None:
        start, eva = a_day(), agenda.people["Eva"].id
        terms: dict[str, Any] = {"organizer_id": eva, "capacity": 2, "client_ids": agenda.clients[:1]}
        booking = agenda.booked(start, who="Colaborador" if how == "booked by them" else "Owner", **terms)
        path = f"/api/v1/bookings/{booking['id']}"
        assert agenda.get(path, who="Colaborador").status == 200
        if how == "left":
            assert agenda.act(booking, "leave", {"client_id": agenda.clients[0]}, who="Colaborador").status == 204
        assert agenda.ask("PATCH", path, _bobs(agenda, start)).status == 200
        replies = [
            agenda.get(path, who="Colaborador"), agenda.act(booking, "cancel", who="Colaborador"),
            agenda.ask("PATCH", path, {"title": "Mine"}, who="Colaborador"), agenda.ask("DELETE", path, who="Colaborador"),
            agenda.act(booking, "reschedule", {"start_time": (start + DAY).isoformat()}, who="Colaborador"),
        ]  # fmt: skip
        assert [reply.status for reply in replies] == [404] * 5, [reply.body for reply in replies]
        listed = [
            agenda.get(f"/api/v1/bookings{query}", who="Colaborador") for query in ("", f"?view=day&date={start:%Y-%m-%d}", f"?organizer={eva}")
        ]
        assert [reply.json["items"] for reply in listed] == [[]] * 3
        assert agenda.get(path).json["title"] == "Bob Miller: back pain"
        assert agenda.act(booking, "join", {"client_id": agenda.clients[0]}, who="Colaborador").status == 200
        assert agenda.get(path, who="Colaborador").status == 200

    def test_nor_is_it_by_way_of_its_series(self, agenda: Agenda) -> None:
        start, eva = next_month(), agenda.people["Eva"].id
        one, two = series_of(agenda, start, "FREQ=WEEKLY;COUNT=2", organizer_id=eva, capacity=2, client_ids=agenda.clients[:1])["bookings"]
        for each in (one, two):
            assert agenda.act(each, "leave", {"client_id": agenda.clients[0]}).status == 204
        path = f"/api/v1/bookings/{one['id']}?scope=all"
        replies = [
            agenda.ask("PATCH", path, {"title": "Mine"}, who="Colaborador"), agenda.ask("DELETE", path, who="Colaborador"),
            agenda.act(one, "cancel?scope=all", who="Colaborador"),
            agenda.act(one, "reschedule?scope=following", {"start_time": (start + HOUR).isoformat()}, who="Colaborador"),
        ]  # fmt: skip
        assert [reply.status for reply in replies] == [404] * 4, [reply.body for reply in replies]
        assert agenda.get(f"/api/v1/bookings/{two['id']}").json["title"] == "Session"

    def test_what_is_owed_for_it_they_forgive_all_the_same(self, agenda: Agenda) -> None:
        fee = {"amount": 700, "currency": "EUR"}
        service = agenda.service(capacity=3, late_fee=fee, free_until_minutes=525_600)["id"]
        own, others = agenda.clients[0], agenda.clients[1]
        booking = agenda.booked(a_day(), service_id=service, organizer_id=agenda.people["Eva"].id, client_ids=[own, others])
        assert agenda.act(booking, "leave", {"client_id": own}, who="Colaborador").status == 204
        assert agenda.act(booking, "leave", {"client_id": others}).status == 204
        waived = {"client_id": others, "waive_fee": True}
        guessed = [
            agenda.post(f"/api/v1/bookings/{booking['id']}/leave", waived, who="Colaborador", **{"If-Match": f'"{n}-bookings.booking"'})
            for n in range(1, 9)
        ]
        assert {reply.status for reply in guessed} == {404}  # of what they do not see, no version is told
        for client, status in ((others, 404), (own, 204), (own, 404)):
            assert agenda.act(booking, "leave", {"client_id": client, "waive_fee": True}, who="Colaborador").status == status
        owing = {each["client_id"]: each["fee"] for each in agenda.get(f"/api/v1/bookings/{booking['id']}/participants").json["items"]}
        assert owing == {own: None, others: fee}

    def test_one_that_they_do_not_see_any_more_stops_what_changes_all(self, agenda: Agenda) -> None:
        series = series_of(agenda, next_month(), "FREQ=WEEKLY;COUNT=3", capacity=2, client_ids=agenda.clients[:1])
        one, two, _ = series["bookings"]
        path = f"/api/v1/bookings/{two['id']}"
        assert agenda.act(two, "leave", {"client_id": agenda.clients[0]}).status == 204
        assert agenda.ask("PATCH", path, {"organizer_id": agenda.people["Eva"].id, "title": "Eva only"}).status == 200
        assert agenda.get(path, who="Colaborador").status == 404
        for refused in (
            agenda.ask("PATCH", f"/api/v1/bookings/{one['id']}?scope=all", {"title": "Mine"}, who="Colaborador"),
            agenda.ask("PATCH", f"/api/v1/bookings/{one['id']}?scope=following", {"client_ids": []}, who="Colaborador"),
            agenda.act(one, "cancel?scope=all", who="Colaborador"),
        ):
            assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
        assert (agenda.get(path).json["title"], agenda.get(path).json["status"]) == ("Eva only", "booked")

    def test_a_series_that_became_anothers_tells_them_nothing(self, agenda: Agenda) -> None:
        start, eva = next_month(), agenda.people["Eva"].id
        body = {"title": "Pair", "organizer_id": eva, "client_ids": agenda.clients[:1], "rrule": "FREQ=WEEKLY;COUNT=2"}
        times = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        series = agenda.made("/api/v1/bookings/series", {**body, **times}, who="Colaborador")
        path, named = f"/api/v1/bookings/series/{series['id']}", series["bookings"][0]["id"]
        assert agenda.get(path, who="Colaborador").status == 200
        assert [each["id"] for each in agenda.get("/api/v1/bookings/series", who="Colaborador").json["items"]] == [series["id"]]
        bobs = {"title": "Bob Miller: back pain", "client_ids": agenda.clients[1:2]}
        assert agenda.ask("PATCH", f"/api/v1/bookings/{named}?scope=all", bobs).status == 200
        assert agenda.get(path, who="Colaborador").status == 404
        assert agenda.get("/api/v1/bookings/series", who="Colaborador").json["items"] == []
        assert agenda.get(path).json["title"] == bobs["title"]

    @pytest.mark.parametrize("how", ["reassign", "PATCH", "scope"])
    def test_what_they_would_not_see_any_more_they_do_not_give_away(self, agenda: Agenda, how: str) -> None:
        eva = {"organizer_id": agenda.people["Eva"].id}
        booking = series_of(agenda, next_month(), "FREQ=WEEKLY;COUNT=1", capacity=3, client_ids=agenda.clients[:2])["bookings"][0]
        assert agenda.act(booking, "leave", {"client_id": agenda.clients[0]}).status == 204
        path = f"/api/v1/bookings/{booking['id']}{'?scope=all' if how == 'scope' else ''}"
        gives = {"reassign": lambda: agenda.act(booking, "reassign", eva, who="Colaborador")}
        refused = gives.get(how, lambda: agenda.ask("PATCH", path, eva, who="Colaborador"))()
        assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
        assert agenda.get(f"/api/v1/bookings/{booking['id']}").json["organizer_id"] == agenda.organizer

    def test_who_made_it_may_empty_it_and_give_it_away_at_once(self, agenda: Agenda) -> None:
        eva = agenda.people["Eva"].id
        for scope in ("", "?scope=all"):
            terms = {
                "title": "Pair",
                "capacity": 2,
                "client_ids": agenda.clients[:1],
                "organizer_id": agenda.organizer,
                "rrule": "FREQ=WEEKLY;COUNT=1",
            }
            start = a_day()
            times = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
            booking = agenda.made("/api/v1/bookings/series", {**terms, **times}, who="Colaborador")["bookings"][0]
            path = f"/api/v1/bookings/{booking['id']}"
            given = agenda.ask("PATCH", f"{path}{scope}", {"organizer_id": eva, "client_ids": []}, who="Colaborador")
            assert given.status == 200, given.body
            assert agenda.get(path, who="Colaborador").status == 200

    def test_what_the_rule_does_not_name_any_more_is_in_no_way(self, agenda: Agenda) -> None:
        start, eva = next_month(), agenda.people["Eva"].id
        body = {"title": "Pair", "organizer_id": eva, "client_ids": agenda.clients[:1], "rrule": "FREQ=WEEKLY;COUNT=4"}
        times = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        bookings = agenda.made("/api/v1/bookings/series", {**body, **times}, who="Colaborador")["bookings"]
        last = f"/api/v1/bookings/{bookings[3]['id']}"
        assert agenda.ask("PATCH", last, {"client_ids": agenda.clients[1:2]}).status == 200
        assert agenda.act(bookings[3], "cancel?scope=following").status == 200
        before = agenda.get(last).json
        later = {"start_time": (start + 7 * DAY).isoformat()}
        moved = agenda.act(bookings[0], "reschedule?scope=all", later, who="Colaborador")
        assert moved.status == 200, moved.body
        assert agenda.get(last).json == before

    def test_what_is_theirs_or_theirs_to_fill_is(self, agenda: Agenda) -> None:
        start = a_day()
        own = agenda.booked(start, capacity=2, client_ids=agenda.clients[1:2])
        empty = agenda.booked(start, who="Colaborador", organizer_id=agenda.people["Eva"].id, capacity=2)
        shown = [agenda.get(f"/api/v1/bookings/{each['id']}", who="Colaborador").status for each in (own, empty)]
        assert shown == [200, 200]
        listed = agenda.get("/api/v1/bookings", who="Colaborador").json["items"]
        assert {each["id"] for each in listed} == {own["id"], empty["id"]}


@pytest.mark.parametrize(
    ("into", "source", "expected"),
    [
        ("attended", "no_show", ("attended", None)), ("no_show", "attended", ("attended", None)), ("no_show", "no_show", ("no_show", 700)),
        ("attended", "attended", ("attended", None)), ("no_show", "left", ("no_show", 700)), ("left", "no_show", ("no_show", 700)),
    ],
)  # fmt: skip
def test_of_two_who_are_one_what_holds_of_one_person_is_kept(agenda: Agenda, into: str, source: str, expected: tuple[str, int | None]) -> None:
    fee = {"amount": 700, "currency": "EUR"}
    past = (datetime.now(UTC) - 30 * DAY).replace(minute=0, second=0, microsecond=0)
    clients = [str(agenda.made("/api/v1/clients", {"full_name": f"Twin {n} {past.timestamp()}"})["id"]) for n in range(2)]
    service = agenda.service(capacity=3, no_show_fee=fee)["id"]
    booking = agenda.booked(past, service_id=service, client_ids=[*clients, agenda.clients[1]])
    became = dict(zip(clients, (into, source), strict=True))
    gone = [client for client, status in became.items() if status == "left"]
    if gone:
        kept = [each for each in (*clients, agenda.clients[1]) if each not in gone]
        assert agenda.ask("PATCH", f"/api/v1/bookings/{booking['id']}", {"client_ids": kept}).status == 200
    missing = [client for client, status in became.items() if status == "no_show"]
    assert agenda.act(booking, "complete", {"missing": missing}).status == 200
    merged = agenda.ask("POST", f"/api/v1/clients/{clients[0]}/merge", {"from": clients[1]}, **{"If-Match": "*"})
    assert merged.status == 200, merged.body
    found = agenda.get(f"/api/v1/bookings/{booking['id']}/participants").json["items"]
    (one,) = [each for each in found if each["client_id"] == clients[0]]
    assert (one["status"], one["fee"] and one["fee"]["amount"]) == expected
    assert len(found) == 2
