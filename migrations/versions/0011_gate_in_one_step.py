"""The gate sets its settings in one expression: as a query of several columns it cost the executor's start and end, a quarter of the gate."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0011"
down_revision = "platform_0010"
branch_labels = None
depends_on = None

_KEYS = Path(__file__).parent.parent / "sql" / "0010_api_keys.sql"
_START = "  perform set_config('app.workspace_id', p_workspace::text, true), "


def upgrade() -> None:
    gate = _gate()
    head, settings = gate[: gate.index(_START)], gate[gate.index(_START) :]
    settings = settings.replace("  perform ", "  done := ").replace(", true), set_config(", ", true) || set_config(")
    settings = settings.replace(", true),\n          set_config(", ", true)\n       || set_config(")
    _replace(head.replace("  holds boolean;\n", "  holds boolean;\n  done text;\n") + settings)


def downgrade() -> None:
    _replace(_gate())


def _gate() -> str:
    text = _KEYS.read_text()
    begin = text.index("create or replace function app.enter(")
    return text[begin : text.index("end $$;", begin) + len("end $$;")]


def _replace(gate: str) -> None:
    op.get_bind().exec_driver_sql(f"set local role fitpro_guard; {gate} reset role".replace("%", "%%"))
