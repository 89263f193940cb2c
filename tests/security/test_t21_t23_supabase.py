"""T21-T23 at a product whose tokens Supabase Auth issues: the same hostile tokens, of both issuers, with legacy tokens refused and accepted."""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from adapters.local.identity import TrustedIssuer, own_issuer
from adapters.local.identity.verifier import JwtVerifier
from adapters.outbound.client import HttpOutbound
from adapters.supabase import SupabaseAuth
from config.container import ISSUER, Container
from config.settings import Settings
from kernel.errors import Unavailable
from tests import supabase as fake
from tests.integration.test_first_sight import address, installed, with_supabase
from tests.security import hostile_tokens
from tests.security.hostile_tokens import ABSENT, Corpus, Side, changed, crossed, hostile, joined, mutated
from tests.servers import Api
from tests.supabase import Supabase


@pytest.fixture(scope="module", params=[False, True], ids=["asymmetric alone", "with legacy tokens"])
def legacy(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def project() -> Iterator[Supabase]:
    with fake.supabase(confirms=True) as made:
        yield made


@pytest.fixture(scope="module")
def here(settings: Settings, project: Supabase, legacy: bool) -> Iterator[Api]:
    more = {"supabase_hs256": True, "supabase_jwt_secret": fake.JWT_SECRET} if legacy else {}
    with installed(with_supabase(settings, project, **more)) as api:
        yield api


@pytest.fixture(scope="module")
def theirs(project: Supabase) -> Iterator[Side]:
    """The project, in the hands of an attacker who can have anything signed; tokens are of today and of a session there is."""
    session = project.session(project.add(address()))
    pair = project.keys["key-1"]
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"NOW": int(time.time()), "USER": UUID(session.user.id), "SESSION": UUID(session.id)}.items():
            patched.setattr(hostile_tokens, name, value)
        trusted = TrustedIssuer(
            iss=project.issuer, audience="authenticated", algorithms=frozenset({"ES256"}), key={"key-1": pair}.get, typ="JWT",
            session_claim="session_id",
        )  # fmt: skip
        yield Side(trusted, "key-1", pair)


@pytest.fixture(scope="module")
def ours(settings: Settings) -> Side:
    ring: Any = Container(settings=settings).key_ring()
    return Side(own_issuer(ring, iss=ISSUER, audience="fitpro"), ring().current.kid, ring().current.pair)


def of_both(ours: Side, theirs: Side) -> Corpus:
    """Every hostile token of both issuers, which here use the same algorithm."""
    parts = [*(make(*pair) for make in (hostile, crossed) for pair in ((ours, theirs), (theirs, ours))), mutated(ours), mutated(theirs)]
    genuine = f"alg {ours.alg!r}, well signed"  # the other's algorithm is one's own
    return {f"{number}/{name}": token for number, part in enumerate(parts) for name, token in part.items() if name != genuine}


def accepted(api: Api, corpus: Corpus) -> dict[str, int]:
    """What got anything but 401."""
    soon = str(hostile_tokens.NOW + 31)
    found = {}
    for name, token in corpus.items():
        if set(token) & set("\r\n\0") or soon in name or not token:
            continue
        status = api.get("/api/v1/me", who=token.encode("utf-8", "surrogatepass").decode("latin-1")).status
        if status != 401:
            found[name] = status
    return found


def test_t21_t23_no_hostile_token_of_either_issuer_is_accepted(here: Api, ours: Side, theirs: Side) -> None:
    assert here.get("/api/v1/me", who=theirs.token()).status == 200, "the control: the same parts, put together rightly"
    corpus = of_both(ours, theirs)
    assert len(corpus) >= 250
    assert accepted(here, corpus) == {}


def test_t21_the_shared_secret_opens_its_own_entry_and_no_other(here: Api, theirs: Side, legacy: bool) -> None:
    good = shared(theirs, fake.JWT_SECRET.encode())
    assert here.get("/api/v1/me", who=good).status == (200 if legacy else 401)
    assert here.get("/api/v1/me", who=shared(theirs, fake.JWT_SECRET.encode(), kid=ABSENT)).status == (200 if legacy else 401)
    public = theirs.pair.as_dict(private=False)
    forged = {
        "the public key as secret": shared(theirs, theirs.pair.as_pem(private=False)),
        "the public JWK as secret": shared(theirs, str(public).encode()),
        "an empty secret": shared(theirs, b"\0"),
        "HS384": shared(theirs, fake.JWT_SECRET.encode(), alg="HS384"),
        "HS512": shared(theirs, fake.JWT_SECRET.encode(), alg="HS512"),
        "the secret for our own issuer": shared(theirs, fake.JWT_SECRET.encode(), claims={"iss": ISSUER, "aud": "fitpro"}),
        "the secret, another audience": shared(theirs, fake.JWT_SECRET.encode(), claims={"aud": "anon"}),
        "the secret, over": shared(theirs, fake.JWT_SECRET.encode(), claims={"iat": hostile_tokens.NOW - 900, "exp": hostile_tokens.NOW - 60}),
        "the secret, no session": shared(theirs, fake.JWT_SECRET.encode(), claims={"session_id": ABSENT}),
        "the asymmetric key under HS256": theirs.token(alg="HS256"),
        "ES256 without a kid": theirs.token(kid=ABSENT),
    }
    assert accepted(here, forged) == {}


def test_a_product_that_forgets_the_signature_is_noticed(here: Api, ours: Side, theirs: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JwtVerifier, "_check_signature", lambda *_: None)
    assert 200 in accepted(here, {name: token for name, token in of_both(ours, theirs).items() if len(token) < 8192}).values()


def test_f13_a_slow_service_leaves_a_thread_to_everybody_else(project: Supabase, theirs: Side) -> None:
    """So many may wait for it at once; the next one is told to come back, at once."""
    adapter = SupabaseAuth(project.url, fake.KEY, HttpOutbound("sign-in service", concurrent=2, deadline_s=1.0))

    def attempt(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            adapter.log_in("a@example.com", "a long enough secret")
        return time.monotonic() - began

    project.fault = lambda _: time.sleep(2)
    try:
        with ThreadPoolExecutor(8) as pool:
            took = sorted(pool.map(attempt, range(8)))
    finally:
        project.fault = lambda _: None
    assert max(took) < 1.6, "nobody waits longer than the deadline"
    assert took[4] < 0.9, "more than half are told at once"


def test_f13_a_server_that_drips_meets_the_deadline() -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listening.accept()
        connection.recv(4096)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.1)
        except OSError:
            pass

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        HttpOutbound("service", deadline_s=1.0).request("GET", f"http://127.0.0.1:{listening.getsockname()[1]}/")
    assert time.monotonic() - began < 5
    listening.close()


def shared(side: Side, secret: bytes, *, alg: str = "HS256", kid: Any = "key-1", claims: dict[str, Any] | None = None) -> str:
    """A token signed with a shared secret."""
    header = changed({"alg": alg, "typ": "JWT", "kid": kid}, {})
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    return joined(header, side.claims(**(claims or {})), lambda message: hmac.digest(secret, message, digest))
