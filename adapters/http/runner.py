"""Running an operation: who → where → what → the view in one transaction → answer. The only path there is, for every route."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import marshmallow as ma
import orjson

from adapters.http import conditional, headers, problems, replays
from adapters.http.bodies import parse_json
from adapters.http.cursors import Cursors
from adapters.http.dumping import Dump, compile_dump, to_json
from adapters.http.exchange import Answer, Environ, key_header, read_body, workspace_of
from adapters.http.operation import Operation
from adapters.http.pagination import PAGE_FIELDS, Page, PageQuery, read_page
from adapters.http.queries import parse_query
from adapters.http.schema import invalid
from kernel.context import Current, Dispatcher, Kind, Scope, begin, end
from kernel.errors import DomainError, Malformed, PreconditionRequired, Unauthenticated
from kernel.roles import Access
from ports.identity import TokenVerifier
from ports.persistence import Claim, Database, KeyInUse, KeyTaken, Reply, UnitOfWork

log = logging.getLogger(__name__)
_NOBODY = UUID(int=0)
_OUTSIDE_LEASE_S = 60


@dataclass(slots=True)
class Platform:
    """What the runner works with; made once by the composition root."""

    databases: Mapping[str, Database]
    dispatcher: Dispatcher
    verifier: TokenVerifier
    cursors: Cursors
    max_body_bytes: int


@dataclass(slots=True)
class Inputs:
    """What the caller sent, read and loaded."""

    arguments: tuple[Any, ...] = ()
    fingerprint: str = ""
    expected: int | None = None


@dataclass(slots=True)
class Compiled:
    """An operation made ready: its view, its loaders, its dump."""

    operation: Operation
    dump: Dump
    query_names: tuple[str, ...]
    page: ma.Schema | None
    method: Callable[..., Any]


def compile_operation(operation: Operation) -> Compiled:
    """Everything that can be decided before the first request."""
    marks = operation.marks
    names = tuple(marks.query.load_fields) if marks.query else ()
    page = PageQuery() if marks.paginated else None
    return Compiled(
        operation, compile_dump(marks.response), names + (PAGE_FIELDS if page else ()), page, getattr(operation.view, operation.handler)
    )


class Runner:
    """Runs operations. Thread-safe."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def run(self, compiled: Compiled, environ: Environ, path: Mapping[str, Any], request_id: str) -> Answer:
        """The answer to a request; every error becomes a problem here, once."""
        try:
            return self._run(compiled, environ, path, request_id)
        except DomainError as error:
            return self.problem(error, request_id)
        except Exception as error:  # noqa: BLE001 - the edge: nothing may leave but a problem
            return self.problem(self._explained(compiled.operation.database, error), request_id, error)

    def problem(self, error: DomainError, request_id: str, cause: Exception | None = None) -> Answer:
        status, sent, body = problems.render(error, request_id)
        if status >= 500 and cause is not None and error.family == "internal":
            log.error("request failed", extra={"request_id": request_id}, exc_info=cause)
        return Answer(status, [*sent, headers.NO_STORE], body)

    def guard(self, environ: Environ, request_id: str, module: str) -> None:
        """Ask the gate alone, for answers that run no operation (405, a plugin that failed). Raises what the gate says."""
        scope = self._scope(environ, {}, request_id, module, ("Owner", "Colaborador", "Cliente"), None)
        self._enter(self.platform.databases["app"], scope)

    def _explained(self, database: str, error: Exception) -> DomainError:
        return self.platform.databases[database].explain(error) or DomainError()

    # -- who and where -------------------------------------------------------------------------------------------------------------
    def _scope(
        self, environ: Environ, path: Mapping[str, Any], request_id: str, module: str, roles: tuple[str, ...], access: Access | None
    ) -> Scope:
        if access is Access.PUBLIC:
            return Scope(Kind.PUBLIC, request_id)
        authorization: str = environ.get("HTTP_AUTHORIZATION", "")
        if authorization[:7].lower() != "bearer ":
            raise Unauthenticated()
        who = self.platform.verifier.verify(authorization[7:])
        if access is Access.SIGNED_IN:
            return Scope(Kind.USER, request_id, user_id=who.user_id, session_id=who.session_id)
        workspace = workspace_of(environ, path) or self.platform.databases["app"].only_workspace(who.user_id, who.session_id)
        if workspace is None:
            raise Malformed("Say which workspace with X-Workspace-Id.", code="workspace_required")
        return Scope(Kind.WORKSPACE, request_id, workspace, who.user_id, who.session_id, module, roles)

    # -- what ----------------------------------------------------------------------------------------------------------------------
    def _inputs(self, compiled: Compiled, environ: Environ, scope: Scope) -> Inputs:
        operation, marks = compiled.operation, compiled.operation.marks
        inputs = Inputs()
        found: dict[str, Any] = {}
        raw_query: str = environ.get("QUERY_STRING", "")
        text = parse_query(raw_query, compiled.query_names) if raw_query else {}
        if compiled.page is not None:
            page = _load(compiled.page, {name: text.pop(name) for name in PAGE_FIELDS if name in text}, "query")
            filters = "&".join(f"{name}={text[name]}" for name in sorted(text))
            found["page"] = read_page(page, self.platform.cursors, scope.workspace_id, f"{operation.id}?{filters}")
            inputs.fingerprint = f"{operation.id}?{filters}"
        if marks.query is not None:
            found["query"] = _load(marks.query, text, "query")
        if operation.method in ("POST", "PUT", "PATCH"):
            self._read(compiled, environ, inputs, found)
        inputs.arguments = tuple(found[kind] for kind in marks.arguments)
        if operation.method in ("PUT", "PATCH", "DELETE"):
            inputs.expected = _expected(operation, environ.get("HTTP_IF_MATCH"))
        return inputs

    def _read(self, compiled: Compiled, environ: Environ, inputs: Inputs, found: dict[str, Any]) -> None:
        marks = compiled.operation.marks
        raw = read_body(environ, self.platform.max_body_bytes)
        if marks.raw:
            found["json"] = raw
            return
        body: dict[str, object] = {}
        if raw or marks.body is not None:
            body = parse_json(
                raw, environ.get("CONTENT_TYPE"), environ.get("HTTP_CONTENT_ENCODING"), max_bytes=self.platform.max_body_bytes
            )
        if marks.body is not None:
            found["json"] = _load(marks.body, body, "body")
        elif body:
            raise Malformed("This operation takes no body.", code="unexpected_body")
        if environ.get("HTTP_IDEMPOTENCY_KEY") is not None:
            inputs.fingerprint = hashlib.sha256(
                orjson.dumps([environ.get("PATH_INFO"), environ.get("QUERY_STRING"), body], option=orjson.OPT_SORT_KEYS)
            ).hexdigest()

    def _claim(self, operation: Operation, environ: Environ, scope: Scope, inputs: Inputs) -> Claim | None:
        if operation.method != "POST" or scope.user_id is None:
            return None
        key = key_header(environ)
        if key is None:
            if operation.marks.key_required:
                raise Malformed("Send an Idempotency-Key: this request must not happen twice.", code="idempotency_key_required")
            return None
        return Claim(scope.workspace_id or _NOBODY, key, operation.id, inputs.fingerprint)

    # -- the view in its transaction -----------------------------------------------------------------------------------------------
    def _run(self, compiled: Compiled, environ: Environ, path: Mapping[str, Any], request_id: str) -> Answer:
        operation = compiled.operation
        database = self.platform.databases[operation.database]
        scope = self._scope(environ, path, request_id, operation.module, operation.roles, operation.access)
        try:
            inputs = self._inputs(compiled, environ, scope)
            claim = self._claim(operation, environ, scope, inputs)
        except DomainError:
            # The order of answers: whether the caller may at all comes before what is wrong with the body.
            self._enter(database, scope)
            raise
        if operation.marks.outside:
            return self._outside(compiled, database, scope, inputs, claim, path, environ)
        try:
            with database.open(scope, reading=operation.method == "GET", claim=claim) as work:
                current = Current(scope, self.platform.dispatcher, database.modules(work, scope.workspace_id), work, inputs.expected)
                answer = self._view(compiled, current, inputs, path, environ)
                if claim is not None:
                    work.reply = Reply(answer.status, tuple(answer.headers), answer.body)
                work.commit()
                return answer
        except (KeyTaken, KeyInUse) as taken:
            assert claim is not None
            return replays.replay(database, scope, claim, taken)

    @staticmethod
    def _enter(database: Database, scope: Scope) -> None:
        with database.open(scope) as work:
            work.commit()

    def _outside(
        self,
        compiled: Compiled,
        database: Database,
        scope: Scope,
        inputs: Inputs,
        claim: Claim | None,
        path: Mapping[str, Any],
        environ: Environ,
    ) -> Answer:
        """No ambient transaction. The key is claimed first, in a transaction of its own; a later attempt finds the recovery point."""
        point: str | None = None
        if claim is not None:
            claim = replace(claim, lease_s=_OUTSIDE_LEASE_S)
            taken = replays.take(database, scope, claim)
            if isinstance(taken, Answer):
                return taken
            point = taken
        with database.open(scope) as work:
            modules = database.modules(work, scope.workspace_id)
            if scope.workspace_id is not None:
                modules.enabled(compiled.operation.plugin.id)  # read now: later there may be no transaction to ask
            work.commit()
        current = Current(scope, self.platform.dispatcher, modules, None, inputs.expected, point)
        current.transactions = partial(_transaction, database, current, claim)
        try:
            answer = self._view(compiled, current, inputs, path, environ)
        except BaseException:
            if claim is not None:
                database.keys.let_go(scope, claim)
            raise
        if claim is not None:
            database.keys.keep(scope, claim, Reply(answer.status, tuple(answer.headers), answer.body))
        return answer

    def _view(self, compiled: Compiled, current: Current, inputs: Inputs, path: Mapping[str, Any], environ: Environ) -> Answer:
        token = begin(current)
        try:
            result = compiled.method(compiled.operation.view(), *inputs.arguments, **path)
            return self._answer(compiled, current, inputs, result, environ)
        finally:
            end(token)

    # -- the answer ----------------------------------------------------------------------------------------------------------------
    def _answer(self, compiled: Compiled, current: Current, inputs: Inputs, result: Any, environ: Environ) -> Answer:
        operation = compiled.operation
        if isinstance(result, Answer):
            return result
        if operation.marks.status == 204 or result is None:
            return Answer(operation.marks.status, [headers.NO_STORE])
        if isinstance(result, Page):
            return self._page(compiled, current.scope, inputs, result, environ)
        sent = [("Content-Type", "application/json")]
        version = result.get("version") if isinstance(result, dict) else getattr(result, "version", None)
        if version is None or not operation.marks.etag:
            sent.append(headers.NO_STORE)
        else:
            tag = conditional.etag(int(version), operation.projection)
            sent += [("ETag", tag), headers.REVALIDATE]
            if operation.method == "GET" and conditional.not_modified(environ.get("HTTP_IF_NONE_MATCH"), tag):
                return Answer(304, sent[1:])
        return Answer(operation.marks.status, sent, to_json(compiled.dump(result)))

    def _page(self, compiled: Compiled, scope: Scope, inputs: Inputs, page: Page, environ: Environ) -> Answer:
        cursor = None
        sent = [("Content-Type", "application/json"), headers.NO_STORE]
        if page.last is not None:
            cursor = self.platform.cursors.encode(page.last, workspace=scope.workspace_id, fingerprint=inputs.fingerprint)
            others = [part for part in environ.get("QUERY_STRING", "").split("&") if part and not part.startswith("cursor=")]
            target = environ.get("PATH_INFO", "") + "?" + "&".join([*others, f"cursor={cursor}"])
            sent.append(("Link", f'<{target}>; rel="next"'))
        dump = compiled.dump
        return Answer(compiled.operation.marks.status, sent, to_json({"items": [dump(item) for item in page.items], "next_cursor": cursor}))


def _load(schema: ma.Schema, data: Mapping[str, Any], where: Any) -> Any:
    try:
        return schema.load(data)
    except ma.ValidationError as error:
        raise invalid(error, where) from None


def _expected(operation: Operation, if_match: str | None) -> int | None:
    if if_match is None:
        if operation.needs_if_match:
            raise PreconditionRequired()
        return None
    version = conditional.expected_version(if_match, operation.projection)
    return -1 if version is conditional.ANY else version


@contextmanager
def _transaction(database: Database, current: Current, claim: Claim | None, phase: str | None = None) -> Iterator[UnitOfWork]:
    """One short transaction of an outside operation. phase: the recovery point that commits with it."""
    with database.open(current.scope) as work:
        current.transaction = work
        try:
            yield work
            if claim is not None and phase is not None:
                work.reach(claim, phase)
            work.commit()
        finally:
            current.transaction = None
