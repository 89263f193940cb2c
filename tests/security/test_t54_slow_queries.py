"""T54: a statement that takes too long is stopped after 5 s with 503, whatever it does meanwhile, and the pool is whole again at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from adapters.postgres.statements import sql
from config.settings import Settings
from plugins.clients.repository import register
from tests.servers import Api, Cluster, Person, Reply, owner_of

LIMIT_S, TOLERANCE_S = 5.0, 0.5
SLOWEST_S = 30.0
"""A busy machine comes late to tell of it; without the limit it would be a minute."""
SLOW = {
    "asleep": "select pg_sleep(60)::text as full_name where $1::uuid is not null",
    "joining everything": (
        "select count(*)::text as full_name from generate_series(1, 200000) a, generate_series(1, 200000) b where $1::uuid is not null"
    ),
}


@dataclass(frozen=True)
class Desk:
    """Somebody with a client to ask for."""

    api: Api
    who: Person
    path: str

    def ask(self) -> tuple[Reply, float]:
        began = time.monotonic()
        reply = self.api.get(self.path, who=self.who)
        return reply, time.monotonic() - began


@pytest.fixture(scope="module")
def desk(local: Api) -> Desk:
    owner = local.signup()
    workspace = local.workspace(owner)
    made = local.post("/api/v1/clients", json={"full_name": "Bia"}, who=owner, workspace=workspace)
    return Desk(local, owner, f"/api/v1/clients/{made.json['id']}")


def judged(answers: list[tuple[Reply, float]]) -> list[str]:
    """What is not a 503 after five seconds, or as many more as a busy machine takes to tell."""
    return [
        f"{reply.status} after {seconds:.1f} s"
        for reply, seconds in answers
        if reply.status != 503
        or reply.json["code"] != "timeout"
        or not LIMIT_S - TOLERANCE_S <= seconds < SLOWEST_S
        or "Retry-After" not in reply.headers
    ]


@pytest.mark.parametrize("kind", ["asleep", pytest.param("joining everything", marks=pytest.mark.torture)])
def test_t54_as_many_slow_statements_as_there_are_connections_are_stopped_and_leave_the_pool_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with monkeypatch.context() as patched, ThreadPoolExecutor(4) as crowd:
        patched.setattr(register, "GET", sql(SLOW[kind], "client_id"))
        waiting = [crowd.submit(desk.ask) for _ in range(4)]
        answers = [each.result() for each in waiting]
    assert judged(answers) == []
    print(f"T54 {kind}: {', '.join(f'{seconds:.2f} s' for _, seconds in answers)}")
    began = time.monotonic()
    with ThreadPoolExecutor(8) as crowd:
        after = list(crowd.map(lambda _: desk.ask()[0].status, range(32)))
    assert after == [200] * 32
    assert time.monotonic() - began < SLOWEST_S


@pytest.fixture
def unlimited(cluster: Cluster) -> Iterator[None]:
    """The seeded fault: a role that may take as long as it likes."""
    with cluster.superuser() as connection:
        row: Any = connection.execute("select rolconfig from pg_roles where rolname = 'fitpro_app'").fetchone()
        before = next(each.partition("=")[2] for each in row[0] if each.startswith("statement_timeout="))
        connection.execute("alter role fitpro_app set statement_timeout = 0")
        _reconnect(connection)
        yield
        connection.execute(f"alter role fitpro_app set statement_timeout = '{before}'".encode())
        _reconnect(connection)


def _reconnect(connection: psycopg.Connection[Any]) -> None:
    connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'fitpro_app' and pid <> pg_backend_pid()")


def test_t54_a_role_without_a_limit_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch, unlimited: None) -> None:
    monkeypatch.setattr(register, "GET", sql(SLOW["asleep"].replace("pg_sleep(60)", "pg_sleep(5.8)"), "client_id"))
    assert judged([desk.ask()]) != []


def test_t54_the_limits_are_on_the_roles(cluster: Cluster) -> None:
    with cluster.superuser() as connection:
        found = dict(connection.execute("select rolname, rolconfig from pg_roles where rolname in ('fitpro_app', 'fitpro_auth')").fetchall())
    for role, settings in found.items():
        assert {"statement_timeout=5000ms", "statement_timeout=5s", "statement_timeout=5000"} & set(settings), (role, settings)


def test_t54_a_plan_made_of_an_empty_table_serves_a_full_one(cluster: Cluster) -> None:
    """A kept plan that reads a whole table is quick on the day it is made, and takes seconds a month later."""
    settings = cluster.settings(cluster.clone("fitpro_first_day"))  # of its own: in the shared one others have made rooms

    def plan(*, of_old: bool) -> str:
        with psycopg.connect(settings.database_url) as connection:
            if of_old:
                connection.execute("set enable_seqscan = on")
            connection.execute("set plan_cache_mode = force_generic_plan")
            connection.execute("prepare one (uuid, uuid) as select name from bookings_room where workspace_id = $1 and id = $2")
            return str(connection.execute("explain execute one (gen_random_uuid(), gen_random_uuid())").fetchall())

    with owner_of(settings) as owner:
        owner.execute("analyze bookings_room")
    assert "Index Scan" in plan(of_old=False)
    assert "Seq Scan" in plan(of_old=True)


def test_t54_whether_a_booking_is_a_clients_own_is_looked_up_in_a_hash(cluster: Cluster, settings: Settings) -> None:
    """Compared one by one, all the bookings of one client cost the square of their number."""

    def plan(*rules: str) -> str:
        with psycopg.connect(cluster.server.dsn("postgres", "fitpro_shared")) as connection:
            for rule in rules:
                connection.execute(rule.encode())
            connection.execute(
                "select set_config('app.' || name, gen_random_uuid()::text, true) from unnest('{workspace_id,user_id,client_id}'::text[]) name"
            )
            connection.execute("set local role fitpro_app")
            found = str(connection.execute("explain select id from bookings").fetchall())
            connection.rollback()
            return found

    assert "hashed SubPlan" in plan()
    own = "(select app.client() is null) or id = any ((select app.bookings_mine())::uuid[])"
    assert plan(f"alter policy cliente on bookings using ({own})").count("hashed SubPlan") < plan().count("hashed SubPlan")
