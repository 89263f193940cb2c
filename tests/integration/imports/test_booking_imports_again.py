"""Calendars that people have elsewhere are read again: every hour, when somebody asks, and sealed anew with a new key."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from adapters.local.encryption import AesGcmEncryption
from adapters.outbound.public import PublicHttp
from config.bootstrap import install
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from plugins.bookings.tasks import _SPREAD_S
from ports.outbound import OutboundReply
from tests.agenda import Agenda, a_day
from tests.elsewhere import ADDRESS, NAME, Elsewhere
from tests.integration.imports.calendars import CALENDARS, a_file, added, stored
from tests.office import Office, tick
from tests.servers import owner_of

HOUR = timedelta(hours=1)


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
        not_soon(agenda, there.url("/rui.ics"))
        added(agenda, there.url("/eva.ics"), who="Eva")
        assert agenda.ask("DELETE", f"/api/v1/users/{agenda.people['Eva'].id}").status == 204
        an_hour_later(agenda, settings)
        new = added(agenda, there.url("/new.ics"))
        there.seen.clear()
        there.pages["/rui.ics"] = a_file()
        assert tick(settings, "bookings:refresh_calendars") >= 1
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

    def test_a_server_has_longer_when_nobody_waits_for_the_answer(
        self, agenda: Agenda, there: Elsewhere, office: Office, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits, request = list[float | None](), PublicHttp.request

        def told(http: PublicHttp, *given: Any, **more: Any) -> OutboundReply:
            waits.append(more["deadline_s"])
            return request(http, *given, **more)

        monkeypatch.setattr(PublicHttp, "request", told)
        there.pages["/a.ics"] = a_file(a_day())
        added(agenda, there.url("/a.ics"))
        an_hour_later(agenda, settings)
        tick(settings, "bookings:refresh_calendars")
        office.work()
        now_is_then(agenda, settings)
        office.work()
        assert waits == [None, 15.0]

    def test_while_too_many_are_being_read_it_is_put_off(self, agenda: Agenda, there: Elsewhere, office: Office, settings: Settings) -> None:
        there.pages["/a.ics"] = a_file(a_day())
        not_soon(agenda, there.url("/a.ics"))
        an_hour_later(agenda, settings)
        tick(settings, "bookings:refresh_calendars")
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


def not_soon(agenda: Agenda, url: str) -> None:
    """A calendar whose own minute, which its id says, comes after the test."""
    while uuid.UUID((made := added(agenda, url))["id"]).int % _SPREAD_S < 900:
        assert agenda.ask("DELETE", f"{CALENDARS}/{made['id']}", who="Colaborador").status == 204


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
