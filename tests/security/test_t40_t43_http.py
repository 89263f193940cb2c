"""T40, T42, T43 at the routes: hostile bodies, numbers and parameters end in a 4xx everywhere, quickly."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from marshmallow import validate

from adapters.http import cursors, fields, inputs
from adapters.http.bodies import parse_json
from adapters.http.cursors import Cursors
from adapters.http.fields import moments
from adapters.http.fields.values import INT64_MAX, INT64_MIN
from adapters.http.gateway import Gateway
from adapters.http.queries import parse_query
from config.settings import Settings
from tests.documented import BODIES, Documented, World, changed, world
from tests.security.test_t40_t43_input import BAD_DAYS, BAD_LIMITS, BAD_MOMENTS, BUDGET_S, HOSTILE_BODIES, any_value, loosely
from tests.servers import Api
from tests.yardstick import budget_s, cpu_s

# Bodies that are right JSON of an object, and wrong only in what they say: some operation may know the field.
BAD_INTEGERS: tuple[Any, ...] = (2**31 * 10**10, 2**63, -(2**63) - 1, 10**400, 1.5, 1.0, 1e2, "1", "٠", True, [], {})

STRANGE_TYPES = [
    {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "multipart/form-data; boundary=a"},
    {"Content-Type": "application/json; charset=utf-16"}, {"Content-Type": "application/json, text/plain"}, {"Content-Type": "application/xml"},
    {"Content-Type": ""}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}, {"Content-Encoding": "deflate, gzip"},
]  # fmt: skip

SIGNED = cursors._mac


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
    only(here, "clients_create_clients")
    assert len(wrong_bodies(here)) > 10


# T42: numbers, dates, cursors --------------------------------------------------------------------------------------


def test_t42_a_number_or_moment_out_of_its_range_is_422_at_every_route(here: World) -> None:
    tried, found = out_of_range(here)
    assert found == []
    assert tried > 80


def out_of_range(here: World) -> tuple[int, list[str]]:
    """How many values were sent, and what was answered with anything but the 422."""
    tried, found = 0, []
    for operation in writes(here):
        schema = operation.body_schema
        assert schema is not None
        path, base = here.path(operation), here.body(operation)
        for at, inner in operation.fields(schema):
            said = inner.get("type", ())
            kinds = said if isinstance(said, list) else [said]
            if "integer" in kinds:
                hostile: tuple[Any, ...] = (*BAD_INTEGERS, *beyond(inner))
            elif inner.get("format") in ("date", "date-time"):
                hostile = (*BAD_MOMENTS, *BAD_DAYS, 0, 1e400, True, [])
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
    return tried, found


def beyond(inner: dict[str, Any]) -> list[int]:
    """Whole numbers that fit into the database, and not into what the document says."""
    least, most = inner.get("minimum", INT64_MIN), inner.get("maximum", INT64_MAX)
    return [number for number in (-1, 2**31, least - 1, most + 1) if INT64_MIN <= number <= INT64_MAX and not least <= number <= most]


def test_t42_a_limit_or_cursor_out_of_order_is_refused_by_every_list(here: World) -> None:
    assert len(lists(here)) >= 7
    assert disordered_pages(here) == []


def lists(here: World) -> list[Documented]:
    return [each for each in here.operations if each.listing]


def disordered_pages(here: World) -> list[str]:
    """The pages that were given where limit or cursor is none of this list's."""
    found = []
    for operation in lists(here):
        path = here.path(operation)
        for limit in BAD_LIMITS:
            sent = limit.encode("utf-8").decode("latin-1")
            quoted = "".join(each if each.isascii() and each.isalnum() else f"%{ord(each):02X}" for each in sent)
            if (status := here.call(operation, path=f"{path}?limit={quoted}").status) != 422:
                found.append(f"{operation} limit {limit!r}: {status}")
        good = here.call(operation, path=f"{path}?limit=1").json.get("next_cursor")  # here no studio opened its page to strangers
        hostile = ["A" * 2000, "x", "..", "e30", str(uuid.uuid4())]
        if good is not None:
            hostile += [good[:-2], good + "A", good.swapcase(), good[::-1]]
            for other in lists(here):
                if other is not operation and other.public == operation.public:
                    status = here.call(other, path=f"{here.path(other)}?cursor={good}").status
                    if status != 400:
                        found.append(f"{other} cursor of {operation}: {status}")
        for cursor in hostile:
            if (status := here.call(operation, path=f"{path}?cursor={cursor}").status) not in (400, 422):
                found.append(f"{operation} cursor {cursor:.40}: {status}")
    return found


def test_t42_the_cursor_of_one_workspace_is_none_of_anothers(here: World) -> None:
    assert wandering_cursors(here) == []


def wandering_cursors(here: World) -> list[str]:
    """The cursor of one workspace, shown to another of the same person's."""
    add = [here.api.post("/api/v1/clients", json={"full_name": f"N {n}"}, who=here.owner, workspace=here.workspace) for n in range(2)]
    assert {reply.status for reply in add} == {201}
    cursor = here.api.get("/api/v1/clients?limit=1", who=here.owner, workspace=here.workspace).json["next_cursor"]
    expected = {here.workspace: 200, here.api.workspace(here.owner): 400}
    answers = {each: here.api.get(f"/api/v1/clients?limit=1&cursor={cursor}", who=here.owner, workspace=each).status for each in expected}
    return [f"{each}: {answers[each]}" for each in expected if answers[each] != expected[each]]


def any_truth(_: fields.Boolean, value: Any, *__: Any, **___: Any) -> bool:
    return bool(value)


def of_any_list(key: bytes, payload: bytes, workspace: uuid.UUID | None, _: str) -> bytes:
    return SIGNED(key, payload, workspace, "")


def of_any_workspace(key: bytes, payload: bytes, _: uuid.UUID | None, fingerprint: str) -> bytes:
    return SIGNED(key, payload, None, fingerprint)


def unsigned(_: Cursors, text: str, **__: Any) -> list[cursors.Value]:
    return [cursors._unpack(value) for value in orjson.loads(cursors._bytes_of(text)[16:])]


@pytest.mark.parametrize("fault", ["integers are made", "ranges are open", "the calendar is open", "switches are made"])
def test_t42_a_field_that_takes_what_it_can_make_is_noticed(breakable: World, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    if fault == "integers are made":
        monkeypatch.setattr(fields.Integer, "_validated", loosely)
    elif fault == "ranges are open":
        monkeypatch.setattr(validate.Range, "__call__", any_value)
    elif fault == "the calendar is open":
        monkeypatch.setattr(moments, "EARLIEST", datetime.min.replace(tzinfo=UTC))
        monkeypatch.setattr(moments, "LATEST", datetime.max.replace(tzinfo=UTC))
    else:
        monkeypatch.setattr(fields.Boolean, "_deserialize", any_truth)
    # An exclusion's range is the database's too, and it refuses with the same 422; the grace of a key is kept nowhere else.
    only(breakable, "clients_create_exclusions", "bookings_create_times_off", "clients_create_notes", "workspaces_create_key_rotation")
    assert any(": 20" in each for each in out_of_range(breakable)[1])


@pytest.mark.parametrize("forgotten", ["range", "list", "workspace", "signature"])
def test_t42_a_list_that_forgets_to_ask_is_noticed(breakable: World, monkeypatch: pytest.MonkeyPatch, forgotten: str) -> None:
    if forgotten == "range":
        monkeypatch.setattr(validate.Range, "__call__", any_value)
    elif forgotten == "list":
        monkeypatch.setattr(cursors, "_mac", of_any_list)
    elif forgotten == "workspace":
        monkeypatch.setattr(cursors, "_mac", of_any_workspace)
    else:
        monkeypatch.setattr(Cursors, "decode", unsigned)
    if forgotten == "workspace":
        assert disordered_pages(breakable) == []  # it is the one that no other list can notice
        assert wandering_cursors(breakable) != []
    else:
        assert disordered_pages(breakable) != []


# T43: parameters, content types ------------------------------------------------------------------------------------


def test_t43_a_polluted_query_is_422_at_every_route(here: World) -> None:
    assert polluted(here) == []


def polluted(here: World) -> list[str]:
    """The queries that were answered though two readers may understand them differently."""
    found = []
    for operation in here.operations:
        if str(operation) == "accounts_get_sign_in_arrival":
            continue  # providers may add parameters of their own (RFC 6749 §4.1.2), and there is none here
        path = here.path(operation)
        options: dict[str, Any] = {"json": here.body(operation)} if operation.body_schema else {}
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
                if reply.status not in (400, 422):
                    found.append(f"{operation} {raw}: {reply.status}")
    return found


@pytest.mark.parametrize("headers", STRANGE_TYPES, ids=str)
def test_t43_another_content_type_or_coding_is_415_at_every_route(here: World, headers: dict[str, str]) -> None:
    assert strangely_typed(here, headers) == []


def strangely_typed(here: World, headers: dict[str, str]) -> list[str]:
    """The operations that read a body of another type or coding."""
    found = []
    for operation in writes(here):
        reply = here.call(operation, raw=json.dumps(here.body(operation)).encode(), headers=headers)
        if reply.status != 415:
            found.append(f"{operation}: {reply.status}")
    return found


def last_wins(raw: str, declared: Collection[str] = (), **_: Any) -> dict[str, str]:
    return {name: value for name, value in parse_qsl(raw, keep_blank_values=True) if name in declared}


def unknown_pass(raw: str, declared: Collection[str] = (), **_: Any) -> dict[str, str]:
    return parse_query(raw, declared, others=True)


@pytest.mark.parametrize("lenient", [last_wins, unknown_pass])
def test_t43_a_query_read_leniently_is_noticed(breakable: World, monkeypatch: pytest.MonkeyPatch, lenient: Any) -> None:
    monkeypatch.setattr(inputs, "parse_query", lenient)
    only(breakable, "clients_list_clients", "clients_get_client", "clients_update_note")
    assert len(polluted(breakable)) >= 10


@pytest.mark.parametrize("headers", STRANGE_TYPES, ids=str)
def test_t43_a_reader_of_whatever_comes_is_noticed(breakable: World, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]) -> None:
    monkeypatch.setattr(inputs, "parse_json", lambda raw, *_, max_bytes: parse_json(raw, "application/json", None, max_bytes=max_bytes))
    only(breakable, "clients_create_notes", "clients_update_note", "accounts_create_account")
    assert len(strangely_typed(breakable, headers)) == 3


def only(here: World, *names: str) -> None:
    """Leave these operations alone, with the records they are asked of."""
    kept = [each for each in here.operations if str(each) in names]
    assert len(kept) == len(names)
    for operation in kept:
        here.path(operation)
    here.operations[:] = kept


@pytest.fixture
def here(local: Api, gateway: Gateway, settings: Settings) -> World:
    return world(local, settings)


@pytest.fixture
def breakable(here: World, gateway: Gateway) -> Iterator[World]:
    """The same, and what it understood of queries while it was broken is forgotten afterwards."""
    yield here
    for compiled in gateway.compiled.values():
        compiled.queries.clear()
