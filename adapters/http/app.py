"""The web application: Flask and flask-smorest with every plugin's blueprints, wrapped by the gateway."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import flask
import flask_smorest
import orjson
from apispec.ext.marshmallow import MarshmallowPlugin
from flask.json.provider import JSONProvider
from werkzeug.exceptions import HTTPException

from adapters.http import conditional, docs, files, headers, pages
from adapters.http.blueprint import Blueprint
from adapters.http.dumping import to_json
from adapters.http.exchange import Answer
from adapters.http.fallback import respond
from adapters.http.gateway import Gateway
from adapters.http.metrics import CONTENT_TYPE, Metrics, admit
from adapters.http.openapi import Document, schema_name
from adapters.http.operation import Operation
from adapters.http.own_paths import own_paths as describe
from adapters.http.problems import MethodNotAllowed
from adapters.http.runner import Platform, Runner
from kernel.errors import DomainError, Malformed, NotFound, TooLarge, Unavailable
from kernel.registry import MOUNT, Registry
from ports.storage import LinkedFiles

log = logging.getLogger(__name__)
SPEC_URL = f"{MOUNT}/openapi.json"
WORKSPACE_SPEC_RULE = f"{MOUNT}/workspaces/<uuid:workspace_id>/openapi.json"


@dataclass(slots=True)
class WebSettings:
    """What the web application may be told. ready: name → a check that raises when its part is down.

    files: the embedded file store, whose links we answer ourselves. metrics_open: to everybody, unless there is a token; else to this machine.
    pages: what links in mails lead to is here, for want of a frontend.
    """

    version: str
    docs_enabled: bool = True
    metrics_enabled: bool = True
    metrics_token: str = ""
    metrics_open: bool = True
    cors_origins: tuple[str, ...] = ()
    shortcut: bool = True
    strict: bool = False
    ready: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    jwks: Callable[[], Mapping[str, object]] = dict
    files: LinkedFiles | None = None
    max_file_bytes: int = 10 * 1024 * 1024
    pages: bool = False


class _Orjson(JSONProvider):
    def dumps(self, obj: Any, **_: Any) -> str:
        return to_json(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


class _Flask(flask.Flask):
    """Flask, whose own answer to OPTIONS would be an empty page of HTML."""

    def make_default_options_response(self) -> flask.Response:
        allowed = flask.globals.request_ctx.url_adapter.allowed_methods()  # type: ignore[union-attr]  # there is one: it has matched
        return respond(Answer(204, [("Allow", ", ".join(sorted(allowed))), headers.NO_STORE]))


def create_app(registry: Registry, blueprints: Mapping[str, Iterable[Blueprint]], platform: Platform, settings: WebSettings) -> Gateway:
    """Build the application. blueprints: plugin id → its blueprints. One that cannot be mounted fails alone, unless `strict`."""
    app = _Flask("fitpro", static_folder=None)
    app.json = _Orjson(app)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.config.update(API_TITLE="FitPro Hub", API_VERSION=settings.version, OPENAPI_VERSION="3.1.0")
    api = flask_smorest.Api(app, spec_kwargs={"marshmallow_plugin": _marshmallow()})
    runner = Runner(platform)
    gateway = Gateway(app, runner, headers.Cors(frozenset(settings.cors_origins)), Metrics(), shortcut=settings.shortcut)
    operations = _mount(api, registry, blueprints, strict=settings.strict)
    gateway.add(operations)
    own_paths = describe(metrics=settings.metrics_enabled, docs=settings.docs_enabled)
    document = Document(api.spec.to_dict(), operations, settings.version, own_paths)
    _errors(app, gateway, registry)
    _operations(app, gateway, settings)
    own = _workspace_document(app, gateway, document)
    if settings.files is not None:
        files.mount(app, gateway, settings.files, max_bytes=settings.max_file_bytes)
    if settings.pages:
        pages.mount(app)
    if settings.docs_enabled:
        _documentation(app, gateway, document, own)
    return gateway


def _mount(api: flask_smorest.Api, registry: Registry, blueprints: Mapping[str, Iterable[Blueprint]], *, strict: bool) -> list[Operation]:
    """Register every plugin's routes and gather the operations that serve. A plugin whose routes or schema names clash with
    another's is set aside with its reason: what Flask has of it already finds no operation and answers 503."""
    gathered: dict[str, list[Operation]] = {}
    for id, owned in blueprints.items():
        documented = set(api.spec._paths)
        gathered[id] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # a clash of schema names: an error, not a silent rename
                for blueprint in owned:
                    api.register_blueprint(blueprint)
                    gathered[id] += blueprint.operations
        except Exception as error:
            if strict:
                raise
            registry.fail(id, f"its routes cannot be registered: {type(error).__name__}: {error}")
            for path in set(api.spec._paths) - documented:
                del api.spec._paths[path]
    return [operation for id, found in gathered.items() if id in registry.plugins for operation in found]


def _marshmallow() -> MarshmallowPlugin:
    # apispec says the resolver returns text; None and False mean "spell it out", which its code accepts.
    return MarshmallowPlugin(schema_name_resolver=cast("Any", schema_name))


def _errors(app: flask.Flask, gateway: Gateway, registry: Registry) -> None:
    """Whatever Flask itself refuses, as a problem. A path of a module that is off or failed never admits what it has."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> flask.Response:
        environ = flask.request.environ
        request_id = environ["fitpro.request_id"]
        path = environ.get("PATH_INFO", "")
        try:
            owner = registry.mounted(path)
            if owner in registry.failed:
                gateway.runner.guard(environ, request_id, "")
                raise Unavailable("This module is out of order; the operator has been told why.", code="module_failed", extra={"module": owner})
            if owner is not None and error.code == 405 and path.startswith(MOUNT) and not gateway.open_to_all(path):
                gateway.runner.guard(environ, request_id, "" if registry.plugins[owner].core else owner)
            raise _as_domain_error(error)
        except DomainError as answer:
            return respond(gateway.runner.problem(answer, request_id))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> flask.Response:
        return respond(gateway.runner.problem(DomainError(), flask.request.environ["fitpro.request_id"], error))


def _as_domain_error(error: HTTPException) -> DomainError:
    if error.code == 405:
        return MethodNotAllowed(getattr(error, "valid_methods", None) or ())
    if error.code == 413:
        return TooLarge()
    return NotFound() if error.code == 404 or (error.code or 500) < 400 else Malformed()


def _operations(app: flask.Flask, gateway: Gateway, settings: WebSettings) -> None:
    """Liveness, readiness, metrics, signing keys."""

    def plain(status: int, value: Any) -> flask.Response:
        return respond(Answer(status, [("Content-Type", "application/json"), headers.NO_STORE], to_json(value)))

    @app.get("/health")
    def health() -> flask.Response:
        return plain(200, {"status": "ok"})

    noted: dict[str, str] = {}

    @app.get("/health/ready")
    def ready() -> flask.Response:
        down = {}
        for name, check in settings.ready.items():
            try:
                check()
            except Exception as error:  # noqa: BLE001 - whatever it is, the part is down
                down[name] = type(error).__name__
        if down != noted:  # once per change: whoever asks does so every second
            log.warning("not ready" if down else "ready again", extra={"parts": dict(down)})
            noted.clear()
            noted.update(down)
        if down:
            answer = Unavailable("Not ready.", code="not_ready", retry_after_s=1, extra={"parts": dict.fromkeys(down, "down")})
            return respond(gateway.runner.problem(answer, flask.request.environ["fitpro.request_id"]))
        return plain(200, {"status": "ready"})

    @app.get("/.well-known/jwks.json")
    def jwks() -> flask.Response:
        answer = [("Content-Type", "application/json"), ("Cache-Control", "public, max-age=600")]
        return respond(Answer(200, answer, to_json(settings.jwks())))

    if settings.metrics_enabled:

        @app.get("/metrics")
        def metrics() -> flask.Response:
            environ = flask.request.environ
            try:
                admit(environ, token=settings.metrics_token, everybody=settings.metrics_open)
            except DomainError as error:
                return respond(gateway.runner.problem(error, environ["fitpro.request_id"]))
            return respond(Answer(200, [("Content-Type", CONTENT_TYPE), headers.NO_STORE], gateway.metrics.text()))


def _workspace_document(app: flask.Flask, gateway: Gateway, document: Document) -> Callable[[Mapping[str, Any]], flask.Response]:
    """What a workspace really has: the operations of modules that are off are not in it. For its members."""

    def own(path: Mapping[str, Any]) -> flask.Response:
        environ = flask.request.environ
        try:
            enabled = gateway.runner.modules(environ, environ["fitpro.request_id"], path)
            return _conditional(*document.of(enabled))
        except DomainError as error:
            return respond(gateway.runner.problem(error, environ["fitpro.request_id"]))

    @app.get(WORKSPACE_SPEC_RULE)
    def workspace_openapi(workspace_id: UUID) -> flask.Response:
        return own({"workspace_id": workspace_id})

    return own


def _conditional(body: bytes, tag: str) -> flask.Response:
    sent = [("ETag", tag), headers.REVALIDATE, ("Vary", "X-Workspace-Id")]
    if conditional.not_modified(flask.request.headers.get("If-None-Match"), tag):
        return respond(Answer(304, sent))
    return respond(Answer(200, [("Content-Type", "application/json"), *sent], body))


def _documentation(app: flask.Flask, gateway: Gateway, document: Document, own: Callable[[Mapping[str, Any]], flask.Response]) -> None:
    @app.get(SPEC_URL)
    def openapi() -> flask.Response:
        """The whole installation's, for whoever generates code; of the workspace that X-Workspace-Id names, for its members."""
        environ = flask.request.environ
        if "HTTP_X_WORKSPACE_ID" in environ:
            return own({})
        try:
            return _conditional(*document.full())
        except DomainError as error:
            return respond(gateway.runner.problem(error, environ["fitpro.request_id"]))

    @app.get("/")
    def start() -> flask.Response:
        """The address `make run` prints."""
        return respond(Answer(303, [("Location", "/docs"), headers.NO_STORE]))

    @app.get("/docs")
    def page() -> flask.Response:
        body, policy = docs.page(SPEC_URL)
        sent = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy), headers.NO_STORE]
        return respond(Answer(200, sent, body))

    @app.get("/docs/assets/<path:name>")
    def asset(name: str) -> flask.Response:
        found = docs.asset(name)
        if found is None:
            flask.abort(404)
        return respond(Answer(200, [("Content-Type", found[1]), ("Cache-Control", "public, max-age=86400")], found[0]))
