"""What the caller sent: query, page, body, conditions, key; read strictly and loaded through the operation's schemas."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import marshmallow as ma
import orjson

from adapters.http import conditional
from adapters.http.addresses import Addresses
from adapters.http.bodies import parse_json, read_upload
from adapters.http.compiled import Compiled
from adapters.http.cursors import Cursors
from adapters.http.exchange import Environ, RequestHeaders, key_header, read_body
from adapters.http.loading import Load
from adapters.http.operation import Operation
from adapters.http.pagination import read_page
from adapters.http.parts import read_part
from adapters.http.proof import proof_of
from adapters.http.queries import parse_query
from adapters.http.schema import Where, invalid
from adapters.http.visitors import visitor_of
from kernel.context import Scope
from kernel.errors import Malformed, PreconditionRequired
from ports.identity import TokenVerifier
from ports.persistence import Claim

_NOBODY = UUID(int=0)
_REMEMBERED, _MEMORABLE = 512, 256
_UNSAID = (None, "", "application/json")
"""The media type of no body."""


@dataclass(slots=True)
class Inputs:
    """What the caller sent, read and loaded."""

    arguments: tuple[Any, ...] = ()
    fingerprint: str = ""
    expected: int | None = None
    continued: bool = False


class Reader:
    """Reads requests. Raises DomainError for whatever is wrong with them. Thread-safe."""

    def __init__(self, cursors: Cursors, max_body_bytes: int, max_upload_bytes: int, addresses: Addresses, verifier: TokenVerifier) -> None:
        self._cursors = cursors
        self._max_body_bytes = max_body_bytes
        self._max_upload_bytes = max_upload_bytes
        self._addresses = addresses
        self._verifier = verifier

    def read(self, compiled: Compiled, environ: Environ, scope: Scope) -> Inputs:
        operation, marks = compiled.operation, compiled.operation.marks
        inputs = Inputs()
        found: dict[str, Any] = {}
        page, query, fingerprint = _query(compiled, environ.get("QUERY_STRING", ""))
        if marks.parted:
            part = found["part"] = read_part(page["part"], self._cursors, environ, scope, fingerprint)
            inputs.continued = part.after is not None
        elif compiled.page is not None:
            inputs.fingerprint = fingerprint
            found["page"] = read_page(page, self._cursors, scope.workspace_id, fingerprint)
        if marks.query is not None:
            found["query"] = query
        if marks.headed:
            found["headers"] = RequestHeaders(environ)
        if operation.method in ("POST", "PUT", "PATCH"):
            self._body(compiled, environ, inputs, found)
        if "visitor" in marks.arguments:
            found["visitor"] = visitor_of(environ, self._addresses)
        if marks.grave:
            found["proof"] = proof_of(environ, self._verifier)
        inputs.arguments = tuple(found[kind] for kind in marks.arguments)
        if operation.takes_if_match:
            inputs.expected = _expected(operation, environ.get("HTTP_IF_MATCH"))
        return inputs

    def _body(self, compiled: Compiled, environ: Environ, inputs: Inputs, found: dict[str, Any]) -> None:
        marks = compiled.operation.marks
        raw = read_body(environ, self._max_upload_bytes if marks.upload else self._max_body_bytes)
        if marks.upload:
            found["upload"] = read_upload(raw, environ.get("CONTENT_TYPE"), environ.get("HTTP_CONTENT_ENCODING"), marks.upload)
            inputs.fingerprint = hashlib.sha256(
                f"{environ.get('PATH_INFO')}?{environ.get('QUERY_STRING')}\0{environ.get('CONTENT_TYPE')}\0".encode() + raw
            ).hexdigest()
            return
        if marks.raw:
            found["json"] = raw
            return
        body: dict[str, object] = {}
        if raw or (marks.body is not None and not (marks.bodiless and environ.get("CONTENT_TYPE") in _UNSAID)):
            body = parse_json(raw, environ.get("CONTENT_TYPE"), environ.get("HTTP_CONTENT_ENCODING"), max_bytes=self._max_body_bytes)
        if compiled.load is not None:
            found["json"] = _load(compiled.load, body, "body")
        elif body:
            raise Malformed("This operation takes no body.", code="unexpected_body")
        if environ.get("HTTP_IDEMPOTENCY_KEY") is not None:
            inputs.fingerprint = hashlib.sha256(
                orjson.dumps([environ.get("PATH_INFO"), environ.get("QUERY_STRING"), body], option=orjson.OPT_SORT_KEYS)
            ).hexdigest()

    def claim(self, operation: Operation, environ: Environ, scope: Scope, inputs: Inputs) -> Claim | None:
        if operation.method != "POST" or scope.user_id is None:
            return None
        key = key_header(environ)
        if key is None:
            if operation.marks.key_required:
                raise Malformed("Send an Idempotency-Key: this request must not happen twice.", code="idempotency_key_required")
            return None
        return Claim(scope.workspace_id or _NOBODY, key, operation.id, inputs.fingerprint)


def _query(compiled: Compiled, raw: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The page asked for, the filters, and what a cursor is bound to; fresh copies, for views may change them."""
    known = compiled.queries.get(raw)
    if known is None:
        schema = compiled.operation.marks.query
        others = schema is not None and schema.unknown == ma.EXCLUDE
        text = parse_query(raw, compiled.query_names, others=others) if raw else {}
        # A list has the page's names for itself; elsewhere they are parameters like any other.
        page = {name: text.pop(name) for name in compiled.page.fields if name in text} if compiled.page is not None else {}
        filters = "&".join(f"{name}={text[name]}" for name in sorted(text))
        known = (
            _load(compiled.page.load, page, "query") if compiled.page is not None else {},
            _load(schema.load, text, "query") if schema is not None else {},
            f"{compiled.operation.id}?{filters}",
        )
        # Only what is asked again, as a cursor is not, and what a view cannot change under the next request's feet.
        if (
            "cursor" not in page
            and "part" not in page
            and not others
            and len(compiled.queries) < _REMEMBERED
            and len(raw) <= _MEMORABLE
            and not any(isinstance(v, list) for v in known[1].values())
        ):
            compiled.queries[raw] = known
    return dict(known[0]), dict(known[1]), known[2]


def _load(load: Load, data: Mapping[str, Any], where: Where) -> Any:
    try:
        return load(data)
    except ma.ValidationError as error:
        raise invalid(error, where) from None


def _expected(operation: Operation, if_match: str | None) -> int | None:
    if if_match is None:
        if operation.needs_if_match:
            raise PreconditionRequired()
        return None
    version = conditional.expected_version(if_match, operation.projection)
    return -1 if version is conditional.ANY else version
