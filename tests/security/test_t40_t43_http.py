"""T40-T43 at the routes: hostile bodies, texts, numbers, parameters and framing end in a 4xx everywhere, quickly, and desynchronise nothing."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.http import inputs
from adapters.http.gateway import Gateway
from config.settings import Settings
from tests.documented import BODIES, Documented, World, changed, world
from tests.security.test_t40_t43_input import BAD_LIMITS, BAD_MOMENTS, BUDGET_S, HOSTILE_BODIES
from tests.security.test_t41_texts import REFUSED, STORED_EXACTLY
from tests.servers import Api

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
            begun = time.process_time()
            reply = here.call(operation, path=path, raw=body)
            spent = time.process_time() - begun
            if spent > BUDGET_S:  # once more: the first may have met the collector
                begun = time.process_time()
                here.call(operation, path=path, raw=body)
                spent = min(spent, time.process_time() - begun)
            if reply.status not in (400, 413, 422) or spent > BUDGET_S:
                found.append(f"{operation} {name}: {reply.status} in {spent * 1000:.0f} ms {reply.body[:100]!r}")
    return found


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
        good = here.call(operation, path=f"{path}?limit=1").json["next_cursor"]
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


# T43: parameters, content types, framing ---------------------------------------------------------------------------


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


HOST, END = b"Host: localhost\r\n", b"\r\n"
JSON_TYPE = b"Content-Type: application/json\r\n"
LOGIN = b'{"email":"a@example.com","password":"x"}'
SMUGGLED = b"GET /api/v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(*headers: bytes, body: bytes = LOGIN, line: bytes = b"POST /auth/login HTTP/1.1\r\n") -> bytes:
    return line + HOST + JSON_TYPE + b"".join(header + b"\r\n" for header in headers) + END + body


CHUNKED, LENGTH = b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(LOGIN)
CHUNKS = b"%x\r\n" % len(LOGIN) + LOGIN + b"\r\n0\r\n\r\n"
PROBES: dict[str, bytes] = {
    "CL and TE, TE wins": post(b"Content-Length: 5", CHUNKED, body=CHUNKS + SMUGGLED),
    "CL and TE, CL wins": post(b"Content-Length: %d" % (len(LOGIN) + len(SMUGGLED)), CHUNKED, body=CHUNKS + SMUGGLED),
    "TE and CL 0": post(CHUNKED, b"Content-Length: 0", body=CHUNKS + SMUGGLED),
    "TE twice": post(CHUNKED, CHUNKED, body=CHUNKS + SMUGGLED),
    "TE identity then chunked": post(b"Transfer-Encoding: identity", CHUNKED, body=CHUNKS + SMUGGLED),
    "TE chunked, identity": post(b"Transfer-Encoding: chunked, identity", LENGTH, body=LOGIN + SMUGGLED),
    "TE xchunked": post(b"Transfer-Encoding: xchunked", LENGTH, body=LOGIN + SMUGGLED),
    "TE with a tab before": post(b"Transfer-Encoding:\tchunked", LENGTH, body=CHUNKS + SMUGGLED),
    "TE with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", LENGTH, body=LOGIN + SMUGGLED),
    "TE with a blank before the colon": post(b"Transfer-Encoding : chunked", LENGTH, body=LOGIN + SMUGGLED),
    "TE by an underscore": post(b"Transfer_Encoding: chunked", LENGTH, body=LOGIN),
    "TE folded": post(b"Transfer-Encoding:\r\n chunked", LENGTH, body=CHUNKS + SMUGGLED),
    "TE after a bare line feed": post(b"X: a\nTransfer-Encoding: chunked", LENGTH, body=CHUNKS + SMUGGLED),
    "TE gzip, chunked": post(b"Transfer-Encoding: gzip, chunked", body=CHUNKS + SMUGGLED),
    "TE in HTTP/1.0": post(CHUNKED, LENGTH, body=CHUNKS + SMUGGLED, line=b"POST /auth/login HTTP/1.0\r\n"),
    "CL twice, different": post(LENGTH, b"Content-Length: 5", body=LOGIN + SMUGGLED),
    "CL twice, the same": post(LENGTH, LENGTH, body=LOGIN),
    "CL a list": post(b"Content-Length: %d, %d" % (len(LOGIN), len(LOGIN)), body=LOGIN + SMUGGLED),
    "CL signed": post(b"Content-Length: +%d" % len(LOGIN), body=LOGIN + SMUGGLED),
    "CL negative": post(b"Content-Length: -1", body=LOGIN),
    "CL hexadecimal": post(b"Content-Length: 0x1", body=LOGIN),
    "CL huge": post(b"Content-Length: 99999999999999999999", body=LOGIN),
    "CL above the limit": post(b"Content-Length: 9999999", body=LOGIN),
    "CL by an underscore": post(b"Content_Length: 3", LENGTH, body=LOGIN),
    "no length": post(body=b""),
    "obs-fold": post(b"X-Folded: a\r\n b", LENGTH),
    "a header without a colon": post(b"Nonsense", LENGTH),
    "a header without a name": post(b": value", LENGTH),
    "a blank in a name": post(b"X Y: 1", LENGTH),
    "NUL in a value": post(b"X-Nul: a\0b", LENGTH),
    "bare CR in a value": post(b"X-Cr: a\rb", LENGTH),
    "two hosts": post(b"Host: other.example", LENGTH),
    "two tokens": post(b"Authorization: Bearer a", b"Authorization: Bearer b", LENGTH),
    "two content types": post(b"Content-Type: text/plain", LENGTH),
    "two keys": post(b"Idempotency-Key: a", b"Idempotency-Key: b", LENGTH),
    "chunk size with a sign": post(CHUNKED, body=b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with 0x": post(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size too large": post(CHUNKED, body=b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    "chunk without its line end": post(CHUNKED, body=b"5\r\nhelloXX0\r\n\r\n"),
    "chunk extension": post(CHUNKED, body=b"%x;a=b\r\n" % len(LOGIN) + LOGIN + b"\r\n0\r\n\r\n"),
    "chunk trailer that is a header": post(CHUNKED, body=CHUNKS[:-2] + b"Authorization: Bearer x\r\n\r\n"),
    "chunks of a body above the limit": post(CHUNKED, body=(b"20000\r\n" + b" " * 0x20000 + b"\r\n") * 10 + b"0\r\n\r\n"),
    "absolute form": post(LENGTH, line=b"POST http://other.example/auth/login HTTP/1.1\r\n"),
    "authority form": post(LENGTH, line=b"CONNECT localhost:80 HTTP/1.1\r\n"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/9.9": post(LENGTH, line=b"POST /auth/login HTTP/9.9\r\n"),
    "a method of blanks": post(LENGTH, line=b"GET\x20\x20/health HTTP/1.1\r\n"),
    "control characters in the path": post(LENGTH, line=b"POST /auth\x01/login HTTP/1.1\r\n"),
    "a body with GET": b"GET /health HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "upgrade to h2c": post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", LENGTH),
}  # fmt: skip

# RFC 9112 §6.3: the last coding frames the body, so what follows the chunks is the next request; the first is refused all the same.
CHUNKED_AT_LAST = ("TE twice", "TE identity then chunked", "TE gzip, chunked")


def exchanged(url: str, raw: bytes, seconds: float = 1.0) -> bytes:
    """Everything the server says to these bytes and, on the same connection, to a request that follows them."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=seconds) as peer:
        said = b""
        try:
            peer.sendall(raw)
            peer.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while part := peer.recv(65536):
                said += part
        except (TimeoutError, ConnectionError):
            pass
    return said


def desynchronised(said: bytes) -> str | None:
    """What is wrong with what the server said: an answer to the smuggled request, more answers than requests, or a 5xx."""
    statuses = [part.split(b" ", 1)[0] for part in said.split(b"HTTP/1.1 ")[1:]]
    if any(status.startswith(b"5") for status in statuses):
        return f"5xx: {statuses}"
    if b"smuggled" in said or len(statuses) > 2:
        return f"answered twice: {statuses}"
    return None


@pytest.mark.parametrize("name", PROBES)
def test_t43_a_raw_probe_neither_desynchronises_nor_breaks_the_server(server: Api, name: str) -> None:
    said = exchanged(server.url, PROBES[name])
    if name in CHUNKED_AT_LAST:
        statuses = [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"400", b"404", b"200"], said
        return
    assert (found := desynchronised(said)) is None, (found, said[:2000])
    assert server.get("/health").status == 200


def test_t43_there_are_enough_probes() -> None:
    assert len(PROBES) >= 30


@pytest.mark.parametrize("cut", [1, 20, len(LOGIN) - 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_t43_a_body_that_ends_early_changes_nothing(server: Api, settings: Settings, cut: int, chunked: bool) -> None:
    """The client goes away in the middle of a write."""
    owner = server.signup()
    workspace = server.workspace(owner)
    body = b'{"full_name":"Cut Off Somewhere In The Middle"}'
    head = (
        b"POST /api/v1/clients HTTP/1.1\r\n"
        + HOST
        + JSON_TYPE
        + b"Authorization: Bearer %s\r\nX-Workspace-Id: %s\r\n" % (owner.token.encode(), workspace.encode())
    )
    framed = head + CHUNKED + b"\r\n\r\n%x\r\n" % len(body) + body if chunked else head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port), timeout=2) as peer:
        peer.sendall(framed[: -min(cut, len(body) - 1)])
        peer.shutdown(socket.SHUT_WR)
        try:
            said = peer.recv(65536)
        except (TimeoutError, ConnectionError):
            said = b""
    assert not said or said.split(b" ")[1].startswith(b"4"), said
    time.sleep(0.05)
    assert server.get("/api/v1/clients", who=owner, workspace=workspace).json["items"] == []


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 x\r\n\r\nHTTP/1.1 200 OK\r\n",
        b'HTTP/1.1 404 x\r\n\r\n{"p":"/api/v1/smuggled"}',
        b"HTTP/1.1 502 x\r\n\r\n",
    ],
)
def test_t43_a_desynchronised_answer_is_noticed(said: bytes) -> None:
    assert desynchronised(said) is not None


@pytest.fixture
def here(local: Api, gateway: Gateway, settings: Settings) -> World:
    return world(local, settings)
