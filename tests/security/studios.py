"""Three workspaces with the same cast, whose every text carries a canary saying whose it is."""

from __future__ import annotations

import base64
import binascii
import functools
import re
import secrets
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from config.settings import Settings
from kernel.ids import new_id
from tests.invited import invite
from tests.security.calendars import Calendar
from tests.servers import Api, Person, add_member

LETTERS = "abc"
CANARY = re.compile(r"zq[0-9a-f]{6}([abc])([ws012])zq")
"""`zq`, the run, whose workspace, for whom (w: every member, s: the staff, a digit: that client and the staff), `zq`."""
_SIGNED = re.compile(r"[A-Za-z0-9_-]{24,}")


@dataclass
class Studio:
    """A workspace: its members by role, a further Colaborador, three clients of whom the first is the Cliente."""

    letter: str
    run: str
    id: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    further: Person | None = None
    clients: list[str] = field(default_factory=list)
    invitation: str = ""

    def canary(self, scope: str) -> str:
        return f"zq{self.run}{self.letter}{scope}zq"

    @property
    def domain(self) -> str:
        """A name it has verified."""
        return f"{self.letter}{self.run}.example.org"

    @property
    def everybody(self) -> list[Person]:
        assert self.further is not None
        return [*self.people.values(), self.further]


@dataclass(frozen=True)
class Studios:
    """The three of them. superuser: a conninfo that sees everything, for oracles and faults."""

    api: Api
    settings: Settings
    superuser: str
    run: str
    all: dict[str, Studio]
    kept: list[psycopg.Connection[Any]] = field(default_factory=list)  # for repairs, of which there are many

    def __getitem__(self, letter: str) -> Studio:
        return self.all[letter]

    def others(self, letter: str) -> list[Studio]:
        return [studio for studio in self.all.values() if studio.letter != letter]

    def close(self) -> None:
        while self.kept:
            self.kept.pop().close()

    def connect(self) -> psycopg.Connection[Any]:
        """As the superuser, in autocommit."""
        return psycopg.connect(self.superuser, autocommit=True)

    def one(self, table: str, studio: Studio) -> str:
        """The id of some row of the studio."""
        with self.connect() as connection:
            found = connection.execute(f"select id from {table} where workspace_id = %s limit 1".encode(), (studio.id,)).fetchone()
        return str(found[0]) if found else str(uuid.uuid4())

    def repair(self, letter: str) -> None:
        """Undo what members may do to themselves: sign out, prove addresses, leave, change roles, switch modules off, take consents back."""
        studio = self[letter]
        if not self.kept:
            self.kept.append(self.connect())
        connection = self.kept[0]
        with connection.pipeline(), connection.transaction():  # one round trip
            connection.execute("set local session_replication_role = replica")
            connection.execute("update sessions set revoked_at = null where user_id = any (%s::uuid[])", ([p.id for p in studio.everybody],))
            unproven = "update users set email_verified_at = null where id = any (%s::uuid[]) and email_verified_at is not null"
            connection.execute(unproven, ([p.id for p in studio.everybody],))
            for role, person in (*studio.people.items(), ("Colaborador", studio.further)):
                assert person is not None
                client = studio.clients[0] if role == "Cliente" else None
                connection.execute(
                    "update user_roles set ended_at = null, role = %s, client_id = %s, client_scope = 'all' where workspace_id = %s and user_id = %s"
                    " and (ended_at is not null or role <> %s or client_id is distinct from %s or client_scope <> 'all')",
                    (role, client, studio.id, person.id, role, client),
                )
            for row in _DOMAIN:
                connection.execute(row.encode(), {"ws": studio.id, "id": new_id(), "value": studio.domain})
            connection.execute(
                "update clients_consent set withdrawn_at = null, withdrawn_by = null where workspace_id = %s and client_id = %s and decides",
                (studio.id, studio.clients[0]),
            )
            attested = "update clients_consent set given_by = 'staff_attested' where workspace_id = %s and client_id = %s and withdrawn_at is null"
            connection.execute(attested, (studio.id, studio.clients[0]))
            connection.execute(
                # Also whose it is and to what: made an Owner's or for an Owner, its Colaborador could not touch it again.
                "update workspaces_invitation set accepted_at = null, revoked_at = null, expires_at = now() + interval '1 hour',"
                " role = 'Cliente', client_id = null, client_scope = 'all', invited_by = %s where id = %s",
                (studio.people["Colaborador"].id, studio.invitation),
            )
            for table in ("clients_notes", "clients_exclusion"):
                connection.execute(f"update {table} set removed_at = null where workspace_id = %s and removed_at is not null".encode(), (studio.id,))
            own = studio.canary("0")
            connection.execute(
                "update clients set full_name = %s, email = %s, phone = %s, status = 'active', archived_at = null, merged_into = null where id = %s"
                " and (merged_into is not null or exists (select from unnest(array[full_name, email, phone]) said"
                " where said ~ %s and said !~ %s))",
                (f"Bia {own}", f"bia.{own}@example.com", own, studio.clients[0], f"zq{studio.run}{studio.letter}[^w]zq", own),
            )
            connection.execute(  # half of them: whoever wrote a note may change it
                "update clients_notes set author_id = %s where workspace_id = %s and md5(id::text) < '8'",
                (studio.people["Colaborador"].id, studio.id),
            )
            kept_private = "update clients_notes set visibility = 'private' where workspace_id = %s and visibility = 'shared' and body like %s"
            connection.execute(kept_private.encode(), (studio.id, f"%{studio.canary('s')}%"))
            shared = (
                "update clients_notes set visibility = 'shared' where id ="
                " (select id from clients_notes where workspace_id = %s and client_id = %s and body not like %s order by id desc limit 1)"
            )
            connection.execute(shared.encode(), (studio.id, studio.clients[0], f"%{studio.canary('s')}%"))
            connection.execute(
                "update workspaces set modules = '{clients,bookings}', version = version + 1 where id = %s and not modules @> '{clients,bookings}'",
                (studio.id,),
            )


def build(api: Api, settings: Settings, superuser: str) -> Studios:
    """Sign everybody up, found the workspaces, fill them."""
    run = secrets.token_hex(3)
    made = {letter: Studio(letter, run) for letter in LETTERS}
    for studio in made.values():
        staff, own = studio.canary("s"), studio.canary("0")
        people = {role: api.signup(f"Ana {own if role == 'Cliente' else staff}", f"{role.lower()}.{own if role == 'Cliente' else staff}@example.com")
                  for role in ("Owner", "Colaborador", "Cliente")}  # fmt: skip
        studio.people = people
        studio.further = api.signup(f"Rui {staff}", f"further.{staff}@example.com")
        studio.id = api.workspace(people["Owner"], f"Studio {studio.canary('w')}")
        studio.clients = [client(api, studio, index) for index in range(3)]
        with psycopg.connect(superuser) as connection:
            for index, id in enumerate(studio.clients):  # which no request could say
                connection.execute("update clients set phone = %s where id = %s", (studio.canary(str(index)), id))
            for row in _DOMAIN:
                connection.execute(row.encode(), {"ws": studio.id, "id": new_id(), "value": studio.domain})
        csv = f"name,{staff}\nBia {staff},x\n".encode()  # which nobody works off
        sent = {"Content-Type": "text/csv"}
        assert api.post("/api/v1/clients/import", raw=csv, who=people["Owner"], workspace=studio.id, headers=sent).status == 200
        key = {"name": staff, "scopes": ["clients:read"]}
        shown = api.post(f"/api/v1/workspaces/{studio.id}/keys", json=key, who=people["Owner"])
        assert api.get("/api/v1/clients", who=shown.json["key"]).status == 200
        search = {"name": f"Bia {staff}", "query": {"q": staff}}
        assert api.post("/api/v1/clients/filters", json=search, who=people["Owner"], workspace=studio.id).status == 201
        add_member(settings, studio.id, people["Colaborador"], "Colaborador")
        studio.invitation = invite(api, people["Colaborador"], f"invited.{staff}@example.com", "Cliente", studio.id, full_name=f"Eva {staff}")
        add_member(settings, studio.id, studio.further, "Colaborador")
        add_member(settings, studio.id, people["Cliente"], "Cliente", studio.clients[0])
        with psycopg.connect(superuser, autocommit=True) as connection:
            calendar = Calendar(connection, studio)
            calendar.furnish()
            calendar.stock()
    return Studios(api, settings, superuser, run, made)


def client(api: Api, studio: Studio, index: int) -> str:
    """A client of the studio; tags and notes are the staff's. The Cliente's own has something of everything."""
    own, staff = studio.canary(str(index)), studio.canary("s")
    body = {"full_name": f"Bia {own}", "email": f"bia.{own}@example.com", "notes": staff, "tags": [staff]}
    reply = api.post("/api/v1/clients?allow_duplicate=true", json=body, who=studio.people["Owner"], workspace=studio.id)
    assert reply.status == 201, reply.body
    id = str(reply.json["id"])
    if index != 0:
        return id
    everything: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", "consents", {"how": own}),
        ("PUT", "health", {"notes": own}),
        ("POST", "notes", {"body": staff}),
        ("POST", "exclusions", {"kind": "sick", "starts_on": "2026-03-01", "reason": own}),
        ("POST", "notes", {"body": own, "visibility": "shared"}),
    )
    for method, path, more in everything:
        done = api.request(
            method, f"/api/v1/clients/{id}/{path}", json=more, who=studio.people["Owner"], workspace=studio.id, headers={"If-Match": "*"}
        )
        assert done.status < 300, done.body
    return id


# Texts that mean something to the product, so that a canary in them would change what is tested.
MEANINGFUL = frozenset(
    {
        "bookings.fee_currency", "bookings.price_currency",
        "bookings_participant.fee_currency", "bookings_schedule.overrides",
        "bookings_schedule.timezone", "bookings_schedule.weekly", "bookings_service.fee_currency", "bookings_service.location_kind",
        "bookings_service.price_currency", "bookings_calendar.last_error", "bookings_calendar.notes", "bookings_calendar.status",
        "bookings_calendar.url", "bookings_feed.mode", "bookings_queue_place.status", "bookings_series.rule", "bookings_series.status",
        "bookings_series.timezone",
        "clients_import.charset", "clients_import.date_order", "clients_import.mode", "clients_import.problems", "clients_imported.key",
        "audit_logs.actor", "audit_logs.table_name", "clients.lifecycle_stage", "clients.status", "clients_consent.given_by",
        "clients_consent.purpose", "clients_consent.withdrawn_by", "clients_exclusion.kind", "clients_exclusion.reason",
        "clients_health.sealed", "clients_history.kind", "clients_notes.visibility", "clients_term.term", "outbox.name",
        "outbox_deliveries.handler", "outbox_deliveries.module", "outbox_deliveries.queue", "user_roles.client_scope", "user_roles.role",
        "workspace_modules.module", "workspace_modules.secrets", "workspaces.currency", "workspaces.locale", "workspaces.modules",
        "workspaces.timezone", "workspaces.time_format", "workspaces_domain.state",
        "workspaces_invitation.client_scope", "workspaces_invitation.role",
    }
)  # fmt: skip
_DOMAIN = (
    "insert into claims (workspace_id, kind, value) values (%(ws)s, 'domain', %(value)s) on conflict do nothing",
    "insert into workspaces_domain (workspace_id, id, domain, token, state, reason) values (%(ws)s, %(id)s, %(value)s, 'token', 'verified', 'r')"
    " on conflict do nothing",
    "insert into workspace_modules (workspace_id, module, settings) values (%(ws)s, 'bookings', '{\"public_page\": true}')"
    " on conflict on constraint pk_workspace_modules do update set settings = workspace_modules.settings || excluded.settings",
    "update bookings_service set public = true where workspace_id = %(ws)s and not public",
)
_ROWS = (
    "insert into bookings_external_busy (workspace_id, calendar_id, user_id, starts_at, ends_at) select workspace_id, id, user_id, '2026-01-01',"
    " '2026-01-02' from bookings_calendar where workspace_id = %(ws)s limit 1 on conflict do nothing",
    "insert into bookings_handed (workspace_id, booking_id, user_id, title, start_time, end_time, sequence, handed_at) select workspace_id, id,"
    " organizer_id, title, start_time, end_time, 1, now() from bookings where workspace_id = %(ws)s limit 1 on conflict do nothing",
    "insert into bookings_reminded (workspace_id, booking_id, start_time, minutes) select workspace_id, id, start_time, 60 from bookings"
    " where workspace_id = %(ws)s limit 1 on conflict do nothing",
    "insert into bookings_service_room (workspace_id, service_id, room_id) select s.workspace_id, s.id, r.id from bookings_service s, bookings_room r"
    " where s.workspace_id = %(ws)s and r.workspace_id = s.workspace_id and s.capacity > 1 limit 1 on conflict do nothing",
    "insert into bookings_revision (workspace_id, subject, revision) values (%(ws)s, %(ws)s, 1) on conflict do nothing",
    "insert into workspace_modules (workspace_id, module) values (%(ws)s, 'clients') on conflict do nothing",
    "insert into outbox_deliveries (workspace_id, id, module, handler, arguments, done_at)"
    " values (%(ws)s, %(id)s, '', 'nobody:nothing', '{}', now())",
    "insert into clients_import (workspace_id, id, job_id, mode, allow_duplicate, file) values (%(ws)s, %(id)s, %(id)s, 'rows', false, '{}')",
    "insert into audit_seals (workspace_id, number, first, entries, proofs, previous, head, key, signature, through, settled, horizon, sealed_at)"
    " values (%(ws)s, 1, 1, '{}', '', '', '', '', '', 0, 0, 0, now()) on conflict do nothing",
    "insert into clients_import_file (workspace_id, import_id, content) values (%(ws)s, %(id)s, '')",
    "insert into clients_imported (workspace_id, key, client_id) select %(ws)s, %(id)s, id from clients where workspace_id = %(ws)s limit 1",
    "insert into clients_filter (workspace_id, id, user_id, name, shared, query)"
    " select %(ws)s, %(id)s, user_id, %(value)s, false, '{}' from user_roles where workspace_id = %(ws)s and role = 'Owner' on conflict do nothing",
)
_SEEN_BY = {
    "workspaces": "w", "bookings_room": "w", "bookings_service": "w",
    "bookings.title": "0", "bookings.location": "0", "bookings.cancel_reason": "0",
}  # fmt: skip
"""Texts that not the staff alone may read: every member, or the clients who take part."""
TEXTS = """
select c.relname, a.attname, a.atttypid::regtype::text
  from pg_class c join pg_attribute a on a.attrelid = c.oid
 where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
   and (a.atttypid in ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype)
        -- a domain that takes some texts alone has no room for a canary
        or exists (select from pg_type t where t.oid = a.atttypid and t.typbasetype = 'text'::regtype
                      and not exists (select from pg_constraint k where k.contypid = t.oid and k.contype = 'c')))
   and (c.relname = 'workspaces' or exists (select from pg_attribute w where w.attrelid = c.oid and w.attname = 'workspace_id'))
 order by 1, 2
"""


def plant(studios: Studios) -> dict[str, int]:
    """A row in every tenant table and a canary in every text of every row. Column → rows that carry one, in the studio with the fewest."""
    carried: dict[str, int] = {}
    with psycopg.connect(studios.superuser) as connection:
        connection.execute("set local session_replication_role = replica")
        columns = [row for row in connection.execute(TEXTS).fetchall() if f"{row[0]}.{row[1]}" not in MEANINGFUL]
        for studio in studios.all.values():
            made = new_id()
            for row in _ROWS:
                connection.execute(row.encode(), {"ws": studio.id, "id": made, "value": f"{studio.id}.example"})
            for table, column, kind in columns:
                where = f"{'id' if table == 'workspaces' else 'workspace_id'} = %(ws)s"
                canary = studio.canary(_SEEN_BY.get(table) or _SEEN_BY.get(f"{table}.{column}", "s"))
                value = {
                    "text": f"coalesce({column}, '') || %(canary)s",
                    "text[]": f"array_append({column}, %(canary)s)",
                    "jsonb": f"coalesce({column}, '{{}}') || jsonb_build_object('text', %(canary)s::text)",
                }[kind]
                given = {"ws": studio.id, "canary": canary, "like": f"%{studios.run}{studio.letter}%"}
                connection.execute(
                    f"update {table} set {column} = {value} where {where} and coalesce({column}::text, '') not like %(like)s".encode(), given
                )
                count = connection.execute(f"select count(*) from {table} where {where} and {column}::text like %(like)s".encode(), given).fetchone()
                assert count is not None
                carried[f"{table}.{column}"] = min(count[0], carried.get(f"{table}.{column}", count[0]))
    return carried


def decoded(texts: Iterable[str]) -> Iterator[str]:
    """The texts, and what their signed or base64 parts say."""
    for text in texts:
        yield text
        for part in _SIGNED.findall(text):
            if (said := _said(part)) is not None:
                yield said


@functools.lru_cache(maxsize=100_000)
def _said(part: str) -> str | None:
    """What a part that may be base64 says; the names of metrics may be too, and are met again and again."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return None


def canaries(texts: Iterable[str]) -> set[tuple[str, str]]:
    """(workspace's letter, scope) of every canary in the texts, in their signed or base64 parts too."""
    return {found for text in decoded(texts) for found in CANARY.findall(text)}
