"""What a process knows of a member is presumed to be so until the database answers: it costs no question, and nothing is told or done by it
that is not so any more. Each change is made behind the process's back, as another process would."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from adapters.postgres import work
from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.security.keyed import owner
from tests.security.seeded import rewritten
from tests.servers import Api, Cluster


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """Its collaborator sees every client, and has asked before."""
    made = Agenda.new(local, settings, clients=3)
    assert made.get("/api/v1/bookings", who="Colaborador").status == 200
    return made


def change(settings: Settings, agenda: Agenda, values: str) -> None:
    with owner(settings) as connection:
        changed = connection.execute(
            f"update user_roles set {values} where workspace_id = %s and user_id = %s",  # type: ignore[arg-type]
            (agenda.workspace, agenda.people["Colaborador"].id),
        )
        assert changed.rowcount == 1


def seen(agenda: Agenda) -> list[Any]:
    listed = agenda.get("/api/v1/bookings", who="Colaborador")
    return [(each["client_ids"], each.get("notes")) for each in listed.json["items"]]


def test_who_was_limited_meanwhile_is_shown_their_own_clients_alone(agenda: Agenda, settings: Settings) -> None:
    agenda.booked(a_day(), capacity=3, client_ids=agenda.clients, notes="for the staff")
    assert seen(agenda) == [(agenda.clients, "for the staff")]
    change(settings, agenda, "client_scope = 'own'")
    assert seen(agenda) == [([], "for the staff")], "theirs, in which none of their clients takes part"
    change(settings, agenda, "client_scope = 'all'")
    assert seen(agenda) == [(agenda.clients, "for the staff")]


def test_who_became_a_client_meanwhile_neither_reads_nor_books_as_staff(agenda: Agenda, settings: Settings) -> None:
    start = a_day()
    agenda.booked(start, capacity=3, client_ids=agenda.clients, notes="for the staff")
    change(settings, agenda, f"role = 'Cliente', client_id = '{agenda.clients[1]}'")
    refused = agenda.book(start.replace(hour=20), who="Colaborador")
    assert (refused.status, refused.json["errors"][0]["message"]) == (422, "Only the staff says that."), refused.body
    assert seen(agenda) == [(agenda.clients[1:2], None)]
    with owner(settings) as connection:
        assert connection.execute("select count(*) from bookings where workspace_id = %s", (agenda.workspace,)).fetchone() == (1,)


def test_who_left_meanwhile_is_a_stranger(agenda: Agenda, settings: Settings) -> None:
    change(settings, agenda, "ended_at = now()")
    assert agenda.get("/api/v1/bookings", who="Colaborador").status == 404
    assert agenda.book(a_day(), who="Colaborador").status == 404


def test_without_the_comparison_the_harness_sees_the_leak(agenda: Agenda, settings: Settings, cluster: Cluster) -> None:
    agenda.booked(a_day(), capacity=3, client_ids=agenda.clients, notes="for the staff")
    assert seen(agenda) == [(agenda.clients, "for the staff")]
    superuser = cluster.server.dsn("postgres", psycopg.conninfo.conninfo_to_dict(settings.database_url or "")["dbname"])
    with rewritten(superuser, "app.enter", lambda body: body.replace("if told <> p_presumed then", "if false then")):
        change(settings, agenda, "client_scope = 'own'")
        assert seen(agenda) == [(agenda.clients, "for the staff")]


def test_asking_who_acts_costs_no_round_trip(agenda: Agenda, monkeypatch: pytest.MonkeyPatch) -> None:
    agenda.booked(a_day(), client_ids=agenda.clients[:1])  # what the workspace has on is known from then on
    assert agenda.book(a_day().replace(hour=19), who="Colaborador").status == 201
    sent: list[int] = []
    exchange = work.UnitOfWork._exchange
    monkeypatch.setattr(work.UnitOfWork, "_exchange", lambda self, batch, *more: (sent.append(len(batch)), exchange(self, batch, *more))[1])
    assert agenda.get("/api/v1/bookings", who="Colaborador").status == 200
    assert len(sent) == 1
    assert agenda.book(a_day().replace(hour=20), who="Colaborador").status == 201
    assert len(sent) == 2
