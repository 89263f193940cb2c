"""Links of the embedded file store: `/files/<workspace>/<id>?…`. The signature is the permission; who follows it signs in nowhere."""

from __future__ import annotations

from uuid import UUID

import flask

from adapters.http import headers
from adapters.http.exchange import Answer, read_body
from adapters.http.fallback import respond
from adapters.http.gateway import Gateway
from kernel.errors import DomainError
from ports.storage import LinkedFiles, StorageKey, disposition


def mount(app: flask.Flask, gateway: Gateway, files: LinkedFiles, *, max_bytes: int) -> None:
    """Serve GET and PUT of links. max_bytes: of an upload, whatever its link says."""

    @app.route("/files/<uuid:workspace_id>/<uuid:file_id>", methods=["GET"])
    def fetch(workspace_id: UUID, file_id: UUID) -> flask.Response:
        try:
            file, name = files.fetch(StorageKey(workspace_id, file_id), _query())
        except DomainError as error:
            return _refused(gateway, error)
        sent = [("Content-Type", file.content_type), ("Content-Disposition", disposition(name)), ("Cache-Control", "private, no-store")]
        return respond(Answer(200, sent, file.content))

    @app.route("/files/<uuid:workspace_id>/<uuid:file_id>", methods=["PUT"])
    def receive(workspace_id: UUID, file_id: UUID) -> flask.Response:
        environ = flask.request.environ
        try:
            content = read_body(environ, max_bytes)
            files.receive(StorageKey(workspace_id, file_id), _query(), environ.get("CONTENT_TYPE", ""), content)
        except DomainError as error:
            return _refused(gateway, error)
        return respond(Answer(200, [headers.NO_STORE]))


def _query() -> str:
    query: str = flask.request.environ.get("QUERY_STRING", "")
    return query


def _refused(gateway: Gateway, error: DomainError) -> flask.Response:
    return respond(gateway.runner.problem(error, flask.request.environ["fitpro.request_id"]))
