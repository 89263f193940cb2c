"""Errors leave here: the one table from error families to RFC 9457 problem documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson

from kernel.errors import DomainError

MEDIA_TYPE: Final = "application/problem+json"

# family -> status and title. The title belongs to the status, the code to the case.
TABLE: Final[dict[str, tuple[int, str]]] = {
    "malformed": (400, "Bad request"),
    "unauthenticated": (401, "Not signed in"),
    "forbidden": (403, "Not allowed"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Method not allowed"),
    "conflict": (409, "Conflict"),
    "stale": (412, "Changed meanwhile"),
    "too_large": (413, "Too large"),
    "unsupported_media": (415, "Unsupported media type"),
    "invalid": (422, "Not valid"),
    "precondition_required": (428, "Precondition required"),
    "rate_limited": (429, "Too many requests"),
    "internal": (500, "Internal error"),
    "unavailable": (503, "Unavailable"),
}
_BY_STATUS: Final = {status: (family, title) for family, (status, title) in TABLE.items()}
_BAD_TOKEN: Final = frozenset({"invalid_token", "token_expired", "session_revoked"})
_RETRY_AFTER_S: Final = 1
_OWN_MEMBERS: Final = frozenset({"type", "title", "status", "detail", "code", "request_id", "errors", "instance"})


class MethodNotAllowed(DomainError):
    """The path exists, not for this method (405); `allowed` becomes the Allow header."""

    family: ClassVar[str] = "method_not_allowed"
    default_code: ClassVar[str] = "method_not_allowed"
    default_detail: ClassVar[str] = "This method is not available here."

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.allowed = tuple(sorted(allowed))


def render(error: BaseException, request_id: str | None, instance: str | None = None) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of the answer to an error.

    What is no DomainError, or is one of the family `internal`, says nothing about itself.
    """
    known = error if isinstance(error, DomainError) and error.family in TABLE else DomainError()
    status, title = TABLE[known.family]
    if status == 500:
        known = DomainError()
    document: dict[str, Any] = {
        "type": f"/problems/{known.code}",
        "title": title,
        "status": status,
        "detail": known.detail,
        "code": known.code,
    }
    if request_id is not None:
        document["request_id"] = request_id
    if instance is not None:
        document["instance"] = instance
    if known.errors:
        document["errors"] = [{"pointer": fault.pointer, "message": fault.message} for fault in known.errors]
    for name, value in known.extra.items():
        if name not in _OWN_MEMBERS:
            document[name] = value
    return status, _headers(known, status), _encode(document)


def _headers(error: DomainError, status: int) -> list[tuple[str, str]]:
    headers = [("Content-Type", MEDIA_TYPE)]
    if status == 401:
        # RFC 6750 §3.1: a reason only for who sent a token.
        headers.append(("WWW-Authenticate", 'Bearer error="invalid_token"' if error.code in _BAD_TOKEN else "Bearer"))
    if status in (429, 503) or error.retry_after_s is not None:
        headers.append(("Retry-After", str(max(1, error.retry_after_s or _RETRY_AFTER_S))))
    if isinstance(error, MethodNotAllowed):
        headers.append(("Allow", ", ".join(error.allowed)))
    return headers


def _encode(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError:
        # A lone surrogate from a path or a header, or an unusual `extra`: the answer must still leave.
        return json.dumps(document, default=str, ensure_ascii=False).encode("utf-8", "replace")


LIMIT_HEADERS: Final[Mapping[str, Any]] = {
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": "How many requests (q) in how many seconds (w), a structured field.",
        "example": '"person";q=600;w=60, "workspace";q=6000;w=60',
    },
    "RateLimit": {
        "schema": {"type": "string"},
        "description": "How many are left (r), and in how many seconds all are back (t).",
        "example": '"person";r=587;t=2, "workspace";r=5911;t=1',
    },
}


def problem_schema() -> dict[str, Any]:
    """The JSON schema of a problem document, for OpenAPI's components (name it `Problem`)."""
    return {
        "type": "object",
        "description": "What went wrong (RFC 9457). Programs read `code`, people read `detail`.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "description": "Names the kind of problem."},
            "title": {"type": "string", "description": "The kind of problem in a few words, the same for each status."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "One sentence for people."},
            "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "Stable, for programs."},
            "request_id": {"type": "string", "description": "Quote it to support; also in X-Request-Id."},
            "instance": {"type": "string", "format": "uri-reference"},
            "errors": {
                "type": "array",
                "description": "Each value that is wrong.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "message"],
                    "properties": {
                        "pointer": {
                            "type": "string",
                            "description": "JSON pointer into the body, `?name` of a parameter or `name:` of a header.",
                        },
                        "message": {"type": "string"},
                    },
                },
            },
        },
    }


def responses_for(statuses: Iterable[int]) -> dict[str, dict[str, Any]]:
    """OpenAPI response objects for these statuses, each with an example. Raises KeyError on one not in the table."""
    return {str(status): _response(status) for status in sorted(set(statuses))}


def _response(status: int) -> dict[str, Any]:
    family, title = _BY_STATUS[status]
    example = _example(family)
    response: dict[str, Any] = {
        "description": title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
    headers: dict[str, Any] = {}
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}, "description": 'Bearer; with `error="invalid_token"` when one was sent.'}
    if status in (429, 503):
        headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait."}
    if status == 409:
        headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait, where that helps, as with `busy`."}
    if status == 429:
        headers |= LIMIT_HEADERS
    if status == 405:
        headers["Allow"] = {"schema": {"type": "string"}, "description": "The methods this path has."}
    if headers:
        response["headers"] = headers
    return response


def _example(family: str) -> dict[str, Any]:
    kind = next((each for each in families() if each.family == family), DomainError)
    status, title = TABLE[family]
    example: dict[str, Any] = {
        "type": f"/problems/{kind.default_code}",
        "title": title,
        "status": status,
        "detail": kind.default_detail,
        "code": kind.default_code,
        "request_id": "3f9c1c6b0d5e4a7f8a51b7e0c2d4f6a8",
    }
    if family == "invalid":
        example["errors"] = [{"pointer": "/full_name", "message": "Missing data for required field."}]
    return example


def families(kind: type[DomainError] = DomainError) -> list[type[DomainError]]:
    """Every error class there is, the general before the special."""
    return [kind, *(each for child in kind.__subclasses__() for each in families(child))]
