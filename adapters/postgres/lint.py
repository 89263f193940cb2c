"""The live catalogue, walked: what must hold for every table, third parties' included, before a migration may commit."""

from __future__ import annotations

import sqlalchemy as sa

GLOBAL_TABLES = frozenset(
    {
        "users", "sessions", "workspaces", "idempotency_keys",
        "accounts_credential", "accounts_refresh_token", "accounts_consent", "accounts_signing_key", "accounts_attempt",
        "huey_counter", "huey_kv", "huey_schedule", "huey_task", "outbox_ticks",
    }
)  # fmt: skip
"""Reviewed: tables without a workspace_id."""

GLOBAL_UNIQUE = frozenset({"pk_claims"})
"""Reviewed: uniqueness across workspaces is this table's purpose."""

DEFINERS = frozenset({"enter", "enter_user", "my_workspaces", "found_workspace", "audit", "fan_out"})
"""Reviewed: the only functions that run with another role's rights. At most six."""

_TABLES = """
select c.relname as name, c.relkind as kind, c.relrowsecurity as rls, c.relforcerowsecurity as forced,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped) as tenant,
       (select count(*) from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant' and p.polpermissive and p.polcmd = '*'
           and p.polqual is not null and p.polwithcheck is not null and p.polroles = array['fitpro_app'::regrole::oid]) as policies,
       (select count(*) from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd = '*') as restrictive,
       (select count(*) from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polname not in ('tenant', 'maintenance', 'backup')
           and 'fitpro_app'::regrole = any (p.polroles)) as extra,
       (select count(*) from pg_trigger t where t.tgrelid = c.oid and left(t.tgname, 6) = 'audit_' and t.tgenabled = 'O') as audits,
       coalesce(obj_description(c.oid, 'pg_class') = 'unaudited', false) as unaudited, pg_get_userbyid(c.relowner) as owner
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
"""
_FOREIGN_KEYS = """
select c.conname as name, c.conrelid::regclass::text as source, c.confrelid::regclass::text as target,
       (select array_agg(a.attname::text) from unnest(c.conkey) k join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k) as columns,
       (select array_agg(a.attname::text) from unnest(c.confkey) k join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k) as referred
  from pg_constraint c where c.contype = 'f' and c.connamespace = 'public'::regnamespace
"""
_UNIQUES = """
select i.indrelid::regclass::text as source, x.relname as name,
       (select a.attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0]) as leading
  from pg_index i join pg_class x on x.oid = i.indexrelid
 where i.indisunique and x.relnamespace = 'public'::regnamespace
"""
_FUNCTIONS = """
select p.proname as name, n.nspname as schema, p.prosecdef as definer, coalesce(p.proconfig @> array['search_path=""'], false) as pinned,
       pg_get_userbyid(p.proowner) as owner, has_function_privilege('public', p.oid, 'execute') as everyone
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'app') and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""


def lint(connection: sa.Connection) -> list[str]:
    """Every problem, a sentence each; empty when the catalogue is safe."""
    found: list[str] = []
    tables = {row.name: row for row in connection.exec_driver_sql(_TABLES)}
    tenant = {name for name, row in tables.items() if row.tenant}
    for name, row in tables.items():
        found += _table(name, row)
    for key in connection.exec_driver_sql(_FOREIGN_KEYS):
        if key.source in tenant and key.target in tenant:
            pairs = list(zip(key.columns, key.referred, strict=True))
            if ("workspace_id", "workspace_id") not in pairs:
                found.append(f"foreign key {key.name} of {key.source} crosses workspaces: it must carry workspace_id on both sides")
    for index in connection.exec_driver_sql(_UNIQUES):
        if index.source in tenant and index.leading != "workspace_id" and index.name not in GLOBAL_UNIQUE:
            found.append(f"unique index {index.name} of {index.source} must lead with workspace_id")
    for function in connection.exec_driver_sql(_FUNCTIONS):
        found += _function(function)
    return found


def _table(name: str, row: sa.Row[tuple[object, ...]]) -> list[str]:
    if name.startswith("alembic_version_"):
        return []
    if row.kind != "r":
        return [f"{name} is a view: views are not allowed beside tenant tables"]
    found = [] if row.owner == "fitpro_owner" else [f"table {name} belongs to {row.owner}, not to fitpro_owner"]
    if not row.tenant:
        return found if name in GLOBAL_TABLES else [*found, f"table {name} has no workspace_id and is not on the reviewed list"]
    if not (row.rls and row.forced and row.policies == 1 and row.restrictive >= 1):
        return [*found, f"table {name} is not protected: select app.protect('{name}')"]
    if row.extra:
        found.append(f"table {name} has a policy that widens what the app role sees")
    if row.audits != 3 and not row.unaudited:
        found.append(f"table {name} is not audited")
    return found


def _function(function: sa.Row[tuple[object, ...]]) -> list[str]:
    name = f"{function.schema}.{function.name}"
    found = [f"function {name} may be executed by everyone"] if function.everyone else []
    if function.definer and (function.name not in DEFINERS or function.schema != "app"):
        found.append(f"function {name} is a definer and not on the reviewed list")
    if function.definer and not function.pinned:
        found.append(f"function {name} is a definer without search_path = ''")
    if function.definer and function.owner != "fitpro_guard":
        found.append(f"function {name} is a definer owned by {function.owner}")
    return found
