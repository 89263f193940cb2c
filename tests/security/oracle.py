"""What a superuser, whom no policy hides anything from, sees: the truth the tests compare with."""

from __future__ import annotations

from typing import Any

import psycopg

TENANT_TABLES = """
select c.relname::text from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
   and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped)
 order by 1
"""
_DIGEST = "encode(sha256(convert_to(coalesce(string_agg(t::text, E'\\n' order by t::text), ''), 'UTF8')), 'hex')"
_OF_PERSON = {
    "users": "id = any (%(people)s::uuid[])",
    "sessions": "user_id = any (%(people)s::uuid[])",
    "idempotency_keys": "user_id = any (%(people)s::uuid[])",
    "accounts_credential": "user_id = any (%(people)s::uuid[])",
    "accounts_consent": "user_id = any (%(people)s::uuid[])",
    "accounts_refresh_token": "session_id in (select id from sessions where user_id = any (%(people)s::uuid[]))",
}


def tenant_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Tables with a workspace_id; `workspaces` itself is not among them."""
    return [row[0] for row in connection.execute(TENANT_TABLES)]


def column_of(table: str) -> str:
    """The column that says which workspace a row belongs to."""
    return "id" if table == "workspaces" else "workspace_id"


def digests(connection: psycopg.Connection[Any], workspace: str, people: list[str]) -> dict[str, str]:
    """Table → SHA-256 of every row of the workspace, and of what its people own outside it."""
    wheres = {table: f"{column_of(table)} = %(ws)s" for table in (*tenant_tables(connection), "workspaces")} | _OF_PERSON
    each = [f"select '{table}', {_DIGEST} from {table} t where {where}" for table, where in wheres.items()]
    return dict(connection.execute(" union all ".join(each).encode(), {"ws": workspace, "people": people}).fetchall())


def ids(connection: psycopg.Connection[Any], workspace: str) -> dict[str, set[str]]:
    """`table.column` → every UUID the workspace's rows hold there, and the domains it claims."""
    columns = connection.execute(
        "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relname = any (%s) and a.attnum > 0"
        " and c.relnamespace = 'public'::regnamespace and (a.atttypid = 'uuid'::regtype or c.relname || '.' || a.attname ="
        " 'workspaces_domain.domain')",
        ([*tenant_tables(connection), "workspaces"],),
    ).fetchall()
    values = [
        (f"{table}.{column}", f"select distinct {column}::text from {table} where {column_of(table)} = %(ws)s and {column} is not null")
        for table, column in columns
    ]
    values += [
        (f"{table}.pair", f"select client_id || ' ' || id from {table} where workspace_id = %(ws)s and client_id is not null")
        for table in {table for table, column in columns if column == "client_id"} & {table for table, column in columns if column == "id"}
    ]
    every = " union all ".join(f"select '{name}', array({query})" for name, query in sorted(values))  # the same text each time: it is prepared
    return {name: set(found) for name, found in connection.execute(every.encode(), {"ws": workspace}).fetchall()}


def sessions(connection: psycopg.Connection[Any], person: str) -> set[str]:
    """Where somebody is or was signed in."""
    return {row[0] for row in connection.execute("select id::text from sessions where user_id = %s", (person,))}


def count(connection: psycopg.Connection[Any], sql: str, **given: object) -> int:
    row = connection.execute(sql.encode(), given).fetchone()
    assert row is not None
    return int(row[0])


OF_CLIENT = (
    "clients_consent where true", "clients_health where true", "clients_exclusion where true", "clients_notes where visibility = 'shared'",
    "audit_logs where action = 'read'",
)  # fmt: skip
"""Tables whose rows a Cliente may see when they are their own."""


def of_client(connection: psycopg.Connection[Any], workspace: str, client: str) -> set[str]:
    """The ids of the rows that a Cliente may see."""
    found: set[str] = set()
    for rows in OF_CLIENT:
        query = f"select id::text from {rows} and workspace_id = %s and client_id = %s"
        found.update(row[0] for row in connection.execute(query.encode(), (workspace, client)))
    # A booking they take part in, and the series that it belongs to.
    theirs = (
        "select unnest(array[b.id, b.series_id])::text from bookings_participant p join bookings b on b.workspace_id = p.workspace_id"
        " and b.id = p.booking_id where p.workspace_id = %s and p.client_id = %s"
    )
    found.update(row[0] for row in connection.execute(theirs.encode(), (workspace, client)) if row[0])
    # What can be joined is for every member to find.
    classes = "select id::text from bookings_time where workspace_id = %s and capacity > 1"
    found.update(row[0] for row in connection.execute(classes.encode(), (workspace,)))
    # Who read what about them is theirs to know, also under records that were found to be theirs.
    merged = "select reference from clients_history where kind = 'clients.merged' and workspace_id = %s and client_id = %s"
    records = [client, *(str(row[0]) for row in connection.execute(merged.encode(), (workspace, client)))]
    read = "select unnest(array[id::text, actor_id::text, record_id]) from audit_logs where action = 'read' and workspace_id = %s"
    rows = connection.execute(f"{read} and client_id = any (%s::uuid[])".encode(), (workspace, records))
    found.update(row[0] for row in rows if row[0])
    return found
