"""T8: a table without complete row-level security cannot be migrated in."""

from __future__ import annotations

import psycopg
import pytest

from adapters.postgres.lint import GLOBAL_TABLES, SHARED_WITH_APP
from tests.security.oracle import TENANT_TABLES
from tests.security.seeded import complaints, inside
from tests.security.studios import Studios

# For each command, who the app role is: the policies that let it see or write, and those that take away again.
UNPROTECTED = """
select c.relname from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
   and (c.relname = 'workspaces'
        or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped))
   and not (c.relrowsecurity and c.relforcerowsecurity
            and (select count(*) filter (where p.polpermissive) = 1 and count(*) filter (where not p.polpermissive and p.polname = 'cliente') = 1
                        -- One more that restricts takes rows away, whatever it says.
                        and bool_and(p.polcmd = '*' and p.polqual is not null and p.polwithcheck is not null
                                     and pg_get_expr(p.polwithcheck, p.polrelid)
                                         in (pg_get_expr(p.polqual, p.polrelid), app.by_row(pg_get_expr(p.polqual, p.polrelid))))
                            filter (where p.polpermissive or p.polname in ('cliente', 'scope'))
                        and bool_or(p.polpermissive and pg_get_expr(p.polqual, p.polrelid)
                                    in ('(workspace_id = ( SELECT app.ws() AS ws))', '(id = ( SELECT app.ws() AS ws))'))
                   from pg_policy p where p.polrelid = c.oid and (0 = any (p.polroles) or 'fitpro_app'::regrole = any (p.polroles))))
"""
BY_ROW = {
    "(workspace_id = ( SELECT app.ws() AS ws))": "(workspace_id = app.ws())",
    "(( SELECT (app.client() IS NULL)) OR (client_id = ( SELECT app.client() AS client)))": "((app.client() IS NULL) OR (client_id = app.client()))",
    "(( SELECT (app.own() IS NULL)) OR (client_id = ANY (( SELECT app.own_clients() AS own_clients)::uuid[])))":
        "((app.own() IS NULL) OR (client_id = ANY (( SELECT app.own_clients() AS own_clients)::uuid[])))",
    "(id IN ( SELECT unnest(app.bookings_mine()) AS unnest))": "(id = ANY (( SELECT app.bookings_mine() AS bookings_mine)::uuid[]))",
    "(user_id = ( SELECT app.bookings_feed_user() AS bookings_feed_user))": "(user_id = app.bookings_feed_user())",
    "(id IN ( SELECT unnest(users.ids) AS unnest FROM users))": "(id IN ( SELECT unnest(users.ids) AS unnest FROM users))",
    "(( SELECT count(*) AS count FROM users) > 0)": "(( SELECT count(*) AS count FROM users) > 0)",
}  # fmt: skip
TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
_OWNED = "alter table clients_note owner to fitpro_owner"
_NEW = f"create table clients_note (workspace_id uuid not null, id uuid not null, primary key (workspace_id, id)); {_OWNED}"
FAULTS = {
    "no tenant policy": ("drop policy tenant on clients", True),
    "no policy for a Cliente": ("drop policy cliente on clients", True),
    "not forced": ("alter table clients no force row level security", True),
    "not enabled": ("alter table clients disable row level security", True),
    "everything shown": ("alter policy tenant on clients using (true)", True),
    "everything writable": ("alter policy tenant on clients with check (true)", True),
    "more written than shown": ("alter policy tenant on clients with check (workspace_id = app.ws() or app.usr() is not null)", True),
    "a Cliente writing what others see": ("alter policy cliente on clients with check (app.client() is null or status = 'active')", True),
    "the policy of reads alone": (
        "drop policy tenant on clients; create policy tenant on clients for select to fitpro_app using (workspace_id = (select app.ws()))", True,
    ),
    "a second policy": ("create policy wide on clients to fitpro_app using (true)", True),
    "a policy to everyone": ("create policy wide on clients using (true)", True),
    "a policy to another login": ("create policy wide on clients to fitpro_relay using (true)", False),
    "a Cliente shown all": ("alter policy cliente on clients using (true) with check (true)", False),
    "a Cliente shown others, by protect": (
        f"{_NEW}; alter table clients_note add client_id uuid; select app.protect('clients_note', cliente => 'true')", False,
    ),
    "workspaces themselves open": ("alter policy tenant on workspaces using (true)", True),
    "workspaces themselves not forced": ("alter table workspaces no force row level security", True),
    "keys of replies not forced": ("alter table idempotency_keys no force row level security", False),
    "a new table, forgotten": (f"{_NEW}; grant select on clients_note to fitpro_app", True),
    "a new table of nobody": (f"create table clients_note (id uuid primary key); {_OWNED}", False),
    "a new table elsewhere": ("create schema more; create table more.clients_note (workspace_id uuid, id uuid)", False),
    "a table of another owner": (f"{_NEW}; select app.protect('clients_note'); alter table clients_note owner to postgres", False),
    "not audited": ("drop trigger audit_update on clients", False),
    "audit switched off": ("alter table clients disable trigger audit_delete", False),
}  # fmt: skip


def test_t8_every_table_with_a_workspace_is_forced_through_one_policy_of_equality(studios: Studios) -> None:
    with psycopg.connect(studios.superuser) as connection:
        assert connection.execute(UNPROTECTED).fetchall() == []
        assert len(connection.execute(TENANT_TABLES).fetchall()) >= 8


def test_t8_tables_without_a_workspace_are_on_the_reviewed_list(studios: Studios) -> None:
    with psycopg.connect(studios.superuser) as connection:
        tables = {row[0] for row in connection.execute(TABLES)}
        tenant = {row[0] for row in connection.execute(TENANT_TABLES)}
        visible = {row[0] for row in connection.execute(TABLES + " and has_any_column_privilege('fitpro_app', oid, 'select')")}
    unlisted = {name for name in tables - tenant if not name.startswith("alembic_version_")} - GLOBAL_TABLES
    assert unlisted == set()
    assert {name for name in visible - tenant if not name.startswith("alembic_version_")} == SHARED_WITH_APP


def test_t8_what_is_written_is_checked_by_the_words_of_what_is_shown_without_a_subquery(studios: Studios) -> None:
    """The rewriting takes nothing away but the subquery around a function of the context."""
    with psycopg.connect(studios.superuser) as connection:
        for shown, by_row in BY_ROW.items():
            assert connection.execute("select app.by_row(%s)", [shown]).fetchone() == (by_row,)
        left = connection.execute(
            "select polrelid::regclass::text, polname from pg_policy where polname in ('tenant', 'cliente', 'scope')"
            " and pg_get_expr(polwithcheck, polrelid) ~ 'SELECT \\(?app\\.(ws|client|usr|own)\\('"
        ).fetchall()
    assert left == []


@pytest.mark.parametrize("fault", FAULTS)
def test_t8_a_seeded_gap_fails_the_migration_it_came_with(studios: Studios, fault: str) -> None:
    statement, seen_by_query = FAULTS[fault]
    assert complaints(studios.superuser, statement) != []
    with inside(studios.superuser, statement) as connection:
        assert bool(connection.exec_driver_sql(UNPROTECTED).all()) is seen_by_query
