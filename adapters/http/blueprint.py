"""The blueprint plugin authors write: flask-smorest's, declaring instead of wrapping. What is declared is compiled once, at start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import flask_smorest
import marshmallow as ma
from flask.views import MethodView

from adapters.http.fallback import flask_view
from adapters.http.operation import Operation, build, marks
from kernel.manifest import Manifest
from kernel.registry import MOUNT

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V", bound=type[MethodView])
SchemaLike = ma.Schema | type[ma.Schema]


class Blueprint(flask_smorest.Blueprint):
    """Routes of one plugin under one mount. Use `@blp.route` on a MethodView, and on its methods, in any order:
    `@blp.arguments`, `@blp.response`, `@blp.paginated`, `@allow`."""

    def __init__(self, plugin: Manifest, mount: str, database: str = "app") -> None:
        name = plugin.id if mount == f"{MOUNT}/{plugin.id}" else f"{plugin.id}{mount.replace('/', '_').replace('.', '_')}"
        super().__init__(name, plugin.id, url_prefix=mount, description=plugin.description)
        self.plugin = plugin
        self.mount = mount
        self.database = database
        self.operations: list[Operation] = []
        self.problems: list[str] = []

    def arguments(self, schema: SchemaLike, *, location: str = "json", required: bool = True, example: Any = None) -> Callable[[F], F]:
        """Pass the loaded body (`json`) or query string (`query`) to the view, after the path's arguments are bound by name.

        required: False where no body at all says the same as `{}`."""
        instance = schema() if isinstance(schema, type) else schema

        def mark(function: F) -> F:
            found = marks(function)
            if location == "query":
                found.query = instance
            else:
                found.body, found.bodiless = instance, not required
            found.arguments.insert(0, location)
            parameter = {"in": location, "required": required, "schema": instance}
            if example is not None:
                parameter["example"] = example
            _document(function).setdefault("arguments", {}).setdefault("parameters", []).append(parameter)
            return function

        return mark

    def response(
        self,
        status_code: int,
        schema: SchemaLike | None = None,
        *,
        description: str | None = None,
        example: Any = None,
        etag: bool | Literal["whole"] | type[ma.Schema] = True,
        record: type[ma.Schema] | None = None,
    ) -> Callable[[F], F]:
        """Answer with this status, shaped by this schema; a `version` among the values becomes the ETag, without one a GET's is made of its bytes.

        etag: "whole" where the answer shows more than the row whose version it is, which would hide changes: the ETag is made of both.
        False: none. A schema: that of the record, whose ETag it is, where a change also answers what became of others.
        record: the schema of the record of the address, whose ETag If-Match holds, where the answer has none or is another's.
        """
        instance = schema() if isinstance(schema, type) else schema

        def mark(function: F) -> F:
            found = marks(function)
            found.status, found.response, found.etag, found.whole = status_code, instance, bool(etag), etag == "whole"
            of = etag if isinstance(etag, type) else record
            found.record = None if of is None else of()
            answer: dict[str, Any] = {"description": description or "Done", "content_type": None}
            if instance is not None:
                answer["schema"] = instance
            if example is not None:
                answer["example"] = example
            document = _document(function)
            document.setdefault("response", {}).setdefault("responses", {}).setdefault(status_code, []).append(answer)
            document.setdefault("success_status_codes", []).append(status_code)
            return function

        return mark

    def accepted(self, description: str) -> Callable[[F], F]:
        """Beside the declared answer: 202 without a body where the view returns None, for what somebody has yet to do or that is yet to happen."""

        def mark(function: F) -> F:
            marks(function).accepted = description
            return function

        return mark

    def upload(self, *media: str, example: str = "") -> Callable[[F], F]:
        """Pass the body to the view as an `Upload`: a file of one of these media types, sent as it is, of FITPRO_MAX_UPLOAD_BYTES at most."""

        def mark(function: F) -> F:
            found = marks(function)
            found.upload, found.upload_example = media, example
            found.arguments.insert(0, "upload")
            return function

        return mark

    def file(self, *media: str) -> Callable[[F], F]:
        """Answer with a file of one of these media types: the view returns what `file_of` made."""

        def mark(function: F) -> F:
            found = marks(function)
            found.status, found.files = 200, media
            document = _document(function)
            document.setdefault("response", {}).setdefault("responses", {}).setdefault(200, []).append(
                {"description": "A file", "content_type": None}
            )
            document.setdefault("success_status_codes", []).append(200)
            return function

        return mark

    def paginated(self, schema: SchemaLike) -> Callable[[F], F]:
        """Answer with a page of this schema's items. The view gets a `PageRequest` after its other arguments and returns a `Page`."""
        instance = schema() if isinstance(schema, type) else schema

        def mark(function: F) -> F:
            found = marks(function)
            found.status, found.response, found.paginated = 200, instance, True
            found.arguments.append("page")
            page = {
                "type": "object",
                "required": ["items", "next_cursor"],
                "properties": {"items": {"type": "array", "items": instance}, "next_cursor": {"type": ["string", "null"]}},
            }
            answer = {"description": "A page", "schema": page, "content_type": None}
            document = _document(function)
            document.setdefault("response", {}).setdefault("responses", {}).setdefault(200, []).append(answer)
            document.setdefault("success_status_codes", []).append(200)
            return function

        return mark

    def route(self, rule: str, **options: Any) -> Callable[[V], V]:  # type: ignore[override]  # Flask takes functions too
        """Serve this rule, relative to the mount, by a MethodView."""

        def declare(view: V) -> V:
            self.add_url_rule(rule, None, view, **options)
            return view

        return declare

    def add_url_rule(self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any) -> None:
        """Gather the operations of a MethodView; what is wrong with it is kept for the loader, which quarantines the plugin."""
        if not isinstance(view_func, type):
            self.problems.append(f"{getattr(view_func, '__name__', view_func)} is not a MethodView")
            return
        endpoint = endpoint or view_func.__name__
        if endpoint in self._endpoints:
            endpoint = f"{endpoint}_{len(self._endpoints)}"
        self._endpoints.append(endpoint)
        methods = sorted(getattr(view_func, "methods", None) or ())
        for method in methods:
            try:
                self.operations.append(build(self.plugin, method, self.mount + rule, f"{self.name}.{endpoint}", view_func, self.database))
            except ValueError as error:
                self.problems.append(str(error))
        parameters, tags = options.pop("parameters", None), options.pop("tags", None)
        super(flask_smorest.Blueprint, self).add_url_rule(rule, endpoint, flask_view, methods=methods, **options)
        self._store_endpoint_docs(endpoint, view_func, parameters, tags or [self.plugin.title], methods=methods)


def _document(function: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] | None = getattr(function, "_apidoc", None)
    if found is None:
        found = {}
        function._apidoc = found  # type: ignore[attr-defined]  # where flask-smorest looks for it
    return found
