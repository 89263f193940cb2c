"""One database identity: opens units of work, explains faults, knows what a workspace has switched on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from adapters.postgres import gate
from adapters.postgres.faults import translate
from adapters.postgres.keys import PostgresKeys
from adapters.postgres.pool import Pool
from adapters.postgres.wire import ServerError
from adapters.postgres.work import UnitOfWork
from kernel.context import Kind, NoContext, Scope
from kernel.errors import DomainError, Stale, Unavailable
from ports.encryption import Encryption, Unreadable, secret_setting
from ports.persistence import Claim

log = logging.getLogger(__name__)

_CACHED_WORKSPACES = 4096


@dataclass(frozen=True, slots=True)
class _State:
    version: int
    modules: frozenset[str]
    settings: Mapping[str, Mapping[str, object]]
    secrets: Mapping[str, Mapping[str, str]]


class WorkspaceModules:
    """What a workspace has on (kernel.context.Modules): read once per version of the workspace, which every change of it bumps."""

    __slots__ = ("_cache", "_encryption", "_state", "_work", "_workspace")

    def __init__(self, cache: dict[UUID, _State], encryption: Encryption, work: UnitOfWork, workspace: UUID | None) -> None:
        self._cache = cache
        self._encryption = encryption
        self._work = work
        self._workspace = workspace
        self._state: _State | None = None

    def enabled(self, module: str) -> bool:
        return module in self._load().modules

    def names(self) -> frozenset[str]:
        return self._load().modules

    def settings(self, module: str) -> Mapping[str, object]:
        state = self._load()
        stored, secrets = state.settings.get(module, {}), state.secrets.get(module)
        if not secrets or self._workspace is None:
            return stored
        opened: dict[str, object] = {}
        for name, text in secrets.items():  # for who asks now, and remembered by nobody
            try:
                opened[name] = self._encryption.open(text, secret_setting(self._workspace, module, name)).decode()
            except Unreadable:  # as good as not set: what needs no secret goes on
                log.error("a secret setting cannot be read", extra={"module": module, "workspace_id": str(self._workspace)})
        return {**stored, **opened}

    def _load(self) -> _State:
        if self._state is None:
            if self._workspace is None:
                raise NoContext("modules belong to a workspace, and this operation has none")
            self._state = self._known(self._workspace) or self._read(self._workspace)
        return self._state

    def _known(self, workspace: UUID) -> _State | None:
        known = self._cache.get(workspace)
        return known if known is not None and self._work.entered().version == known.version else None

    def _read(self, workspace: UUID) -> _State:
        version = self._work.entered().version
        row = self._work.one(gate.MODULES) or {"modules": [], "version": -1, "settings": None, "secrets": None, "profile": {}}
        settings = {**(row["settings"] or {}), "workspaces": row["profile"]}  # of the module that keeps the workspace itself
        read = _State(row["version"], frozenset(row["modules"]), settings, row["secrets"] or {})
        # A version of our own making, not committed yet, is nobody else's business.
        if read.version == version:
            if len(self._cache) >= _CACHED_WORKSPACES:
                self._cache.pop(next(iter(self._cache)), None)
            self._cache[workspace] = read
        return read


class PostgresDatabase:
    """Implements ports.persistence.Database on one pool."""

    def __init__(self, pool: Pool, encryption: Encryption) -> None:
        self.pool = pool
        self._encryption = encryption
        self.keys = PostgresKeys(self)
        self._modules: dict[UUID, _State] = {}

    def open(self, scope: Scope, *, reading: bool = False, claim: Claim | None = None, careful: bool = False, presuming: bool = False) -> UnitOfWork:
        return UnitOfWork(self.pool, scope, reading=reading, claim=claim, careful=careful, presuming=presuming)

    def explain(self, error: Exception) -> DomainError | None:
        if isinstance(error, StaleDataError):
            return Stale()
        if isinstance(error, ServerError):
            return translate(error)
        if isinstance(error, DBAPIError):
            error = error.orig if isinstance(error.orig, psycopg.Error) else error
        if isinstance(error, psycopg.Error):
            if error.sqlstate:
                diag: Any = error.diag
                return translate(ServerError(error.sqlstate, diag.message_primary or "", diag.message_detail, diag.constraint_name, diag.table_name))
            if isinstance(error, psycopg.OperationalError):
                return Unavailable(retry_after_s=1)
        return None

    def modules(self, work: UnitOfWork, workspace_id: UUID | None) -> WorkspaceModules:
        return WorkspaceModules(self._modules, self._encryption, work, workspace_id)

    def only_workspace(self, user_id: UUID, session_id: UUID) -> UUID | None:
        scope = Scope(Kind.USER, "", user_id=user_id, session_id=session_id)
        with self.open(scope, reading=True) as work:
            rows = work.rows(gate.MY_WORKSPACES)
        return rows[0]["id"] if len(rows) == 1 else None
