"""T5: what one workspace holds never makes another's insert fail."""

from __future__ import annotations

import psycopg
import pytest

from tests.security.seeded import complaints, inside
from tests.security.studios import Studios

LEAKY = """
select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
 where (i.indisunique or i.indisexclusion) and t.relnamespace = 'public'::regnamespace
   and exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'workspace_id' and not a.attisdropped)
   and not exists (select from pg_attribute a where a.attrelid = t.oid and a.attnum = i.indkey[0] and a.attname = 'workspace_id')
"""
REVIEWED = {"pk_claims", "ex_bookings_time_organizer", "ex_bookings_time_room"}
"""One is for uniqueness across workspaces; the others lead with the range of the one workspace_id, compared by overlap, as the lint checks."""
FAULTS = {
    "a global unique": "alter table clients add constraint uq_clients_phone unique (phone)",
    "a unique that does not lead with it": "alter table clients add constraint uq_clients_phone unique (phone, workspace_id)",
    "a unique expression": "create unique index uq_clients_lower on clients (lower(phone))",
    "a partial unique": "create unique index uq_clients_active on clients (phone) where status = 'inactive'",
    "a global exclusion": "alter table clients add constraint ex_clients exclude using btree (phone with =)",
}


def test_t5_every_unique_and_exclusion_of_a_tenant_table_leads_with_workspace_id(studios: Studios) -> None:
    with psycopg.connect(studios.superuser) as connection:
        assert {row[0] for row in connection.execute(LEAKY)} == REVIEWED


@pytest.mark.parametrize("fault", FAULTS)
def test_t5_a_seeded_unique_across_workspaces_is_caught_by_the_lint_and_by_the_query(studios: Studios, fault: str) -> None:
    make_unique = "update clients set phone = id::text"
    assert any("must lead with workspace_id" in each for each in complaints(studios.superuser, make_unique, FAULTS[fault]))
    with inside(studios.superuser, make_unique, FAULTS[fault]) as connection:
        assert len(set(connection.exec_driver_sql(LEAKY).scalars()) - REVIEWED) == 1


def test_t5_the_same_natural_keys_can_be_made_in_two_workspaces(studios: Studios) -> None:
    body = {"full_name": "Ana Souza", "email": "ana@example.com", "phone": "+34 600 000 000", "tags": ["forte"]}
    made = [studios.api.post("/api/v1/clients", json=body, who=studio.people["Owner"], workspace=studio.id).status for studio in studios.all.values()]
    assert made == [201, 201, 201]
