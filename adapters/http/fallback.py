"""Flask's own way to an operation: the same runner, reached through Flask's routing. The gateway's shortcut must equal it."""

from __future__ import annotations

from typing import Any

import flask

from adapters.http.exchange import Answer
from adapters.http.gateway import Gateway


def flask_view(**path: Any) -> flask.Response:
    """Run the operation that Flask routed to."""
    gateway: Gateway = flask.current_app.extensions["fitpro_gateway"]
    request = flask.request
    assert request.endpoint is not None
    method = "GET" if request.method == "HEAD" else request.method
    compiled = gateway.compiled.get((request.endpoint, method))
    if compiled is None:  # mounted halfway, then set aside
        flask.abort(404)
    return respond(gateway.runner.run(compiled, request.environ, path, request.environ["fitpro.request_id"]))


def respond(answer: Answer) -> flask.Response:
    """A Flask response with exactly these headers."""
    response = flask.Response(answer.body, status=answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response
