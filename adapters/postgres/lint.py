"""The live catalogue, walked: what must hold for every table, third parties' included, before a migration may commit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapters.postgres import catalogue

GLOBAL_TABLES = frozenset(
    {
        "users", "sessions", "workspaces", "idempotency_keys",
        "accounts_credential", "accounts_refresh_token", "accounts_consent", "accounts_signing_key", "accounts_attempt",
        "accounts_identity", "accounts_sign_in", "accounts_token", "accounts_applicant",
        "quota_uses", "huey_counter", "huey_kv", "huey_schedule", "huey_task", "outbox_ticks",
    }
)  # fmt: skip
"""Reviewed: tables without a workspace_id."""

SHARED_WITH_APP = frozenset({"workspaces", "idempotency_keys"})
"""Reviewed: those of them that the app role may touch, each behind row-level security."""

GLOBAL_UNIQUE = frozenset({"pk_claims"})
"""Reviewed: uniqueness across workspaces is this table's purpose."""

DEFINERS = frozenset({"enter", "enter_user", "my_workspaces", "found_workspace", "audit", "fan_out"})
"""Reviewed: the only functions that run with another role's rights. At most six."""

POLICIES = frozenset(
    {
        "audit_logs.guard", "audit_logs.watch", "audit_seals.watch",
        "workspaces.guard", "workspaces.relay", "user_roles.guard", "user_roles.own", "outbox.sweep",
        "outbox_deliveries.platform", "outbox_deliveries.relay", "outbox_deliveries.guard", "idempotency_keys.own", "idempotency_keys.sweep",
        "claims.hosts", "workspaces.hosts",
        "api_keys.auth", "api_keys.guard", "api_keys.own", "api_key_uses.auth",
    }
)  # fmt: skip
"""Reviewed: policies that show rows to somebody, besides those of `app.protect`."""

UNREFERRED = frozenset({"audit_logs", "clients_term"})
"""Reviewed: tables whose client_id has no foreign key. Entries tell what was; terms are written with their client alone."""

_AUDITS = {"changes audited": 2}
"""How many audit triggers a table has that says so: where an audited row names those that it is made with, their insert has no entry of its own."""

_MADE_BY_PROTECT = frozenset({"tenant", "maintenance", "backup"})
_NO_CREATORS = frozenset({"public", "fitpro_app", "fitpro_auth", "fitpro_relay", "fitpro_backup"})
_DML = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_TENANT_COLUMN = {"workspaces": "id"}
_BY_ROW = (  # as `app.by_row` has them
    (re.compile(r"\( SELECT (\(?app\.(ws|client|usr|own)\(\)( IS NULL)?\)?)( AS \w+)?\)"), r"\1"),
    (re.compile(r"IN \( SELECT unnest\((app\.(\w+)\(\))\) AS unnest\)"), r"= ANY (( SELECT \1 AS \2)::uuid[])"),
    (re.compile(r"= \( SELECT (app\.\w+\(\)) AS \w+\)"), r"= \1"),
)
_STAFF = "(( SELECT (app.client() IS NULL)) OR "
_UNLIMITED = "(( SELECT (app.own() IS NULL)) OR "

Row = sa.Row[Any]


def lint(connection: sa.Connection, referring: Collection[str] | None = None) -> list[str]:
    """Every problem, a sentence each; empty when the catalogue is safe. referring: the tables whose client_id must have a foreign key by now, as
    others' has; None for every one."""
    tables = {row.name: row for row in connection.exec_driver_sql(catalogue.TABLES)}
    policies = _by_table(connection.exec_driver_sql(catalogue.POLICIES))
    grants = _by_table(connection.exec_driver_sql(catalogue.GRANTS))
    tenant = {name for name, row in tables.items() if row.tenant}
    found: list[str] = []
    for name, row in tables.items():
        found += _table(name, row, policies[name]) + _grants(name, grants[name])
    keys = list(connection.exec_driver_sql(catalogue.FOREIGN_KEYS))
    linked = {key.source for key in keys if "client_id" in key.columns}
    for name in sorted(tables.keys() - linked - UNREFERRED):
        # While nobody keeps clients there is nothing to refer to.
        if linked and tables[name].of_client and (referring is None or name in referring):
            found.append(f"client_id of {name} has no foreign key: it would not follow its client into a merge")
    for key in keys:
        if key.target in tenant and ("workspace_id", "workspace_id") not in zip(key.columns, key.referred, strict=True):
            found.append(f"foreign key {key.name} of {key.source} crosses workspaces: it must carry workspace_id on both sides")
    for index in connection.exec_driver_sql(catalogue.UNIQUES):
        if index.source in tenant and index.leading != "workspace_id" and index.name not in GLOBAL_UNIQUE:
            found.append(f"unique index {index.name} of {index.source} must lead with workspace_id")
    for creator in connection.exec_driver_sql(catalogue.CREATORS):
        if creator.grantee in _NO_CREATORS:
            found.append(f"{creator.grantee} may create in schema {creator.schema}")
    functions = list(connection.exec_driver_sql(catalogue.FUNCTIONS))
    for function in functions:
        found += _function(function)
    names = [function.name for function in functions if function.definer]
    return found + [f"function app.{name} is a definer in several versions" for name in sorted(set(names)) if names.count(name) > 1]


def _by_table(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.source].append(row)
    return found


def _table(name: str, row: Row, policies: Sequence[Row]) -> list[str]:
    if name.startswith("alembic_version_"):
        return []
    if row.kind != "r":
        return [f"{name} is a view: views are not allowed beside tenant tables"]
    if row.schema != "public":
        return [f"table {name} is outside the schema public"]
    found = [] if row.owner == "fitpro_owner" else [f"table {name} belongs to {row.owner}, not to fitpro_owner"]
    if not row.tenant and name not in GLOBAL_TABLES:
        return [*found, f"table {name} has no workspace_id and is not on the reviewed list"]
    column = _TENANT_COLUMN.get(name, "workspace_id" if row.tenant else "")
    hidden = row.rls and row.forced
    if (column and not (hidden and _protected(policies, column))) or (name in SHARED_WITH_APP and not hidden):
        return [*found, f"table {name} is not protected: select app.protect('{name}')"]
    made = _MADE_BY_PROTECT if name in SHARED_WITH_APP or column else frozenset()
    for policy in policies:
        if policy.permissive and policy.name not in made and f"{name}.{policy.name}" not in POLICIES:
            found.append(f"table {name} has a policy that widens what {', '.join(policy.roles)} sees: {policy.name}")
    if row.of_client and any(policy.name == "cliente" and policy.shown == f"{_STAFF}true)" for policy in policies):
        found.append(f"table {name} has a client_id, but shows a Cliente the rows of others")
    if row.of_client and column and not any(_limits(policy) for policy in policies):
        found.append(f"table {name} has a client_id, but shows a limited collaborator every client: select app.limit_to_own('{name}')")
    if column and row.audits != _AUDITS.get(row.comment, 3) and row.comment != "unaudited":
        found.append(f"table {name} is not audited")
    return found


def _protected(policies: Sequence[Row], column: str) -> bool:
    """Whether the policies are those of `app.protect`, word for word: a policy of that name may say anything."""
    by_name = {policy.name: policy for policy in policies if policy.every}
    tenant, cliente = by_name.get("tenant"), by_name.get("cliente")
    here = f"({column} = ( SELECT app.ws() AS ws))"
    return (
        tenant is not None
        and cliente is not None
        and tenant.permissive
        and not cliente.permissive
        and (tenant.roles, tenant.shown) == (["fitpro_app"], here)
        and _checked(tenant)
        and cliente.roles == ["fitpro_app"]
        and _checked(cliente)
        and cliente.shown.startswith(_STAFF)
    )


def _checked(policy: Row) -> bool:
    """Whether no other rows may be written than are shown: by the same words, or by those that `app.by_row` makes of them."""
    by_row = policy.shown or ""
    for words, shorter in _BY_ROW:
        by_row = words.sub(shorter, by_row)
    return policy.written in (policy.shown, by_row)


def _limits(policy: Row) -> bool:
    """Whether this is the policy of `app.limit_to_own`, with rows of somebody's choice that are not all of them."""
    if policy.name != "scope" or policy.permissive or not policy.every or policy.roles != ["fitpro_app"]:
        return False
    return _checked(policy) and policy.shown.startswith(_UNLIMITED) and bool(policy.shown != f"{_UNLIMITED}true)")


def _grants(name: str, grants: Sequence[Row]) -> list[str]:
    found = []
    for grant in grants:
        too_much = grant.privilege not in _DML or (name in GLOBAL_TABLES and name not in SHARED_WITH_APP)
        if grant.grantee == "public" or (grant.grantee == "fitpro_app" and too_much):
            found.append(f"{grant.grantee} has {grant.privilege} on table {name}")
    return found


def _function(function: Row) -> list[str]:
    name = f"{function.schema}.{function.name}"
    found = [f"function {name} may be executed by everyone"] if function.everyone else []
    if function.definer and (function.name not in DEFINERS or function.schema != "app"):
        found.append(f"function {name} is a definer and not on the reviewed list")
    if function.definer and not function.pinned:
        found.append(f"function {name} is a definer without search_path = ''")
    if function.definer and function.owner != "fitpro_guard":
        found.append(f"function {name} is a definer owned by {function.owner}")
    return found
