"""Calendars that people have elsewhere: their events are times that are not offered, and what is wrong with them is said precisely."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.elsewhere import ADDRESS, Elsewhere
from tests.integration.imports.calendars import CALENDARS, a_file, added, stored
from tests.servers import owner_of

HOUR = timedelta(hours=1)


class TestTakenTimes:
    def test_what_it_takes_is_not_offered_and_free_again_without_it(self, agenda: Agenda, there: Elsewhere) -> None:
        day, service = a_day(), agenda.service()["id"]
        agenda.hours(opens="09:00", closes="12:00")
        everything = agenda.slots(service, day)
        there.pages["/a.ics"] = a_file(day + HOUR)
        made = added(agenda, there.url("/a.ics"))
        assert (made["status"], made["events"], made["last_error"]) == ("ok", 1, None)
        left = agenda.slots(service, day)
        assert left == agenda.slots(service, day, fresh=True)
        starts = [datetime.fromisoformat(each) for each in left]
        assert starts == [each for each in map(datetime.fromisoformat, everything) if each + HOUR <= day + HOUR or each >= day + 2 * HOUR]
        assert len(starts) < len(everything)
        stale = agenda.ask("DELETE", f"{CALENDARS}/{made['id']}", who="Colaborador", **{"If-Match": '"9-bookings"'})
        assert (stale.status, agenda.slots(service, day)) == (412, left)
        assert agenda.ask("DELETE", f"{CALENDARS}/{made['id']}", who="Colaborador").status == 204
        assert agenda.slots(service, day) == everything == agenda.slots(service, day, fresh=True)

    def test_years_of_a_private_calendar_are_read(self, agenda: Agenda, there: Elsewhere) -> None:
        notes = "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTART:20190102T100000Z\r\nDURATION:PT1H\r\nDESCRIPTION:" + "x" * 900 + "\r\nEND:VEVENT\r\n"
        there.pages["/a.ics"] = a_file(a_day(), more="".join(notes.format(n) for n in range(5000)))
        made = added(agenda, there.url("/a.ics"))
        assert (made["status"], made["events"]) == ("ok", 5001)

    def test_a_client_cannot_book_it_and_the_staff_can(self, agenda: Agenda, there: Elsewhere) -> None:
        day, service = a_day(), agenda.service()["id"]
        agenda.hours()
        there.pages["/a.ics"] = a_file(day)
        added(agenda, there.url("/a.ics"))
        reply = agenda.post(
            "/api/v1/bookings", {"service_id": service, "organizer_id": agenda.organizer, "start_time": day.isoformat()}, who="Cliente"
        )  # fmt: skip
        assert (reply.status, reply.json["code"]) == (409, "slot_unavailable")
        assert agenda.book(day, service_id=service, client_ids=agenda.clients[:1]).status == 201

    def test_of_others_nothing_is_taken(self, agenda: Agenda, there: Elsewhere) -> None:
        day = a_day()
        service = agenda.service(organizer_ids=[agenda.people["Eva"].id])["id"]
        agenda.hours(agenda.people["Eva"].id)
        before = agenda.slots(service, day)
        there.pages["/a.ics"] = a_file(day)
        added(agenda, there.url("/a.ics"))
        assert agenda.slots(service, day) == before

    def test_webcal_is_read_over_https(self, agenda: Agenda, there: Elsewhere) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        added(agenda, there.url("/a.ics").replace("https://", "webcal://"))


class TestWhoseTheyAre:
    def test_the_address_is_told_to_nobody(self, agenda: Agenda, there: Elsewhere, settings: Settings) -> None:
        there.pages["/private-3f8a/a.ics"] = a_file(a_day())
        made = added(agenda, there.url("/private-3f8a/a.ics"))
        (listed,) = agenda.get(CALENDARS, who="Colaborador").json["items"]
        assert listed == made
        assert "url" not in made
        with owner_of(settings) as owner:
            for table in ("bookings_calendar", "bookings_external_busy", "audit_logs", "idempotency_keys", "outbox"):
                for row in owner.execute(f"select t::text from {table} t"):  # type: ignore[arg-type]
                    assert "private-3f8a" not in row[0]
                    assert "Dentist" not in row[0]

    def test_others_neither_see_nor_read_nor_remove_them(self, agenda: Agenda, there: Elsewhere) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        made = added(agenda, there.url("/a.ics"))
        for who in ("Owner", "Eva"):
            assert agenda.get(CALENDARS, who=who).json["items"] == []
            assert agenda.post(f"{CALENDARS}/{made['id']}/refresh", who=who).status == 404
            assert agenda.ask("DELETE", f"{CALENDARS}/{made['id']}", who=who).status == 404
        assert agenda.post(CALENDARS, {"name": "Private", "url": there.url("/a.ics")}, who="Cliente").status == 403

    def test_ten_are_enough(self, agenda: Agenda, there: Elsewhere, settings: Settings) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        for n in range(10):
            added(agenda, there.url("/a.ics"), name=f"Calendar {n}")
        more = agenda.post(CALENDARS, {"name": "One more", "url": there.url("/a.ics")}, who="Colaborador")
        assert (more.status, more.json["code"]) == (409, "too_many_calendars")
        assert len(there.seen) == 10
        added(agenda, there.url("/a.ics"), who="Eva")

    def test_ten_are_enough_also_for_twenty_at_once(self, agenda: Agenda, there: Elsewhere, settings: Settings) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        for n in range(6):
            added(agenda, there.url("/a.ics"), name=f"Calendar {n}")
        met = threading.Event()
        gate, arrived = threading.Barrier(20), threading.Barrier(8, met.set)  # who may talk to strangers at once, who is answered at once

        def together(request: BaseHTTPRequestHandler) -> None:
            with suppress(threading.BrokenBarrierError):
                if not met.is_set():
                    arrived.wait(4)
            body = a_file()
            request.send_response(200)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        there.pages["/a.ics"] = together

        def one_more(n: int) -> int:
            gate.wait()
            while True:  # 503: as many strangers as may be are talked to
                reply = agenda.post(CALENDARS, {"name": f"At once {n}", "url": there.url("/a.ics")}, who="Colaborador")
                if reply.status != 503:
                    return reply.status

        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(one_more, range(20)))
        assert met.is_set()
        assert sorted(set(statuses)) == [201, 409]
        assert (statuses.count(201), stored(agenda, settings)[0]) == (4, 10)

    def test_with_the_same_key_it_is_one(self, agenda: Agenda, there: Elsewhere) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        body = {"name": "Private", "url": there.url("/a.ics")}
        first, second = (agenda.ask("POST", CALENDARS, body, who="Colaborador", key="the-same") for _ in range(2))
        assert (first.status, second.json) == (201, first.json)
        assert len(there.seen) == 1


class TestBadInput:
    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("https://127.0.0.1/a.ics", "invalid_url"),
            ("https://[::1]/a.ics", "invalid_url"),
            ("http://calendar.example.org/a.ics", "invalid_url"),
            ("https://calendar.example.org:8080/a.ics", "invalid_url"),
            ("https://ana:secret@calendar.example.org/a.ics", "invalid_url"),
            ("file:///etc/passwd", "invalid_url"),
            ("nonsense", "invalid_url"),
            ("https://inside.example.org/a.ics", "private_address"),
            ("https://metadata.example.org/a.ics", "private_address"),
            ("https://nowhere.example.org/a.ics", "unknown_host"),
            ("{there}/missing.ics", "unexpected_status"),
            ("{there}/moved.ics", "redirected"),
            ("{there}/page.html", "invalid_calendar"),
            ("{there}/empty.ics", "invalid_calendar"),
            ("{there}/half.ics", "invalid_calendar"),
            ("{there}/huge.ics", "too_large"),
            ("{there}/many.ics", "invalid_calendar"),
            ("{other}/a.ics", "insecure"),
        ],
    )
    def test_it_is_said_precisely_and_nothing_is_written(self, agenda: Agenda, there: Elsewhere, settings: Settings, url: str, code: str) -> None:
        def moved(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", "https://127.0.0.1/")
            request.send_header("Content-Length", "0")
            request.end_headers()

        def huge(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.send_header("Connection", "close")
            request.end_headers()
            request.close_connection = True
            request.wfile.write(b"BEGIN:VCALENDAR\r\n")
            for _ in range(800):
                request.wfile.write(b"X-FILL:" + b"x" * 65_536 + b"\r\n")

        day = a_day()
        there.names.known |= {"inside.example.org": [["10.0.0.1"]], "metadata.example.org": [[ADDRESS, "169.254.169.254"]]}
        there.names.known["other.example.org"] = [[ADDRESS]]
        there.pages |= {
            "/moved.ics": moved, "/page.html": b"<html>secret of the page</html>", "/empty.ics": b"", "/half.ics": a_file(day)[:-20],
            "/huge.ics": huge, "/a.ics": a_file(day), "/many.ics": a_file(more="BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 10_001),
        }  # fmt: skip
        given = url.format(there=there.url(""), other=there.url("", "other.example.org"))
        reply = agenda.post(CALENDARS, {"name": "Private", "url": given}, who="Colaborador")
        assert (reply.status, reply.json["code"], [each["pointer"] for each in reply.json["errors"]]) == (422, code, ["/url"]), reply.body
        assert b"secret" not in reply.body
        assert stored(agenda, settings) == (0, 0)

    @pytest.mark.parametrize("body", [{"name": "", "url": "https://calendar.example.org/"}, {"name": "Private"}, {"name": "P", "url": "x" * 3000}])
    def test_what_is_missing_is_named(self, agenda: Agenda, body: dict[str, str]) -> None:
        assert agenda.post(CALENDARS, body, who="Colaborador").status == 422
