"""Every error family has its status, its document and its headers, and none says too much."""

from __future__ import annotations

import jsonschema
import orjson
import pytest

from adapters.http import problems
from adapters.http.problems import MethodNotAllowed, families, problem_schema, render, responses_for
from kernel.errors import DomainError, Fault, Forbidden, Invalid, NotFound, RateLimited, Refused, Unavailable


@pytest.mark.parametrize("kind", families())
def test_every_error_class_renders_as_a_valid_problem(kind: type[DomainError]) -> None:
    error = kind(["GET"]) if kind is MethodNotAllowed else kind()
    status, headers, body = render(error, "req-1")
    document = orjson.loads(body)
    jsonschema.Draft202012Validator(problem_schema()).validate(document)
    assert kind.family in problems.TABLE
    assert (status, document["title"]) == problems.TABLE[kind.family]
    assert document["status"] == status
    assert document["code"] == kind.default_code
    assert document["type"] == f"/problems/{kind.default_code}"
    assert document["request_id"] == "req-1"
    assert ("Content-Type", "application/problem+json") in headers


def test_the_statuses_are_the_documented_ones_and_distinct() -> None:
    statuses = [status for status, _ in problems.TABLE.values()]
    assert sorted(statuses) == [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 500, 503]


def test_the_table_has_no_row_without_an_error_class() -> None:
    assert set(problems.TABLE) == {kind.family for kind in families()}


def test_a_subclass_outside_the_kernel_keeps_its_family_and_code() -> None:
    class Full(Refused):
        default_code = "class_full"

    status, _, body = render(Full("The class is full."), "r")
    assert status == 409
    assert orjson.loads(body)["code"] == "class_full"


def test_faults_and_extra_members_travel_and_extra_replaces_nothing() -> None:
    error = Invalid(errors=[Fault("/a", "No.")], extra={"missing": ["clients"], "status": 200, "code": "fine"})
    status, _, body = render(error, "r", instance="/api/v1/clients")
    document = orjson.loads(body)
    assert document["errors"] == [{"pointer": "/a", "message": "No."}]
    assert document["missing"] == ["clients"]
    assert document["instance"] == "/api/v1/clients"
    assert (document["status"], document["code"]) == (status, "validation_failed") == (422, "validation_failed")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("psycopg: relation clients at /srv/app.py"),
        KeyError("password"),
        KeyboardInterrupt("secret"),
        DomainError("SELECT * FROM users", code="leak", extra={"sql": "SELECT"}, errors=[Fault("/sql", "SELECT")]),
    ],
)
def test_the_unexpected_says_nothing_about_itself(error: BaseException) -> None:
    status, _, body = render(error, "r")
    assert status == 500
    assert orjson.loads(body) == {
        "type": "/problems/internal_error",
        "title": "Internal error",
        "status": 500,
        "detail": "Something went wrong on our side.",
        "code": "internal_error",
        "request_id": "r",
    }


def test_an_unknown_family_is_a_500(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotFound, "family", "odd")
    assert render(NotFound("told nobody"), "r")[0] == 500


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (RateLimited(retry_after_s=7), ("Retry-After", "7")),
        (RateLimited(), ("Retry-After", "1")),
        (RateLimited(retry_after_s=0), ("Retry-After", "1")),
        (RateLimited(retry_after_s=-5), ("Retry-After", "1")),
        (Unavailable(retry_after_s=30), ("Retry-After", "30")),
        (Refused(retry_after_s=2), ("Retry-After", "2")),
        (MethodNotAllowed(["POST", "GET"]), ("Allow", "GET, POST")),
    ],
)
def test_the_headers_a_status_owes_are_there(error: DomainError, header: tuple[str, str]) -> None:
    assert header in render(error, "r")[1]


def test_only_401_asks_for_credentials() -> None:
    for kind in families():
        error = kind(["GET"]) if kind is MethodNotAllowed else kind()
        status, headers, _ = render(error, "r")
        assert (("WWW-Authenticate", "Bearer") in headers) == (status == 401)
        assert (("Retry-After", "1") in headers) == (status in (429, 503))


def test_a_lone_surrogate_or_an_odd_extra_still_gives_an_answer() -> None:
    for error in (NotFound("no \ud800 here"), Forbidden(extra={"kind": object})):
        status, _, body = render(error, "r")
        assert orjson.loads(body)["status"] == status


def test_the_openapi_responses_have_valid_examples() -> None:
    statuses = [status for status, _ in problems.TABLE.values()]
    responses = responses_for(statuses)
    assert sorted(responses) == [str(status) for status in sorted(statuses)]
    for status, response in responses.items():
        (content,) = response["content"].values()
        assert list(response["content"]) == ["application/problem+json"]
        assert content["example"]["status"] == int(status)
        jsonschema.Draft202012Validator(problem_schema()).validate(content["example"])
    assert all("Retry-After" in responses[status]["headers"] for status in ("409", "429", "503"))
    assert "headers" not in responses["404"]


def test_a_status_nobody_answers_with_cannot_be_documented() -> None:
    with pytest.raises(KeyError):
        responses_for([418])
