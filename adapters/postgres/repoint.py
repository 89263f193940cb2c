"""Rows that refer to one record, made to refer to another: found in the live catalogue, whoever the table belongs to and whether it is on or off."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from adapters.postgres.faults import translate
from adapters.postgres.statements import sql
from adapters.postgres.wire import ServerError
from adapters.postgres.work import UnitOfWork
from kernel.errors import DomainError

# Names come quoted as SQL needs them. Each key carries workspace_id and one column of its own, which the catalogue lint sees to.
_KEYS = sql(
    "select c.conrelid::regclass::text as table, quote_ident(a.attname) as column,"
    " exists (select from pg_attribute v where v.attrelid = c.conrelid and v.attname = 'version' and not v.attisdropped) as versioned"
    " from pg_constraint c cross join lateral unnest(c.conkey, c.confkey) k (own, referred)"
    " join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.own"
    " join pg_attribute r on r.attrelid = c.confrelid and r.attnum = k.referred and r.attname = 'id'"
    " where c.contype = 'f' and c.confrelid = $1::regclass and c.connamespace = 'public'::regnamespace order by 1, 2",
    "target",
)  # fmt: skip
# Unique, exclusion, a key that audit must not lose sight of, a table that takes no updates.
_STAYS = frozenset({"23505", "23P01", "23514", "42501"})


@dataclass(frozen=True, slots=True)
class Repointed:
    """What happened to one table's rows. left: those that a rule of the table keeps where they are."""

    table: str
    moved: int
    left: int


def repoint(work: UnitOfWork, target: str, source: UUID, to: UUID, leaving: Collection[str] = ()) -> list[Repointed]:
    """Make every row of this workspace that refers to the record `source` of `target` refer to `to`; only tables with such rows are told.

    A row that cannot move (there is one like it already) stays, and the others move all the same. leaving: tables that stay as they are.
    """
    keys = [key for key in work.rows(_KEYS, target=target) if key["table"] not in leaving]
    return [found for key in keys if (found := _table(work, key["table"], key["column"], key["versioned"], source, to))]


def _table(work: UnitOfWork, table: str, column: str, versioned: bool, source: UUID, to: UUID) -> Repointed | None:
    step = ", version = version + 1" if versioned else ""
    update = f"update {table} set {column} = $2{step} where workspace_id = $1 and {column} = $3"
    moved = _tried(work, lambda: work.change(sql(update, "workspace_id", "to", "source"), to=to, source=source))
    if moved is not None:
        return Repointed(table, moved, 0) if moved else None
    one = sql(f"{update} and ctid = $4::tid", "workspace_id", "to", "source", "row")
    places = sql(f"select ctid::text as row from {table} where workspace_id = $1 and {column} = $2", "workspace_id", "source")
    rows = [row["row"] for row in work.rows(places, source=source)]
    done = 0
    for row in rows:
        done += _tried(work, lambda row=row: work.change(one, to=to, source=source, row=row)) or 0  # type: ignore[misc]
    return Repointed(table, done, len(rows) - done)


def _tried(work: UnitOfWork, change: Callable[[], int]) -> int | None:
    """None when a rule of the table forbids it."""
    try:
        with work.savepoint():
            return change()
    except (DomainError, ServerError) as error:
        cause = error if isinstance(error, ServerError) else error.__cause__
        if isinstance(cause, ServerError) and cause.sqlstate in _STAYS:
            return None
        if isinstance(error, ServerError) and (known := translate(error)) is not None:
            raise known from error
        raise
