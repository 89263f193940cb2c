"""Who asks, and where: a request's credential and workspace, as what the gate is to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from adapters.http.exchange import Environ, host_of, workspace_of
from adapters.http.operation import Operation
from adapters.http.throttle import Throttle
from kernel.context import Kind, Scope
from kernel.errors import Forbidden, Malformed, NotFound, Unauthenticated
from kernel.roles import EVERYONE, Access
from ports.hosts import Hosts
from ports.identity import Principal, TokenVerifier
from ports.persistence import Database


@dataclass(slots=True)
class Callers:
    """Reads callers and counts them. Thread-safe. database: the app's, to ask for somebody's only workspace."""

    verifier: TokenVerifier
    throttle: Throttle
    database: Database
    hosts: Hosts

    def of(self, operation: Operation, environ: Environ, path: Mapping[str, Any], request_id: str) -> Scope:
        """The scope of an operation's caller. Raises Unauthenticated, RateLimited, Malformed, and of API keys what the gate says."""
        if operation.access is Access.PUBLIC:
            self.throttle.nobody(environ)
            return Scope(Kind.PUBLIC, request_id)
        who = self._who(environ)
        if who.workspace_id is not None:
            return self._key(who, who.workspace_id, operation, environ, path, request_id)
        if operation.access is Access.SIGNED_IN:
            self.throttle.somebody(environ, who, None)
            return Scope(Kind.USER, request_id, user_id=who.user_id, session_id=who.session_id)
        workspace = self._where(who, environ, path)
        return Scope(Kind.WORKSPACE, request_id, workspace, who.user_id, who.session_id, operation.module, operation.roles)

    def member(self, environ: Environ, path: Mapping[str, Any], request_id: str, module: str) -> Scope:
        """The scope of any member, for answers that run no operation."""
        who = self._who(environ)
        if who.workspace_id is not None:
            self._home(who, who.workspace_id, environ, path)
            return _scope(who, who.workspace_id, request_id, module)
        return _scope(who, self._where(who, environ, path), request_id, module)

    def _who(self, environ: Environ) -> Principal:
        authorization: str = environ.get("HTTP_AUTHORIZATION", "")
        try:
            if authorization[:7].lower() != "bearer ":
                raise Unauthenticated()
            return self.verifier.verify(authorization[7:])
        except Unauthenticated:
            self.throttle.nobody(environ)
            raise

    def _where(self, who: Principal, environ: Environ, path: Mapping[str, Any]) -> UUID:
        try:
            named = workspace_of(environ, path)
        except Malformed:
            self.throttle.somebody(environ, who, None)
            raise
        self.throttle.somebody(environ, who, named)
        if named is not None:
            return named
        workspace = self._hosted(environ) or self.database.only_workspace(who.user_id, who.session_id)
        if workspace is None:
            raise Malformed("Say which workspace with X-Workspace-Id.", code="workspace_required")
        self.throttle.within(environ, who, workspace)
        return workspace

    def _hosted(self, environ: Environ) -> UUID | None:
        """The workspace whose verified domain the request was sent to."""
        host = host_of(environ)
        return None if host is None else self.hosts.workspace(host)

    # -- API keys ------------------------------------------------------------------------------------------------------------------
    def _key(self, who: Principal, home: UUID, operation: Operation, environ: Environ, path: Mapping[str, Any], request_id: str) -> Scope:
        self._home(who, home, environ, path)
        scope = replace(_scope(who, home, request_id, operation.module), roles=operation.roles)
        if operation.access is None and operation.permission in who.scopes:
            return scope
        with self.database.open(replace(scope, roles=EVERYONE)) as work:  # one that was revoked is told so, whatever it asks
            work.commit()
        if operation.access is not None:
            raise Forbidden("This is for people, not for API keys.", code="person_required")
        needed = operation.permission
        raise Forbidden(f"This API key does not have the scope {needed}.", code="scope_required", extra={"scope": needed})

    def _home(self, who: Principal, home: UUID, environ: Environ, path: Mapping[str, Any]) -> None:
        self.throttle.somebody(environ, who, home)
        if workspace_of(environ, path) not in (None, home):
            raise NotFound()


def _scope(who: Principal, workspace: UUID, request_id: str, module: str) -> Scope:
    return Scope(Kind.WORKSPACE, request_id, workspace, who.user_id, who.session_id, module, EVERYONE)
