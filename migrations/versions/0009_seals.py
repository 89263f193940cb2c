"""The audit proves itself: ids without gaps to read from, salts, seals; entries made row by row; traces of jobs given up."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import op

revision = "platform_0009"
down_revision = "platform_0008"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"
_BEFORE = (
    ("0005_platform_jobs", "fan_out", True),
    ("0001_audit", "masked", True),
    ("0001_audit", "audit", True),
    ("0001_audit", "audit_is_append_only", False),
    ("0006_scope", "protect", False),
)
"""Where the functions this one replaces were written, and whether they are the guard's."""


def upgrade() -> None:
    _run((_SQL / "0009_seals.sql").read_text())


def downgrade() -> None:
    op.execute("select set_config('app.maintenance', 'on', true)")
    for file, function, guards in _BEFORE:
        text = (_SQL / f"{file}.sql").read_text()
        found = re.search(rf"^create (or replace )?function app\.{function}\(.*?^(end )?\$\$;$", text, re.DOTALL | re.MULTILINE)
        assert found is not None
        body = "create or replace" + found[0][found[0].index(" function") :]
        _run(f"set local role fitpro_guard; {body}; reset role" if guards else body)
    _run("set local role fitpro_guard; revoke all on function app.masked from public;"
         " grant execute on function app.masked to fitpro_app, fitpro_guard, fitpro_auth, fitpro_owner; reset role")  # fmt: skip
    _run((_SQL / "0009_seals_undo.sql").read_text())


def _run(text: str) -> None:
    # The driver's own execute: SQLAlchemy would take the colons of casts for parameters.
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
