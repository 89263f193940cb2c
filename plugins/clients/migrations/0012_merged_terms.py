"""What told that a record merged away was this person tells the same of the one that stayed."""

from __future__ import annotations

from alembic import op

revision = "clients_0012"
down_revision = "clients_0011"
branch_labels = None
depends_on = None

# As plugins.clients.domain.duplicates.keys_of makes them; addresses that are not ASCII are left to the next merge.
_UPGRADE = """
alter table clients_term add column merged boolean not null default false;
insert into clients_term (workspace_id, client_id, term, merged)
select m.workspace_id, m.merged_into, k.term, true
  from clients m
  cross join lateral regexp_replace(m.phone, '[^0-9]', '', 'g') as digits
  cross join lateral (values
    (case when m.email ~ '^[ -~]+$' then 'w:' || lower(m.email) end),
    (case when length(digits) >= 6 then 'p:' || right(digits, 9) end),
    ('b:' || to_char(m.birth_date, 'YYYY-MM-DD') || ' ' || left(m.search_name, 200))) as k (term)
 where m.merged_into is not null and k.term is not null on conflict do nothing;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("delete from clients_term where merged")
    op.execute("alter table clients_term drop column merged")
