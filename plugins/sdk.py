"""The plugin author's whole surface: import from here and from nowhere else of ours. What is not in `__all__` may change any day."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar, cast

import marshmallow as ma
import sqlalchemy as sa
from flask.views import MethodView
from marshmallow import validate
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from adapters.http import fields
from adapters.http.blueprint import Blueprint
from adapters.http.bodies import Upload
from adapters.http.exchange import RequestHeaders, ready, redirect, with_headers
from adapters.http.lines import lines_of
from adapters.http.loading import compile_load
from adapters.http.operation import (
    allow,
    cached,
    conditional,
    confidential,
    digested,
    headed,
    key_required,
    may_answer,
    metered,
    outside,
    recent,
    unconditional,
)
from adapters.http.pagination import Page, PageRequest, page_of
from adapters.http.parts import Part, with_part
from adapters.http.proof import Proof, with_proof
from adapters.http.revised import published, revised
from adapters.http.schema import QuerySchema, Schema, invalid
from adapters.http.sheets import Separator, Sheet, SheetFormat, file_of, unquoted
from adapters.http.visitors import Visitor, with_visitor
from adapters.jsonschema import JsonSchema, definable, json_schema
from adapters.postgres import tables
from adapters.postgres.faults import constraints
from adapters.postgres.model import Model, metadata, reference, sealed, sealed_columns
from adapters.postgres.repoint import Repointed
from adapters.postgres.repoint import repoint as _repoint
from adapters.postgres.session import session as _session
from adapters.postgres.statements import sql, statement, together
from adapters.postgres.work import UnitOfWork
from kernel.context import current
from kernel.errors import (
    Conflict,
    DomainError,
    Fault,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    RateLimited,
    Refused,
    Stale,
    Unauthenticated,
    Unavailable,
)
from kernel.hooks import exhaustive
from kernel.ids import new_id
from kernel.manifest import Manifest, Task
from kernel.money import Money
from kernel.registry import MOUNT
from kernel.roles import EVERYONE, STAFF, Access, Role
from ports.encryption import Place
from ports.mail import Letter
from ports.persistence import Document, Row, Work
from ports.provided import Provided

__all__ = [
    "EVERYONE", "PUBLIC", "SIGNED_IN", "STAFF", "Blueprint", "Conflict", "Document", "DomainError", "Fault", "Forbidden", "Invalid", "JsonSchema",
    "Letter", "Malformed", "Mapped", "MethodView", "Model", "Money", "NotFound", "Page", "PageRequest", "Part", "Place", "Plugin", "Proof",
    "Provided", "QuerySchema", "RateLimited", "Refused", "RequestHeaders", "Role", "Row", "Schema", "Separator", "Sheet", "SheetFormat", "Stale",
    "Unauthenticated", "Unavailable", "Upload", "Visitor", "Work", "allow", "cached", "conditional", "confidential", "constraints", "ctx",
    "definable", "digested", "exhaustive", "fields", "file_of", "headed", "invalid", "json_schema", "key_required", "lines_of", "ma",
    "mapped_column", "may_answer", "metadata", "metered", "new_id", "outside", "page_of", "published", "ready", "recent", "redirect", "reference",
    "revised", "sa", "sealed", "sealed_columns", "sql", "statement", "tables", "together", "unconditional", "unquoted", "validate",
    "with_headers", "with_part", "with_proof", "with_visitor", "work",
]  # fmt: skip

PUBLIC = Access.PUBLIC
SIGNED_IN = Access.SIGNED_IN

M = TypeVar("M", bound=Model)


class Plugin(Manifest):
    """A plugin: create one at module level and hang everything off it."""

    def __init__(self, id: str, **manifest: Any) -> None:
        super().__init__(id, **manifest)
        self.blueprints: list[Blueprint] = []

    def blueprint(self, mount: str | None = None) -> Blueprint:
        """A blueprint at `/api/v1/<id>`, or at one of the `mounts` a bundled plugin declares."""
        made = Blueprint(self, mount or f"{MOUNT}/{self.id}", self.database)
        if mount is not None and mount not in self.mounts:
            made.problems.append(f"mounts at {mount}, which is not in mounts=")
        self.blueprints.append(made)
        return made

    def mail(self, compose: Callable[..., Letter | None]) -> Task:
        """Declare a letter: a task whose function says, in a transaction of its own, what to write to whom; None when there is nothing
        to say any more. It is then sent outside any transaction, with the same Message-ID in every attempt.

        Texts are `mail/<template>.<en|es|pt>.txt` beside the plugin, Jinja, the first line `Subject: …`.
        """
        declared: Task = self.task(queue="mail")(compose)
        declared.mail = True
        return declared

    def resume(self, *names: str) -> None:
        """Have done after all what was queued for these tasks and hooks of this plugin, and skipped in this workspace because it was off."""
        cast("UnitOfWork", current().open_transaction).resume([f"{self.id}:{name}" for name in names])

    @property
    def service(self) -> Any:
        """What `build(ports)` of its plugin.py returned, in the installation that serves the current request or job."""
        return current().dispatcher.services[self.id]

    @property
    def config(self) -> dict[str, Any]:
        """This plugin's settings in the current workspace, defaults filled in; what a newer version no longer knows is left out."""
        return self._filled(dict(current().modules.settings(self.id)))

    def configured(self, stored: Any) -> dict[str, Any]:
        """Settings loaded through the plugin's schema. Raises marshmallow's ValidationError."""
        return cast("dict[str, Any]", self.settings().load(dict(stored))) if self.settings else dict(stored)

    @cached_property
    def _filled(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return compile_load(self.settings(unknown=ma.EXCLUDE)) if self.settings else dict


class _Context:
    """The request or job being served: who acts, where, and the open transaction. Raises NoContext outside one."""

    @property
    def workspace_id(self) -> uuid.UUID:
        found = current().scope.workspace_id
        if found is None:
            raise LookupError("this operation has no workspace")
        return found

    @property
    def workspace(self) -> Mapping[str, Any]:
        """How the workspace is set: `timezone`, `week_start` (ISO weekday), `currency`, `locale`, `time_format`. Costs no question once known."""
        return current().modules.settings("workspaces")

    @property
    def user_id(self) -> uuid.UUID | None:
        """The person acting; None for the system."""
        return current().scope.user_id

    @property
    def session_id(self) -> uuid.UUID | None:
        return current().scope.session_id

    @property
    def request_id(self) -> str:
        return current().scope.request_id

    @property
    def role(self) -> str:
        """`Owner`, `Colaborador`, `Cliente`, or `system` in a job."""
        return current().open_transaction.entered().role

    @property
    def client_id(self) -> uuid.UUID | None:
        """The client the actor is, when they are a Cliente with a record."""
        return current().open_transaction.entered().client_id

    @property
    def expected_version(self) -> int | None:
        """What If-Match named: None without the header, -1 for `*`. Compare it inside the UPDATE."""
        return current().expected_version

    @property
    def recovery_point(self) -> str | None:
        """In an outside operation: the last phase an earlier attempt with the same Idempotency-Key committed."""
        return current().recovery_point

    @property
    def progress(self) -> Mapping[str, object] | None:
        """In a job: what its last committed step reported (a killed one starts again from the top, and may go on from here)."""
        return current().progress

    @property
    def job_id(self) -> uuid.UUID | None:
        """In a job: its id, the same in every attempt, and so an idempotency key for other services."""
        return current().job_id

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def work(self) -> Work:
        """The open transaction, for compiled statements."""
        return cast("Work", current().open_transaction)

    @property
    def session(self) -> orm.Session:
        """SQLAlchemy's session on the open transaction. Never commit it: the edge does."""
        return _session(cast("UnitOfWork", current().open_transaction))

    def record_read(self, table: str, record_id: uuid.UUID | str, *, client_id: uuid.UUID | None = None, purpose: str = "") -> None:
        """Leave an audit entry that the actor read this record; it commits with the transaction, and without it nothing is answered.

        client_id: whose data it is; they see the entry in their own list of reads. purpose: why, in a few words of the plugin's."""
        cast("UnitOfWork", current().open_transaction).record_read(table, record_id, client_id=client_id, purpose=purpose)

    def repoint(self, table: str, source: uuid.UUID, to: uuid.UUID, *, leaving: Collection[str] = ()) -> list[Repointed]:
        """Make every row that refers to one record of your table refer to another, in all plugins' tables, on or off. Rows that cannot move,
        because there is one like them, stay and are counted. leaving: tables of yours whose rows you move yourself, or not."""
        return _repoint(cast("UnitOfWork", current().open_transaction), table, source, to, leaving)

    def get(self, model: type[M], id: uuid.UUID) -> M:
        """The row of this workspace with this id. Raises NotFound."""
        found = self.session.get(model, (self.workspace_id, id))
        if found is None:
            raise NotFound()
        return found

    def lock(self, subject: uuid.UUID | str) -> None:
        """One at a time per subject in this workspace, until the transaction ends."""
        cast("UnitOfWork", current().open_transaction).lock(subject)

    def hold_actor(self) -> None:
        """Before you make what outlives the request, a key or a secret address: hold the actor's membership until the transaction ends, and
        refuse whoever was removed, demoted or signed out while the request waited, and every API key, which what it makes would outlive. Who
        removes them waits, and sees what was made."""
        cast("UnitOfWork", current().open_transaction).hold_actor()

    def enabled(self, module: str) -> bool:
        """Whether this workspace has a module on."""
        return current().modules.enabled(module)

    def command(self, name: str, **arguments: object) -> Any:
        """Have the plugin that offers this command do it, in this transaction, with the actor's permission."""
        return current().dispatcher.command(name, arguments)


ctx = _Context()


def work(phase: str | None = None) -> AbstractContextManager[Work]:
    """A short transaction inside an `@outside` operation. phase: the recovery point that commits with it."""
    opener = current().transactions
    if opener is None:
        raise RuntimeError("work() is for operations marked @outside; others have a transaction already")
    return cast("AbstractContextManager[Work]", opener(phase))
