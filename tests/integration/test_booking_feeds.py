"""Calendars that applications subscribe to: what a secret address shows, to whom it belongs, and when it stops."""

from __future__ import annotations

import hashlib
import time
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from icalendar import Calendar, Event

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api, Reply, owner_of

HOUR = timedelta(hours=1)


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


def a_feed(agenda: Agenda, *, who: str = "Colaborador", mode: str = "full") -> str:
    """The path that is told once."""
    return path_of(agenda.made("/api/v1/bookings/feeds", {"mode": mode}, who=who)["url"])


def path_of(url: str) -> str:
    return urlsplit(url).path


def fetched(agenda: Agenda, path: str, **headers: str) -> Reply:
    """As an application asks: with nothing but the address."""
    return agenda.api.request("GET", path, headers=headers)


def events(agenda: Agenda, path: str) -> dict[str, Event]:
    reply = fetched(agenda, path)
    assert reply.status == 200, reply.body
    assert reply.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return {str(each["UID"]).partition("@")[0]: each for each in Calendar.from_ical(reply.body).walk("VEVENT")}


class TestWhatItShows:
    def test_a_collaborators_feed_has_what_they_organize(self, agenda: Agenda) -> None:
        start = a_day()
        mine = agenda.booked(start, client_ids=agenda.clients[:1], title="Strength", location_kind="in_person", location="Room 1", notes="Bad knee")
        other = agenda.booked(start, organizer_id=agenda.people["Eva"].id, title="Not Rui's")
        path = a_feed(agenda)
        (event,) = events(agenda, path).values()
        assert (str(event["UID"]), str(event["SUMMARY"]), str(event["LOCATION"]), event["STATUS"]) == (
            f"{mine['id']}@bookings.fitpro", "Strength", "Room 1", "CONFIRMED",
        )  # fmt: skip
        assert (event["DTSTART"].dt, event["DTEND"].dt) == (start, start + HOUR)
        text = fetched(agenda, path).body.decode()
        assert all(hidden not in text for hidden in (other["id"], "Not Rui", "knee", "Client 0", *agenda.clients))

    def test_a_clientes_feed_has_what_they_take_part_in(self, agenda: Agenda) -> None:
        start = a_day()
        with_them = agenda.booked(start, client_ids=agenda.clients[:1])
        class_ = agenda.booked(start + 2 * HOUR, client_ids=agenda.clients[:2], capacity=5)
        agenda.booked(start + HOUR, client_ids=agenda.clients[1:2])
        path = a_feed(agenda, who="Cliente")
        assert set(events(agenda, path)) == {with_them["id"], class_["id"]}
        assert agenda.act(class_, "leave", {"client_id": agenda.clients[0]}).status == 204
        assert events(agenda, path)[class_["id"]]["STATUS"] == "CANCELLED"  # for them; the class takes place

    def test_the_uid_stays_the_sequence_grows_and_cancelled_ones_say_so(self, agenda: Agenda) -> None:
        start, path = a_day(), a_feed(agenda)
        made = agenda.booked(start, client_ids=agenda.clients[:1])
        first = events(agenda, path)[made["id"]]
        assert agenda.act(made, "reschedule", {"start_time": (start + 2 * HOUR).isoformat()}).status == 200
        moved = events(agenda, path)[made["id"]]
        assert agenda.act(made, "cancel", {"reason": "Ill"}).status == 200
        gone = events(agenda, path)[made["id"]]
        assert moved["DTSTART"].dt == start + 2 * HOUR
        assert first["UID"] == moved["UID"] == gone["UID"]
        assert first["SEQUENCE"] < moved["SEQUENCE"] < gone["SEQUENCE"]
        assert (first["STATUS"], gone["STATUS"]) == ("CONFIRMED", "CANCELLED")

    @pytest.mark.parametrize("change", [{"title": "Yoga"}, {"location_kind": "in_person", "location": "Garden"}])
    def test_whatever_a_calendar_shows_makes_the_sequence_grow(self, agenda: Agenda, change: dict[str, str]) -> None:
        path, made = a_feed(agenda), agenda.booked(a_day())
        before = events(agenda, path)[made["id"]]["SEQUENCE"]
        assert agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", change).status == 200
        assert events(agenda, path)[made["id"]]["SEQUENCE"] > before

    def test_so_does_a_series_that_is_renamed(self, agenda: Agenda) -> None:
        start, path = a_day(), a_feed(agenda)
        terms = {"title": "Yoga", "organizer_id": agenda.organizer, "start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        made = agenda.made("/api/v1/bookings/series", {**terms, "rrule": "FREQ=DAILY;COUNT=3"})
        before = events(agenda, path)
        first, rest = made["bookings"][0]["id"], {each["id"] for each in made["bookings"][1:]}
        assert agenda.ask("PATCH", f"/api/v1/bookings/{first}?scope=following", {"title": "Pilates"}).status == 200
        after = events(agenda, path)
        assert all(after[id]["SEQUENCE"] > before[id]["SEQUENCE"] for id in (first, *rest))

    def test_so_does_an_approval(self, agenda: Agenda) -> None:
        start, path = a_day(), a_feed(agenda)
        agenda.hours()
        service = agenda.service(needs_approval=True)
        asked = agenda.booked(start, who="Cliente", service_id=service["id"])
        before = events(agenda, path)[asked["id"]]
        assert agenda.act(asked, "approve").status == 200
        after = events(agenda, path)[asked["id"]]
        assert (before["STATUS"], after["STATUS"]) == ("TENTATIVE", "CONFIRMED")
        assert after["SEQUENCE"] > before["SEQUENCE"]

    def test_so_does_each_coming_and_going_in_the_clients_own(self, agenda: Agenda) -> None:
        made = agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=3)
        path, seen = a_feed(agenda, who="Cliente"), []
        for verb in (None, "leave", "join", "leave", "join"):
            if verb:
                assert agenda.act(made, verb, {"client_id": agenda.clients[0]}).status in (200, 204)
            event = events(agenda, path)[made["id"]]
            seen.append((int(event["SEQUENCE"]), str(event["STATUS"])))
        assert [status for _, status in seen] == ["CONFIRMED", "CANCELLED", "CONFIRMED", "CANCELLED", "CONFIRMED"]
        assert [number for number, _ in seen] == sorted({number for number, _ in seen})

    @pytest.mark.parametrize("how", ["reassigned", "changed", "with its series", "because its organizer goes"])
    def test_what_became_anothers_stays_as_cancelled(self, agenda: Agenda, how: str) -> None:
        start, eva, path = a_day(), agenda.people["Eva"].id, a_feed(agenda)
        terms = {"title": "Yoga", "organizer_id": agenda.organizer, "start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        made = agenda.made("/api/v1/bookings/series", {**terms, "rrule": "FREQ=DAILY;COUNT=2"})["bookings"][0]
        before = events(agenda, path)[made["id"]]
        if how == "reassigned":
            assert agenda.act(made, "reassign", {"organizer_id": eva}).status == 200
        elif how == "because its organizer goes":
            role = agenda.ask("PUT", f"/api/v1/users/{agenda.organizer}/role?reassign_to={eva}", {"role": "Cliente"})
            assert role.status == 200, role.body
            assert agenda.ask("PUT", f"/api/v1/users/{agenda.organizer}/role", {"role": "Colaborador"}).status == 200
        else:
            scope = "?scope=all" if how == "with its series" else ""
            assert agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}{scope}", {"organizer_id": eva}).status == 200
        gone, theirs = events(agenda, path)[made["id"]], events(agenda, a_feed(agenda, who="Eva"))[made["id"]]
        assert (gone["UID"], gone["STATUS"], theirs["STATUS"]) == (before["UID"], "CANCELLED", "CONFIRMED")
        assert gone["SEQUENCE"] > before["SEQUENCE"]
        assert (str(gone["SUMMARY"]), gone["DTSTART"].dt) == ("Yoga", start)

    def test_what_comes_back_stands_again(self, agenda: Agenda) -> None:
        made, path, seen = agenda.booked(a_day()), a_feed(agenda), []
        for who in (None, agenda.people["Eva"].id, agenda.organizer, agenda.people["Eva"].id):
            if who:
                assert agenda.act(made, "reassign", {"organizer_id": who}).status == 200
            (event,) = events(agenda, path).values()
            seen.append((int(event["SEQUENCE"]), str(event["STATUS"])))
        assert seen == [(0, "CONFIRMED"), (1, "CANCELLED"), (2, "CONFIRMED"), (3, "CANCELLED")]

    @pytest.mark.parametrize("how", ["its own", "asked for"])
    def test_as_busy_times_it_names_nothing(self, agenda: Agenda, how: str) -> None:
        start = a_day()
        agenda.booked(start, title="Secret project", location_kind="in_person", location="Secret place")
        cancelled = agenda.booked(start + 2 * HOUR)
        agenda.act(cancelled, "cancel")
        path = a_feed(agenda, mode="freebusy") if how == "its own" else a_feed(agenda) + "?mode=freebusy"
        (event,) = events(agenda, path).values()
        assert (str(event["SUMMARY"]), event["DTSTART"].dt, event["DTEND"].dt) == ("Busy", start, start + HOUR)
        assert b"Secret" not in fetched(agenda, path).body

    def test_a_feed_of_busy_times_shows_no_more_whatever_is_asked(self, agenda: Agenda) -> None:
        path = a_feed(agenda, mode="freebusy")
        assert fetched(agenda, f"{path}?mode=full").status == 422

    def test_what_was_read_is_not_sent_again(self, agenda: Agenda) -> None:
        agenda.booked(a_day())
        path = a_feed(agenda)
        first = fetched(agenda, path)
        again = fetched(agenda, path, **{"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
        agenda.booked(a_day())
        changed = fetched(agenda, path, **{"If-None-Match": first.headers["ETag"]})
        assert (changed.status, changed.headers["ETag"] != first.headers["ETag"]) == (200, True)

    def test_a_feed_of_five_hundred_is_quick_once_it_was_made(self, agenda: Agenda, settings: Settings) -> None:
        with owner_of(settings) as owner:
            owner.execute(
                "insert into bookings (workspace_id, id, organizer_id, title, start_time, end_time, status, capacity, buffer_before_minutes,"
                " buffer_after_minutes) select %s, gen_random_uuid(), %s, 'Session', now() + n * interval '2 hours',"
                " now() + n * interval '2 hours' + interval '1 hour', 'booked', 1, 0, 0 from generate_series(1, 500) n",
                (agenda.workspace, agenda.organizer),
            )
        path, taken = a_feed(agenda), []
        for _ in range(5):
            begun = time.process_time()
            assert len(fetched(agenda, path).body) > 100_000
            taken.append(time.process_time() - begun)
        print(f"a feed of 500: {taken[0] * 1000:.0f} ms of CPU when made, {min(taken[1:]) * 1000:.1f} ms kept")
        assert min(taken[1:]) < taken[0] / 4


class TestWhoseItIs:
    def test_the_address_is_told_once(self, agenda: Agenda, settings: Settings) -> None:
        made = agenda.made("/api/v1/bookings/feeds", {}, who="Cliente")
        token = path_of(made["url"]).removeprefix("/ical/").removesuffix(".ics")
        (listed,) = agenda.get("/api/v1/bookings/feeds", who="Cliente").json["items"]
        assert (listed["id"], listed["mode"], "url" in listed) == (made["id"], "full", False)
        with owner_of(settings) as owner:
            for table in ("bookings_feed", "audit_logs", "idempotency_keys"):
                for row in owner.execute(f"select t::text from {table} t"):  # type: ignore[arg-type]
                    assert token not in row[0]

    def test_one_of_each_kind_is_enough(self, agenda: Agenda) -> None:
        a_feed(agenda)
        again = agenda.post("/api/v1/bookings/feeds", {"mode": "full"}, who="Colaborador")
        assert (again.status, again.json["code"]) == (409, "feed_exists")
        a_feed(agenda, mode="freebusy")
        assert agenda.post("/api/v1/bookings/feeds", {"mode": "all"}, who="Colaborador").status == 422

    def test_no_api_key_makes_what_would_outlive_it_or_takes_what_is_there(self, agenda: Agenda) -> None:
        path = path_of(a_feed(agenda, who="Owner"))
        feed = agenda.get("/api/v1/bookings/feeds").json["items"][0]
        keys = f"/api/v1/workspaces/{agenda.workspace}/keys"
        for scopes in (["bookings:read"], [f"bookings:{each}" for each in ("read", "book", "write", "configure")]):
            key = agenda.made(keys, {"name": "Robot", "scopes": scopes})["key"]
            bearer = {"Authorization": f"Bearer {key}", "X-Workspace-Id": agenda.workspace}
            assert agenda.api.request("GET", "/api/v1/bookings/feeds", headers=bearer).status == 200
            for method, at in (("POST", ""), ("POST", f"/{feed['id']}/regenerate"), ("DELETE", f"/{feed['id']}")):
                body = {"mode": "freebusy"} if not at else None
                posted = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
                refused = agenda.api.request(method, f"/api/v1/bookings/feeds{at}", json=body, headers={**bearer, **posted})
                assert (refused.status, refused.json["code"]) == (403, "person_required"), (scopes, method, at, refused.body)
        assert fetched(agenda, path).status == 200
        assert [each["version"] for each in agenda.get("/api/v1/bookings/feeds").json["items"]] == [feed["version"]]

    def test_others_neither_see_nor_change_it(self, agenda: Agenda) -> None:
        made = agenda.made("/api/v1/bookings/feeds", {}, who="Colaborador")
        for who in ("Owner", "Eva", "Cliente"):
            assert agenda.get("/api/v1/bookings/feeds", who=who).json["items"] == []
            assert agenda.post(f"/api/v1/bookings/feeds/{made['id']}/regenerate", who=who).status == 404
            assert agenda.ask("DELETE", f"/api/v1/bookings/feeds/{made['id']}", who=who).status == 404

    def test_that_it_is_read_is_noted(self, agenda: Agenda) -> None:
        path = a_feed(agenda)
        assert agenda.get("/api/v1/bookings/feeds", who="Colaborador").json["items"][0]["last_used_at"] is None
        fetched(agenda, path)
        seen = agenda.get("/api/v1/bookings/feeds", who="Colaborador").json["items"][0]["last_used_at"]
        assert datetime.now(UTC) - datetime.fromisoformat(seen) < timedelta(minutes=1)


class TestWhenItStops:
    def test_regenerated_the_earlier_address_is_dead(self, agenda: Agenda) -> None:
        made = agenda.made("/api/v1/bookings/feeds", {}, who="Colaborador")
        anew = agenda.post(f"/api/v1/bookings/feeds/{made['id']}/regenerate", who="Colaborador")
        assert (anew.status, anew.json["id"], anew.json["url"] != made["url"]) == (200, made["id"], True)
        assert fetched(agenda, path_of(made["url"])).status == 404
        assert fetched(agenda, path_of(anew.json["url"])).status == 200

    def test_revoked_it_is_dead_and_another_can_be_made(self, agenda: Agenda) -> None:
        made = agenda.made("/api/v1/bookings/feeds", {}, who="Colaborador")
        assert agenda.ask("DELETE", f"/api/v1/bookings/feeds/{made['id']}", who="Colaborador").status == 204
        assert fetched(agenda, path_of(made["url"])).status == 404
        assert agenda.get("/api/v1/bookings/feeds", who="Colaborador").json["items"] == []
        assert fetched(agenda, a_feed(agenda)).status == 200

    @pytest.mark.parametrize("who", ["Colaborador", "Cliente"])
    def test_it_ends_with_the_membership(self, agenda: Agenda, who: str) -> None:
        path = a_feed(agenda, who=who)
        assert fetched(agenda, path).status == 200
        assert agenda.ask("DELETE", f"/api/v1/users/{agenda.people[who].id}").status == 204
        assert fetched(agenda, path).status == 404

    def test_it_follows_the_role(self, agenda: Agenda) -> None:
        agenda.booked(a_day(), client_ids=agenda.clients[:1])
        path = a_feed(agenda)
        assert len(events(agenda, path)) == 1
        made = agenda.ask("PUT", f"/api/v1/users/{agenda.organizer}/role?reassign_to={agenda.people['Eva'].id}", {"role": "Cliente"})
        assert made.status == 200, made.body
        assert events(agenda, path) == {}

    def test_it_is_off_with_the_module(self, agenda: Agenda) -> None:
        path = a_feed(agenda)
        module = f"/api/v1/workspaces/{agenda.workspace}/modules/bookings"
        assert agenda.ask("PUT", module, {"enabled": False}).status == 200
        off = fetched(agenda, path)
        assert (off.status, off.json["code"]) == (403, "module_disabled")
        assert agenda.ask("PUT", module, {"enabled": True}).status == 200
        assert fetched(agenda, path).status == 200

    @pytest.mark.parametrize("token", ["x", "0" * 32 + "." + "A" * 43, "0" * 32, "%2e%2e", "0" * 5000, "é" * 32 + "." + "A" * 43])
    def test_an_address_that_is_none_is_not_found(self, agenda: Agenda, token: str) -> None:
        assert fetched(agenda, f"/ical/{token}.ics").status == 404

    def test_the_address_of_one_workspace_opens_nothing_in_another(self, agenda: Agenda, local: Api, settings: Settings) -> None:
        other = Agenda.new(local, settings)
        path = a_feed(agenda)
        swapped = path.replace(agenda.workspace.replace("-", ""), other.workspace.replace("-", ""))
        assert swapped != path
        assert fetched(agenda, swapped).status == 404


def test_whoever_holds_an_address_sees_those_rows_alone_in_the_database(agenda: Agenda, settings: Settings) -> None:
    """Row-level security, without the service: as the app role with the digest of a token."""
    start = a_day()
    theirs = agenda.booked(start, client_ids=agenda.clients[:2], capacity=3)
    agenda.booked(start + HOUR, client_ids=agenda.clients[1:2])
    agenda.booked(start, organizer_id=agenda.people["Eva"].id)
    a_feed(agenda, who="Owner")
    token = a_feed(agenda, who="Cliente").removeprefix("/ical/").removesuffix(".ics")
    with psycopg.connect(settings.database_url or "") as app:
        app.execute("select app.enter_bearer(%s, %s)", (agenda.workspace, hashlib.sha256(token.encode()).digest()))
        seen = {
            table: app.execute(f"select {column}::text from {table}").fetchall()  # type: ignore[arg-type]
            for table, column in (
                ("bookings", "id"), ("bookings_participant", "client_id"), ("bookings_feed", "user_id"), ("user_roles", "user_id"),
                ("clients", "id"), ("bookings_calendar", "id"),
            )
        }  # fmt: skip
    assert seen == {
        "bookings": [(theirs["id"],)], "bookings_participant": [(agenda.clients[0],)], "bookings_feed": [(agenda.people["Cliente"].id,)],
        "user_roles": [(agenda.people["Cliente"].id,)], "clients": [], "bookings_calendar": [],
    }  # fmt: skip
