"""The OpenAPI document: flask-smorest's, completed from the operations, and filtered to what a workspace has on."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import marshmallow as ma
import orjson

from adapters.http import problems
from adapters.http.examples import example_of
from adapters.http.fields import DelimitedList
from adapters.http.operation import Marks, Operation
from adapters.http.own_paths import TAG
from adapters.http.portable import make_portable
from adapters.http.schema import QuerySchema
from kernel.registry import MOUNT
from kernel.roles import Access


def schema_name(schema: Any) -> str | bool:
    """`<plugin>.<Name>`: two plugins may both have an EntrySchema. Query schemas are spelled out where they are used."""
    kind = schema if isinstance(schema, type) else type(schema)
    if issubclass(kind, QuerySchema):
        return False
    module = kind.__module__.split(".")
    owner = module[1] if module[0] == "plugins" and len(module) > 2 else module[0] if module[0] != "adapters" else "platform"
    name = f"{owner}.{kind.__name__.removesuffix('Schema')}"
    if isinstance(schema, ma.Schema):
        if schema.partial:
            name += ".Partial"
        if schema.only or schema.exclude:
            name += "." + hashlib.sha256(",".join(sorted(schema.fields)).encode()).hexdigest()[:6]
        if schema.many:
            return False
    return name


class Document:
    """The finished document. Built once; filtered copies are cached by the set of modules. own: what the platform itself answers."""

    def __init__(self, spec: dict[str, Any], operations: Sequence[Operation], version: str, own: Mapping[str, dict[str, Any]]) -> None:
        self._spec = copy.deepcopy(spec)
        self._spec["info"] = {
            "title": "FitPro Hub", "version": version,
            "description": "The backend for fitness professionals. Sign in at `/auth/login`, send the access token as `Authorization: Bearer …`"
            " and the workspace as `X-Workspace-Id`. A workspace's API key (`fp_…`) goes where the access token goes and needs no `X-Workspace-Id`."
            " This document asked for with `X-Workspace-Id`, or `/api/v1/workspaces/{id}/openapi.json`, is the workspace's own, without modules that"
            " are off."
            " Lists are `{items, next_cursor}`; errors are problem documents (RFC 9457). Every answer says in `RateLimit` how much is left of what"
            " the person or key and the workspace may ask for; beyond it is 429 with `Retry-After`. 409 `busy` has it too: somebody"
            " else was changing the same for too long. What is computed may be kept and given again as long as nothing that it was made from has"
            " changed; `Cache-Control: no-cache` has it computed anew.",
            "license": {"name": "MIT", "identifier": "MIT"},
        }  # fmt: skip
        self._spec["servers"] = [{"url": "/"}]
        components = self._spec.setdefault("components", {})
        components.pop("responses", None)
        for name in [name for name in components.setdefault("schemas", {}) if name.startswith("flask_smorest")]:
            del components["schemas"][name]  # its own error and page formats, which no answer of ours has
        components["schemas"]["Problem"] = problems.problem_schema()
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        self._owners: dict[tuple[str, str], str] = {}
        for operation in operations:
            path = _openapi_path(operation.rule)
            described = self._spec["paths"][path][operation.method.lower()]
            _complete(described, operation)
            self._owners[path, operation.method.lower()] = operation.module
        self._spec["paths"].update(own)  # answered by no operation
        self._owners.update(((path, method), "") for path, item in own.items() for method in item)
        self._spec["tags"] = [*_tags(operations), TAG]
        make_portable(self._spec)
        self._cache: dict[frozenset[str] | None, tuple[bytes, str]] = {}

    def full(self) -> tuple[bytes, str]:
        """The whole document and its ETag."""
        return self._rendered(None)

    def of(self, enabled: frozenset[str]) -> tuple[bytes, str]:
        """What a workspace with these modules has, and its ETag; components nobody refers to any more are left out."""
        return self._rendered(enabled)

    def _rendered(self, enabled: frozenset[str] | None) -> tuple[bytes, str]:
        if enabled not in self._cache:
            body = orjson.dumps(self._spec if enabled is None else self._filtered(enabled))
            self._cache[enabled] = (body, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
        return self._cache[enabled]

    def _filtered(self, enabled: frozenset[str]) -> dict[str, Any]:
        spec = {**self._spec, "paths": {}}
        for path, item in self._spec["paths"].items():
            kept = {m: d for m, d in item.items() if self._owners.get((path, m), "") in enabled | {""}}
            if any((path, method) in self._owners for method in kept):
                spec["paths"][path] = kept
        described = [each for item in spec["paths"].values() for each in item.values() if isinstance(each, dict)]
        spoken = {tag for each in described for tag in each.get("tags", ())}
        spec["tags"] = [tag for tag in self._spec["tags"] if tag["name"] in spoken]
        reachable = _reachable(spec["paths"], self._spec["components"]["schemas"])
        spec["components"] = {
            **self._spec["components"],
            "schemas": {name: schema for name, schema in self._spec["components"]["schemas"].items() if name in reachable},
        }
        return spec


def _openapi_path(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def _tags(operations: Sequence[Operation]) -> list[dict[str, str]]:
    seen = {operation.plugin.title: operation.plugin.description for operation in operations}
    return [{"name": title, "description": description} for title, description in seen.items()]


def _complete(described: dict[str, Any], operation: Operation) -> None:
    marks = operation.marks
    described["operationId"] = operation.id
    described.setdefault("summary", operation.id.split("_", 1)[1].replace("_", " ").capitalize())
    described.pop("deprecated", None)
    if marks.recent or marks.grave:
        needs = f"{marks.grave} needs" if marks.grave else "Needs"
        proof = f"{needs} a proof of identity of the last 10 minutes (`POST /api/v1/me/reauthenticate`), else 403 `reauthentication_required`."
        described["description"] = "\n\n".join(filter(None, (described.get("description"), proof)))
    if marks.metered:
        counts = f"Counts against the quota `{marks.metered}` of the person or API key, which `RateLimit` tells besides."
        if marks.parted:
            counts += " The parts that follow within an hour count with the first."
        described["description"] = "\n\n".join(filter(None, (described.get("description"), counts)))
    described["x-plugin"] = operation.plugin.id
    if operation.permission:
        described["x-scope"] = operation.permission
    described["security"] = [] if operation.access is Access.PUBLIC else [{"bearer": []}]
    parameters = described.setdefault("parameters", [])
    asked = {} if marks.query is None else {field.data_key or name: field for name, field in marks.query.load_fields.items()}
    for parameter in parameters:
        if parameter["in"] == "query":
            _describe_query(parameter, asked[parameter["name"]])
    parameters += [_parameter("header", name, text, schema, required) for name, text, schema, required in _headers(operation)]
    if marks.paginated:
        parameters.append(_parameter("query", "limit", "How many items at most.", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}))
        parameters.append(_parameter("query", "cursor", "`next_cursor` of the page before.", {"type": "string", "maxLength": 2048}))
    if marks.parted:
        parameters.append(_parameter("query", "part", "As the `Link` of the part before has it.", {"type": "string", "maxLength": 2048}))
    _describe_answers(described, operation)
    if marks.upload:
        described["requestBody"] = {"required": True, "content": _uploaded(marks)}
    body = described.get("requestBody")
    if body is not None and marks.body is not None:
        for media in body["content"].values():
            media.setdefault("example", example_of(marks.body, load=True))


def _uploaded(marks: Marks) -> dict[str, Any]:
    if all(media.startswith("image/") for media in marks.upload):
        return {media: {"schema": {"type": "string", "format": "binary"}} for media in marks.upload}
    # The first is its name; what else browsers call such a file is read as well, but nobody is told to send it.
    return {marks.upload[0]: {"schema": {"type": "string", "contentMediaType": "text/csv"}, "example": marks.upload_example}}


def _describe_query(parameter: dict[str, Any], field: ma.fields.Field[Any]) -> None:
    """As text has it: no null (leaving a parameter out is how to say nothing), and a list between commas."""
    schema = parameter["schema"]
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    if schema.get("default", ...) is None:
        del schema["default"]
    if isinstance(field, DelimitedList):
        parameter.update(style="form", explode=False)


_FILES: Final = {
    "text/csv": "id,name\r\n1,North\r\n", "application/jsonl": '{"id": 1, "name": "North"}\n',
    "text/calendar": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nEND:VCALENDAR\r\n",
}  # fmt: skip


def _describe_answers(described: dict[str, Any], operation: Operation) -> None:
    marks = operation.marks
    answers = described.setdefault("responses", {})
    answers.pop("default", None)
    success = answers.setdefault(str(marks.status), {"description": "Done"})
    told = success.setdefault("headers", {})
    if marks.files:
        success["content"] = {media: {"schema": {"type": "string", "format": "binary"}, "example": _FILES.get(media, "")} for media in marks.files}
        told["Content-Disposition"] = {"schema": {"type": "string"}, "description": "`attachment` or `inline`, with the file's name."}
    told.update({name: {"schema": {"type": "string"}, "description": text} for name, text in marks.told.items()})
    told["X-Request-Id"] = {"schema": {"type": "string"}, "required": True}
    told.update(problems.LIMIT_HEADERS)
    if marks.paginated:
        told["Link"] = {"schema": {"type": "string"}, "description": 'The next page, `rel="next"`; missing on the last.'}
        success["content"]["application/json"]["schema"]["additionalProperties"] = False
    if _takes_key(operation):
        told["Idempotent-Replayed"] = {"schema": {"const": "true"}, "description": "This answer is from before: the key was used already."}
    if marks.accepted:
        answers["202"] = {"description": marks.accepted, "headers": {"X-Request-Id": told["X-Request-Id"], **problems.LIMIT_HEADERS}}
    if marks.response is not None:
        item = example_of(marks.response, load=False)
        for media in success.get("content", {}).values():
            media.setdefault("example", {"items": [item], "next_cursor": None} if marks.paginated else item)
        if _tagged(operation):
            told["ETag"] = {"schema": {"type": "string"}, "description": "Version of the record, or what is shown of it."}
            if operation.method == "GET":
                answers["304"] = {"description": "Not modified since the ETag in If-None-Match."}
    if marks.public_s:
        told["Cache-Control"] = {"schema": {"type": "string"}, "description": "Shared caches may keep it."}
    if marks.public_s or marks.digested:
        told["ETag"] = {"schema": {"type": "string"}, "description": "Made of the answer's bytes."}
        answers["304"] = {"description": "Not modified since the ETag in If-None-Match."}
    answers.update(problems.responses_for(statuses(operation)))


def statuses(operation: Operation) -> set[int]:
    """Every problem status an operation can answer with."""
    marks = operation.marks
    found = {400, 422, 429, 500, 503, *marks.documented}
    if operation.access is not Access.PUBLIC:
        found |= {401}
    if marks.recent or marks.grave:
        found |= {403}
    if operation.access is None:
        found |= {403, 404}
    if "<" in operation.rule:
        found |= {404}
    if operation.method in ("POST", "PUT", "PATCH", "DELETE"):
        found |= {409}
    if operation.method in ("POST", "PUT", "PATCH"):
        found |= {413, 415}
    if operation.takes_if_match:
        found |= {412}
    if operation.needs_if_match:
        found |= {428}
    if operation.rule.startswith("/auth"):
        found |= {401}
    return found


def _tagged(operation: Operation) -> bool:
    """Whether its answers have an ETag."""
    marks = operation.marks
    if marks.paginated:
        return bool(marks.public_s)
    return marks.etag and marks.response is not None and (operation.method == "GET" or "version" in marks.response.fields)


def _takes_key(operation: Operation) -> bool:
    return operation.method == "POST" and operation.access is not Access.PUBLIC and operation.rule.startswith(MOUNT)


def _headers(operation: Operation) -> list[tuple[str, str, dict[str, Any], bool]]:
    found: list[tuple[str, str, dict[str, Any], bool]] = [(name, text, {"type": "string"}, False) for name, text in operation.marks.asked.items()]
    if operation.access is None:
        found.append(("X-Workspace-Id", "The workspace; may be left out by a member of exactly one.", {"type": "string", "format": "uuid"}, False))
    if _takes_key(operation):
        text = "Same key and body: the first answer again, for 24 hours."
        found.append(
            (
                "Idempotency-Key",
                text,
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-+\\x2d-~]+$"},
                operation.marks.key_required,
            )
        )
    if operation.versioned and (operation.marks.etag or operation.marks.record) and operation.takes_if_match:
        found.append(("If-Match", "The ETag you read; 412 when the record changed since.", {"type": "string"}, operation.needs_if_match))
    if operation.method == "GET" and (_tagged(operation) or operation.marks.digested):
        found.append(("If-None-Match", "An ETag you hold; 304 when it is current.", {"type": "string"}, False))
    return found


def _parameter(where: str, name: str, text: str, schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"in": where, "name": name, "description": text, "schema": schema, "required": required}


def _reachable(start: Any, schemas: dict[str, Any]) -> set[str]:
    found: set[str] = {"Problem"}
    stack = [start, schemas["Problem"]]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and (name := reference.rsplit("/", 1)[-1]) in schemas and name not in found:
                found.add(name)
                stack.append(schemas[name])
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return found
