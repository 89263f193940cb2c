"""T21-T23 over HTTP: the same hostile tokens at the running product get 401 from every operation, as a problem document."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from joserfc.jwk import RSAKey

from adapters.local.identity import TrustedIssuer, claims, own_issuer
from adapters.local.identity.verifier import JwtVerifier
from config.container import ISSUER, Container
from config.settings import Settings
from tests.documented import World, world
from tests.security import hostile_tokens
from tests.security.hostile_tokens import Corpus, Side, everything
from tests.servers import Api, Person


def status_over_http(url: str, token: str) -> int:
    """The status of GET /api/v1/me with this token, byte for byte; 431 when the server hangs up on a header too large."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.putrequest("GET", "/api/v1/me", skip_accept_encoding=True)
        connection.putheader("Authorization", b"Bearer " + token.encode("utf-8", "surrogatepass"))
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except ConnectionError:
        return 431
    finally:
        connection.close()


def sendable(corpus: Corpus) -> Corpus:
    """Without those that are no header at all (a line break begins another header), and those that a real clock makes good in a second."""
    soon = str(hostile_tokens.NOW + 31)
    return {name: token for name, token in corpus.items() if not set(token) & set("\r\n\0") and soon not in name}


def accepted(api: Api, corpus: Corpus) -> dict[str, int]:
    """What got anything but 401, in this process."""
    found = {}
    for name, token in corpus.items():
        text = token.encode("utf-8", "surrogatepass").decode("latin-1")
        if (status := api.get("/api/v1/me", who=text).status) != 401:
            found[name] = status
    return found


def test_t21_t23_no_hostile_token_is_accepted_over_http(server: Api, ours: Side, theirs: Side) -> None:
    assert status_over_http(server.url, ours.token()) == 200, "the control: the same parts, put together rightly"
    corpus = sendable(everything(ours, theirs))
    assert len(corpus) >= 250
    statuses = {name: status_over_http(server.url, token) for name, token in corpus.items()}
    large = {name for name, token in corpus.items() if len(token) > 8192}
    assert {name: status for name, status in statuses.items() if status not in ({401, 400, 431} if name in large else {401})} == {}


def test_t21_t23_no_hostile_token_is_accepted_by_any_operation(here: World, ours: Side, theirs: Side) -> None:
    corpus = sendable(everything(ours, theirs))
    sample = [token for number, token in enumerate(corpus.values()) if number % 12 == 0 and len(token) < 8192]
    tried = 0
    for operation in here.operations:
        if operation.public:
            continue
        options = {"json": here.body(operation)} if operation.body_schema else {}
        path = here.path(operation)
        for token in sample:
            text = token.encode("utf-8", "surrogatepass").decode("latin-1")
            reply = here.call(operation, path=path, who=text or "x", **options)
            tried += 1
            assert (reply.status, reply.headers["WWW-Authenticate"].startswith("Bearer")) == (401, True), (str(operation), reply.body)
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert reply.json["code"] in ("invalid_token", "unauthenticated")
    assert tried >= 20 * 20


@pytest.mark.parametrize(("ago_s", "status"), [(-5, 200), (25, 200), (31, 401), (45, 401)])
def test_t22_the_leeway_is_thirty_seconds_over_http(server: Api, ours: Side, ago_s: int, status: int) -> None:
    now = int(time.time())
    token = ours.token(payload=ours.claims(iat=now - 600, exp=now - ago_s))
    assert {status_over_http(server.url, token) for _ in range(3)} == {status}


@pytest.mark.parametrize("scheme", ["", "Bearer", "Basic", "bearer\t", "Token ", "Bearer,"])
def test_t21_another_scheme_is_401(server: Api, ours: Side, scheme: str) -> None:
    reply = server.get("/api/v1/me", headers={"Authorization": (scheme + ours.token()).strip()})
    assert (reply.status, reply.headers["WWW-Authenticate"].startswith("Bearer")) == (401, True)


def test_t21_a_token_anywhere_but_in_its_header_is_401(server: Api, ours: Side) -> None:
    good = ours.token()
    assert server.get(f"/api/v1/me?access_token={good}").status == 401
    assert server.get("/api/v1/me", headers={"Cookie": f"access_token={good}; token={good}"}).status == 401
    assert server.get("/api/v1/me", headers={"X-Authorization": f"Bearer {good}", "Proxy-Authorization": f"Bearer {good}"}).status == 401


@pytest.mark.parametrize("fault", ["aud", "exp", "signature"])
def test_a_product_that_forgets_a_check_is_noticed(local: Api, ours: Side, theirs: Side, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    corpus = {name: token for name, token in sendable(everything(ours, theirs)).items() if len(token) < 8192}
    assert accepted(local, corpus) == {}
    if fault == "aud":
        monkeypatch.setattr(claims, "audience_fits", lambda *_: True)
    elif fault == "exp":
        monkeypatch.setattr(claims, "has_ended", lambda *_: False)
    else:
        monkeypatch.setattr(JwtVerifier, "_check_signature", lambda *_: None)
    assert 200 in accepted(local, corpus).values()


@pytest.fixture(scope="module")
def somebody(server: Api) -> Person:
    return server.signup()


@pytest.fixture(scope="module")
def ours(server: Api, settings: Settings, somebody: Person) -> Iterator[Side]:
    """The product's own key, in the hands of an attacker who can have anything signed but by the issuer; tokens are of today."""
    ring: Any = Container(settings=settings).key_ring()
    middle = somebody.token.split(".")[1]
    session = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["sid"]
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"NOW": int(time.time()), "USER": UUID(somebody.id), "SESSION": UUID(session)}.items():
            patched.setattr(hostile_tokens, name, value)
        current = ring().current
        yield Side(own_issuer(ring, iss=ISSUER, audience="fitpro"), current.kid, current.pair)


@pytest.fixture(scope="module")
def theirs() -> Side:
    """An issuer this installation does not trust."""
    pair = RSAKey.generate_key(2048)
    issuer = TrustedIssuer(
        iss="https://project.supabase.example/auth/v1", audience="authenticated", algorithms=frozenset({"RS256"}),
        key={"their-key": pair}.get, typ="JWT", session_claim="session_id",
    )  # fmt: skip
    return Side(issuer, "their-key", pair)


@pytest.fixture
def here(local: Api, settings: Settings) -> World:
    return world(local, settings)
