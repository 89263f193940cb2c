"""T9: the roles that serve traffic have no power beyond rows."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from tests.security.seeded import complaints, inside
from tests.security.studios import Studios

SERVING = ("fitpro_app", "fitpro_auth", "fitpro_relay", "fitpro_backup")
ATTRIBUTES = """
select rolname::text, 'attribute' from pg_roles
 where rolname like 'fitpro\\_%' and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication)
union all
select m.member::regrole::text, 'member of ' || m.roleid::regrole from pg_auth_members m
 where m.member::regrole::text like 'fitpro\\_%' and (m.member::regrole::text, m.roleid::regrole::text) <> ('fitpro_owner', 'fitpro_guard')
union all
select rolname::text, 'login' from pg_roles where rolname = 'fitpro_guard' and rolcanlogin
union all
select pg_get_userbyid(c.relowner)::text, 'owns ' || c.relname from pg_class c
 where c.relnamespace = 'public'::regnamespace and pg_get_userbyid(c.relowner) <> 'fitpro_owner'
union all
select r.rolname::text, 'creates in ' || n.nspname from pg_roles r, pg_namespace n
 where r.rolname = any (array['fitpro_app', 'fitpro_auth', 'fitpro_relay', 'fitpro_backup']) and n.nspname in ('public', 'app')
   and has_schema_privilege(r.oid, n.oid, 'create')
union all
select r.rolname::text, p.privilege || ' on ' || c.relname
  from pg_roles r, pg_class c, unnest(array['truncate', 'references', 'trigger']) p (privilege)
 where r.rolname = any (array['fitpro_app', 'fitpro_auth', 'fitpro_relay', 'fitpro_backup']) and c.relnamespace = 'public'::regnamespace
   and c.relkind = 'r' and has_table_privilege(r.oid, c.oid, p.privilege)
union all
select r.rolname::text, p.privilege || ' on the database'
  from pg_roles r, unnest(array['create', 'temporary']) p (privilege)
 where r.rolname = any (array['fitpro_app', 'fitpro_auth', 'fitpro_relay', 'fitpro_backup'])
   and has_database_privilege(r.oid, current_database(), p.privilege)
"""
FAULTS = {
    "bypasses policies": "alter role fitpro_app bypassrls",
    "superuser": "alter role fitpro_relay superuser",
    "creates roles": "alter role fitpro_auth createrole",
    "may become the owner": "grant fitpro_owner to fitpro_app",
    "may become the guard": "grant fitpro_guard to fitpro_app",
    "the guard logs in": "alter role fitpro_guard login",
    "owns a table": "alter table claims owner to fitpro_app",
    "creates tables": "grant create on schema public to fitpro_app",
    "truncates": "grant truncate on clients to fitpro_app",
    "refers to tables": "grant references on clients to fitpro_app",
}
REFUSED = (
    "truncate clients",
    "truncate audit_logs",
    "alter table clients disable row level security",
    "alter table clients no force row level security",
    "drop policy tenant on clients",
    "drop table clients",
    "create table clients_note (id uuid)",
    "create temporary table note (id uuid)",
    "create schema more",
    "create function app.mine() returns int language sql as 'select 1'",
    "set role fitpro_owner",
    "set role fitpro_guard",
    "set role fitpro_auth",
    "set role postgres",
    "set session authorization fitpro_owner",
    "set session_replication_role = replica",
    "select * from users",
    "select * from sessions",
    "select * from accounts_credential",
    "select * from accounts_refresh_token",
    "select * from accounts_signing_key",
    "select app.protect('clients')",
    "select app.enter_job(null, '', '')::text from pg_authid",
    "select pg_read_file('/etc/passwd')",
    "copy clients to program 'true'",
    "alter role fitpro_app bypassrls",
    "insert into audit_logs (workspace_id, actor, request_id, action, table_name, record_id) values (gen_random_uuid(), '', '', 'read', '', '')",
)
LINTED = {"bypasses policies": False, "superuser": False, "creates roles": False, "may become the owner": False, "may become the guard": False,
          "the guard logs in": False, "owns a table": True, "creates tables": True, "truncates": True, "refers to tables": True}  # fmt: skip


def deviations(connection: sa.Connection) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.exec_driver_sql(ATTRIBUTES.replace("%", "%%"))]


def test_t9_no_serving_role_has_power_beyond_rows(studios: Studios) -> None:
    with inside(studios.superuser) as connection:
        assert deviations(connection) == []
        roles = connection.exec_driver_sql("select rolname from pg_roles where left(rolname, 7) = 'fitpro_'").scalars()
        assert set(roles) == {*SERVING, "fitpro_owner", "fitpro_guard"}


@pytest.mark.parametrize("fault", FAULTS)
def test_t9_a_seeded_power_is_caught(studios: Studios, fault: str) -> None:
    with inside(studios.superuser, FAULTS[fault]) as connection:
        assert deviations(connection) != []
    assert bool(complaints(studios.superuser, FAULTS[fault])) is LINTED[fault]


@pytest.mark.parametrize("statement", REFUSED)
def test_t9_the_app_role_is_refused(app_role: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_role.execute(statement.encode())


@pytest.mark.parametrize(
    "grant",
    ["grant select on clients to public", "grant select (password_hash) on accounts_credential to fitpro_app", "grant select on users to fitpro_app"],
)
def test_t9_a_privilege_too_many_is_caught_by_the_lint(studios: Studios, grant: str) -> None:
    assert any(" has SELECT on table " in each for each in complaints(studios.superuser, grant))
