"""The operations of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.pictures import PICTURES

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One documented method of one path."""

    id: str
    method: str
    path: str
    parameters: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any] | None
    example: Mapping[str, Any]
    upload: tuple[str, bytes] | None = None
    """Media type and example of a file, for one that takes no JSON."""


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Every operation of a document; what the platform itself answers is none."""
    found = []
    for path, item in document["paths"].items():
        for method in METHODS:
            if (described := item.get(method)) is None or "x-plugin" not in described:
                continue
            kind, media = next(iter(described.get("requestBody", {}).get("content", {}).items()), ("", {}))
            body = resolve(document, media["schema"]) if kind == "application/json" else None
            upload = (kind, PICTURES.get(kind) or media["example"].encode()) if kind not in ("", "application/json") else None
            parameters = [*item.get("parameters", ()), *described.get("parameters", ())]
            example = {} if upload else media.get("example", {})
            found.append(Operation(described["operationId"], method.upper(), path, parameters, body, example, upload))
    return found


def resolve(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema
