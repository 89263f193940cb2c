"""F14: clocks that are ten minutes off, or jump back: no delivery leased twice, and tokens behave as their leeway says."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import time_machine

from adapters.postgres.outbox import OutboxLeases, leases
from adapters.postgres.pool import Pool
from adapters.postgres.statements import sql
from config.databases import connections
from config.settings import Settings
from tests.servers import Api, Cluster

SKEWS_S = (600, -600, 0, 3_600, -3_600)
DELIVERIES, LEASE_S = 50, 30.0
NOBODY = uuid.UUID(int=0)


def at(seconds: float) -> time_machine.travel:
    """This process's wall clock, so many seconds off and running."""
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)


# Tokens ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later_s", "status"),
    [(0, 200), (590, 200), (625, 200), (635, 401), (1_200, 401), (-25, 200), (-35, 401), (-600, 401)],
)
def test_f14_a_token_holds_for_its_life_and_thirty_seconds_either_way(local: Api, later_s: int, status: int) -> None:
    person = local.signup()
    with at(later_s):
        reply = local.get("/api/v1/me", who=person)
    assert reply.status == status, reply.body
    assert local.get("/api/v1/me", who=person).status == 200  # the clock is right again


@pytest.mark.parametrize(("issuer_s", "status"), [(600, 401), (-600, 200), (-635, 401), (25, 200)])
def test_f14_a_token_from_a_machine_whose_clock_is_off(local: Api, issuer_s: int, status: int) -> None:
    """From the future it has not begun; from the past it lives shorter."""
    with at(issuer_s):
        person = local.signup()
    assert local.get("/api/v1/me", who=person).status == status


# Leases ---------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(cluster: Cluster) -> Iterator[Settings]:
    """Deliveries that may run, in a database of their own."""
    name = cluster.clone(f"fitpro_f14_{uuid.uuid4().hex[:8]}")
    settings = cluster.settings(name)
    with psycopg.connect(settings.database_owner_url or "") as connection:
        connection.execute("set local app.maintenance = 'on'")
        workspace = uuid.uuid4()
        connection.execute("insert into workspaces (id, name) values (%s, 'Clocks')", (workspace,))
        for _ in range(DELIVERIES):
            connection.execute(
                "insert into outbox_deliveries (workspace_id, id, module, handler, arguments, rung_at) values (%s, %s, '', 'a:b', '{}', now())",
                (workspace, uuid.uuid4()),
            )
    yield settings
    cluster.drop(name)


def claimed(settings: Settings) -> list[uuid.UUID]:
    """What workers claim, each by a clock of its own, in turn, until nobody finds more; a delivery leased twice is in it twice."""
    pool = Pool(connections(settings).relay, size=2, name="relay")
    pool.open()
    try:
        workers = [OutboxLeases(pool) for _ in SKEWS_S]
        found: list[uuid.UUID] = []
        for _ in range(DELIVERIES + 1):
            for skew_s, worker in zip(SKEWS_S, workers, strict=True):
                with at(skew_s):
                    delivery = worker.claim("default", NOBODY, LEASE_S)
                    if delivery is not None:
                        found.append(delivery.id)
                        assert worker.renew(delivery, LEASE_S)
        return found
    finally:
        pool.close()


def test_f14_no_delivery_is_leased_twice_by_clocks_that_disagree(waiting: Settings) -> None:
    found = claimed(waiting)
    assert (len(found), len(set(found))) == (DELIVERIES, DELIVERIES)


def test_f14_a_lease_that_is_over_by_the_databases_clock_is_anybodys(waiting: Settings) -> None:
    claimed(waiting)
    with psycopg.connect(waiting.database_owner_url or "") as connection:
        connection.execute("set local app.maintenance = 'on'")
        connection.execute("update outbox_deliveries set locked_until = clock_timestamp() - interval '1 second'")
    assert len(set(claimed(waiting))) == DELIVERIES


def test_f14_a_lease_by_the_workers_own_clock_is_caught(waiting: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault: a worker ten minutes ahead takes everybody's leases for over."""
    name = "_CLAIM"
    right = getattr(leases, name)
    pieces = right.text.split("clock_timestamp()")
    for position in range(1, len(pieces)):
        before, after = "clock_timestamp()".join(pieces[:position]), "clock_timestamp()".join(pieces[position:])
        ahead = f"{before}(clock_timestamp() + interval '600 seconds'){after}"
        monkeypatch.setattr(leases, name, sql(ahead, *right.parameters))
        found = claimed(waiting)
        if len(found) > len(set(found)):
            return
    pytest.fail("no lease was taken twice")
