"""An operation: everything one method of one route declares, gathered once at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import marshmallow as ma

from kernel.manifest import Manifest
from kernel.roles import Access
from ports.limits import METERED

F = TypeVar("F", bound=Callable[..., Any])

MARKS = "__fitpro_marks__"


@dataclass(slots=True)
class Marks:
    """What the decorators said about a view function. They only mark: their order does not matter."""

    allow: str | Access | None = None
    body: ma.Schema | None = None
    bodiless: bool = False
    query: ma.Schema | None = None
    arguments: list[str] = field(default_factory=list)
    status: int = 200
    response: ma.Schema | None = None
    etag: bool = True
    whole: bool = False
    record: ma.Schema | None = None
    paginated: bool = False
    parted: bool = False
    outside: bool = False
    key_required: bool = False
    unconditional: bool = False
    conditional: bool = False
    confidential: bool = False
    raw: bool = False
    recent: bool = False
    metered: str = ""
    grave: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    upload: tuple[str, ...] = ()
    upload_example: str = ""
    files: tuple[str, ...] = ()
    documented: tuple[int, ...] = ()
    accepted: str = ""
    headed: bool = False
    public_s: int = 0
    digested: bool = False


def marks(function: Callable[..., Any]) -> Marks:
    """The marks of a view function, made on first use."""
    found: Marks | None = getattr(function, MARKS, None)
    if found is None:
        found = Marks()
        setattr(function, MARKS, found)
    return found


def allow(what: str | Access) -> Callable[[F], F]:
    """Who may call this: a permission of the plugin, `PUBLIC`, or `SIGNED_IN`. Every view has exactly one."""

    def mark(function: F) -> F:
        marks(function).allow = what
        return function

    return mark


def outside(function: F) -> F:
    """This operation talks to another service: no ambient transaction; its writes go in `with work():` blocks."""
    marks(function).outside = True
    return function


def key_required(function: F) -> F:
    """This POST creates money or a booking: without an Idempotency-Key it answers 400."""
    marks(function).key_required = True
    return function


def unconditional(function: F) -> F:
    """This PUT needs no If-Match: what it sets does not depend on what was read."""
    marks(function).unconditional = True
    return function


def conditional(function: F) -> F:
    """This POST changes the record of its address: If-Match is compared as a PATCH's is, and may be left out."""
    marks(function).conditional = True
    return function


def confidential(function: F) -> F:
    """This POST carries what is sealed at rest: the reply kept for its Idempotency-Key is sealed too."""
    marks(function).confidential = True
    return function


def headed(function: F) -> F:
    """Pass the request's headers (`RequestHeaders`) to the view, after what it takes otherwise: for cookies and little else."""
    found = marks(function)
    found.headed = True
    found.arguments.append("headers")
    return function


def may_answer(*statuses: int) -> Callable[[F], F]:
    """Document problems that the operation's shape does not tell by itself."""

    def mark(function: F) -> F:
        marks(function).documented += statuses
        return function

    return mark


def recent(function: F) -> F:
    """This operation is too grave for a session left open: who proved who they are more than 10 minutes ago gets 403
    `reauthentication_required`, and goes on after `POST /api/v1/me/reauthenticate` or a new sign-in. Costs no query: the token says when."""
    marks(function).recent = True
    return function


def metered(quota: str) -> Callable[[F], F]:
    """This operation gives away much at once: it counts against a quota of its own, each person's or API key's (`exports`: what takes a whole
    register out). Beyond it is 429; what is refused or fails does not count."""

    def mark(function: F) -> F:
        marks(function).metered = quota
        return function

    return mark


def cached(seconds: int) -> Callable[[F], F]:
    """This PUBLIC answer is the same for everybody: shared caches may keep it so long. Its ETag is made of its bytes."""

    def mark(function: F) -> F:
        marks(function).public_s = seconds
        return function

    return mark


def digested(function: F) -> F:
    """This answer shows more than one record: its ETag is made of its bytes, and whoever holds it already gets 304."""
    marks(function).digested = True
    return function


@dataclass(slots=True)
class Operation:
    """One method of one route. rule: Flask's, absolute. roles: those that pass; empty for `access` audiences."""

    id: str
    plugin: Manifest
    method: str
    rule: str
    endpoint: str
    view: type[Any]
    handler: str
    marks: Marks
    access: Access | None
    roles: tuple[str, ...]
    database: str
    projection: str
    versioned: bool
    module: str
    permission: str
    """As a scope of API keys names it (`clients:read`); empty for `access` audiences."""

    @property
    def needs_if_match(self) -> bool:
        return self.method == "PUT" and not self.marks.unconditional

    @property
    def takes_if_match(self) -> bool:
        return self.method in ("PUT", "PATCH", "DELETE") or self.marks.conditional


def build(plugin: Manifest, method: str, rule: str, endpoint: str, view: type[Any], database: str) -> Operation:
    """Gather an operation. Raises ValueError when it has no `@allow` or names an undeclared permission."""
    function = getattr(view, method.lower())
    declared: Marks | None = getattr(function, MARKS, None)
    if declared is None or declared.allow is None:
        raise ValueError(f"{view.__name__}.{method.lower()} ({method} {rule}) has no @allow")
    record = declared.record or declared.response or _read(view)
    access = declared.allow if isinstance(declared.allow, Access) else None
    if declared.public_s and access is not Access.PUBLIC:
        raise ValueError(f"{view.__name__}.{method.lower()} ({method} {rule}) is not PUBLIC, so shared caches may not keep its answer")
    if declared.metered and (declared.metered not in METERED or access is Access.PUBLIC):
        raise ValueError(
            f"{view.__name__}.{method.lower()} ({method} {rule}) is metered as {declared.metered!r}: needs a signed-in caller and one of"
            f" {', '.join(sorted(METERED))}"
        )
    if access is Access.PUBLIC and (declared.recent or declared.grave):
        raise ValueError(f"{view.__name__}.{method.lower()} ({method} {rule}) is PUBLIC: nobody is there to prove who they are")
    roles: tuple[str, ...] = ()
    if access is None:
        if declared.allow not in plugin.permissions:
            raise ValueError(f"{view.__name__}.{method.lower()} asks for the permission {declared.allow!r}, which {plugin.id} does not declare")
        roles = plugin.permits(str(declared.allow))
    return Operation(
        id=operation_id(plugin.id, method, view.__name__, paginated=declared.paginated),
        plugin=plugin, method=method, rule=rule, endpoint=endpoint, view=view, handler=method.lower(), marks=declared, access=access,
        roles=roles, database=database, projection=_projection(plugin, record),
        versioned=record is not None and "version" in record.fields and not declared.paginated, module="" if plugin.core else plugin.id,
        permission="" if access is not None else f"{plugin.id}:{declared.allow}",
    )  # fmt: skip


_VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def operation_id(plugin: str, method: str, view: str, *, paginated: bool) -> str:
    """`<plugin>_<verb>_<noun>`, the noun from the view's name."""
    noun = "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(view))
    return f"{plugin}_{'list' if paginated else _VERBS[method]}_{noun}"


def _read(view: type[Any]) -> ma.Schema | None:
    """What GET shows on the same route: an answer without a body (DELETE) meets the tags that GET handed out."""
    shown: Marks | None = getattr(getattr(view, "get", None), MARKS, None)
    return None if shown is None or shown.paginated else shown.response


def _projection(plugin: Manifest, schema: ma.Schema | None) -> str:
    return f"{plugin.id}.{type(schema).__name__.removesuffix('Schema').lower()}" if schema is not None else plugin.id
