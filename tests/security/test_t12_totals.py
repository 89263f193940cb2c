"""T12: every list, count and search has the rows of its own workspace, all of them and no other."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.clients.repository import register as repository
from plugins.sdk import sql
from tests.security.documents import operations
from tests.security.oracle import count
from tests.security.seeded import planted
from tests.security.studios import Studio, Studios, canaries
from tests.security.test_t01_isolation import RESTORE_TENANT
from tests.security.wandering import PASSWORD

CLIENTS = "select count(*) from clients where workspace_id = %(ws)s"

BOOKINGS = "select count(*) from bookings where workspace_id = %(ws)s"
QUEUED = (
    "select count(*) from bookings_queue_entry e join bookings_time t on t.workspace_id = e.workspace_id and t.id = e.booking_id"
    " where e.workspace_id = %(ws)s and t.starts_at > now()"
)
OF_CLIENT = "select count(*) from {} where workspace_id = %(ws)s and client_id = %(client)s"

_OF = "(select count(*) from {} where workspace_id = %(ws)s and client_id = %(client)s{})"
TIMELINE = " + ".join(
    (
        "select 1 + coalesce((archived_at = created_at)::int, 0)",
        *(_OF.format(table, "") for table in ("clients_history", "clients_imported", "clients_consent", "bookings_participant")),
        _OF.format("clients_consent", " and withdrawn_at is not null"),
        *(_OF.format(table, " and removed_at is null") for table in ("clients_notes", "clients_exclusion")),
        "(select count(*) from bookings_participant p join bookings b on b.workspace_id = p.workspace_id and b.id = p.booking_id"
        " where p.workspace_id = %(ws)s and p.client_id = %(client)s and (p.status <> 'booked' or b.status = 'cancelled'))"
        " from clients c where workspace_id = %(ws)s and id = %(client)s",
    )
)
SIGNED_IN = "select count(*) from sessions where user_id = %(person)s and revoked_at is null and expires_at > now()"

# List → who asks → the oracle's count for them.
TOTALS: dict[tuple[str, str], str] = {
    ("/api/v1/clients", "Owner"): f"{CLIENTS} and status <> 'archived'",
    ("/api/v1/clients", "Colaborador"): f"{CLIENTS} and status <> 'archived'",
    ("/api/v1/clients", "Cliente"): f"{CLIENTS} and id = %(client)s",
    ("/api/v1/clients?status=archived", "Owner"): f"{CLIENTS} and status = 'archived'",
    ("/api/v1/clients?q=bia", "Owner"): f"{CLIENTS} and search_name like 'bia%%' and status <> 'archived'",
    ("/api/v1/clients?q=bia", "Cliente"): f"{CLIENTS} and id = %(client)s",
    ("/api/v1/clients?tag=comum", "Owner"): f"{CLIENTS} and 'comum' = any (tags) and status <> 'archived'",
    ("/api/v1/clients?tag=comum", "Cliente"): "select 0",
    ("/api/v1/clients/tags", "Owner"): "select count(distinct t) from clients, unnest(tags) t where workspace_id = %(ws)s and status <> 'archived'",
    ("/api/v1/clients/duplicates", "Owner"): (
        "select count(*) from (select from clients_term where workspace_id = %(ws)s and left(term, 2) in ('b:', 'p:') group by term"
        " having count(*) > 1) twins"
    ),
    ("/api/v1/clients/filters", "Owner"): ("select count(*) from clients_filter where workspace_id = %(ws)s and (shared or user_id = %(person)s)"),
    ("/api/v1/clients/imports", "Owner"): "select count(*) from clients_import where workspace_id = %(ws)s",
    ("/api/v1/users", "Owner"): "select count(*) from user_roles where workspace_id = %(ws)s and ended_at is null",
    ("/api/v1/users", "Cliente"): "select 1",
    ("/api/v1/users?role=Colaborador", "Colaborador"): "select count(*) from user_roles where workspace_id = %(ws)s and role = 'Colaborador'",
    ("/api/v1/invitations", "Owner"): "select count(*) from workspaces_invitation where workspace_id = %(ws)s",
    ("/api/v1/invitations", "Colaborador"): "select count(*) from workspaces_invitation where workspace_id = %(ws)s and invited_by = %(person)s",
    ("/api/v1/audit", "Owner"): "select count(*) from audit_logs where workspace_id = %(ws)s",
    ("/api/v1/audit?table=clients&action=insert", "Owner"): (
        "select count(*) from audit_logs where workspace_id = %(ws)s and table_name = 'clients' and action = 'insert'"
    ),
    ("/api/v1/audit/reads", "Owner"): "select count(*) from audit_logs where workspace_id = %(ws)s and action = 'read'",
    ("/api/v1/audit/reads", "Cliente"): "select count(*) from audit_logs where workspace_id = %(ws)s and action = 'read' and client_id = %(client)s",
    ("/api/v1/clients/{client_id}/notes", "Owner"): OF_CLIENT.format("clients_notes") + " and removed_at is null",
    ("/api/v1/clients/{client_id}/notes", "Cliente"): OF_CLIENT.format("clients_notes") + " and removed_at is null and visibility = 'shared'",
    ("/api/v1/clients/{client_id}/exclusions", "Owner"): OF_CLIENT.format("clients_exclusion") + " and removed_at is null",
    ("/api/v1/clients/{client_id}/exclusions", "Cliente"): OF_CLIENT.format("clients_exclusion") + " and removed_at is null",
    ("/api/v1/clients/{client_id}/consents", "Owner"): OF_CLIENT.format("clients_consent"),
    ("/api/v1/clients/{client_id}/consents", "Cliente"): OF_CLIENT.format("clients_consent"),
    ("/api/v1/workspaces/{workspace_id}/domains", "Owner"): "select count(*) from workspaces_domain where workspace_id = %(ws)s",
    ("/api/v1/workspaces/{workspace_id}/keys", "Owner"): "select count(*) from api_keys where workspace_id = %(ws)s",
    ("/api/v1/workspaces", "Cliente"): "select count(*) from user_roles where user_id = %(person)s and ended_at is null",
    ("/api/v1/clients/{client_id}/timeline", "Owner"): TIMELINE,
    ("/api/v1/clients/{client_id}/timeline", "Colaborador"): TIMELINE,
    ("/api/v1/bookings", "Owner"): f"{BOOKINGS} and status <> 'cancelled'",
    ("/api/v1/bookings?status=pending", "Colaborador"): f"{BOOKINGS} and status = 'pending'",
    ("/api/v1/bookings", "Cliente"): (
        f"{BOOKINGS} and status <> 'cancelled' and id in (select booking_id from bookings_participant where client_id = %(client)s)"
    ),
    ("/api/v1/bookings?start_until=2021-01-01T00:00:00Z", "Owner"): f"{BOOKINGS} and status <> 'cancelled' and start_time < '2021-01-01'",
    ("/api/v1/bookings/{booking_id}/participants", "Owner"): "select 1",
    ("/api/v1/bookings/{booking_id}/participants", "Cliente"): "select 1",
    ("/api/v1/bookings/{booking_id}/queue", "Owner"): "select 0",
    ("/api/v1/bookings/queues", "Owner"): QUEUED,
    ("/api/v1/bookings/queues", "Cliente"): f"{QUEUED} and client_id = %(client)s",
    ("/api/v1/bookings/series", "Owner"): "select count(*) from bookings_series where workspace_id = %(ws)s",
    ("/api/v1/bookings/feeds", "Cliente"): "select count(*) from bookings_feed where workspace_id = %(ws)s and user_id = %(person)s",
    ("/api/v1/bookings/calendars", "Colaborador"): "select count(*) from bookings_calendar where workspace_id = %(ws)s and user_id = %(person)s",
    ("/api/v1/bookings/services", "Owner"): "select count(*) from bookings_service where workspace_id = %(ws)s and archived_at is null",
    ("/api/v1/bookings/services", "Cliente"): "select count(*) from bookings_service where workspace_id = %(ws)s and archived_at is null",
    ("/api/v1/bookings/public/services?domain={domain}", "Cliente"): (
        "select count(*) from bookings_service where workspace_id = %(ws)s and archived_at is null and public"
    ),
    ("/api/v1/bookings/rooms", "Cliente"): "select count(*) from bookings_room where workspace_id = %(ws)s and archived_at is null",
    ("/api/v1/bookings/time-off", "Owner"): "select count(*) from bookings_time_off where workspace_id = %(ws)s",
    ("/api/v1/me/sessions", "Owner"): SIGNED_IN,
    ("/api/v1/me/sessions", "Cliente"): SIGNED_IN,
    ("/api/v1/me/consents", "Owner"): "select count(*) from accounts_consent where user_id = %(person)s",
}
INSTALLED = {
    "accounts_list_sign_in_providers": "/auth/oidc",
    "workspaces_list_modules": "/api/v1/workspaces/{workspace_id}/modules",
    "workspaces_list_key_scopes": "/api/v1/workspaces/{workspace_id}/key-scopes",
}
"""Reviewed: lists of what is installed, which has no rows to count; the same in every workspace."""


def everything(studios: Studios, studio: Studio, role: str, path: str) -> list[dict[str, Any]]:
    """Every item of a list, through its pages of three."""
    items: list[dict[str, Any]] = []
    path = path.replace("{workspace_id}", studio.id).replace("{domain}", studio.domain)
    cursor = ""
    while True:
        asked = f"{path}{'&' if '?' in path else '?'}limit=3{cursor}"
        reply = studios.api.get(asked, who=studio.people[role], workspace=studio.id)
        assert reply.status == 200, reply.body
        items += reply.json["items"]
        if reply.json["next_cursor"] is None:
            return items
        cursor = f"&cursor={reply.json['next_cursor']}"


def wrong(studios: Studios) -> list[str]:
    """Lists whose length is not the oracle's."""
    found = []
    with studios.connect() as connection:
        for studio in studios.all.values():
            for (path, role), sql in TOTALS.items():
                given = {"ws": studio.id, "client": studio.clients[0], "person": studio.people[role].id}
                expected = count(connection, sql, **given)
                booked = "select booking_id from bookings_participant where workspace_id = %s order by booking_id limit 1"
                row = connection.execute(booked.encode(), (studio.id,)).fetchone()
                assert row is not None
                asked = path.replace("{client_id}", studio.clients[0]).replace("{workspace_id}", studio.id).replace("{booking_id}", str(row[0]))
                items = everything(studios, studio, role, asked)
                if len(items) != expected or len({str(item) for item in items}) != expected:
                    found.append(f"{path} as {role} in {studio.letter}: {len(items)}, not {expected}")
    return found


def test_t12_every_list_is_as_long_as_the_oracle_says(filled: Studios) -> None:
    assert wrong(filled) == []


def test_t12_counts_inside_answers_are_the_oracles(filled: Studios) -> None:
    with filled.connect() as connection:
        for studio in filled.all.values():
            shown = {item["tag"]: item["clients"] for item in everything(filled, studio, "Owner", "/api/v1/clients/tags")}
            assert shown == {
                tag: count(connection, f"{CLIENTS} and %(tag)s = any (tags) and status <> 'archived'", ws=studio.id, tag=tag) for tag in shown
            }
            assert shown["comum"] == 4 + LETTERS_MORE[studio.letter]


def test_t12_every_documented_list_is_compared(filled: Studios) -> None:
    lists = {
        way.id: way.path for way in operations(filled.api.get("/api/v1/openapi.json").json) if any(p["name"] == "cursor" for p in way.parameters)
    }
    compared = {path.partition("?")[0] for path, _ in TOTALS}
    assert {id: path for id, path in lists.items() if path not in compared} == INSTALLED


def test_t12_what_is_installed_is_told_alike_in_every_workspace(filled: Studios) -> None:
    for path in INSTALLED.values():
        told = [everything(filled, studio, "Owner", path) for studio in filled.all.values()]
        assert told[0] == told[1] == told[2], path
        assert canaries([str(told)]) == set()
        assert told[0] or path == INSTALLED["accounts_list_sign_in_providers"], "no provider is set up here; test_t23_openid has one"


def test_t12_a_count_across_workspaces_is_caught(filled: Studios, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = repository.TAGS.text.replace("c.workspace_id = $1", "(c.workspace_id = $1 or true)")
    monkeypatch.setattr(repository, "TAGS", sql(faulty, "workspace_id", "after", "limit"))
    assert wrong(filled) == []  # the policy still holds
    with planted(filled.superuser, "alter policy tenant on clients using (true) with check (true)", RESTORE_TENANT):
        assert wrong(filled) != []


LETTERS_MORE = {"a": 0, "b": 1, "c": 2}


@pytest.fixture(scope="module")
def filled(studios: Studios) -> Studios:
    """Each studio with another number of clients, some archived, tags in common."""
    for studio in studios.all.values():
        for n in range(5 + LETTERS_MORE[studio.letter]):
            body = {
                "full_name": f"Ana {n}",
                "tags": ["comum", f"t{n}"],
                "status": "archived" if n == 0 else "active",
                "phone": f"+34 60000000{n // 2}",
            }
            assert studios.api.post("/api/v1/clients?allow_duplicate=true", json=body, who=studio.people["Owner"], workspace=studio.id).status == 201
        for n in range(1 + LETTERS_MORE[studio.letter]):  # some became one
            twin = studios.api.post("/api/v1/clients", json={"full_name": f"Twin {n}"}, who=studio.people["Owner"], workspace=studio.id).json["id"]
            path = f"/api/v1/clients/{studio.clients[0]}/merge"
            assert studios.api.post(path, json={"from": twin}, who=studio.people["Owner"], workspace=studio.id).status == 200
        for _ in range(LETTERS_MORE[studio.letter]):  # and some are signed in twice
            cliente = {"email": studio.people["Cliente"].email, "password": PASSWORD}
            assert studios.api.post("/auth/login", json=cliente).status == 200
    return studios
