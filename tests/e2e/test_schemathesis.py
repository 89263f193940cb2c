"""The OpenAPI document against the product: schemathesis calls every operation with what it allows and with what it does not."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from adapters.http.gateway import Gateway
from adapters.http.problems import problem_schema
from config.settings import Settings
from tests.documented import World, world
from tests.servers import Api

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "unsupported_method", "allow_header_conformance",
)  # fmt: skip


PLATFORM = {
    "/health", "/health/ready", "/metrics", "/.well-known/jwks.json", "/api/v1/openapi.json", "/api/v1/workspaces/{workspace_id}/openapi.json",
}  # fmt: skip
"""What the platform itself answers."""


@dataclass
class Findings:
    """What a run of schemathesis said."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def explore(app: Any, document: dict[str, Any], token: str, workspace: str, ids: dict[str, str], examples: int) -> Findings:
    """Examples, coverage and fuzzing of every operation of the document, with one token. ids: fixed path parameters."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 20261123,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {token}", "X-Workspace-Id": workspace},
            "parameters": {f"path.{name}": value for name, value in ids.items()},
            "generation": {"max-examples": examples, "no-shrink": True, "with-security-parameters": False, "deterministic": True},
            "phases": {"stateful": {"enabled": False}},
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app
    found = Findings()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.failures.append(f"schemathesis: {getattr(event, 'label', '')}: {getattr(event, 'value', None) or event.exception}")
        if not isinstance(event, events.ScenarioFinished):
            continue
        recorder = event.recorder
        found.cases[recorder.label] += len(recorder.interactions)
        found.statuses.update(each.response.status_code for each in recorder.interactions.values() if each.response is not None)
        for case, nodes in recorder.checks.items():
            for node in nodes:
                if node.failure_info is not None:
                    found.failures.append(_told(recorder, case, node))
    return found


def _told(recorder: Any, case: str, node: Any) -> str:
    interaction = recorder.interactions[case]
    request, response = interaction.request, interaction.response
    failure = node.failure_info.failure
    sent = (request.body or b"")[:300]
    answered = "" if response is None else f"{response.status_code} {response.content[:400]!r}"
    return f"{node.name}: {failure.title}: {failure.message[:300]}\n    {request.method} {request.uri} {sent!r}\n    -> {answered}"


@pytest.mark.parametrize("who", ["owner", "cliente", "nobody", "owner with ids of nothing"])
def test_every_operation_answers_as_documented(here: World, gateway: Gateway, document: dict[str, Any], who: str) -> None:
    del document["paths"]["/auth/logout"]
    nothing = who == "owner with ids of nothing"
    if not nothing:
        without_keys(document)
    token = {"owner": here.owner.token, "cliente": here.cliente.token, "nobody": "a.b.c"}.get(who, here.owner.token)
    found = explore(gateway, document, token, here.workspace, {} if nothing else ids_of(here), examples=5)
    assert not found.failures, report(found)
    assert len(found.cases) == len(here.operations) - 1 + len(PLATFORM)
    assert min(cases for label, cases in found.cases.items() if label.split()[1] not in PLATFORM) >= 3
    if who == "owner":
        assert {200, 201, 204, 400, 404, 422} <= set(found.statuses)


def test_signing_out_answers_as_documented(here: World, gateway: Gateway, document: dict[str, Any]) -> None:
    document["paths"] = {"/auth/logout": document["paths"]["/auth/logout"]}
    found = explore(gateway, document, here.api.signup().token, here.workspace, {}, examples=5)
    assert not found.failures, report(found)


@pytest.mark.torture
@pytest.mark.parametrize("who", ["owner", "cliente"])
def test_every_operation_answers_as_documented_at_length(here: World, gateway: Gateway, document: dict[str, Any], who: str) -> None:
    del document["paths"]["/auth/logout"]
    without_keys(document)
    found = explore(gateway, document, getattr(here, who).token, here.workspace, ids_of(here), examples=200)
    assert not found.failures, report(found)


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert not [name for name in document["components"]["schemas"] if name.startswith("flask_smorest")]


def test_every_object_of_an_answer_is_closed(here: World) -> None:
    open_ended = [
        (str(operation), at)
        for operation in here.operations
        if (schema := operation.answer_schema) is not None
        for at, inner in operation.objects(schema)
        if inner.get("additionalProperties") is not False
    ]
    assert not open_ended


@pytest.mark.parametrize("fault", ["a status is missing", "a field has another type", "a required header is missing", "an error is no problem"])
def test_a_wrong_document_is_noticed(here: World, gateway: Gateway, document: dict[str, Any], fault: str) -> None:
    """Seeded faults: the same run, where document and product differ in one place."""
    document["paths"] = {"/api/v1/clients": document["paths"]["/api/v1/clients"]}
    described = document["paths"]["/api/v1/clients"]["get"]
    client = document["components"]["schemas"]["clients.Client"]
    if fault == "a status is missing":
        del described["responses"]["422"]
    elif fault == "a field has another type":
        client["properties"]["full_name"]["type"] = "integer"
    elif fault == "a required header is missing":
        described["responses"]["200"]["headers"]["X-Total"] = {"schema": {"type": "string"}, "required": True}
    else:
        problem = copy.deepcopy(described["responses"]["422"])
        problem["content"]["text/html"] = problem["content"].pop("application/problem+json")
        described["responses"]["422"] = problem
    assert explore(gateway, document, here.owner.token, here.workspace, {}, examples=3).failures


def ids_of(here: World) -> dict[str, str]:
    """A record that exists for each path parameter of the document. Not for numbers: schemathesis would then think it sent wrong ones."""
    found = {}
    for operation in here.operations:
        for template, given in zip(operation.path.split("/"), here.path(operation).split("/"), strict=True):
            if template.startswith("{") and not given.isdigit():
                found[template.strip("{}")] = given
    return found


def without_keys(document: dict[str, Any]) -> None:
    """schemathesis sends the same Idempotency-Key again and again, and then sees nothing but its being used."""
    for item in document["paths"].values():
        for method, described in item.items():
            if method != "parameters":
                found = described["parameters"]
                found[:] = [each for each in found if each["name"] != "Idempotency-Key" or each["required"]]


def report(found: Findings) -> str:
    return f"{len(found.failures)} of {sum(found.cases.values())} {dict(found.statuses)}\n" + "\n".join(found.failures[:12])


@pytest.fixture
def here(local: Api, settings: Settings) -> World:
    return world(local, settings)


@pytest.fixture
def document(local: Api) -> dict[str, Any]:
    spec: dict[str, Any] = local.get("/api/v1/openapi.json").json
    assert spec["components"]["schemas"]["Problem"] == problem_schema()
    return spec
