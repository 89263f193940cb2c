"""T39: each role gets the fields meant for it and no other; what the staff writes about a client never reaches the client."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.documented import Documented, World, world
from tests.security.seeded import planted
from tests.servers import Api, Cluster, Person, Reply

STAFFS = {"notes", "tags", "assigned_to", "lifecycle_stage", "lifecycle_since", "custom_fields", "merged_into"}
STAFF_ONLY = {
    # operation → fields a Cliente never sees in its answers, though the Owner and the Colaborador do.
    "clients_list_clients": STAFFS,
    "clients_get_client": STAFFS,
}
WHETHER = ("secrets",)
"""Reviewed: which secret settings of a module are set, never what they are (test_secret_settings)."""
SECRETS = ("password", "hash", "sealed", "secret", "search_name", "workspace_id", "ended_at", "session_id")


@dataclass
class Stocked(World):
    """places: operation → the path of a record that every role may see something of, where the first that is found is not one."""

    places: dict[str, str] = field(default_factory=dict)


def shown(value: Any, at: str = "") -> Iterator[str]:
    """The path of every field in an answer, list positions left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{at}/{name}"
            yield from shown(inner, f"{at}/{name}")
    elif isinstance(value, list):
        for each in value:
            yield from shown(each, at)


def allowed(operation: Documented, schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, bool]]:
    """The path of every documented field, and whether anything may be below it."""
    schema = operation.resolved(schema)
    if "items" in schema:
        yield from allowed(operation, schema["items"], at)
    for name, inner in schema.get("properties", {}).items():
        resolved = operation.resolved(inner)
        yield f"{at}/{name}", not resolved.get("properties") and "items" not in resolved
        yield from allowed(operation, inner, f"{at}/{name}")


def extra(here: Stocked) -> list[str]:
    """Every field of every answer to every role that the document does not grant to it."""
    found = []
    for who, person in everyone(here).items():
        for operation in reads(here):
            reply = ask(here, operation, who, person)
            if reply.status != 200 or reply.headers["Content-Type"] != "application/json":
                continue  # a file's columns are the schema's of the list it is made of
            schema = operation.answer_schema
            assert schema is not None, operation
            granted = dict(allowed(operation, schema))
            hidden = STAFF_ONLY.get(str(operation), set()) if who == "Cliente" else set()
            for path in set(shown(reply.json)):
                free = any(below and path.startswith(f"{parent}/") for parent, below in granted.items())
                name = path.rsplit("/", 1)[-1]
                if (
                    (path not in granted and not free)
                    or name in hidden
                    or (not free and name not in WHETHER and any(secret in name for secret in SECRETS))
                ):
                    found.append(f"{who} {operation} {path}")
    return sorted(found)


def everyone(here: Stocked) -> dict[str, Person]:
    return {"Owner": here.owner, "Colaborador": here.staff, "Cliente": here.cliente}


def reads(here: Stocked) -> list[Documented]:
    return [each for each in here.operations if each.method == "GET"]


def ask(here: Stocked, operation: Documented, who: str, person: Person) -> Reply:
    """A read of something that the role may see: of members a Cliente sees themself, of invitations a Colaborador their own."""
    path = here.path(operation)
    if (str(operation), who) == ("workspaces_get_user", "Cliente"):
        path = f"/api/v1/users/{person.id}"
    if (str(operation), who) == ("workspaces_get_invitation", "Colaborador"):
        own = here.api.get("/api/v1/invitations", who=person, workspace=here.workspace).json["items"]
        path = f"/api/v1/invitations/{own[0]['id'] if own else uuid.uuid4()}"
    if str(operation) == "workspaces_get_branding":
        path += f"?domain={here.workspace}.example.org"
    path = here.places.get(str(operation), path)
    if operation.path.startswith("/api/v1/bookings/public/"):
        service = here.bookable()["service_id"]
        path += f"?domain={here.workspace}.example.org"
        path += f"&service={service}&from=2031-01-01&to=2031-01-02" if operation.path.endswith("/availability") else ""
    return here.call(operation, who=person, path=path)


NOTHING = {"accounts_list_sign_in_providers", "accounts_get_sign_in_departure", "accounts_get_sign_in_arrival"}
"""Reviewed: this installation has no OpenID provider; with one: test_t23_openid."""


def silent(here: Stocked, gateway: Gateway) -> list[str]:
    """Reads that show nothing to a role that they let in, about whose fields nothing is found therefore."""
    roles = {compiled.operation.id: compiled.operation.roles for compiled in gateway.compiled.values()}
    found = []
    for who, person in everyone(here).items():
        for operation in reads(here):
            if str(operation) not in NOTHING and who in (roles[str(operation)] or (who,)):
                reply = ask(here, operation, who, person)
                if reply.status != 200 or (operation.listing and not reply.json["items"]):
                    found.append(f"{who} {operation} {reply.status}")
    return found


def test_t39_every_read_shows_something_to_every_role_it_lets_in(here: Stocked, gateway: Gateway) -> None:
    nothing = silent(here, gateway)
    assert nothing == [], "\n".join(nothing)


def test_t39_a_read_that_shows_nothing_is_told(here: Stocked, gateway: Gateway) -> None:
    notes = f"/api/v1/clients/{here.client_id}/notes"
    for note in here.api.get(notes, who=here.owner, workspace=here.workspace).json["items"]:
        assert here.api.delete(f"{notes}/{note['id']}", who=here.owner, workspace=here.workspace).status == 204
    assert {"Owner clients_list_notes 200", "Cliente clients_list_notes 200"} <= set(silent(here, gateway))


def test_t39_no_role_gets_a_field_beyond_its_own(here: Stocked) -> None:
    assert extra(here) == []


def test_t39_the_matrix_is_exact_for_a_client_record(here: Stocked) -> None:
    """The staff does see what a Cliente does not: the empty result above is not for want of data."""
    fields = {who: {operation: set(named(here, operation, person)) for operation in STAFF_ONLY} for who, person in everyone(here).items()}
    for operation, hidden in STAFF_ONLY.items():
        assert fields["Owner"][operation] == fields["Colaborador"][operation]
        assert fields["Owner"][operation] - fields["Cliente"][operation] == hidden


def named(here: Stocked, id: str, person: Person) -> set[str]:
    operation = next(each for each in here.operations if str(each) == id)
    body = here.call(operation, who=person).json
    return set((body["items"][0] if operation.listing else body).keys())


def test_t39_the_notes_of_the_staff_never_reach_the_client(here: Stocked) -> None:
    """A canary in every text of the staff's, looked for in every answer to every request of the Cliente, ways around included."""
    canary = f"canary-{uuid.uuid4().hex}"
    body = {"notes": canary, "tags": [canary]}
    assert here.api.patch(f"/api/v1/clients/{here.client_id}", json=body, who=here.owner, workspace=here.workspace).status == 200
    private = here.api.post(f"/api/v1/clients/{here.client_id}/notes", json={"body": canary}, who=here.staff, workspace=here.workspace)
    shown = here.api.get(f"/api/v1/clients/{here.client_id}/notes", who=here.owner, workspace=here.workspace)
    assert (private.status, canary.encode() in shown.body) == (201, True)
    read, seen = 0, []
    for operation in here.operations:
        options = {"json": here.body(operation)} if operation.body_schema else {}
        paths = [here.path(operation)]
        if operation.listing:
            around = {"q": canary, "tag": canary, "sort": "notes", "fields": "notes", "include": "notes", "expand": "notes"}
            paths += [f"{paths[0]}?{name}={value}" for name, value in around.items()]
        for path in paths:
            if str(operation) in ("accounts_create_logout", "workspaces_delete_own_membership"):
                continue
            reply = here.call(operation, who=here.cliente, path=path, **options)
            read += reply.status == 200
            if canary.encode() in reply.body or canary in json.dumps(dict(reply.headers)):
                seen.append((str(operation), path))
    assert read >= 6
    assert not seen
    found = here.api.get("/api/v1/clients?q=canary", who=here.cliente, workspace=here.workspace).json["items"]
    tagged = here.api.get(f"/api/v1/clients?tag={canary}", who=here.cliente, workspace=here.workspace)
    assert (found, tagged.status == 403 or tagged.json["items"] == []) == ([], True), "a filter on a hidden field tells what it is"


@pytest.mark.parametrize("operation", ["clients_get_client", "clients_list_clients"])
def test_t39_an_answer_without_its_allow_list_is_noticed(here: Stocked, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    compiled = next(each for each in gateway.compiled.values() if each.operation.id == operation)
    monkeypatch.setattr(compiled, "dump", lambda item: {**item, "search_name": "clara cliente", "notes": "n"})
    found = extra(here)
    assert f"Cliente {operation} {'/items' if 'list' in operation else ''}/notes" in found
    assert f"Owner {operation} {'/items' if 'list' in operation else ''}/search_name" in found


def test_t39_a_note_that_the_database_no_longer_hides_is_noticed(here: Stocked, cluster: Cluster, settings: Settings) -> None:
    """Seeded: the policy of notes shows a Cliente whatever is about them."""
    dsn = cluster.server.dsn("postgres", (settings.database_url or "").split("/")[-1].split("?")[0])
    rows = "((select app.client() is null) or client_id = (select app.client()){})"
    hidden = rows.format(" and visibility = 'shared' and removed_at is null")
    here.api.post(f"/api/v1/clients/{here.client_id}/notes", json={"body": "between us"}, who=here.staff, workspace=here.workspace)
    path = f"/api/v1/clients/{here.client_id}/notes"
    with planted(dsn, f"alter policy cliente on clients_notes using {rows.format('')}", f"alter policy cliente on clients_notes using {hidden}"):
        assert b"between us" in here.api.get(path, who=here.cliente, workspace=here.workspace).body
    assert b"between us" not in here.api.get(path, who=here.cliente, workspace=here.workspace).body


@pytest.fixture
def here(local: Api, settings: Settings, cluster: Cluster) -> Stocked:
    """With something of every kind in it."""
    made = Stocked(**vars(world(local, settings)))
    of_client, twin = f"/api/v1/clients/{made.client_id}", {"full_name": "Clara Cliente", "phone": "+34600000000"}
    everything: tuple[tuple[Person, str, str, dict[str, Any]], ...] = (
        (made.owner, "PATCH", of_client, {"tags": ["strength"], "phone": twin["phone"]}),
        (made.owner, "POST", "/api/v1/clients?allow_duplicate=true", twin),
        (made.owner, "POST", f"{of_client}/notes", {"body": "For you.", "visibility": "shared"}),
        (made.owner, "POST", f"{of_client}/exclusions", {"kind": "sick", "starts_on": "2026-03-01", "reason": "A cold."}),
        (made.owner, "POST", "/api/v1/clients/filters", {"name": "Strong", "shared": True, "query": {"tag": "strength"}}),
        (made.owner, "POST", f"/api/v1/workspaces/{made.workspace}/domains", {"domain": f"{made.workspace}.example.org"}),
        (made.owner, "POST", f"/api/v1/workspaces/{made.workspace}/keys", {"name": "A key", "scopes": ["clients:read"]}),
        (made.owner, "PUT", f"/api/v1/workspaces/{made.workspace}/modules/bookings", {"enabled": True, "settings": {"public_page": True}}),
        (made.staff, "POST", "/api/v1/users", {"email": f"{uuid.uuid4().hex}@example.com", "role": "Cliente"}),
    )
    for who, method, path, body in everything:
        done = local.request(method, path, json=body, who=who, workspace=made.workspace)
        assert done.status in (200, 201), (path, done.body)
    with cluster.superuser((settings.database_url or "").split("/")[-1].split("?")[0]) as connection:
        connection.execute(
            "insert into claims (workspace_id, kind, value) values (%s, 'domain', %s)", (made.workspace, f"{made.workspace}.example.org")
        )
        connection.execute("update workspaces_domain set state = 'verified' where workspace_id = %s", (made.workspace,))
        for person in everyone(made).values():  # past the product, which would read it at once
            connection.execute(
                "insert into bookings_calendar (workspace_id, id, user_id, name, url, status, last_tried_at, events, notes)"
                " values (%s, %s, %s, 'Elsewhere', 'sealed', 'ok', now(), 0, '[]')",
                (made.workspace, uuid.uuid4(), person.id),
            )
    made.places = calendar(made)
    return made


def calendar(here: World) -> dict[str, str]:
    """Fill it, with the Cliente in an appointment, in a class and in the queue of another; what each read is asked about."""
    agenda, day = Agenda(here.api, here.settings, here.workspace, everyone(here), [here.client_id]), a_day()
    agenda.hours()
    agenda.room()
    service, of_class = agenda.service(), agenda.service(capacity=2)
    others = [agenda.made("/api/v1/clients", {"full_name": f"{name} Outra"})["id"] for name in ("Rita", "Vera")]
    own = agenda.booked(day, service_id=service["id"], client_ids=[here.client_id])
    joined = agenda.booked(day + timedelta(hours=2), service_id=of_class["id"], client_ids=[here.client_id])
    full = agenda.booked(day + timedelta(hours=4), service_id=of_class["id"], client_ids=others)
    assert agenda.act(full, "queue", who="Cliente").status == 201
    rule = {"rrule": "FREQ=WEEKLY;COUNT=2", "title": "Weekly", "organizer_id": agenda.organizer, "client_ids": [here.client_id]}
    times = {"start_time": (day + timedelta(hours=6)).isoformat(), "end_time": (day + timedelta(hours=7)).isoformat()}
    agenda.made("/api/v1/bookings/series", {**rule, **times})
    away = {"starts_at": (day + timedelta(days=1)).isoformat(), "ends_at": (day + timedelta(days=2)).isoformat()}
    for who, person in everyone(here).items():
        address = agenda.made("/api/v1/bookings/feeds", {"mode": "full"}, who=who)["url"]
        if who != "Cliente":
            agenda.made("/api/v1/bookings/time-off", {**away, "user_id": person.id}, who=who)
    bookings = "/api/v1/bookings"
    return {
        "bookings_get_booking": f"{bookings}/{own['id']}", "bookings_list_participants": f"{bookings}/{joined['id']}/participants",
        "bookings_list_queue": f"{bookings}/{full['id']}/queue", "bookings_get_ical": urlsplit(address).path,
        "bookings_get_kpis": f"{bookings}/kpis?from={day:%Y-%m-%d}&to={day:%Y-%m-%d}",
        "bookings_get_availability": f"{bookings}/availability?service={service['id']}&from={day:%Y-%m-%d}&to={day:%Y-%m-%d}",
    }  # fmt: skip
