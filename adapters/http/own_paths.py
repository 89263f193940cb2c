"""What the platform itself answers, as the OpenAPI document has it: liveness, readiness, metrics, signing keys, the document."""

from __future__ import annotations

from typing import Any, Final

from adapters.http import problems
from kernel.registry import MOUNT

TAG: Final = {"name": "Platform", "description": "Whether it lives, what it counts, which keys it signs with, what it can do."}
_REQUEST_ID: Final = {"schema": {"type": "string"}, "required": True}
_TAGGED: Final = {"ETag": {"schema": {"type": "string"}, "description": "Made of the answer's bytes."}}
_UNCHANGED: Final = {"304": {"description": "Not modified since the ETag in If-None-Match."}}
_WORKSPACE: Final = {"type": "string", "format": "uuid"}
_DOCUMENT: Final = {"openapi": "3.1.0", "info": {"title": "FitPro Hub", "version": "0.1.0"}, "paths": {}}
_KEY: Final = {"kty": "EC", "crv": "P-256", "kid": "2026-11", "use": "sig", "alg": "ES256", "x": "…", "y": "…"}


def own_paths(*, metrics: bool, docs: bool) -> dict[str, dict[str, Any]]:
    """Path → item. metrics, docs: whether they are served at all."""
    found = {
        "/health": _get("get_health", "Whether this process lives", _status("ok"), set()),
        "/health/ready": _get("get_readiness", "Whether this process can serve: its database is there", _status("ready"), {503}),
        "/.well-known/jwks.json": _get("get_signing_keys", "The keys that access tokens are signed with (RFC 7517)", _keys(), {429, 503}),
        f"{MOUNT}/workspaces/{{workspace_id}}/openapi.json": _get(
            "get_workspace_document", "This document as a workspace has it, without modules that are off", _document(), {400, 401, 404, 429, 503},
            _parameter("path", "workspace_id", _WORKSPACE, "The workspace."), _held(), tagged=True, signed_in=True,
        ),
    }  # fmt: skip
    if metrics:
        text = {"text/plain": {"schema": {"type": "string"}, "example": "fitpro_requests_total 1\n"}}
        why = "Counters for Prometheus: with FITPRO_METRICS_TOKEN as the bearer token, else in production for this machine alone"
        found["/metrics"] = _get("get_metrics", why, text, {401, 404})
    if docs:
        where = _parameter("header", "X-Workspace-Id", _WORKSPACE, "For the workspace's own; needs a token of one of its members.")
        statuses = {400, 401, 404, 429, 503}
        found[f"{MOUNT}/openapi.json"] = _get("get_document", "This document", _document(), statuses, where, _held(), tagged=True)
    return found


def _get(
    id: str, summary: str, content: dict[str, Any], statuses: set[int], *parameters: dict[str, Any], tagged: bool = False, signed_in: bool = False
) -> dict[str, Any]:
    told = {"X-Request-Id": _REQUEST_ID, **(_TAGGED if tagged else {})}
    answers = {"200": {"description": "Done", "headers": told, "content": content}, **(_UNCHANGED if tagged else {})}
    return {
        "get": {
            "operationId": f"platform_{id}", "summary": summary, "tags": [TAG["name"]], "parameters": list(parameters),
            "security": [{"bearer": []}] if signed_in else [], "responses": {**answers, **problems.responses_for(statuses)},
        }
    }  # fmt: skip


def _parameter(where: str, name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"in": where, "name": name, "description": description, "schema": schema, "required": where == "path"}


def _held() -> dict[str, Any]:
    return _parameter("header", "If-None-Match", {"type": "string"}, "An ETag you hold; 304 when it is current.")


def _status(value: str) -> dict[str, Any]:
    schema = {"type": "object", "required": ["status"], "properties": {"status": {"const": value}}, "additionalProperties": False}
    return {"application/json": {"schema": schema, "example": {"status": value}}}


def _keys() -> dict[str, Any]:
    schema = {"type": "object", "required": ["keys"], "properties": {"keys": {"type": "array", "items": {"type": "object"}}}}
    return {"application/json": {"schema": schema, "example": {"keys": [_KEY]}}}


def _document() -> dict[str, Any]:
    return {"application/json": {"schema": {"type": "object", "required": ["openapi", "info", "paths"]}, "example": _DOCUMENT}}
