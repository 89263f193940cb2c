"""T10: no view and no function lends anybody the rights of another role, but for six that were reviewed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.lint import DEFINERS
from kernel.ids import new_id
from tests.security.seeded import complaints
from tests.security.studios import Studio, Studios

OF_THE_APP = {"enter", "enter_user", "my_workspaces", "found_workspace"}
"""Those the app role may call; `audit` runs as a trigger, `fan_out` is the relay's."""
_BODY = "returns bigint language sql {how} as 'select count(*) from public.clients'"
_KEPT = "revoke all on function app.all_clients from public; alter function app.all_clients owner to fitpro_guard"
FAULTS = {
    "a view": ("create view everyone as select * from clients", "is a view"),
    "a view of the invoker": ("create view everyone with (security_invoker) as select * from clients", "is a view"),
    "a materialized view": ("create materialized view everyone as select * from clients", "is a view"),
    "a view elsewhere": ("create view app.everyone as select * from clients", "is a view"),
    "an unreviewed definer": (
        f"create function app.all_clients() {_BODY.format(how='security definer set search_path = %s')}; {_KEPT}" % "''", "not on the reviewed list"),
    "a definer elsewhere": (
        f"create function public.enter() {_BODY.format(how='security definer set search_path = %s')};"
        " revoke all on function public.enter from public" % "''",
        "not on the reviewed list"),
    "a second version of a reviewed one": (
        f"create function app.enter() {_BODY.format(how='security definer set search_path = %s')};"
        " revoke all on function app.enter() from public; alter function app.enter() owner to fitpro_guard" % "''", "in several versions"),
    "a definer without a search_path": ("alter function app.enter reset search_path", "without search_path"),
    "a definer with a search_path of schemas": ("alter function app.enter set search_path = public, app", "without search_path"),
    "a definer of a superuser": ("alter function app.my_workspaces owner to postgres", "owned by postgres"),
    "a function for everyone": ("grant execute on function app.enter to public", "executed by everyone"),
    "a new function for everyone": ("create function app.add(int, int) returns int language sql as 'select $1 + $2'", "executed by everyone"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_t10_a_seeded_loan_of_rights_is_caught_by_the_lint(studios: Studios, fault: str) -> None:
    statement, sentence = FAULTS[fault]
    assert any(sentence in each for each in complaints(studios.superuser, statement))


def test_t10_there_are_at_most_six_definers_and_these_are_they(studios: Studios) -> None:
    with psycopg.connect(studios.superuser) as connection:
        rows = connection.execute(
            "select p.proname, n.nspname, p.proconfig, has_function_privilege('fitpro_app', p.oid, 'execute')"
            " from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
            " where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert {row[0] for row in rows} <= DEFINERS
    assert len(rows) <= 6
    assert {(row[1], tuple(row[2])) for row in rows} == {("app", ('search_path=""',))}
    assert {row[0] for row in rows if row[3]} == OF_THE_APP | {"audit"}


# What each of them tells the app role when it is called from a workspace ----------------------------------------------------------------


def call(studios: Studios, studio: Studio, role: str, sql: str, *values: object) -> list[Any]:
    """Rows of a query the app role runs right after `app.enter` as a member."""
    person = studio.people[role]
    with psycopg.connect(studios.superuser) as connection:
        session = connection.execute("select id from sessions where user_id = %s limit 1", (person.id,)).fetchone()
    assert session is not None
    with psycopg.connect(studios.settings.database_url or "") as connection:
        connection.execute("select app.enter(%s, %s, %s, '', %s, '')", (studio.id, person.id, session[0], ["Owner", "Colaborador", "Cliente"]))
        rows = connection.execute(sql.encode(), values).fetchall()
        connection.rollback()
        return rows


def test_t10_enter_refuses_everybody_who_is_not_a_member(studios: Studios) -> None:
    a, b = studios["a"], studios["b"]
    for workspace in (b.id, str(new_id())):
        with pytest.raises(psycopg.Error) as refused:
            call(studios, a, "Owner", "select app.enter(%s, app.usr(), (%s)::uuid, '', '{Owner}', '')", workspace, session_of(studios, a))
        assert refused.value.sqlstate == "42F02"


def test_t10_enter_refuses_the_session_of_somebody_else(studios: Studios) -> None:
    a, b = studios["a"], studios["b"]
    with pytest.raises(psycopg.Error) as refused:
        call(studios, a, "Owner", "select app.enter(%s, %s, (%s)::uuid, '', '{Owner}', '')", b.id, b.people["Owner"].id, session_of(studios, a))
    assert refused.value.sqlstate == "42F01"
    with pytest.raises(psycopg.Error) as refused:
        call(studios, a, "Owner", "select app.enter_user(%s, (%s)::uuid, '')", b.people["Owner"].id, session_of(studios, a))
    assert refused.value.sqlstate == "42F01"


def test_t10_my_workspaces_lists_the_callers_alone(studios: Studios) -> None:
    assert call(studios, studios["a"], "Cliente", "select id from app.my_workspaces()") == [(UUID(studios["a"].id),)]


def test_t10_found_workspace_moves_the_context_to_the_new_workspace_and_cannot_take_an_old_one(studios: Studios) -> None:
    a, b = studios["a"], studios["b"]
    found = "select app.found_workspace(%s, 'New', 'UTC', 'EUR', 'en', 1::smallint, '{}')"
    new = new_id()
    seen = call(studios, a, "Owner", f"with f as materialized ({found}) select (select count(*) from f), (select app.ws())", new)
    assert seen == [(1, new)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        call(studios, a, "Owner", found, b.id)


def test_t10_audit_writes_into_no_other_workspace(studios: Studios) -> None:
    a, b = studios["a"], studios["b"]
    with pytest.raises(psycopg.Error):
        call(studios, a, "Owner", "select app.audit()")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        call(studios, a, "Owner", "insert into workspace_modules (workspace_id, module) values (%s, 'x') returning 1", b.id)


def test_t10_fan_out_is_not_for_the_app_role(studios: Studios) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        call(studios, studios["a"], "Owner", "select app.fan_out('', '', '', 1::smallint, 'UTC', '', false)")


def session_of(studios: Studios, studio: Studio) -> UUID:
    with psycopg.connect(studios.superuser) as connection:
        row = connection.execute("select id from sessions where user_id = %s limit 1", (studio.people["Owner"].id,)).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found
