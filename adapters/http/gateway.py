"""The outermost WSGI callable: request id, CORS, security headers, metrics, and a shortcut to compiled operations past Flask's dispatch.

The one module allowed to bypass Flask; whatever it does not know goes to Flask. A test holds both ways to the same answers.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import Flask

from adapters.http import headers
from adapters.http.compiled import Compiled, compile_operation
from adapters.http.exchange import Answer, Environ, leave_body
from adapters.http.metrics import Metrics
from adapters.http.operation import Operation
from adapters.http.runner import Runner
from adapters.http.throttle import TOLD, UNCOUNTED
from kernel.errors import DomainError, NotFound, RateLimited
from kernel.roles import Access

log = logging.getLogger(__name__)
StartResponse = Callable[..., Any]

_REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 303: "See Other", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed", 413: "Content Too Large",
    415: "Unsupported Media Type", 422: "Unprocessable Content", 428: "Precondition Required", 429: "Too Many Requests",
    500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip
_PARAMETER = re.compile(r"^<(?:(uuid|int|string):)?(\w+)>$")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BODILESS = (204, 304)


def _read_uuid(text: str) -> UUID | None:
    return UUID(text) if _UUID.fullmatch(text) else None


def _read_int(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


_CONVERTERS: Mapping[str, Callable[[str], Any]] = {"uuid": _read_uuid, "int": _read_int, "string": lambda text: text or None}


class Node:
    """A segment of the route tree."""

    __slots__ = ("children", "convert", "methods", "name", "parameter")

    def __init__(self, name: str = "", convert: Callable[[str], Any] | None = None) -> None:
        self.children: dict[str, Node] = {}
        self.parameter: Node | None = None
        self.methods: dict[str, Compiled] = {}
        self.name = name
        self.convert = convert


class Gateway:
    """Serves every request. Thread-safe after `add` is done with."""

    def __init__(self, flask: Flask, runner: Runner, cors: headers.Cors, metrics: Metrics, *, shortcut: bool = True) -> None:
        self.flask = flask
        self.runner = runner
        self.compiled: dict[tuple[str, str], Compiled] = {}
        self._root = Node()
        self._cors = cors
        self.metrics = metrics
        self._shortcut = shortcut
        flask.extensions["fitpro_gateway"] = self

    def add(self, operations: Iterable[Operation]) -> None:
        """Compile operations. Rules with converters or shapes the shortcut does not know stay Flask's alone."""
        for operation in operations:
            compiled = compile_operation(operation)
            self.compiled[operation.endpoint, operation.method] = compiled
            if (node := self._node(operation.rule)) is not None:
                node.methods[operation.method] = compiled

    def _node(self, rule: str) -> Node | None:
        node = self._root
        for segment in rule.strip("/").split("/"):
            if "<" not in segment:
                node = node.children.setdefault(segment, Node())
                continue
            found = _PARAMETER.match(segment)
            if found is None:
                return None
            kind, name = found[1] or "string", found[2]
            if node.parameter is None:
                node.parameter = Node(name, _CONVERTERS[kind])
            elif (node.parameter.name, node.parameter.convert) != (name, _CONVERTERS[kind]):
                return None
            node = node.parameter
        return node

    def match(self, method: str, path: str) -> tuple[Compiled, dict[str, Any]] | None:
        """The operation for a request line, None when the shortcut cannot tell."""
        node, found = self._root, {}
        for segment in path[1:].split("/"):
            following = node.children.get(segment)
            if following is None:
                following = node.parameter
                if following is None or following.convert is None or (value := following.convert(segment)) is None:
                    return None
                found[following.name] = value
            node = following
        compiled = node.methods.get(method)
        return None if compiled is None else (compiled, found)

    def open_to_all(self, path: str) -> bool:
        """Whether anyone may know what is here: an operation open to anyone serves it."""
        found = (self.match(method, path) for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
        return any(one is not None and one[0].operation.access is Access.PUBLIC for one in found)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        self.runner.throttle.arrive(environ)
        try:
            return self._served(environ, start_response, started)
        finally:
            self.runner.throttle.done(environ)

    def _served(self, environ: Environ, start_response: StartResponse, started: float) -> Iterable[bytes]:
        request_id = headers.request_id(environ.get("HTTP_X_REQUEST_ID"))
        environ["fitpro.request_id"] = request_id
        method = environ["REQUEST_METHOD"]
        origin = environ.get("HTTP_ORIGIN")
        if method == "OPTIONS" and origin is not None and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            answer, name = Answer(204, list(self._cors.preflight(origin))), "preflight"
        else:
            path = environ.get("PATH_INFO", "")
            found = self.match("GET" if method == "HEAD" else method, path) if self._shortcut else None
            if path.startswith("//"):  # Flask would take it for the path with one, whatever a proxy in front decided about that
                answer, name = self.runner.problem(NotFound(), request_id), "flask"
            elif found is None:
                answer, name = self._through_flask(environ)
                if TOLD not in environ and path not in UNCOUNTED:
                    answer = self._counted(environ, answer)
            else:
                answer = self.runner.run(found[0], environ, found[1], request_id)
                name = found[0].operation.id
        leave_body(environ)
        sent = [*answer.headers, *environ.get(TOLD, ()), *headers.SECURITY_HEADERS, ("X-Request-Id", request_id)]
        if method != "OPTIONS":  # without an Origin too: what a cache keeps must say that it depends on it
            sent.extend(self._cors.headers(origin))
        for header in answer.headers:
            if header[0] == "Content-Security-Policy":
                sent = _once(sent)
                break
        body = answer.body
        if answer.status not in _BODILESS:
            sent.append(("Content-Length", str(len(body))))
        start_response(f"{answer.status} {_REASONS.get(answer.status, 'Status')}", sent)
        self.metrics.observe(name, answer.status, time.perf_counter() - started)
        return [b""] if method == "HEAD" or answer.status in _BODILESS else [body]

    def _counted(self, environ: Environ, answer: Answer) -> Answer:
        """What Flask answers by itself (documents, paths that are not there) is asked by nobody in particular."""
        try:
            self.runner.throttle.nobody(environ)
        except RateLimited as error:
            return self.runner.problem(error, environ["fitpro.request_id"])
        return answer

    def _through_flask(self, environ: Environ) -> tuple[Answer, str]:
        captured: list[Any] = []

        def start(status: str, sent: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], Any]:
            captured[:] = [int(status.split(" ", 1)[0]), sent]
            return lambda _data: None

        try:
            chunks = self.flask.wsgi_app(environ, start)
            try:
                body = b"".join(chunks)
            finally:
                getattr(chunks, "close", lambda: None)()
        except Exception as error:  # noqa: BLE001 - the outermost edge
            return self.runner.problem(DomainError(), environ["fitpro.request_id"], error), "flask"
        kept = [(name, value) for name, value in captured[1] if name.lower() != "content-length"]
        return Answer(captured[0], kept, body), environ.get("fitpro.operation", "flask")


def _once(sent: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first of each header: a page's own policy wins over the general one."""
    seen: dict[str, tuple[str, str]] = {}
    return [seen.setdefault(pair[0].lower(), pair) for pair in sent if pair[0].lower() not in seen]
