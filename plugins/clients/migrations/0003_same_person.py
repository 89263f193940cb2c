"""Clients are found by phone, and by name and birth date, too: what tells that two records are the same person."""

from __future__ import annotations

from alembic import op

revision = "clients_0003"
down_revision = "clients_0002"
branch_labels = None
depends_on = None

# As plugins.clients.domain.register.terms_of makes them.
_PHONES = """
insert into clients_term (workspace_id, client_id, term)
select workspace_id, id, 'p:' || right(digits, 9)
  from (select workspace_id, id, regexp_replace(phone, '[^0-9]', '', 'g') as digits from clients where phone is not null) numbers
 where length(digits) >= 6 on conflict do nothing
"""
_BIRTHS = """
insert into clients_term (workspace_id, client_id, term)
select workspace_id, id, 'b:' || to_char(birth_date, 'YYYY-MM-DD') || ' ' || left(search_name, 200) from clients where birth_date is not null
on conflict do nothing
"""


def upgrade() -> None:
    op.execute(_PHONES)
    op.execute(_BIRTHS)


def downgrade() -> None:
    op.execute("delete from clients_term where left(term, 2) in ('p:', 'b:')")
