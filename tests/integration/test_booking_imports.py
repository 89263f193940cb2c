"""Calendars that people have elsewhere: their events are times that are not offered, and what is wrong with them is said precisely."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from dependency_injector import providers

from adapters.local.encryption import AesGcmEncryption
from adapters.postgres.outbox import OutboxClockwork
from config.bootstrap import install, web
from config.container import Container
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from ports.tasks import Periodic
from tests.agenda import Agenda, a_day
from tests.elsewhere import ADDRESS, NAME, Elsewhere, elsewhere
from tests.office import Office
from tests.servers import Api, owner_of

HOUR = timedelta(hours=1)
CALENDARS = "/api/v1/bookings/calendars"


def a_file(*starts: datetime, more: str = "") -> bytes:
    """A calendar with an event of an hour at each of these times."""
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{start:%Y%m%dT%H%M}@elsewhere\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDURATION:PT1H\r\n"
        "SUMMARY:Dentist\r\nEND:VEVENT\r\n"
        for start in starts
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//elsewhere//EN\r\n{events}{more}END:VCALENDAR\r\n".encode()


@pytest.fixture
def agenda(api: Api, settings: Settings) -> Agenda:
    return Agenda.new(api, settings)


def added(agenda: Agenda, url: str, *, who: str = "Colaborador", name: str = "Private") -> dict[str, Any]:
    return agenda.made(CALENDARS, {"name": name, "url": url}, who=who)


def stored(agenda: Agenda, settings: Settings) -> tuple[int, int]:
    """Calendars and taken times of the workspace."""
    with owner_of(settings) as owner:
        counts = [
            owner.execute(f"select count(*) from {table} where workspace_id = %s", (agenda.workspace,)).fetchone()  # type: ignore[arg-type]
            for table in ("bookings_calendar", "bookings_external_busy")
        ]
    return counts[0][0], counts[1][0]  # type: ignore[index]


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
        gate, arrived = threading.Barrier(20), threading.Barrier(8)  # who may talk to strangers at once, who is answered at once

        def together(request: BaseHTTPRequestHandler) -> None:
            with suppress(threading.BrokenBarrierError):
                arrived.wait(2)
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


class TestReadingAgain:
    def test_it_follows_what_changes_there(self, agenda: Agenda, there: Elsewhere, settings: Settings) -> None:
        day, service = a_day(), agenda.service()["id"]
        agenda.hours(opens="09:00", closes="10:00")
        there.pages["/a.ics"] = a_file(day, day + 5 * HOUR)
        made = added(agenda, there.url("/a.ics"))
        assert agenda.slots(service, day) == []
        there.pages["/a.ics"] = a_file(day + 5 * HOUR)
        read = agenda.post(f"{CALENDARS}/{made['id']}/refresh", who="Colaborador")
        assert (read.status, read.json["status"], read.json["events"], read.json["version"]) == (200, "ok", 1, 2)
        assert len(agenda.slots(service, day)) == 1 == len(agenda.slots(service, day, fresh=True))
        assert stored(agenda, settings) == (1, 1)

    def test_while_it_fails_what_was_read_last_counts(self, agenda: Agenda, there: Elsewhere) -> None:
        day, service = a_day(), agenda.service()["id"]
        agenda.hours(opens="09:00", closes="10:00")
        there.pages["/a.ics"] = a_file(day)
        made = added(agenda, there.url("/a.ics"))
        there.pages["/a.ics"] = b"<html>Sign in</html>"
        read = agenda.post(f"{CALENDARS}/{made['id']}/refresh", who="Colaborador").json
        assert (read["status"], read["last_error"], read["last_fetched_at"]) == ("failing", "invalid_calendar", made["last_fetched_at"])
        there.names.known[NAME] = [["10.0.0.1"]]
        read = agenda.post(f"{CALENDARS}/{made['id']}/refresh", who="Colaborador").json
        assert (read["status"], read["last_error"]) == ("failing", "private_address")
        assert agenda.slots(service, day) == []
        there.names.known[NAME] = [[ADDRESS]]
        there.pages["/a.ics"] = a_file()
        read = agenda.post(f"{CALENDARS}/{made['id']}/refresh", who="Colaborador").json
        assert (read["status"], read["last_error"], len(agenda.slots(service, day))) == ("ok", None, 1)

    def test_what_has_not_changed_there_changes_no_answer_here(self, agenda: Agenda, there: Elsewhere, settings: Settings) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        made = added(agenda, there.url("/a.ics"))
        before = revision(agenda, settings)
        assert agenda.post(f"{CALENDARS}/{made['id']}/refresh", who="Colaborador").json["status"] == "ok"
        assert revision(agenda, settings) == before
        there.pages["/a.ics"] = a_file()
        agenda.post(f"{CALENDARS}/{made['id']}/refresh", who="Colaborador")
        assert revision(agenda, settings) > before

    def test_every_hour_all_are_read_but_those_of_people_who_left(self, agenda: Agenda, there: Elsewhere, office: Office, settings: Settings) -> None:
        there.pages |= {"/rui.ics": a_file(a_day()), "/eva.ics": a_file(a_day()), "/new.ics": a_file()}
        added(agenda, there.url("/rui.ics"))
        added(agenda, there.url("/eva.ics"), who="Eva")
        assert agenda.ask("DELETE", f"/api/v1/users/{agenda.people['Eva'].id}").status == 204
        an_hour_later(agenda, settings)
        new = added(agenda, there.url("/new.ics"))
        there.seen.clear()
        there.pages["/rui.ics"] = a_file()
        assert the_hour(settings) >= 1
        office.work()
        assert there.seen == []  # each has a minute of its own
        now_is_then(agenda, settings)
        office.work()
        assert [path for path, _ in there.seen] == ["/rui.ics"]
        versions = {each["id"]: each["version"] for each in agenda.get(CALENDARS, who="Colaborador").json["items"]}
        assert (sorted(versions.values()), versions[new["id"]]) == ([1, 2], 1)
        with owner_of(settings) as owner:
            kept = owner.execute("select count(*) from bookings_external_busy where user_id = %s", (agenda.organizer,)).fetchone()
        assert kept == (0,)

    def test_while_too_many_are_being_read_it_is_put_off(self, agenda: Agenda, there: Elsewhere, office: Office, settings: Settings) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        added(agenda, there.url("/a.ics"))
        an_hour_later(agenda, settings)
        the_hour(settings)
        office.work()
        there.seen.clear()
        with busy(office):
            now_is_then(agenda, settings)
            office.work()
            assert there.seen == []
        now_is_then(agenda, settings)
        office.work()
        assert [path for path, _ in there.seen] == ["/a.ics"]

    def test_addresses_are_sealed_anew_with_a_new_key(self, agenda: Agenda, there: Elsewhere, settings: Settings) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        made = added(agenda, there.url("/a.ics"))
        installation = install(settings)
        imports: Any = installation.hub.services["bookings"]
        imports = imports.imports
        old: AesGcmEncryption = imports._encryption
        imports._encryption = AesGcmEncryption([b"n" * 32, *old._known.values()])
        database = installation.container.app_database()
        scope = Scope(Kind.JOB, "r", workspace_id=uuid.UUID(agenda.workspace), module="bookings")
        with database.open(scope) as work, serving(Current(scope, installation.hub, database.modules(work, scope.workspace_id), work)):
            assert list(imports.reseal()) == [{"sealed_anew": 1, "unreadable": 0}]
            row = imports._stored.get(uuid.UUID(made["id"]), None)
            assert row["url"].startswith(imports._encryption.prefix)
            work.commit()
        installation.container.app_pool().close()
        installation.container.auth_pool().close()


def revision(agenda: Agenda, settings: Settings) -> int:
    with owner_of(settings) as owner:
        query = "select coalesce(max(revision), 0) from bookings_revision where workspace_id = %s and subject = %s"
        found = owner.execute(query, (agenda.workspace, agenda.organizer)).fetchone()
    assert found is not None
    return int(found[0])


def the_hour(settings: Settings) -> int:
    """As the clock does it: a job in every workspace of a zone."""
    installation = install(settings)
    clockwork = OutboxClockwork(installation.container.relay_pool())
    task = Periodic("bookings", "bookings:refresh_calendars", "default", 3, "23 * * * *")
    rung = clockwork.fan_out(task, "UTC", datetime.now(UTC), uuid.uuid4().hex)
    for pool in ("app_pool", "auth_pool", "relay_pool"):
        getattr(installation.container, pool)().close()
    return rung


def an_hour_later(agenda: Agenda, settings: Settings) -> None:
    with owner_of(settings) as owner:
        query = "update bookings_calendar set last_tried_at = last_tried_at - interval '1 hour' where workspace_id = %s"
        owner.execute(query, (agenda.workspace,))


def now_is_then(agenda: Agenda, settings: Settings) -> None:
    """The minute has come at which a calendar is to be read."""
    with owner_of(settings) as owner:
        owner.execute(
            "update outbox_deliveries set available_at = now() where workspace_id = %s and handler = 'bookings:read_calendar'", (agenda.workspace,)
        )


@contextmanager
def busy(office: Office) -> Iterator[None]:
    """As many strangers as may be are being talked to."""
    http: Any = office.worker._jobs._dispatcher.services["bookings"].imports._http  # type: ignore[attr-defined]
    turns, http._turns = http._turns, threading.BoundedSemaphore(1)
    http._turns.acquire()
    yield
    http._turns = turns


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Somebody else's server, which every installation made meanwhile takes for one on the public internet."""
    with elsewhere(tmp_path_factory.mktemp("elsewhere")) as made, Container.public_outbound.override(providers.Callable(made.client)):
        yield made


@pytest.fixture
def there(server: Elsewhere) -> Elsewhere:
    server.pages.clear()
    server.seen.clear()
    server.names.known = {NAME: [[ADDRESS]]}
    return server


@pytest.fixture(scope="module")
def api(server: Elsewhere, settings: Settings) -> Iterator[Api]:
    installation = install(settings)
    yield Api(web(installation))
    installation.container.app_pool().close()
    installation.container.auth_pool().close()


@pytest.fixture(scope="module")
def office(server: Elsewhere, settings: Settings) -> Iterator[Office]:
    with Office.open(settings) as made:
        yield made
