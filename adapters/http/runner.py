"""Running an operation: who → where → what → the view in one transaction → answer. The only path there is, for every route."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from adapters.http import conditional, headers, problems, replays
from adapters.http.addresses import Addresses
from adapters.http.callers import Callers
from adapters.http.compiled import Compiled
from adapters.http.cursors import Cursors
from adapters.http.dumping import to_json
from adapters.http.exchange import Answer, Environ, Headed, uncached
from adapters.http.inputs import Inputs, Reader
from adapters.http.operation import Operation
from adapters.http.pagination import Page
from adapters.http.proof import principal_of, proof_of
from adapters.http.throttle import Throttle
from kernel.context import Current, Dispatcher, Kind, Scope, begin, end
from kernel.errors import DomainError, NotFound
from kernel.ids import new_id
from kernel.roles import Role
from ports.encryption import Encryption
from ports.hosts import Hosts
from ports.identity import TokenVerifier
from ports.persistence import Claim, Database, KeyInUse, KeyTaken, Reply, RuleBroken, UnitOfWork

log = logging.getLogger(__name__)
_OUTSIDE_LEASE_S = 60


@dataclass(slots=True)
class Platform:
    """What the runner works with; made once by the composition root."""

    databases: Mapping[str, Database]
    dispatcher: Dispatcher
    verifier: TokenVerifier
    cursors: Cursors
    encryption: Encryption
    max_body_bytes: int
    max_upload_bytes: int
    throttle: Throttle
    hosts: Hosts
    addresses: Addresses


class Runner:
    """Runs operations. Thread-safe."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.throttle = platform.throttle
        self._callers = Callers(platform.verifier, platform.throttle, platform.databases["app"], platform.hosts)
        self._reader = Reader(platform.cursors, platform.max_body_bytes, platform.max_upload_bytes, platform.addresses, platform.verifier)

    def run(self, compiled: Compiled, environ: Environ, path: Mapping[str, Any], request_id: str) -> Answer:
        """The answer to a request; every error becomes a problem here, once."""
        try:
            return self._run(compiled, environ, path, request_id)
        except DomainError as error:
            if isinstance(error, NotFound):
                self.throttle.refused(environ)
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
        scope = self._callers.member(environ, {}, request_id, module)
        self._enter(self.platform.databases["app"], scope)

    def modules(self, environ: Environ, request_id: str, path: Mapping[str, Any]) -> frozenset[str]:
        """What the caller's workspace has on, for its own document. path: may name the workspace. Raises what the gate says."""
        scope = self._callers.member(environ, path, request_id, "")
        database = self.platform.databases["app"]
        with database.open(scope, reading=True) as work:
            return database.modules(work, scope.workspace_id).names()

    def _explained(self, database: str, error: Exception) -> DomainError:
        return self.platform.databases[database].explain(error) or DomainError()

    # -- the view in its transaction -----------------------------------------------------------------------------------------------
    def _run(self, compiled: Compiled, environ: Environ, path: Mapping[str, Any], request_id: str) -> Answer:
        operation = compiled.operation
        database = self.platform.databases[operation.database]
        scope = self._callers.of(operation, environ, path, request_id)
        if self.throttle.unknown(environ):
            self._enter(database, scope)
            self.throttle.entered(environ)
        try:
            if operation.marks.recent:
                proof_of(environ, self.platform.verifier).demand()
            inputs = self._reader.read(compiled, environ, scope)
            claim = self._reader.claim(operation, environ, scope, inputs)
        except DomainError:
            # The order of answers: whether the caller may at all comes before what is wrong with the body.
            self._enter(database, scope)
            raise
        if not operation.marks.metered or inputs.continued:  # a download that was begun was counted then
            return self._serve(compiled, environ, path, scope, inputs, claim)
        self._enter(database, scope)  # whom the gate refuses uses nothing up
        with self.throttle.metered(environ, operation.marks.metered, principal_of(environ, self.platform.verifier)):
            return self._serve(compiled, environ, path, scope, inputs, claim)

    def _serve(self, compiled: Compiled, environ: Environ, path: Mapping[str, Any], scope: Scope, inputs: Inputs, claim: Claim | None) -> Answer:
        operation = compiled.operation
        database = self.platform.databases[operation.database]
        if operation.marks.outside:
            return self._outside(compiled, database, scope, inputs, claim, path, environ)
        for _ in range(replays.TRIES):
            try:
                try:
                    return self._atomic(compiled, database, scope, inputs, claim, path, environ)
                except RuleBroken:
                    return self._atomic(compiled, database, scope, inputs, claim, path, environ, careful=True)
            except (KeyTaken, KeyInUse) as taken:
                assert claim is not None
                if (answer := replays.replay(database, scope, claim, taken, self._sealing(operation))) is not None:
                    return answer
        raise replays.in_progress()

    def _atomic(
        self,
        compiled: Compiled,
        database: Database,
        scope: Scope,
        inputs: Inputs,
        claim: Claim | None,
        path: Mapping[str, Any],
        environ: Environ,
        *,
        careful: bool = False,
    ) -> Answer:
        get = compiled.operation.method == "GET"
        with database.open(scope, reading=get, claim=claim, careful=careful, presuming=not careful) as work:
            modules = database.modules(work, scope.workspace_id)
            current = Current(scope, self.platform.dispatcher, modules, work, inputs.expected, uncached=uncached(environ))
            try:
                answer = self._view(compiled, current, inputs, path, environ)
            except RuleBroken:
                raise
            except Exception:
                work.confirm()
                raise
            if claim is not None:
                work.reply = self._kept(compiled.operation, scope, claim, answer)
            work.commit()
            return answer

    def _sealing(self, operation: Operation) -> Encryption | None:
        return self.platform.encryption if operation.marks.confidential else None

    def _kept(self, operation: Operation, scope: Scope, claim: Claim, answer: Answer) -> Reply:
        """The answer as it is stored."""
        sealing = self._sealing(operation)
        body = answer.body if sealing is None else sealing.seal(answer.body, replays.place(scope, claim)).encode()
        return Reply(answer.status, tuple(answer.headers), body)

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
            claim = replace(claim, lease_s=_OUTSIDE_LEASE_S, holder=new_id())
            taken = replays.take(database, scope, claim, self._sealing(compiled.operation))
            if isinstance(taken, Answer):
                return taken
            point = taken
        with database.open(scope) as work:
            modules = database.modules(work, scope.workspace_id)
            if scope.workspace_id is not None:
                modules.enabled(compiled.operation.plugin.id)  # read now: later there may be no transaction to ask
            work.commit()
        current = Current(scope, self.platform.dispatcher, modules, None, inputs.expected, point, uncached=uncached(environ))
        current.transactions = partial(_transaction, database, current, claim)
        try:
            answer = self._view(compiled, current, inputs, path, environ)
            if claim is not None:
                database.keys.keep(scope, claim, self._kept(compiled.operation, scope, claim, answer))
            return answer
        except KeyInUse:  # this attempt outlived its lease and another goes on in its place
            raise replays.in_progress() from None
        except BaseException:
            if claim is not None:
                database.keys.let_go(scope, claim)
            raise

    def _view(self, compiled: Compiled, current: Current, inputs: Inputs, path: Mapping[str, Any], environ: Environ) -> Answer:
        token = begin(current)
        try:
            # Copies: a view may change what it is given, and run again with what was sent.
            result = compiled.method(compiled.operation.view(), *[dict(a) if type(a) is dict else a for a in inputs.arguments], **path)
            return self._answer(compiled, current, inputs, result, environ)
        finally:
            end(token)

    # -- the answer ----------------------------------------------------------------------------------------------------------------
    def _answer(self, compiled: Compiled, current: Current, inputs: Inputs, result: Any, environ: Environ) -> Answer:
        operation = compiled.operation
        if isinstance(result, Answer):
            return result
        if isinstance(result, Headed):
            answer = self._answer(compiled, current, inputs, result.value, environ)
            answer.headers += result.headers
            return answer
        if operation.marks.status == 204 or result is None:
            return Answer(202 if operation.marks.accepted else operation.marks.status, [headers.NO_STORE])
        if isinstance(result, Page):
            return self._page(compiled, current.scope, inputs, result, environ)
        if operation.marks.public_s:
            return _by_bytes(to_json(compiled.dump(result)), headers.shared(operation.marks.public_s), environ)
        if operation.marks.digested:
            return _by_bytes(to_json(compiled.dump(result)), headers.REVALIDATE, environ)
        sent = [("Content-Type", "application/json")]
        version = result.get("version") if isinstance(result, dict) else getattr(result, "version", None)
        if not operation.marks.etag or (version is None and operation.method != "GET"):
            sent.append(headers.NO_STORE)
        elif version is None or operation.marks.whole:
            body = to_json(compiled.dump(result))
            tag = conditional.etag_of(body, version, operation.projection)
            sent += [("ETag", tag), headers.REVALIDATE]
            if operation.method == "GET" and conditional.not_modified(environ.get("HTTP_IF_NONE_MATCH"), tag):
                return Answer(304, sent[1:])
            return Answer(operation.marks.status, sent, body)
        else:
            tag = conditional.etag(int(version), operation.projection, own=operation.method == "GET" and _is_cliente(current))
            sent += [("ETag", tag), headers.REVALIDATE]
            if operation.method == "GET" and conditional.not_modified(environ.get("HTTP_IF_NONE_MATCH"), tag):
                return Answer(304, sent[1:])
        return Answer(operation.marks.status, sent, to_json(compiled.dump(result)))

    def _page(self, compiled: Compiled, scope: Scope, inputs: Inputs, page: Page, environ: Environ) -> Answer:
        cursor, links, marks = None, [], compiled.operation.marks
        if page.last is not None:
            cursor = self.platform.cursors.encode(page.last, workspace=scope.workspace_id, fingerprint=inputs.fingerprint)
            others = [part for part in environ.get("QUERY_STRING", "").split("&") if part and not part.startswith("cursor=")]
            target = environ.get("PATH_INFO", "") + "?" + "&".join([*others, f"cursor={cursor}"])
            links.append(("Link", f'<{target}>; rel="next"'))
        dump = compiled.dump
        body = to_json({"items": [dump(item) for item in page.items], "next_cursor": cursor})
        if marks.public_s:
            answer = _by_bytes(body, headers.shared(marks.public_s), environ)
            answer.headers += links
            return answer
        return Answer(marks.status, [("Content-Type", "application/json"), headers.NO_STORE, *links], body)


def _by_bytes(body: bytes, kept: headers.Header, environ: Environ) -> Answer:
    """An answer whose ETag is made of its bytes. kept: its Cache-Control."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    sent = [("Content-Type", "application/json"), ("ETag", tag), kept]
    if conditional.not_modified(environ.get("HTTP_IF_NONE_MATCH"), tag):
        return Answer(304, sent[1:])
    return Answer(200, sent, body)


def _is_cliente(current: Current) -> bool:
    if current.scope.kind is not Kind.WORKSPACE or current.transaction is None:
        return False
    return current.transaction.entered().role == Role.CLIENTE


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
