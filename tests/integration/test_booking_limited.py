"""A collaborator limited to their own clients: of another's class in which others take part they change their clients' seats and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.integration.test_booking_events import told
from tests.repeating import made, next_month
from tests.servers import Api, Reply

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
Ask = Callable[[Agenda, dict[str, Any], datetime], Reply]


def _patched(changes: dict[str, Any]) -> Ask:
    return lambda agenda, each, _: agenda.ask("PATCH", _path(each), changes, who="Colaborador")


FOR_ALL: dict[str, Ask] = {
    "cancel": lambda agenda, each, _: agenda.act(each, "cancel", who="Colaborador"),
    "cancel for a client": lambda agenda, each, _: agenda.act(each, "cancel", {"requested_by": "client"}, who="Colaborador"),
    "delete": lambda agenda, each, _: agenda.ask("DELETE", _path(each), who="Colaborador"),
    "reschedule": lambda agenda, each, start: agenda.act(each, "reschedule", {"start_time": (start + HOUR).isoformat()}, who="Colaborador"),
    "reassign": lambda agenda, each, _: agenda.act(each, "reassign", {"organizer_id": agenda.organizer}, who="Colaborador"),
    "title": _patched({"title": "Mine"}),
    "capacity": _patched({"capacity": 7}),
    "place": _patched({"location_kind": "in_person", "location": "Elsewhere"}),
    "organizer and client": lambda agenda, each, start: _patched({"organizer_id": agenda.organizer, "client_ids": agenda.clients[:1]})(
        agenda, each, start
    ),
    "times": lambda agenda, each, start: _patched({"start_time": (start + HOUR).isoformat(), "end_time": (start + 2 * HOUR).isoformat()})(
        agenda, each, start
    ),
    "whole": lambda agenda, each, _: agenda.ask("PUT", _path(each), {**_whole(each), "title": "Mine"}, who="Colaborador", **{"If-Match": "*"}),
}


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """Its collaborator looks after the first client, and sees no others."""
    made = Agenda.new(local, settings, clients=5)
    role = {"role": "Colaborador", "client_scope": "own"}
    assert made.ask("PUT", f"/api/v1/users/{made.organizer}/role", role).status == 200
    _assign(made, made.clients[0])
    return made


@pytest.mark.parametrize("how", FOR_ALL)
def test_what_is_anothers_and_for_others_too_is_not_theirs_to_change(agenda: Agenda, how: str) -> None:
    start = a_day()
    theirs = agenda.booked(start, organizer_id=agenda.people["Eva"].id, capacity=5, client_ids=agenda.clients[:3])
    before = agenda.get(_path(theirs)).json
    assert agenda.get(_path(theirs), who="Colaborador").json["client_ids"] == agenda.clients[:1]
    refused = FOR_ALL[how](agenda, theirs, start)
    assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
    assert agenda.get(_path(theirs)).json == before


@pytest.mark.parametrize("how", FOR_ALL)
@pytest.mark.parametrize("whose", ["their own", "with nobody else"])
def test_their_own_and_what_they_see_all_of_is(agenda: Agenda, how: str, whose: str) -> None:
    start, own = a_day(), whose == "their own"
    organizer, clients = (agenda.organizer, agenda.clients[:3]) if own else (agenda.people["Eva"].id, agenda.clients[:1])
    allowed = FOR_ALL[how](agenda, agenda.booked(start, organizer_id=organizer, capacity=5, client_ids=clients), start)
    assert allowed.status in (200, 204), allowed.body


@pytest.mark.parametrize("how", ["reassign", "change", "series"])
def test_what_they_would_not_see_any_more_is_given_away_by_who_sees_all_and_they_are_told(agenda: Agenda, how: str) -> None:
    to, clients = {"organizer_id": agenda.people["Eva"].id}, agenda.clients[1:3]
    if how == "series":
        own = made(agenda, next_month(), "FREQ=WEEKLY;COUNT=2", capacity=3, client_ids=clients)["bookings"][0]
        refused = agenda.ask("PATCH", f"{_path(own)}?scope=all", to, who="Colaborador")
    else:
        own = agenda.booked(a_day(), capacity=3, client_ids=clients)
        refused = agenda.act(own, "reassign", to, who="Colaborador") if how == "reassign" else _patched(to)(agenda, own, a_day())
    assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
    assert agenda.get(_path(own)).json["organizer_id"] == agenda.organizer


def test_seats_of_their_own_clients_are_theirs_in_every_class(agenda: Agenda) -> None:
    a, b, c, d, _ = agenda.clients
    _assign(agenda, d)
    theirs = agenda.booked(a_day(), organizer_id=agenda.people["Eva"].id, capacity=4, client_ids=[a, b, c])
    shown = {**_whole(theirs), "client_ids": [d]}
    changed = agenda.ask("PUT", _path(theirs), shown, who="Colaborador", **{"If-Match": "*"})
    assert (changed.status, changed.json["client_ids"], changed.json["seats_taken"]) == (200, [d], 3), changed.body
    changed = agenda.ask("PATCH", _path(theirs), {"client_ids": [a, d]}, who="Colaborador")
    assert (changed.status, changed.json["seats_taken"]) == (200, 4), changed.body
    assert agenda.act(theirs, "leave", {"client_id": a}, who="Colaborador").status == 204
    assert agenda.get(_path(theirs)).json["client_ids"] == sorted([b, c, d])


def test_a_seat_that_is_only_offered_hides_nobody(agenda: Agenda) -> None:
    a, b, c, *_ = agenda.clients
    theirs = agenda.booked(a_day(), organizer_id=agenda.people["Eva"].id, capacity=2, client_ids=[a, b])
    assert agenda.act(theirs, "queue", {"client_id": c}).status == 201
    assert agenda.act(theirs, "leave", {"client_id": b}).status == 204
    assert agenda.get(_path(theirs)).json["seats_taken"] == 2
    assert agenda.ask("PATCH", _path(theirs), {"title": "Ours"}, who="Colaborador").status == 200


def test_what_is_over_is_not_called_off_by_who_does_not_see_who_came(agenda: Agenda) -> None:
    past = a_day() - timedelta(days=700)
    begun = agenda.booked(_now() - HOUR / 4, capacity=3, client_ids=agenda.clients[:2])
    over = agenda.booked(past, capacity=3, client_ids=agenda.clients[:2])
    alone = agenda.booked(past + HOUR, capacity=3, client_ids=agenda.clients[:1])
    for body in ({}, {"requested_by": "client"}):
        refused = agenda.act(over, "cancel", body, who="Colaborador")
        assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
    assert agenda.get(_path(over)).json["status"] == "booked"
    later = a_day()
    moves: list[tuple[Ask, dict[str, Any], datetime]] = [(FOR_ALL[how], over, later) for how in ("reschedule", "times")]
    for move, each, start in moves:
        refused = move(agenda, each, start)  # or it were to come again, and theirs to call off
        assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
    assert agenda.get(_path(over)).json["start_time"] == over["start_time"]
    assert agenda.ask("PATCH", _path(over), {"title": "As it was"}, who="Colaborador").status == 200
    for each, who in ((begun, "Colaborador"), (alone, "Colaborador"), (over, "Owner")):
        assert agenda.act(each, "cancel", who=who).status == 200


@pytest.mark.parametrize("scope", ["", "?scope=all"])
@pytest.mark.parametrize("who", ["Owner", "Colaborador"])
def test_what_they_call_off_is_called_off_for_those_too_whom_they_do_not_see(agenda: Agenda, who: str, scope: str) -> None:
    fee = {"amount": 700, "currency": "EUR"}
    service = agenda.service(capacity=3, late_fee=fee, no_show_fee=fee, free_until_minutes=60)["id"]
    begun = made(agenda, _now() - HOUR / 4, "FREQ=WEEKLY;COUNT=1", service_id=service, client_ids=agenda.clients[:3])["bookings"][0]
    assert agenda.act(begun, "no-show", {"client_ids": agenda.clients[1:2]}).status == 200
    late = made(agenda, _now() + HOUR, "FREQ=WEEKLY;COUNT=1", service_id=service, client_ids=agenda.clients[:3])["bookings"][0]
    for client in agenda.clients[3:]:
        assert agenda.act(late, "queue", {"client_id": client}).status == 201
    assert agenda.act(begun, f"cancel{scope}", who=who).status == 200
    assert agenda.act(late, f"cancel{scope}", {"requested_by": "client"}, who=who).status == 200
    assert _owing(agenda, begun) == [("booked", None)] * 3
    assert _owing(agenda, late) == [("booked", fee)] * 3
    assert told(agenda, late["id"]).count("bookings_dequeued") == 2
    assert agenda.get("/api/v1/bookings?view=agenda", who="Colaborador").status == 200
    seen = agenda.get(f"{_path(late)}/participants", who="Colaborador").json["items"]
    assert [each["client_id"] for each in seen] == agenda.clients[:1]  # and what they see is as much as before


def test_what_all_owe_for_it_is_forgiven_by_who_sees_all(agenda: Agenda) -> None:
    fee = {"amount": 700, "currency": "EUR"}
    service = agenda.service(capacity=3, late_fee=fee, free_until_minutes=525_600)["id"]
    both, own = (agenda.booked(a_day(), service_id=service, client_ids=agenda.clients[:n]) for n in (2, 1))
    for each in (both, own):
        assert agenda.act(each, "cancel", {"requested_by": "client"}, who="Colaborador").status == 200
    refused = agenda.act(both, "cancel", {"waive_fee": True}, who="Colaborador")
    assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
    assert _owing(agenda, both) == [("booked", fee)] * 2
    for each, who in ((own, "Colaborador"), (both, "Owner")):
        assert agenda.act(each, "cancel", {"waive_fee": True}, who=who).status == 200
        assert {owed for _, owed in _owing(agenda, each)} == {None}


class TestSeries:
    def test_one_without_an_end_that_was_cut_is_theirs_as_before(self, agenda: Agenda) -> None:
        """Ten years from where it was cut would name more than was booked, as if others were in it whom they do not see."""
        start = next_month()
        body = {"client_ids": agenda.clients[:1], "title": "Session", "organizer_id": agenda.organizer, "rrule": "FREQ=WEEKLY;INTERVAL=2"}
        times = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        series = agenda.made("/api/v1/bookings/series", {**body, **times}, who="Colaborador")
        named = series["bookings"][3]
        assert agenda.ask("PATCH", f"{_path(named)}?scope=following", {"title": "Later"}, who="Colaborador").status == 200
        assert agenda.ask("PATCH", f"{_path(named)}?scope=following", {"title": "Again"}, who="Colaborador").status == 200
        rest = agenda.get(f"/api/v1/bookings/series/{agenda.get(_path(named)).json['series_id']}").json["rrule"]
        last = agenda.get(_path(series["bookings"][-1])).json["start_time"]
        assert rest == f"FREQ=WEEKLY;UNTIL={datetime.fromisoformat(last):%Y%m%dT%H%M%SZ};INTERVAL=2"
        assert agenda.act(named, "cancel?scope=all", who="Colaborador").status == 200

    def test_one_that_became_anothers_stops_a_change_of_all(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3", capacity=4, client_ids=agenda.clients[:2])
        named, other = series["bookings"][0]["id"], series["bookings"][2]["id"]
        assert agenda.act(other, "reassign", {"organizer_id": agenda.people["Eva"].id}).status == 200
        before = [agenda.get(_path(each)).json for each in series["bookings"]]
        later = {"start_time": (start + HOUR).isoformat()}
        replies = [
            agenda.act(named, "cancel?scope=all", who="Colaborador"), agenda.act(named, "reschedule?scope=following", later, who="Colaborador"),
            agenda.ask("PATCH", f"/api/v1/bookings/{named}?scope=all", {"title": "Mine"}, who="Colaborador"),
            agenda.ask("DELETE", f"/api/v1/bookings/{named}?scope=all", who="Colaborador"),
        ]  # fmt: skip
        assert [(reply.status, reply.json["code"]) for reply in replies] == [(409, "own_clients_only")] * 4, [reply.body for reply in replies]
        assert [agenda.get(_path(each)).json for each in series["bookings"]] == before
        seats = agenda.ask("PATCH", f"/api/v1/bookings/{named}?scope=all", {"client_ids": []}, who="Colaborador")
        assert seats.status == 200, seats.body
        assert [agenda.get(_path(each)).json["client_ids"] for each in series["bookings"]] == [agenda.clients[1:2]] * 3

    def test_one_that_is_all_theirs_they_change_whole(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3", capacity=4, client_ids=agenda.clients[:2])
        named = series["bookings"][1]["id"]
        moved = agenda.act(named, "reschedule?scope=following", {"start_time": (start + WEEK + HOUR).isoformat()}, who="Colaborador")
        assert moved.status == 200, moved.body
        assert agenda.act(named, "cancel?scope=all", who="Colaborador").status == 200
        assert [agenda.get(_path(each)).json["status"] for each in series["bookings"]] == ["booked", "cancelled", "cancelled"]

    @pytest.mark.parametrize("scope", ["all", "following"])
    def test_what_they_do_not_see_all_of_they_change_one_by_one(self, agenda: Agenda, scope: str) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
        first, _, handed = series["bookings"]
        _hand_over(agenda, handed)
        assert agenda.get(_path(handed), who="Colaborador").status == 404
        before = [agenda.get(path).json for path in (*map(_path, series["bookings"]), f"/api/v1/bookings/series/{series['id']}")]
        for reply in _scoped(agenda, first, start, scope):
            assert (reply.status, reply.json["code"]) == (409, "own_clients_only"), reply.body
        assert [agenda.get(path).json for path in (*map(_path, series["bookings"]), f"/api/v1/bookings/series/{series['id']}")] == before
        assert agenda.act(first, "cancel", who="Colaborador").status == 200

    def test_one_that_became_anothers_before_what_follows_is_in_no_way_and_stands(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
        handed, named, _ = series["bookings"]
        _hand_over(agenda, handed)
        assert agenda.act(named, "cancel?scope=following", who="Colaborador").status == 200
        shown = agenda.get(f"/api/v1/bookings/series/{series['id']}").json
        assert (shown["status"], shown["rrule"]) == ("active", f"FREQ=WEEKLY;UNTIL={start:%Y%m%dT%H%M%SZ}")
        assert agenda.get(_path(handed)).json["status"] == "booked"

    @pytest.mark.parametrize("by", [HOUR, -WEEK])
    def test_what_follows_one_that_became_anothers_moves_without_it(self, agenda: Agenda, by: timedelta) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
        handed, named, _ = series["bookings"]
        _hand_over(agenda, handed)
        later = {"start_time": (start + WEEK + by).isoformat()}
        moved = agenda.act(named, "reschedule?scope=following", later, who="Colaborador")
        assert moved.status == 200, moved.body
        before, rest = (agenda.get(f"/api/v1/bookings/series/{id}").json for id in (series["id"], moved.json["series_id"]))
        assert (before["rrule"], before["first_wall"]) == (f"FREQ=WEEKLY;UNTIL={start:%Y%m%dT%H%M%SZ}", series["first_wall"])
        assert (rest["rrule"], rest["first_wall"]) == ("FREQ=WEEKLY;COUNT=2", f"{start + WEEK + by:%Y-%m-%dT%H:%M:%S}")
        assert agenda.get(_path(handed)).json["series_id"] == series["id"]

    def test_one_of_theirs_that_is_over_is_moved_by_no_scope(self, agenda: Agenda) -> None:
        start = next_month() - 100 * WEEK
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=2", capacity=3, client_ids=agenda.clients[:2])
        over = series["bookings"][0]
        to = {"start_time": (start + 200 * WEEK).isoformat(), "end_time": (start + 200 * WEEK + HOUR).isoformat()}
        path = f"{_path(over)}?scope=following"
        for refused in (
            agenda.act(over, "reschedule?scope=following", to, who="Colaborador"), agenda.ask("PATCH", path, to, who="Colaborador"),
        ):  # fmt: skip
            assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), refused.body
        assert agenda.ask("PATCH", path, {"title": "As it was"}, who="Colaborador").status == 200

    def test_a_booking_that_they_see_of_a_series_that_they_do_not_is_refused_with_its_reason(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=2", organizer_id=agenda.people["Eva"].id, client_ids=agenda.clients[:1])
        named = series["bookings"][0]
        assert agenda.get(_path(named), who="Colaborador").status == 200
        for reply in _scoped(agenda, named, start, "all"):
            assert (reply.status, reply.json["code"]) == (409, "own_clients_only"), reply.body
        assert agenda.act(named, "cancel", who="Colaborador").status == 200


def _hand_over(agenda: Agenda, booking: dict[str, Any]) -> None:
    """To another collaborator, with a client whom the first does not see."""
    changes = {"organizer_id": agenda.people["Eva"].id, "client_ids": agenda.clients[1:2]}
    changed = agenda.ask("PATCH", _path(booking), changes)
    assert changed.status == 200, changed.body


def _scoped(agenda: Agenda, booking: dict[str, Any], start: datetime, scope: str) -> list[Reply]:
    path, later = f"{_path(booking)}?scope={scope}", {"start_time": (start + HOUR).isoformat()}
    return [
        agenda.act(booking, f"cancel?scope={scope}", who="Colaborador"),
        agenda.act(booking, f"reschedule?scope={scope}", later, who="Colaborador"),
        agenda.ask("PATCH", path, {"title": "Mine"}, who="Colaborador"),
        agenda.ask("DELETE", path, who="Colaborador"),
    ]


def _owing(agenda: Agenda, booking: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(each["status"], each["fee"]) for each in agenda.get(f"{_path(booking)}/participants").json["items"]]


def _assign(agenda: Agenda, client: str) -> None:
    assigned = agenda.ask("PATCH", f"/api/v1/clients/{client}", {"assigned_to": agenda.organizer}, **{"If-Match": "*"})
    assert assigned.status == 200, assigned.body


def _path(booking: dict[str, Any]) -> str:
    return f"/api/v1/bookings/{booking['id']}"


def _whole(booking: dict[str, Any]) -> dict[str, Any]:
    """As the collaborator, who sees the first client, sends it back."""
    names = ("title", "organizer_id", "room_id", "start_time", "end_time", "location_kind", "location", "capacity", "notes")
    return {**{name: booking[name] for name in names}, "client_ids": booking["client_ids"][:1]}


def _now() -> datetime:
    return datetime.now().astimezone().replace(second=0, microsecond=0)
