"""Who takes part is kept with the booking, equal to its participants whoever writes, and in its audit."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.conftest import UNLIKE
from tests.servers import Api, Cluster, owner_of
from tests.upgrading import migrated

JOIN = "insert into bookings_participant (workspace_id, booking_id, client_id, status, joined_at) values (%s, %s, %s, 'booked', now())"


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=4)


def test_whoever_joins_and_leaves_is_told_in_order(agenda: Agenda) -> None:
    a, b, c, _ = sorted(agenda.clients)
    made = agenda.booked(a_day(), capacity=4, client_ids=[c, a])
    assert _attending(agenda, made) == made["client_ids"] == [a, c]
    assert agenda.act(made, "join", {"client_id": b}).status == 200
    assert _attending(agenda, made) == [a, b, c]
    assert agenda.act(made, "leave", {"client_id": a}).status == 204
    assert agenda.act(made, "leave", {"client_id": c}).status == 204
    assert agenda.act(made, "join", {"client_id": c}).status == 200
    assert _attending(agenda, made) == _shown(agenda, made) == [b, c]


def test_a_record_merged_into_another_is_named_by_the_one_that_stays(agenda: Agenda) -> None:
    a, b, c, d = agenda.clients
    made = agenda.booked(a_day(), capacity=4, client_ids=[a, c])
    both = agenda.booked(a_day(), capacity=4, client_ids=[a, b])
    assert agenda.ask("POST", f"/api/v1/clients/{d}/merge", {"from": c}).status == 200
    assert agenda.ask("POST", f"/api/v1/clients/{a}/merge", {"from": b}).status == 200
    assert _attending(agenda, made) == _shown(agenda, made) == sorted([a, d])
    assert _attending(agenda, both) == _shown(agenda, both) == [a]


def test_of_two_at_once_both_are_named_without_a_lock_of_ours(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), capacity=4, client_ids=[])
    first, second = agenda.clients[:2]
    with owner_of(agenda.settings) as one, owner_of(agenda.settings) as other:
        other.execute("set local lock_timeout = '20s'")
        one.execute(JOIN, (agenda.workspace, made["id"], first))
        waiting = threading.Thread(target=other.execute, args=(JOIN, (agenda.workspace, made["id"], second)))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()  # for the booking's row, with a snapshot in which nobody has come
        one.commit()
        waiting.join(5)
    assert _attending(agenda, made) == sorted([first, second])


def test_many_who_come_or_go_at_once_are_one_change(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), capacity=10, client_ids=[])
    with owner_of(agenda.settings) as owner:
        owner.execute(
            "insert into bookings_participant (workspace_id, booking_id, client_id, status, joined_at)"
            " select %s, %s, unnest(%s::uuid[]), 'booked', now()",
            (agenda.workspace, made["id"], agenda.clients),
        )
        owner.execute("update bookings_participant set status = 'left' where booking_id = %s and client_id <> %s", (made["id"], agenda.clients[2]))
    assert _attending(agenda, made) == [agenda.clients[2]]
    assert _changes(agenda, made) == [[], sorted(agenda.clients), [agenda.clients[2]]]


def test_nobody_is_named_who_does_not_take_part(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), client_ids=agenda.clients[:1])
    with owner_of(agenda.settings) as owner, pytest.raises(psycopg.errors.CheckViolation, match="follows from the participants"):
        owner.execute("update bookings set attending = %s::uuid[] where id = %s", (agenda.clients[1:2], made["id"]))
    with owner_of(agenda.settings) as owner:
        owner.execute("delete from bookings_participant where booking_id = %s", (made["id"],))
    assert _attending(agenda, made) == []


def test_what_was_booked_before_an_upgrade_is_named_after_it_without_an_entry(cluster: Cluster) -> None:
    settings = cluster.settings(cluster.clone("fitpro_attending"))
    installation = install(settings)
    agenda = Agenda.new(Api(web(installation)), settings, clients=3)
    made = agenda.booked(a_day(), capacity=4, client_ids=agenda.clients)
    assert agenda.act(made, "leave", {"client_id": agenda.clients[1]}).status == 204
    agenda.booked(a_day(), client_ids=[])
    installation.container.app_pool().close()
    installation.container.auth_pool().close()
    entries = "select count(*) from audit_logs"
    with migrated(settings, "bookings", "bookings_0011"), owner_of(settings) as owner:
        before = owner.execute(entries).fetchone()
    with owner_of(settings) as owner:
        assert owner.execute(entries).fetchone() == before
        assert owner.execute(UNLIKE).fetchall() == []
    assert _attending(agenda, made) == [agenda.clients[0], agenda.clients[2]]


def test_the_audit_tells_who_came_and_who_joined_and_left(agenda: Agenda) -> None:
    a, b, *_ = agenda.clients
    made = agenda.booked(a_day(), capacity=4, client_ids=[a])
    with owner_of(agenda.settings) as owner:  # raw SQL is no way around it
        owner.execute(JOIN, (agenda.workspace, made["id"], b))
        owner.execute("update bookings_participant set status = 'left' where booking_id = %s and client_id = %s", (made["id"], a))
        told = owner.execute(
            "select table_name, action, before, after from audit_logs where workspace_id = %s and record_id = %s order by seq",
            (agenda.workspace, made["id"]),
        ).fetchall()
    of_booking = [(action, before, after) for table, action, before, after in told if table == "bookings"]
    assert of_booking[0][0] == "insert"
    assert of_booking[0][2]["attending"] == [a]
    assert of_booking[1] == ("update", {"attending": [a]}, {"attending": sorted([a, b])})
    assert of_booking[2] == ("update", {"attending": sorted([a, b])}, {"attending": [b]})
    left = {"status": "left", "left_title": made["title"], "left_start": made["start_time"], "left_end": made["end_time"]}
    assert [
        (action, {name: value.replace("+00:00", "Z") for name, value in after.items()})
        for table, action, _, after in told if table == "bookings_participant"
    ] == [("update", left)]  # fmt: skip


def test_who_may_not_see_the_others_finds_themself_alone_and_the_seats_counted(agenda: Agenda) -> None:
    own, *others = agenda.clients
    day = a_day()
    made = agenda.booked(day, capacity=4, client_ids=agenda.clients)
    assert _shown(agenda, made) == sorted(agenda.clients)
    for path in (f"/api/v1/bookings/{made['id']}", f"/api/v1/bookings?view=day&date={day:%Y-%m-%d}"):
        answer = agenda.get(path, who="Cliente")
        assert answer.status == 200, answer.body
        seen = answer.json["items"][0] if "items" in answer.json else answer.json
        assert (seen["client_ids"], seen["seats_taken"]) == ([own], 4)
        assert not any(other.encode() in answer.body for other in others)


def _attending(agenda: Agenda, made: dict[str, Any]) -> list[str]:
    with owner_of(agenda.settings) as owner:
        row = owner.execute("select attending::text[] from bookings where id = %s", (made["id"],)).fetchone()
    assert row is not None
    return list(row[0])


def _changes(agenda: Agenda, made: dict[str, Any]) -> list[list[str]]:
    """Who took part after each entry of the booking's audit."""
    with owner_of(agenda.settings) as owner:
        rows = owner.execute(
            "select after -> 'attending' from audit_logs where table_name = 'bookings' and record_id = %s order by seq", (made["id"],)
        )
        return [row[0] for row in rows.fetchall()]


def _shown(agenda: Agenda, made: dict[str, Any]) -> list[str]:
    return list(agenda.get(f"/api/v1/bookings/{made['id']}").json["client_ids"])
