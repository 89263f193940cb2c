"""T46, T47: schemas that people write for their own fields: no pattern and no bomb of a schema costs more than a moment, none fetches anything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.jsonschema import json_schema
from config.settings import Settings
from tests.integration.registers import Studio
from tests.servers import Api
from tests.yardstick import budget_s, cpu_s

PATTERN_BUDGET_S, BOMB_BUDGET_S = 0.005, 0.05
SLOW_FOR_BACKTRACKING = (
    "(a+)+$", "(a|a)*$", "(a|aa)+$", "(a*)*$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "(a?){60}a{60}", "^(a|b|ab)*c$",
    "(\\w+\\s?)*$", "(\\d+)*x", "([a-zA-Z]+)*$", "^(\\w+\\.)+\\w+@$", "(.|a)*b", "a*a*a*a*a*a*a*a*b", "(aa|a)*b", "((a*)*)*b", "^(.*?,){30}P",
    "(a+){30}b", "[a-z]+a[a-z]+b", "(?i)(A+)+b", "(?:a+)+?b", "(a+|b+|c+)*d", "^((ab)*)+$", "(.+)+\\z", "(a{1,5}){1,20}b", "\\pL*\\pL*\\pL*1",
    "(?s)(.*)(.*)(.*)z", "(^a+)+$", "(a.*?){12}b",
)  # fmt: skip
BEYOND_RE2 = (
    "(a)\\1", "(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", "(?P<n>a)(?P=n)", "(?(1)a|b)", "(?>a+)b", "a++", "((a{100}){100}){100}", "a{1001}", "(",
    "[", "a" * 201,
)  # fmt: skip


def deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        made = {"type": "object", "properties": {"f": made}}
    return made


def bombs(url: str) -> dict[str, dict[str, Any]]:
    """Schemas that would be slow, recursive, or ask another server."""

    def field(**members: Any) -> dict[str, Any]:
        return {"type": "object", "properties": {"f": {"type": "string", **members}}}

    return {
        "too many fields": {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(201)}},
        "too many fields, in two levels": {"type": "object", "properties": {f"f{n}": deep(2) for n in range(100)}},
        "too many names": {"type": "object", "properties": {f"f{n}": {} for n in range(900)}},
        "six levels": deep(7),
        "thirteen levels": deep(13),
        "lists of lists": {"type": "object", "properties": {"f": {"type": "array", "items": {"type": "array", "items": deep(5)}}}},
        "a reference elsewhere": field(**{"$ref": url}),
        "a schema elsewhere": {"$schema": url, **field()},
        "an id elsewhere": {"$id": url, **field()},
        "a dynamic reference": field(**{"$dynamicRef": "#f"}),
        "a reference to itself": {"type": "object", "properties": {"f": {"$ref": "#"}}},
        "all of many": field(allOf=[{"pattern": "a"}] * 100),
        "any of many": field(anyOf=[{"pattern": "a"}] * 100),
        "not": field(**{"not": {"pattern": "(a+)+$"}}),
        "patterns of names": {"type": "object", "properties": {}, "patternProperties": {"(a+)+$": {"type": "string"}}},
        "definitions": {"$defs": {"a": deep(3)}, **field()},
        "a long enumeration": field(enum=[str(n) for n in range(900)]),
        "unique lists": {"type": "object", "properties": {"f": {"type": "array", "uniqueItems": True, "items": {"type": "string"}}}},
        "no type": {"type": "object", "properties": {"f": {}}},
        "a list of types": field(type=["string", "null"]),
        "contradictions": field(minLength=9, maxLength=1, enum=[3]),
        "an object in a name's place": {"type": "object", "properties": {"f": []}},
    }  # fmt: skip


@pytest.mark.parametrize("pattern", SLOW_FOR_BACKTRACKING)
def test_t46_a_pattern_that_would_backtrack_costs_a_moment(pattern: str) -> None:
    schema = json_schema({"type": "object", "properties": {"f": {"type": "string", "pattern": pattern}}})
    for text in ("a" * 4095 + "!", "x" * 4096, "ab " * 1365, "a" * 4096):
        schema.faults({"f": text})
        spent = cpu_s(lambda text=text: schema.faults({"f": text}))  # type: ignore[misc]
        assert spent < budget_s(PATTERN_BUDGET_S), (pattern, text[:4], spent)


def test_t46_the_patterns_are_slow_for_python() -> None:
    """The fault: Python's own engine, on a text of 24 letters, takes longer than RE2 on 4,096."""
    import re

    assert cpu_s(lambda: re.search("(a+)+$", "a" * 24 + "!"), rounds=1) > budget_s(PATTERN_BUDGET_S)


@pytest.mark.parametrize("pattern", BEYOND_RE2)
def test_t46_what_re2_does_not_take_is_refused_when_it_is_saved(studio: Studio, pattern: str) -> None:
    refused = define(studio, {"type": "object", "properties": {"f": {"type": "string", "pattern": pattern}}})
    assert refused.status == 422
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/settings/custom_fields/properties/f/pattern"]


@pytest.mark.parametrize("name", bombs(""))
def test_t47_a_bomb_of_a_schema_is_refused_at_once_and_asks_nobody(studio: Studio, listener: tuple[str, list[str]], name: str) -> None:
    url, hits = listener
    bomb, replies = bombs(url)[name], []
    assert cpu_s(lambda: replies.append(define(studio, bomb))) < budget_s(BOMB_BUDGET_S)
    refused = replies[0]
    assert refused.status == 422, refused.body
    assert all(fault["pointer"].startswith("/settings/custom_fields") for fault in refused.json["errors"])
    assert hits == []


def test_t47_the_widest_and_deepest_that_is_allowed_is_taken(studio: Studio) -> None:
    wide = {"type": "object", "properties": {f"f{n}": {"type": "string", "pattern": "^a{0,200}$"} for n in range(200)}}
    assert define(studio, wide).status == 200
    assert define(studio, deep(5)).status == 200
    made = studio.post({"full_name": "Deep", "custom_fields": {"f": {"f": {"f": {"f": {"f": "bottom"}}}}}})
    assert made.status == 201, made.body


def define(studio: Studio, schema: dict[str, Any]) -> Any:
    path = f"/api/v1/workspaces/{studio.id}/modules/clients"
    return studio.api.put(path, json={"enabled": True, "settings": {"custom_fields": schema}}, who=studio.owner)


@pytest.fixture(scope="module")
def studio(local: Api, settings: Settings) -> Studio:
    return Studio.new(local, settings)


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that writes down who comes."""
    hits: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, address = server.accept()
                except OSError:
                    return
                hits.append(str(address))
                peer.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/schema.json", hits
        server.shutdown(socket.SHUT_RDWR)
