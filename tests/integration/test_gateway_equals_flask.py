"""The gateway's shortcut and Flask's own dispatch give the same status, headers and bytes, for every operation and every kind of request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from adapters.http.exchange import Answer
from adapters.http.gateway import Gateway
from adapters.http.runner import Runner
from config.bootstrap import install, web
from config.settings import Settings
from tests.documented import World, world
from tests.servers import Api, Reply

UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENTS = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)|\b[0-9a-f]{32}\b(?:(?:\.[0-9]+)?\.[\w-]{43})?")
TOKENS = re.compile(
    r'("(?:access_token|refresh_token|next_cursor|token|key|hint)":")[^"]+|(cursor=)[^">]+|(u|p)[0-9]+(?:-[0-9]+)*(?=@example)|("id":)[0-9]+'
    r'|(fitpro-verification=)[^"]+'
)
DIGESTS = re.compile(r'(?<=[a-z]\.)[0-9a-f]{16}(?="$)')
"""Of an answer's bytes, ids and all, in its ETag."""
PHONES = re.compile(r"\+34[0-9]{9}")
REQUEST_ID = "00000000000000000000000000000001"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    options: dict[str, Any]


def requests_of(here: World) -> Iterator[tuple[str, Request]]:
    """Every operation, well and in every way badly called."""
    for operation in sorted(here.operations, key=lambda each: (each.method == "DELETE", str(each) == "accounts_create_logout")):
        path, method = here.path(operation), operation.method
        body = {"json": here.body(operation)} if operation.body_schema else {}
        base: dict[str, Any] = {**body, "headers": {"If-Match": "*"}}
        if not operation.public:
            base["who"] = here.owner
        if operation.tenant:
            base["workspace"] = here.workspace
        bad: dict[str, dict[str, Any]] = {
            "no token": {"who": None},
            "a bad token": {"who": "a.b.c"},
            "a Cliente": {} if operation.public else {"who": here.cliente},
            "no workspace": {"workspace": None},
            "a workspace that is none": {"workspace": "x"},
            "somebody else's workspace": {"workspace": here.client_id},
            "an unknown parameter": {"query": "?unknown=1"},
            "a parameter twice": {"query": "?limit=1&limit=2"},
            "an Origin": {"headers": {"Origin": "https://app.example", "If-Match": "*"}},
            "no If-Match": {"headers": {}},
            "a stale If-Match": {"headers": {"If-Match": '"1-x"'}},
            "an If-None-Match": {"headers": {"If-None-Match": "*"}},
            "a bad key": {"headers": {"Idempotency-Key": "ä", "If-Match": "*"}},
            "a slash after": {"after": "/"},
            "a dot segment": {"after": "/."},
            "an empty segment": {"path": path.replace("/api/", "/api//")},
            "another case": {"path": path.upper()},
            "an unknown path below": {"after": "/below/this"},
            "an escaped letter": {"path": path[:-1] + f"%{ord(path[-1]):02X}"},
            "an id that is none": {"path": UUIDS.sub("not-an-id", path)},
            "an id of nothing": {"path": UUIDS.sub("00000000-0000-4000-8000-000000000000", path)},
            "an id in capitals": {"path": UUIDS.sub(lambda found: found[0].upper(), path)},
        }
        if operation.body_schema:
            bad |= {
                "a list": {"json": None, "raw": b"[]"},
                "no JSON": {"json": None, "raw": b"{"},
                "an unknown field": {"json": {"unknown": 1}},
                "a form": {"json": None, "raw": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
                "no body": {"json": None},
                "a megabyte": {"json": None, "raw": b"{" + b" " * 2**20 + b"}"},
            }
        for name, changes in bad.items():
            yield f"{method} {operation.path} with {name}", request(method, path, base, changes)
        for other in ("HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "LINK"):
            if not any(each.path == operation.path and each.method == other for each in here.operations):
                yield f"{other} {operation.path}", request(other, path, {**base, "json": None}, {})
        yield f"{method} {operation.path}", request(method, path, base, {})
    for path in (
        "/",
        "/nothing",
        "/api/v1",
        "/api/v1/nothing",
        "/health",
        "/.well-known/jwks.json",
        "/docs",
        "/docs/assets/../app.py",
        "/api/v1/openapi.json",
    ):
        yield f"GET {path}", Request("GET", path, {})
        yield f"POST {path}", Request("POST", path, {})


def request(method: str, path: str, base: dict[str, Any], changes: dict[str, Any]) -> Request:
    options = {**base, **changes}
    path = options.pop("path", path) + options.pop("after", "") + options.pop("query", "")
    options["headers"] = {**options["headers"], "X-Request-Id": REQUEST_ID}
    return Request(method, path, options)


def differences(one: World, other: World) -> list[str]:
    """What the first answers otherwise than the second, after names that differ by chance are evened out."""
    found = []
    for (name, left), (_, right) in zip(requests_of(one), requests_of(other), strict=True):
        answers = [side.api.request(each.method, each.path, **each.options) for side, each in ((one, left), (other, right))]
        shown = [comparable(answer, side) for answer, side in zip(answers, (one, other), strict=True)]
        if shown[0] != shown[1]:
            found.append(f"{name}\n  {str(shown[0])[:2000]}\n  {str(shown[1])[:2000]}")
    return found


def comparable(reply: Reply, side: World) -> tuple[int, list[tuple[str, str]], str]:
    """Ids in the order they appear, moments, tokens and request ids made equal; nothing else."""
    names: dict[str, str] = {}

    def even(text: str) -> str:
        text = PHONES.sub("<phone>", text)
        text = UUIDS.sub(lambda found: names.setdefault(found[0], f"<id {len(names)}>"), text)
        return TOKENS.sub(r"\1\2\3\4\5-", MOMENTS.sub("<moment or request>", text))

    body = even(reply.body.decode("utf-8", "replace"))
    sent = sorted(
        (name, even(DIGESTS.sub("<digest>", value))) for name, value in reply.headers.items() if name not in ("X-Request-Id", "Content-Length")
    )
    if (given := reply.headers.get("X-Request-Id")) is not None:
        body = body.replace(given, "<request>")
        sent.append(("X-Request-Id", "given"))
    if (length := reply.headers.get("Content-Length")) is not None and reply.body:
        sent.append(("Content-Length", "right" if int(length) == len(reply.body) else length))
    return reply.status, sent, body


def test_both_ways_give_the_same_answers(pair: tuple[World, World]) -> None:
    found = differences(*pair)
    assert not found, f"{len(found)}\n" + "\n".join(found[:10])


def test_the_requests_reach_every_operation_both_ways(pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise two equal 404s would prove nothing."""
    for side in pair:
        ran = set()
        run = Runner.run

        def noted(self: Runner, compiled: Any, *arguments: Any, ran: set[str] = ran, run: Any = run) -> Answer:
            ran.add(compiled.operation.id)
            answer: Answer = run(self, compiled, *arguments)
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(Runner, "run", noted)
            for _, each in requests_of(side):
                side.api.request(each.method, each.path, **each.options)
        assert ran == {str(operation) for operation in side.operations}


@pytest.mark.parametrize("fault", ["a header of its own", "another status", "a body of its own"])
def test_a_shortcut_that_answers_otherwise_is_noticed(pair: tuple[World, World], gateways: tuple[Gateway, Gateway], fault: str) -> None:
    with slightly_wrong(gateways[0], fault):
        found = differences(*pair)
    assert found
    assert all("/api/v1/clients/tags" in each.splitlines()[0] for each in found)


@contextmanager
def slightly_wrong(gateway: Gateway, fault: str) -> Iterator[None]:
    run = gateway.runner.run

    def wrong(compiled: Any, *arguments: Any) -> Answer:
        answer = run(compiled, *arguments)
        if compiled.operation.id != "clients_list_tags":
            return answer
        if fault == "a header of its own":
            return replace(answer, headers=[*answer.headers, ("X-Shortcut", "yes")])
        if fault == "another status":
            return replace(answer, status=answer.status + 1)
        return replace(answer, body=answer.body + b" ")

    gateway.runner.run = wrong  # type: ignore[method-assign]
    try:
        yield
    finally:
        del gateway.runner.run  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def gateways(settings: Settings) -> tuple[Gateway, Gateway]:
    """The shortcut, and Flask alone, over one installation."""
    installation = install(replace(settings, cors_origins=("https://app.example",)))
    return web(installation), web(installation, shortcut=False)


@pytest.fixture
def pair(settings: Settings, gateways: tuple[Gateway, Gateway]) -> tuple[World, World]:
    """Two workspaces alike, each reached one way."""
    assert gateways[0]._shortcut
    assert not gateways[1]._shortcut
    return world(Api(gateways[0]), settings), world(Api(gateways[1]), settings)
