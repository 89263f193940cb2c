"""T40-T43 at the routes: hostile bodies, texts, numbers and parameters end in a 4xx everywhere, quickly."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.http import inputs
from adapters.http.gateway import Gateway
from config.settings import Settings
from tests.documented import BODIES, Documented, World, changed, world
from tests.security.test_t40_t43_input import BAD_LIMITS, BAD_MOMENTS, BUDGET_S, HOSTILE_BODIES
from tests.security.test_t41_texts import REFUSED, STORED_EXACTLY
from tests.servers import Api
from tests.yardstick import budget_s, cpu_s

# Bodies that are right JSON of an object, and wrong only in what they say: some operation may know the field.
BAD_INTEGERS = (2**31 * 10**10, 2**63, -(2**63) - 1, 10**400, 1.5, 1.0, 1e2, "1", "٠", True, [], {})


def writes(here: World) -> list[Documented]:
    return [each for each in here.operations if each.method in BODIES and each.body_schema is not None]


# T40: bodies -------------------------------------------------------------------------------------------------------


def test_t40_a_hostile_body_is_a_4xx_at_every_route_in_its_time(here: World) -> None:
    assert wrong_bodies(here) == []


def wrong_bodies(here: World) -> list[str]:
    found = []
    for operation in writes(here):
        path = here.path(operation)
        for name, body in HOSTILE_BODIES.items():
            if not (body or operation.described["requestBody"]["required"]):
                continue  # nothing at all is fine there
            begun = time.process_time()
            reply = here.call(operation, path=path, raw=body)
            spent = time.process_time() - begun
            late = spent > BUDGET_S and _again_s(here, operation, path, body) > budget_s(BUDGET_S)
            if late or reply.status not in (400, 413, 422):
                found.append(f"{operation} {name}: {reply.status} in {spent * 1000:.0f} ms {reply.body[:100]!r}")
    return found


def _again_s(here: World, operation: Documented, path: str, body: bytes) -> float:
    """CPU seconds of the same request at its best: one alone may have met the collector, or another thread's work."""
    return cpu_s(lambda: here.call(operation, path=path, raw=body))


def test_t40_a_lenient_reader_is_noticed(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "parse_json", lambda raw, *_, **__: json.loads(raw or b"{}"))
    here.operations[:] = [each for each in here.operations if str(each) == "clients_create_clients"]
    assert len(wrong_bodies(here)) > 10


# T41: texts --------------------------------------------------------------------------------------------------------


def texts(operation: Documented) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Where a body holds text, and whether it is free (an address or a date has a form of its own)."""
    schema = operation.body_schema
    assert schema is not None
    for at, inner in operation.fields(schema):
        kinds = inner.get("type", ())
        if "string" in (kinds if isinstance(kinds, list) else (kinds,)):
            yield at, not (inner.get("format") or inner.get("enum") or at[-1] in ("timezone", "locale", "currency", "password", "refresh_token"))


def test_t41_every_text_field_keeps_a_text_exactly_or_refuses_it(here: World) -> None:
    """Round trips through the database, one operation after the other."""
    kept, broken = 0, []
    corpus = [*STORED_EXACTLY[::3], *REFUSED]
    for operation in writes(here):
        if operation.public or operation.method == "POST" or str(operation) == "accounts_replace_password":
            continue  # a password is never shown
        path, base = here.path(operation), here.body(operation)
        for at, _ in texts(operation):
            for text in corpus:
                raw = json.dumps(changed(base, at, text)).encode()
                reply = here.call(operation, path=path, raw=raw)
                if reply.status in (400, 422):
                    continue
                shown = reply.json if reply.status == 200 else {}
                for name in at:
                    shown = shown.get(name, {}) if isinstance(shown, dict) else {}
                if shown != text and not (at[-1] == "email" and reply.status == 200):
                    broken.append(f"{operation} {'/'.join(at)} {text!r}: {reply.status} {shown!r}")
                kept += 1
    assert not broken, broken[:10]
    assert kept > 500


def test_t41_every_free_text_takes_the_whole_corpus(here: World) -> None:
    """What is storable is stored, not merely refused: the name of a client takes all but the blank and the too long."""
    path = f"/api/v1/clients/{here.client_id}"
    taken = 0
    for text in STORED_EXACTLY:
        body = {"notes": text}
        reply = here.api.patch(path, json=body, who=here.owner, workspace=here.workspace)
        read = here.api.get(path, who=here.owner, workspace=here.workspace)
        assert (reply.status, read.json["notes"]) == (200, text), repr(text)
        taken += 1
    assert taken >= 190


def test_t41_an_address_that_looks_the_same_is_taken(local: Api) -> None:
    name = f"ana{time.time_ns()}"
    local.signup(email=f"{name}@example.com")
    for twin in (name.upper(), name.replace("a", "ａ"), name.replace("a", "ᵃ"), name.title()):
        body = {"email": f"{twin}@Example.com", "password": "a long enough secret", "full_name": "x", "consents": {"terms": True, "privacy": True}}
        assert local.post("/auth/signup", json=body).status == 409, twin


# T42: numbers, dates, cursors --------------------------------------------------------------------------------------


def test_t42_a_number_or_moment_out_of_its_range_is_422_at_every_route(here: World) -> None:
    tried, found = 0, []
    for operation in writes(here):
        schema = operation.body_schema
        assert schema is not None
        path, base = here.path(operation), here.body(operation)
        for at, inner in operation.fields(schema):
            kinds = inner.get("type") if isinstance(inner.get("type"), list) else [inner.get("type")]
            if "integer" in kinds:
                hostile: tuple[Any, ...] = BAD_INTEGERS
            elif inner.get("format") in ("date", "date-time"):
                hostile = (*BAD_MOMENTS, 0, 1e400, True, [])
            elif "boolean" in kinds:
                hostile = (0, 1, "true", "on", [], {})
            elif inner.get("format") == "uuid":
                hostile = (0, "x", "{" + str(uuid.uuid4()) + "}", uuid.uuid4().hex, "٠" * 36, [])
            else:
                continue
            for value in hostile:
                reply = here.call(operation, path=path, raw=json.dumps(changed(base, at, value)).encode())
                tried += 1
                if reply.status != 422 and not (reply.status == 400 and value in (1e400, 10**400, 2**63, -(2**63) - 1, 2**31 * 10**10)):
                    found.append(f"{operation} {'/'.join(at)} {value!r:.40}: {reply.status} {reply.body[:150]!r}")
    assert not found, found[:10]
    assert tried > 80


def test_t42_a_limit_or_cursor_out_of_order_is_refused_by_every_list(here: World) -> None:
    lists = [each for each in here.operations if each.listing]
    assert len(lists) >= 7
    for operation in lists:
        path = here.path(operation)
        for limit in BAD_LIMITS:
            sent = limit.encode("utf-8").decode("latin-1")
            quoted = "".join(each if each.isascii() and each.isalnum() else f"%{ord(each):02X}" for each in sent)
            assert here.call(operation, path=f"{path}?limit={quoted}").status == 422, (str(operation), limit)
        good = here.call(operation, path=f"{path}?limit=1").json.get("next_cursor")  # here no studio opened its page to strangers
        hostile = ["A" * 2000, "x", "..", "e30", str(uuid.uuid4())]
        if good is not None:
            hostile += [good[:-2], good + "A", good.swapcase(), good[::-1]]
            for other in lists:
                if other is not operation and other.public == operation.public:
                    assert here.call(other, path=f"{here.path(other)}?cursor={good}").status == 400, (str(operation), str(other))
        for cursor in hostile:
            assert here.call(operation, path=f"{path}?cursor={cursor}").status in (400, 422), (str(operation), cursor)


def test_t42_the_cursor_of_one_workspace_is_none_of_anothers(here: World) -> None:
    add = [here.api.post("/api/v1/clients", json={"full_name": f"N {n}"}, who=here.owner, workspace=here.workspace) for n in range(2)]
    assert {reply.status for reply in add} == {201}
    cursor = here.api.get("/api/v1/clients?limit=1", who=here.owner, workspace=here.workspace).json["next_cursor"]
    other = here.api.workspace(here.owner)
    assert here.api.get(f"/api/v1/clients?limit=1&cursor={cursor}", who=here.owner, workspace=here.workspace).status == 200
    assert here.api.get(f"/api/v1/clients?limit=1&cursor={cursor}", who=here.owner, workspace=other).status == 400


# T43: parameters, content types ------------------------------------------------------------------------------------


def test_t43_a_polluted_query_is_422_at_every_route(here: World) -> None:
    for operation in here.operations:
        if str(operation) == "accounts_get_sign_in_arrival":
            continue  # providers may add parameters of their own (RFC 6749 §4.1.2), and there is none here
        path = here.path(operation)
        options = {"json": here.body(operation)} if operation.body_schema else {}
        names = [*operation.query, "unknown"]
        for name in names:
            for raw in (
                f"{name}=1&{name}=2",
                f"{name}=1&{name}=1",
                f"{name}[]=1",
                f"{name}[0]=1",
                f"{name.upper()}=1&{name}=1",
                f"{name}=%00",
                f"{name}=%ff",
                "=1",
                "&&a",
            ):
                reply = here.call(operation, path=f"{path}?{raw}", **options)
                assert reply.status in (400, 422), (str(operation), raw, reply.status)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "multipart/form-data; boundary=a"},
        {"Content-Type": "application/json; charset=utf-16"}, {"Content-Type": "application/json, text/plain"}, {"Content-Type": "application/xml"},
        {"Content-Type": ""}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}, {"Content-Encoding": "deflate, gzip"},
    ],
    ids=str,
)  # fmt: skip
def test_t43_another_content_type_or_coding_is_415_at_every_route(here: World, headers: dict[str, str]) -> None:
    for operation in writes(here):
        assert here.call(operation, raw=json.dumps(here.body(operation)).encode(), headers=headers).status == 415, str(operation)


@pytest.fixture
def here(local: Api, gateway: Gateway, settings: Settings) -> World:
    return world(local, settings)
