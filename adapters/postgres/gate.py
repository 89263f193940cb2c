"""The statements every unit of work shares: entering, keys, events, jobs, transaction control."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from uuid import UUID

from adapters.postgres.statements import Encoded, Statement, encode, sql, together
from adapters.postgres.wire import Result
from kernel.context import Entered, Kind, Scope

BEGIN = sql("begin")
COMMIT = sql("commit")
READ_ONLY = sql("set local transaction_read_only = on")
LOCK = sql("select pg_advisory_xact_lock(hashtextextended($1, 0))", "subject")
ACTOR = sql("select current_setting('app.actor') like 'key %' as is_key")
HOLD_ACTOR = sql("select from user_roles where workspace_id = $1 and user_id = $2 for share", "workspace_id", "actor_id", locks=True)

# What is not as presumed is refused, where a batch is over before its answers can be looked at.
ENTER = sql("select app.enter($1, $2, $3, $4, $5, $6, $7)", "workspace", "user", "session", "module", "roles", "request", "presumed")
ENTER_USER = sql("select app.enter_user($1, $2, $3)", "user", "session", "request")
ENTER_BEARER = sql("select app.enter_bearer($1, $2::bytea)", "workspace", "capability")
ENTER_JOB = sql("select version from app.enter_job($1, $2, $3)", "workspace", "module", "request")

_KEY = ("scope_id", "key", "operation", "fingerprint", "status", "headers", "body")
# Take a key in this transaction. The primary key refuses one that was taken before; a second request waits here for the first to end, 200 ms
# at most.
CLAIM = sql(
    "insert into idempotency_keys (user_id, scope_id, key, operation, fingerprint, status, headers, body, holder, locked_until)"
    " select app.usr(), $1, $2, $3, $4, $5::smallint, $6::jsonb, $7::bytea, $9, case when $8 > 0 then now() + make_interval(secs => $8) end"
    " from (select set_config('lock_timeout', '200ms', true)) patience (told) where told is not null"
    " returning set_config('lock_timeout', null, true)",
    *_KEY, "lease_s", "holder", json=("headers",),
)  # fmt: skip
KEEP_REPLY = sql(
    "update idempotency_keys set status = $5::smallint, headers = $6::jsonb, body = $7::bytea"
    " where user_id = app.usr() and scope_id = $1 and key = $2 and operation = $3 and fingerprint = $4"
    " and holder is not distinct from $8",
    *_KEY, "holder", json=("headers",),
)  # fmt: skip
NO_REPLY: dict[str, object] = {"status": None, "headers": None, "body": None}
_OVER = "created_at < now() - interval '24 hours'"
STORED = sql(
    f"select operation, fingerprint, phase, status, headers, body, coalesce(locked_until > now(), false) as running, {_OVER} as over"
    " from idempotency_keys where user_id = app.usr() and scope_id = $1 and key = $2",
    "scope_id", "key",
)  # fmt: skip
FORGET = sql(f"delete from idempotency_keys where user_id = app.usr() and scope_id = $1 and key = $2 and {_OVER}", "scope_id", "key")
_THE_KEY = " where user_id = app.usr() and scope_id = $1 and key = $2 and status is null"
TAKE_OVER = sql(
    "update idempotency_keys set locked_until = now() + make_interval(secs => $3), holder = $4"
    + _THE_KEY + " and (locked_until is null or locked_until < now())",
    "scope_id", "key", "lease_s", "holder",
)  # fmt: skip
LET_GO = sql("update idempotency_keys set locked_until = null" + _THE_KEY + " and holder = $3", "scope_id", "key", "holder")
REACH = sql("update idempotency_keys set phase = $3" + _THE_KEY + " and holder = $4", "scope_id", "key", "phase", "holder")

RECORD = sql(
    "insert into outbox (workspace_id, id, name, payload, actor_id, request_id) values ($1, $2, $3, $4::jsonb, $5, $6)",
    "workspace_id", "event_id", "name", "payload", "actor_id", "request_id", json=("payload",),
)  # fmt: skip
DELIVER = sql(
    "insert into outbox_deliveries (workspace_id, id, event_id, module, handler, queue, request_id, rung_at)"
    " select $1, s.id, $2, s.module, s.handler, s.queue, $3, now()"
    " from unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) s (id, module, handler, queue)"
    " where s.module = '' or s.module = any ((select w.modules from workspaces w where w.id = $1)::text[])",
    "workspace_id", "event_id", "request_id", "ids", "modules", "handlers", "queues",
)  # fmt: skip
# To one listener whose module is known to be on: nearly every event, at half the price.
DELIVER_ONE = sql(
    "insert into outbox_deliveries (workspace_id, id, event_id, module, handler, queue, request_id, rung_at)"
    " values ($1, $4, $2, $5, $6, $7, $3, now())",
    "workspace_id", "event_id", "request_id", "delivery_id", "module", "handler", "queue",
)  # fmt: skip
RECORD_AND_DELIVER = together(RECORD, DELIVER)
RECORD_AND_DELIVER_ONE = together(RECORD, DELIVER_ONE)
ENQUEUE = sql(
    "insert into outbox_deliveries (workspace_id, id, module, handler, queue, key, unique_key, arguments, available_at, max_attempts, request_id,"
    " rung_at)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, coalesce($9::timestamptz, now()), $10, $11, case when $9::timestamptz is null then now() end)"
    " on conflict (workspace_id, handler, unique_key) where unique_key is not null do nothing",
    "workspace_id", "id", "module", "handler", "queue", "key", "unique_key", "arguments", "available_at", "max_attempts", "request_id",
    json=("arguments",),
)  # fmt: skip
RESUME = sql(
    "update outbox_deliveries set skipped_at = null"
    " where workspace_id = $1 and handler = any($2::text[]) and skipped_at is not null and done_at is null and dead_at is null",
    "workspace_id", "handlers",
)  # fmt: skip
# Who, when and which request are the columns' defaults: the app role cannot write them.
READ = sql(
    "insert into audit_logs (workspace_id, table_name, record_id, client_id, after) values ($1, $2, $3, $4,"
    " jsonb_build_object('reader', (select full_name from user_roles where workspace_id = $1 and user_id = app.usr()), 'purpose', $5::text))",
    "workspace_id", "table", "record_id", "client_id", "purpose",
)  # fmt: skip
MODULES = sql(
    "select w.modules, w.version, jsonb_build_object('timezone', w.timezone, 'week_start', w.week_start, 'currency', w.currency,"
    " 'locale', w.locale, 'time_format', w.time_format) as profile,"
    " (select jsonb_object_agg(m.module, m.settings) from workspace_modules m where m.workspace_id = w.id) as settings,"
    " (select jsonb_object_agg(m.module, m.secrets) from workspace_modules m where m.workspace_id = w.id and m.secrets is not null) as secrets"
    " from workspaces w where w.id = $1",
    "workspace_id",
)
MY_WORKSPACES = sql("select id from app.my_workspaces() limit 2")


@cache
def savepoint(name: str) -> Statement:
    return sql(f"savepoint {name}")


@cache
def rollback_to(name: str) -> Statement:
    return sql(f"rollback to savepoint {name}")


@cache
def release(name: str) -> Statement:
    return sql(f"release savepoint {name}")


@dataclass(slots=True)
class Member:
    """A member at a door. who: all that ENTER is given but the request's id; told: what it said last, None before it was asked."""

    who: list[Encoded]
    told: bytes | None = None


def member(scope: Scope) -> Member:
    """The same object for who comes again."""
    return _member(scope.workspace_id, scope.user_id, scope.session_id, scope.module, scope.roles)


def check(scope: Scope, presumed: bytes | None) -> tuple[Statement, list[Encoded]] | None:
    """The statement that opens the door for a scope; None when it is open to anyone. presumed: refuse a member who is told anything else."""
    if scope.kind is Kind.WORKSPACE:
        return ENTER, [*member(scope).who, scope.request_id.encode(), presumed]
    if scope.kind is Kind.USER:
        return ENTER_USER, ENTER_USER.bind({"user": scope.user_id, "session": scope.session_id, "request": scope.request_id}, {})
    if scope.kind is Kind.JOB:
        return ENTER_JOB, ENTER_JOB.bind({"workspace": scope.workspace_id, "module": scope.module, "request": scope.request_id}, {})
    return None


@lru_cache(4096)
def _member(*who: object) -> Member:
    return Member([encode(value) for value in who])


@lru_cache(4096)
def entered(told: bytes) -> Entered:
    """What the door told a member."""
    version, role, limited, client = told.decode().split(" ")
    return Entered(role, UUID(client) if client else None, int(version), limited == "true")


def passed(scope: Scope, result: Result) -> Entered:
    """What the door told whom it let in."""
    if scope.kind is Kind.WORKSPACE:
        (told,) = result.texts
        assert told is not None
        member(scope).told = told
        return entered(told)
    row = result.rows()[0]
    return Entered("system" if scope.kind is Kind.JOB else "person", None, row.get("version") or 0)
