"""T4: no foreign key joins two workspaces, so neither an insert nor a cascade can cross."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from kernel.ids import new_id
from tests.security.seeded import complaints, inside
from tests.security.studios import Studio, Studios, client

BETWEEN_TENANTS = """
select c.conname from pg_constraint c
 where c.contype = 'f' and exists (select from pg_attribute a where a.attrelid = c.confrelid and a.attname = 'workspace_id')
   and not exists (select from unnest(c.conkey, c.confkey) k (here, there)
                     join pg_attribute h on h.attrelid = c.conrelid and h.attnum = k.here and h.attname = 'workspace_id'
                     join pg_attribute t on t.attrelid = c.confrelid and t.attnum = k.there and t.attname = 'workspace_id')
"""
NOTES = """
create table clients_note (workspace_id uuid not null, id uuid not null, client_id uuid not null,
                           constraint pk_clients_note primary key (workspace_id, id));
select app.protect('clients_note');
alter table clients_note owner to fitpro_owner
"""
ONE_COLUMN = """
alter table clients add constraint uq_clients_id unique (id);
alter table clients_note add constraint fk_clients_note_client foreign key (client_id) references clients (id) on delete cascade
"""
BOTH_COLUMNS = """
alter table clients_note add constraint fk_clients_note_client
  foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete cascade
"""
CROSSED = """
alter table clients add column home uuid, add constraint uq_clients_home unique (workspace_id, home);
alter table clients_note add constraint fk_clients_note_crossed foreign key (client_id, workspace_id) references clients (workspace_id, home)
"""
FROM_A_GLOBAL_TABLE = """
alter table users add column workspace uuid, add column client uuid;
alter table clients add constraint uq_clients_id unique (id);
alter table users add constraint fk_users_client foreign key (client) references clients (id)
"""


def test_t4_every_foreign_key_to_a_tenant_table_carries_workspace_id_on_both_sides(studios: Studios) -> None:
    with psycopg.connect(studios.superuser) as connection:
        assert connection.execute(BETWEEN_TENANTS).fetchall() == []
        checked = connection.execute("select count(*) from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace").fetchone()
    assert checked is not None
    assert checked[0] >= 5


@pytest.mark.parametrize("key", [ONE_COLUMN, CROSSED, FROM_A_GLOBAL_TABLE], ids=["one column", "crossed columns", "from a global table"])
def test_t4_a_seeded_foreign_key_that_crosses_is_caught_by_the_lint_and_by_the_query(studios: Studios, key: str) -> None:
    assert any("crosses workspaces" in each for each in complaints(studios.superuser, NOTES, key))
    with inside(studios.superuser, NOTES, key) as connection:
        assert len(connection.exec_driver_sql(BETWEEN_TENANTS).all()) == 1


def test_t4_a_foreign_key_of_both_columns_satisfies_the_lint(studios: Studios) -> None:
    assert complaints(studios.superuser, NOTES, BOTH_COLUMNS) == []


@pytest.mark.parametrize("seeded", [(NOTES,), ("alter table workspaces_invitation drop constraint fk_workspaces_invitation_client_id",)])
def test_t4_a_client_id_that_refers_to_nothing_is_caught_by_the_lint(studios: Studios, seeded: tuple[str, ...]) -> None:
    """A merge would leave it behind."""
    (said,) = complaints(studios.superuser, *seeded)
    assert "has no foreign key" in said


def probe(studios: Studios, key: str) -> tuple[str, str, int]:
    """How A's reference to B's client ends, and one to nobody's; and how many notes of A go when B deletes its client."""
    a, b = studios["a"], studios["b"]
    target = client(studios.api, b, 4)  # of whom no module has anything yet
    note = "insert into clients_note values (%s, %s, %s)"
    with inside(studios.superuser, NOTES, key) as connection:
        foreign = as_member(connection, a, note, a.id, new_id(), target)
        nobody = as_member(connection, a, note, a.id, new_id(), new_id())
        before = connection.exec_driver_sql("select count(*) from clients_note").scalar_one()
        assert as_member(connection, b, "delete from clients where id = %s", target) == "accepted"
        return foreign, nobody, before - connection.exec_driver_sql("select count(*) from clients_note").scalar_one()


def as_member(connection: sa.Connection, studio: Studio, sql: str, *values: object) -> str:
    """What the app role gets in the studio's context: `accepted` or an SQLSTATE."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    try:
        with raw.transaction():
            raw.execute("set local role fitpro_app")
            raw.execute("select set_config('app.workspace_id', %s, true), set_config('app.client_id', '', true)", (studio.id,))
            raw.execute(sql.encode(), values)
            raw.execute("reset role")
    except psycopg.Error as error:
        return str(error.sqlstate)
    return "accepted"


def test_t4_a_reference_to_another_workspace_fails_like_one_to_nothing(studios: Studios) -> None:
    assert probe(studios, BOTH_COLUMNS) == ("23503", "23503", 0)


def test_t4_the_probe_sees_what_a_single_column_key_would_tell_and_delete(studios: Studios) -> None:
    assert probe(studios, ONE_COLUMN) == ("accepted", "23503", 1)
