"""A member goes: what is booked with them becomes another's, whole or not at all, and what is theirs alone ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from config.settings import Settings
from plugins.bookings.domain.hours import ended
from tests.agenda import Agenda, a_day
from tests.servers import Api, Reply, owner_of

HOUR = timedelta(hours=1)


def leave(agenda: Agenda, heir: str | None = None, *, who: str = "Owner") -> Reply:
    query = "" if heir is None else f"?reassign_to={agenda.people[heir].id}"
    return agenda.ask("DELETE", f"/api/v1/users/{agenda.organizer}{query}", who=who)


def kinds(refused: Reply) -> dict[str, tuple[int, list[str]]]:
    assert (refused.status, refused.json["code"]) == (409, "owns_things"), refused.body
    return {each["kind"]: (each["count"], [one["title"] for one in each["items"]]) for each in refused.json["owned"] if each["plugin"] == "bookings"}


def of(agenda: Agenda, id: str) -> Any:
    return agenda.get(f"/api/v1/bookings/{id}").json["organizer_id"]


def weekly(agenda: Agenda, start: datetime, count: int = 4) -> dict[str, Any]:
    body = {
        "title": "Pilates", "organizer_id": agenda.organizer, "start_time": start.isoformat(), "end_time": (start + HOUR).isoformat(),
        "rrule": f"FREQ=DAILY;COUNT={count}", "client_ids": agenda.clients[:1],
    }  # fmt: skip
    return agenda.made("/api/v1/bookings/series", body)


def test_without_an_heir_it_is_refused_with_what_is_to_come(agenda: Agenda) -> None:
    start = a_day()
    agenda.booked(start)
    cancelled = agenda.booked(start + 2 * HOUR)
    assert agenda.act(cancelled, "cancel").status == 200
    weekly(agenda, start + 5 * HOUR)
    alone, together = agenda.service(name="Only Rui"), agenda.service(name="Both", organizer_ids=[agenda.organizer, agenda.people["Eva"].id])
    archived = agenda.service(name="Was once")
    assert agenda.ask("DELETE", f"/api/v1/bookings/services/{archived['id']}").status == 204
    for who in ("Owner", "Colaborador"):
        said = kinds(leave(agenda, who=who))
        assert {kind: count for kind, (count, _) in said.items()} == {"booking": 5, "series": 1, "service": 1}
        assert said["booking"][1][0] == f"Session, {start:%Y-%m-%d %H:%M}"
        assert (said["series"][1], said["service"][1]) == (["Pilates"], ["Only Rui"])
    shown = agenda.get(f"/api/v1/bookings/services/{together['id']}").json
    assert agenda.organizer in shown["organizer_ids"]  # a refusal ends nothing
    assert alone["version"] == agenda.get(f"/api/v1/bookings/services/{alone['id']}").json["version"]


@pytest.mark.parametrize("how", ["removed", "leaving, limited", "made a Cliente"])
def test_with_an_heir_what_is_to_come_is_theirs_and_what_is_over_stays(agenda: Agenda, settings: Settings, how: str) -> None:
    eva, start = agenda.people["Eva"].id, a_day()
    room = agenda.room()
    booked = agenda.booked(start, client_ids=agenda.clients[:2], capacity=2, room_id=room)
    pending = agenda.booked(start + 2 * HOUR)
    series = weekly(agenda, start + 5 * HOUR)
    alone, together = agenda.service(), agenda.service(organizer_ids=[agenda.organizer, eva])
    over = agenda.booked(start + 24 * HOUR)
    with owner_of(settings) as owner:
        owner.execute("update bookings set status = 'pending' where id = %s", (pending["id"],))
        for table, names in (("bookings", ("start_time", "end_time")), ("bookings_time", ("starts_at", "ends_at"))):
            values = (datetime.now(UTC) - 3 * HOUR, datetime.now(UTC) - 2 * HOUR, over["id"])
            owner.execute(f"update {table} set {names[0]} = %s, {names[1]} = %s where id = %s", values)
    if how == "removed":
        assert leave(agenda, "Eva").status == 204
    elif how == "made a Cliente":
        path = f"/api/v1/users/{agenda.organizer}/role?reassign_to={eva}"
        assert agenda.ask("PUT", path, {"role": "Cliente"}).status == 200
    else:
        limited = agenda.ask("PUT", f"/api/v1/users/{agenda.organizer}/role", {"role": "Colaborador", "client_scope": "own"})
        assert limited.status == 200
        assert leave(agenda, "Eva", who="Colaborador").status == 204
    moved = [booked["id"], pending["id"], *(each["id"] for each in series["bookings"])]
    assert {of(agenda, id) for id in moved} == {eva}
    assert of(agenda, over["id"]) == agenda.organizer
    assert agenda.get(f"/api/v1/bookings/series/{series['id']}").json["organizer_id"] == eva
    assert [agenda.get(f"/api/v1/bookings/services/{each['id']}").json["organizer_ids"] for each in (alone, together)] == [[eva], [eva]]
    after = agenda.get(f"/api/v1/bookings/{booked['id']}").json
    assert (after["seats_taken"], after["room_id"], after["version"]) == (2, room, booked["version"] + 1)
    assert agenda.book(start, organizer_id=eva).json["taken"]["resource"] == "organizer"  # the time is taken there
    assert agenda.act(series["bookings"][1]["id"], "cancel").status == 200
    with owner_of(settings) as owner:
        left = owner.execute("select count(*) from bookings_time where organizer_id = %s and ends_at > now()", (agenda.organizer,)).fetchone()
        told = "select payload ->> 'booking_id', payload ->> 'to_user' from outbox where workspace_id = %s and name = 'bookings_reassigned'"
        assert sorted(owner.execute(told, (agenda.workspace,)).fetchall()) == sorted((id, eva) for id in moved)
    assert left == (0,)


def test_what_meets_taken_time_is_named_and_nothing_moves(agenda: Agenda) -> None:
    eva, start = agenda.people["Eva"].id, a_day()
    first, second, third = (agenda.booked(start + n * HOUR) for n in (0, 2, 4))
    busy = agenda.booked(start + 2.5 * HOUR, organizer_id=eva, client_ids=agenda.clients[:1])
    service = agenda.service()
    agenda.hours()
    refused = leave(agenda, "Eva")
    assert (refused.status, refused.json["code"]) == (409, "handover_conflicts"), refused.body
    (clash,) = refused.json["conflicts"]
    assert clash["booking_id"] == second["id"]
    assert datetime.fromisoformat(clash["start_time"]) == start + 2 * HOUR
    assert clash["taken"] == {
        "start_time": busy["start_time"].replace("Z", "+00:00"),
        "end_time": busy["end_time"].replace("Z", "+00:00"),
        "resource": "organizer",
    }
    assert agenda.clients[0] not in refused.body.decode()
    assert {of(agenda, each["id"]) for each in (first, second, third)} == {agenda.organizer}
    assert agenda.get(f"/api/v1/bookings/services/{service['id']}").json["organizer_ids"] == [agenda.organizer]
    assert len(agenda.slots(service["id"], start)) > 0  # hours and membership are as they were
    assert agenda.act(busy, "cancel").status == 200
    assert leave(agenda, "Eva").status == 204
    assert {of(agenda, each["id"]) for each in (first, second, third)} == {eva}


def test_a_hold_of_the_heir_is_in_the_way_until_it_is_over(agenda: Agenda, settings: Settings) -> None:
    eva, start = agenda.people["Eva"].id, a_day()
    agenda.booked(start)
    service = agenda.service(organizer_ids=[eva])["id"]
    agenda.made("/api/v1/bookings/holds", {"service_id": service, "organizer_id": eva, "start_time": start.isoformat()})
    assert leave(agenda, "Eva").json["code"] == "handover_conflicts"
    with owner_of(settings) as owner:
        owner.execute("update bookings_time set expires_at = now() where expires_at is not null and organizer_id = %s", (eva,))
    assert leave(agenda, "Eva").status == 204


def test_what_is_theirs_alone_keeps_nobody_and_ends_with_them(agenda: Agenda, settings: Settings) -> None:
    """No heir is needed for hours, time off, feeds, calendars, holds and services that others offer too."""
    eva, day = agenda.people["Eva"].id, a_day()
    agenda.hours(overrides=[{"date": f"{day:%Y-%m-%d}", "opens": "10:00", "closes": "12:00"}])
    feed = urlsplit(agenda.made("/api/v1/bookings/feeds", {}, who="Colaborador")["url"]).path
    off = {"user_id": agenda.organizer, "starts_at": day.isoformat(), "ends_at": (day + HOUR).isoformat()}
    agenda.made("/api/v1/bookings/time-off", off)
    running = agenda.made("/api/v1/bookings/time-off", {**off, "starts_at": (datetime.now(UTC) - HOUR).isoformat()})
    service = agenda.service(organizer_ids=[agenda.organizer, eva])["id"]
    hold = {"service_id": service, "organizer_id": agenda.organizer, "start_time": day.isoformat()}
    agenda.made("/api/v1/bookings/holds", hold)
    with owner_of(settings) as owner:
        owner.execute(
            "insert into bookings_calendar (workspace_id, id, user_id, name, url, status, last_tried_at, events, notes)"
            " values (%(w)s, %(u)s, %(u)s, 'Private', 'x', 'ok', now(), 1, '[]')",
            {"w": agenda.workspace, "u": agenda.organizer},
        )
        owner.execute(
            "insert into bookings_external_busy (workspace_id, calendar_id, user_id, starts_at, ends_at)"
            " values (%(w)s, %(u)s, %(u)s, now(), now() + interval '1 hour')",
            {"w": agenda.workspace, "u": agenda.organizer},
        )
    assert agenda.api.get(feed).status == 200
    assert leave(agenda).status == 204
    assert agenda.api.get(feed).status == 404
    assert agenda.get(f"/api/v1/bookings/services/{service}").json["organizer_ids"] == [eva]
    (kept,) = agenda.get(f"/api/v1/bookings/time-off?user_id={agenda.organizer}").json["items"]
    assert (kept["id"], datetime.fromisoformat(kept["ends_at"]) <= datetime.now(UTC)) == (running["id"], True)
    with owner_of(settings) as owner:
        (schedule,) = owner.execute("select weekly, overrides from bookings_schedule where user_id = %s", (agenda.organizer,)).fetchall()
        assert ({each["until"] for each in schedule[0]}, schedule[1]) == ({f"{datetime.now(UTC):%Y-%m-%d}"}, [])
        for table in ("bookings_calendar", "bookings_external_busy", "bookings_feed where revoked_at is null and", "bookings_time"):
            column = "organizer_id" if table == "bookings_time" else "user_id"
            found = owner.execute(
                f"select count(*) from {table}{'' if table.endswith('and') else ' where'} {column} = %s", (agenda.organizer,)
            ).fetchone()
            assert found == (0,), table
        # Back again, the old address stays dead.
        owner.execute("update user_roles set ended_at = null where user_id = %s", (agenda.organizer,))
    assert agenda.api.get(feed).status == 404


def test_a_cliente_with_a_feed_leaves_without_an_heir(agenda: Agenda) -> None:
    agenda.booked(a_day(), client_ids=agenda.clients[:1])
    feed = urlsplit(agenda.made("/api/v1/bookings/feeds", {}, who="Cliente")["url"]).path
    assert agenda.api.get(feed).status == 200
    assert agenda.ask("DELETE", "/api/v1/users/me", who="Cliente").status == 204
    assert agenda.api.get(feed).status == 404


def test_it_is_the_same_while_the_module_is_off(agenda: Agenda) -> None:
    booked = agenda.booked(a_day())
    module = f"/api/v1/workspaces/{agenda.workspace}/modules/bookings"
    assert agenda.ask("PUT", module, {"enabled": False}).status == 200
    assert kinds(leave(agenda))["booking"][0] == 1
    assert leave(agenda, "Eva").status == 204
    assert agenda.ask("PUT", module, {"enabled": True}).status == 200
    assert of(agenda, booked["id"]) == agenda.people["Eva"].id


def test_another_workspaces_calendar_is_untouched(agenda: Agenda, local: Api, settings: Settings) -> None:
    other = Agenda.new(local, settings, clients=1)
    theirs = other.booked(a_day())
    agenda.booked(a_day())
    assert leave(agenda, "Eva").status == 204
    assert of(other, theirs["id"]) == other.organizer


ORPHANS = (
    "select b.id from bookings b join user_roles r on r.workspace_id = b.workspace_id and r.user_id = b.organizer_id"
    " where b.workspace_id = %(w)s and r.ended_at is not null"
    " union all select s.service_id from bookings_service_staff s join user_roles r on r.workspace_id = s.workspace_id"
    " and r.user_id = s.user_id where s.workspace_id = %(w)s and r.ended_at is not null"
    " union all select t.id from bookings_time t join bookings b on b.workspace_id = t.workspace_id and b.id = t.booking_id"
    " where t.workspace_id = %(w)s and t.organizer_id <> b.organizer_id"
)


@pytest.mark.parametrize("heir", ["Eva", None], ids=["with an heir", "without"])
def test_nothing_booked_at_the_same_moment_is_orphaned(server: Api, settings: Settings, heir: str | None) -> None:
    """Staff, a client and a series book, a service is given to them, while they are removed: everything to come is of somebody who is there."""
    for _ in range(8):
        agenda = Agenda.new(server, settings, clients=2)
        statuses = at_once(agenda, heir)
        assert all(status < 500 for status in statuses), statuses
        with owner_of(settings) as owner:
            assert owner.execute(ORPHANS, {"w": agenda.workspace}).fetchall() == []


def at_once(agenda: Agenda, heir: str | None) -> list[int]:
    start = a_day()
    agenda.hours()
    service = agenda.service(organizer_ids=[agenda.organizer, agenda.people["Eva"].id])["id"]
    series = {
        "title": "Again", "organizer_id": agenda.organizer, "start_time": (start + 3 * HOUR).isoformat(), "end_time": (start + 4 * HOUR).isoformat(),
        "rrule": "FREQ=DAILY;COUNT=3",
    }  # fmt: skip
    acts: list[Callable[[], Reply]] = [
        lambda: leave(agenda, heir),
        lambda: agenda.book(start),
        lambda: agenda.book(start + HOUR, who="Cliente", service_id=service),
        lambda: agenda.post("/api/v1/bookings/series", series),
        lambda: agenda.book(start + 6 * HOUR),
        lambda: agenda.post("/api/v1/bookings/services", {"name": "Late", "duration_minutes": 60, "organizer_ids": [agenda.organizer]}),
    ]
    gate = threading.Barrier(len(acts))

    def act(each: Callable[[], Reply]) -> int:
        gate.wait()
        return each().status

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def test_hours_end_with_a_day() -> None:
    rule: dict[str, Any] = {"weekday": 1, "opens": "09:00", "closes": "17:00", "from": None, "until": None}
    weekly = [rule, {**rule, "until": "2026-03-01"}, {**rule, "until": "2026-09-01"}, {**rule, "from": "2026-06-16"}, {**rule, "from": "2026-06-15"}]
    overrides = [{"date": day, "opens": None, "closes": None} for day in ("2026-06-14", "2026-06-15", "2026-06-16")]
    kept, days = ended(weekly, overrides, datetime(2026, 6, 15, tzinfo=UTC).date())
    assert [(each["from"], each["until"]) for each in kept] == [
        (None, "2026-06-15"), (None, "2026-03-01"), (None, "2026-06-15"), ("2026-06-15", "2026-06-15"),
    ]  # fmt: skip
    assert [each["date"] for each in days] == ["2026-06-14", "2026-06-15"]


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)
