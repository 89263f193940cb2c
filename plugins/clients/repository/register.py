"""The client register in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from plugins.clients.domain.register import TAG, WORD, Search, Sort
from plugins.clients.models.register import clients, terms
from plugins.clients.repository.collaborators import stay
from plugins.sdk import Document, Fault, Invalid, Row, constraints, ctx, sa, sql, statement, tables

_T: Final = clients.c
_M: Final = tables.user_roles.c
_NOBODY: Final = UUID(int=0)
_LAST: Final = "\U0010ffff"  # sorts after every continuation of a prefix, in byte order

# In the order of ClientSchema, so that a row leaves as it came. As JSON, because parsing an array to write it again costs more than the rest.
_SHOWN: Final = tuple(
    sa.func.to_json(_T.tags).label("tags") if name == "tags" else _T[name]
    for name in (
        "id", "full_name", "email", "phone", "birth_date", "status", "tags", "notes", "assigned_to",
        "version", "created_at", "updated_at", "archived_at", "lifecycle_stage", "lifecycle_since", "custom_fields", "merged_into",
    )
)  # fmt: skip
_CHANGEABLE: Final = (
    "full_name", "search_name", "email", "phone", "birth_date", "status", "tags", "notes", "archived_at", "lifecycle_stage", "lifecycle_since",
    "custom_fields",
)  # fmt: skip
_STAFF: Final = sa.text("(select app.client() is null)")

constraints["fk_clients_assigned_to"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/assigned_to", "No such collaborator in this workspace.")]
)
constraints["clients.scope"] = lambda: Invalid(
    code="own_clients_only", errors=[Fault("/assigned_to", "You are limited to your own clients: name yourself.")]
)


def _collaborator() -> sa.ColumnElement[Any]:
    """The collaborator named, when they are one; else nobody, whom the foreign key refuses like any unknown id."""
    given = sa.bindparam("assigned_to", type_=sa.Uuid)
    found = sa.select(_M.user_id).where(
        _M.workspace_id == sa.bindparam("workspace_id"), _M.user_id == given, _M.role != "Cliente", _M.ended_at.is_(None)
    )
    return sa.case((given.is_(None), sa.null()), else_=sa.func.coalesce(found.scalar_subquery(), _NOBODY))


def _here() -> sa.ColumnElement[bool]:
    return sa.and_(_T.workspace_id == sa.bindparam("workspace_id"), _T.id == sa.bindparam("client_id"))


def _if_named(name: str, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    named = sa.bindparam("named", type_=sa.ARRAY(sa.Text))
    return sa.case((sa.literal(name) == sa.func.any(named), value), else_=_T[name])


GET = statement(sa.select(*_SHOWN).where(_here()))
LOCK = statement(
    sa.select(
        _T.version,
        _T.status,
        _T.full_name,
        _T.email,
        _T.tags,
        _T.phone,
        _T.birth_date,
        _T.assigned_to,
        _T.merged_into,
        _T.lifecycle_stage,
        _T.custom_fields,
    )
    .where(_here())
    .with_for_update(key_share=True)
)
ADD = statement(
    sa.insert(clients).values(
        {column.name: sa.bindparam(column.name) for column in _T if column.name not in ("assigned_to", "merged_into")}
        | {"assigned_to": _collaborator()}
    )
)
CHANGE = statement(
    sa.update(clients)
    .where(_here(), _T.merged_into.is_(None), sa.or_(sa.bindparam("expected", type_=sa.BigInteger).is_(None), _T.version == sa.bindparam("expected")))
    .values(
        {name: _if_named(name, sa.bindparam(name, type_=_T[name].type)) for name in _CHANGEABLE}
        | {
            # Whoever looks after the client already may stay, even when their membership has ended.
            "assigned_to": _if_named("assigned_to", sa.case((_T.assigned_to == sa.bindparam("assigned_to"), _T.assigned_to), else_=_collaborator())),
            "version": _T.version + 1,
            "updated_at": sa.bindparam("updated_at"),
        }
    )
    .returning(*_SHOWN)
)
FORGET_TERMS = sql("delete from clients_term where workspace_id = $1 and client_id = $2 and not merged", "workspace_id", "client_id")
ADD_TERMS = sql(
    "insert into clients_term (workspace_id, client_id, term) select $1, $2, unnest($3::text[]) on conflict do nothing",
    "workspace_id", "client_id", "terms",
)  # fmt: skip
# Of two who add the same person at once one waits here, and then finds the other. In one order, so that they never wait for each other.
LOCK_KEYS = sql(
    "select pg_advisory_xact_lock(place) from (select pg_advisory_xact_lock_shared(hashtextextended($1::text || ' every key', 0))) every,"
    " (select distinct hashtextextended($1::text || key, 0) as place from unnest($2::text[]) key order by 1) places",
    "workspace_id", "keys",
)  # fmt: skip
# Of too many to lock one by one.
LOCK_EVERY_KEY = sql("select pg_advisory_xact_lock(hashtextextended($1::text || ' every key', 0))", "workspace_id")
# Somebody who has one of the keys already stops it, in the same statement: looking first would be one more.
ADD_NEW_TERMS = sql(
    "insert into clients_term (workspace_id, client_id, term) select $1, $2, unnest($3::text[])"
    " where (select app.refuse('duplicate_client') from clients_term where workspace_id = $1 and term = any($4::text[]) limit 1) is null"
    # So do custom fields that are required, when none are given: reading their definition first would be one more, too.
    " and (select app.refuse('custom_fields_required') from workspace_modules where workspace_id = $1 and module = 'clients' and $5::boolean"
    " and settings #> '{custom_fields,required,0}' is not null) is null",
    "workspace_id", "client_id", "terms", "keys", "unasked",
)  # fmt: skip
TAGS = sql(
    'select tag, count(*) as clients from clients c cross join lateral unnest(c.tags) tag where c.workspace_id = $1 and c.status <> \'archived\''
    ' and tag collate "C" > $2 group by tag order by tag collate "C" limit $3',
    "workspace_id", "after", "limit",
)  # fmt: skip


class Shape(NamedTuple):
    """What a list statement depends on; its plan is its own, since `parameter is null or …` would spoil every plan."""

    status: bool
    lifecycle_stage: bool
    tag: bool
    assigned_to: bool
    words: int
    sort: Sort
    after: bool


@cache
def listing(shape: Shape) -> Any:
    """The statement for a shape; there are a few hundred, compiled when first asked for."""
    query = sa.select(*_SHOWN, _T.search_name) if shape.sort.by_name else sa.select(*_SHOWN)
    query = query.where(_T.workspace_id == sa.bindparam("workspace_id"))
    query = query.where(_T.status == sa.bindparam("status") if shape.status else _T.status != "archived")
    if shape.lifecycle_stage:
        query = query.where(_T.lifecycle_stage == sa.bindparam("lifecycle_stage"), _STAFF)
    if shape.assigned_to:
        # Who looks after whom, and with which tags, is the staff's to ask.
        query = query.where(_T.assigned_to == sa.bindparam("assigned_to"), _STAFF)
    if shape.tag:
        t = terms.alias("tagged")
        query = query.join(t, sa.and_(t.c.workspace_id == _T.workspace_id, t.c.client_id == _T.id))
        query = query.where(t.c.workspace_id == sa.bindparam("workspace_id"), t.c.term == sa.bindparam("tag"), _STAFF)
    for n in range(shape.words):
        t = terms.alias(f"word{n}")
        matches = sa.and_(
            t.c.workspace_id == sa.bindparam("workspace_id"), t.c.term >= sa.bindparam(f"from{n}"), t.c.term < sa.bindparam(f"to{n}")
        )  # fmt: skip
        if n == 0:
            # Sorted before the clients are looked up, so that a page of a common beginning looks up a page and no more.
            hits = sa.select(t.c.client_id).where(matches).distinct().order_by(t.c.client_id.desc()).offset(0).subquery("hits")
            query = query.join(hits, hits.c.client_id == _T.id)
        else:
            query = query.where(sa.exists().where(matches, t.c.client_id == _T.id))
    keys: tuple[Any, ...] = (_T.search_name, _T.id) if shape.sort.by_name else (_T.id,)
    if shape.after:
        last = tuple(sa.bindparam(f"after{n}", type_=key.type) for n, key in enumerate(keys))
        here, there = (sa.tuple_(*keys), sa.tuple_(*last)) if len(keys) > 1 else (keys[0], last[0])
        query = query.where(here < there if shape.sort.descending else here > there)
    order = (key.desc() for key in keys) if shape.sort.descending else keys
    return statement(query.order_by(*order).limit(sa.bindparam("limit", type_=sa.BigInteger)))


def asked(search: Search, limit: int, after: tuple[Any, ...] | None) -> tuple[Any, dict[str, object]]:
    """The statement of a page of a search, with its parameters."""
    shape = Shape(
        search.status is not None, search.lifecycle_stage is not None, search.tag is not None, search.assigned_to is not None, len(search.words),
        search.sort, after is not None,
    )  # fmt: skip
    parameters: dict[str, object] = {"limit": limit, **{name: getattr(search, name) for name in ("status", "lifecycle_stage", "assigned_to")}}
    if search.tag is not None:
        parameters["tag"] = TAG + search.tag
    for n, word in enumerate(search.words):
        parameters |= {f"from{n}": WORD + word, f"to{n}": WORD + word + _LAST}
    return listing(shape), parameters | {f"after{n}": value for n, value in enumerate(after or ())}


class Register:
    """Answers both ports of the register; for a Cliente, row-level security leaves only their own record."""

    @property
    def again(self) -> bool:
        return ctx.work.careful

    def stay(self, people: Collection[UUID]) -> None:
        stay(people)

    def get(self, client_id: UUID) -> Document | None:
        return ctx.work.document(GET, client_id=client_id)

    def page(self, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        statement, parameters = asked(search, limit, after)
        return ctx.work.documents(statement, **parameters)

    def tags(self, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        return ctx.work.documents(TAGS, limit=limit, after=after[0] if after else "")

    def add(self, client: Mapping[str, object], terms: Sequence[str], keys: Sequence[str]) -> None:
        ctx.work.write(ADD, **client)
        if keys and not ctx.work.careful:
            ctx.work.write(LOCK_KEYS, keys=keys)
        unasked = not client["custom_fields"] and not ctx.work.careful
        ctx.work.write(ADD_NEW_TERMS, client_id=client["id"], terms=terms, keys=[] if ctx.work.careful else keys, unasked=unasked)

    def lock(self, client_id: UUID) -> Row | None:
        return ctx.work.one(LOCK, client_id=client_id)

    def change(self, client_id: UUID, named: Collection[str], values: Mapping[str, object], expected: int | None) -> Document | None:
        given = {name: values.get(name) for name in (*_CHANGEABLE, "assigned_to")}
        return ctx.work.document(CHANGE, client_id=client_id, named=list(named), expected=expected, updated_at=values["updated_at"], **given)

    def index(self, client_id: UUID, terms: Sequence[str]) -> None:
        ctx.work.write(FORGET_TERMS, client_id=client_id)
        ctx.work.write(ADD_TERMS, client_id=client_id, terms=terms)
