"""T24: an outside issuer's keys rotate, disappear and are asked for by strangers; valid tokens pass and the issuer is left in peace."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from adapters.local.identity import CachedVerifier, JwtVerifier, TrustedIssuer
from adapters.outbound import jwks
from adapters.outbound.client import HttpOutbound
from adapters.outbound.jwks import RemoteKeys
from adapters.outbound.keyset import parsed
from kernel.errors import Unauthenticated, Unavailable
from tests.outsiders import Asked, Told, service

ISS, AUD = "https://project.supabase.example/auth/v1", "authenticated"
START = datetime(2026, 11, 1, 9, tzinfo=UTC)


@dataclass
class Time:
    """One clock for everybody."""

    at: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at


@dataclass
class Issuer:
    """Signs tokens and publishes the keys it is told to; counts who asks."""

    time: Time
    published: dict[str, ECKey | RSAKey] = field(default_factory=dict)
    reads: int = 0
    status: int = 200
    delay_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, _: Asked) -> Told:
        self.reads += 1
        time.sleep(self.delay_s)
        keys = [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self.published.items()]
        return self.status, self.headers, json.dumps({"keys": keys}).encode()

    def publish(self, kid: str) -> ECKey:
        self.published[kid] = key = ECKey.generate_key("P-256")
        return key

    def token(self, kid: str, key: ECKey | None = None, *, lives_s: int = 3600) -> str:
        now = int(self.time.now().timestamp())
        claims = {"iss": ISS, "aud": AUD, "sub": str(UUID(int=1)), "session_id": str(UUID(int=2)), "iat": now, "exp": now + lives_s}
        return jwt.encode({"alg": "ES256", "kid": kid, "typ": "JWT"}, claims, key or self.published[kid], algorithms=["ES256"])


@dataclass
class World:
    time: Time
    issuer: Issuer
    keys: RemoteKeys
    verifier: CachedVerifier

    def verdict(self, token: str) -> str:
        try:
            self.verifier.verify(token)
        except Unauthenticated:
            return "refused"
        except Unavailable:
            return "unavailable"
        return "accepted"

    def after(self, seconds: float) -> None:
        self.time.at += seconds
        settled()


def settled() -> None:
    for thread in threading.enumerate():
        if thread.name == "jwks":
            thread.join(10)


@pytest.fixture
def world() -> Iterator[World]:
    now = Time()
    issuer = Issuer(now)
    issuer.publish("first")
    with service(issuer.answer) as url:
        keys = RemoteKeys(url + "/.well-known/jwks.json", HttpOutbound("issuer", deadline_s=1.0), monotonic=now.monotonic)
        trusted = TrustedIssuer(ISS, AUD, frozenset({"ES256"}), keys.key, typ="JWT", session_claim="session_id")
        yield World(now, issuer, keys, CachedVerifier(JwtVerifier([trusted], now), now, good_for=keys.good_for))


def test_a_thousand_unknown_kids_cost_two_fetches_a_minute_at_most(world: World) -> None:
    thief = ECKey.generate_key("P-256")
    for number in range(1_000):
        assert world.verdict(world.issuer.token(f"stranger-{number}", thief)) == "refused"
    assert world.issuer.reads <= 2
    world.after(61)
    with ThreadPoolExecutor(16) as pool:
        tokens = [world.issuer.token(f"other-{number}", thief) for number in range(200)]
        assert set(pool.map(world.verdict, tokens)) == {"refused"}
    assert world.issuer.reads <= 3
    assert world.verdict(world.issuer.token("first")) == "accepted"


def test_a_flood_against_keys_that_are_searched_for_every_time_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "APART_S", 0.0)
    for number in range(20):
        world.verdict(world.issuer.token(f"stranger-{number}", ECKey.generate_key("P-256")))
    assert world.issuer.reads > 2


def test_a_rotation_with_the_next_key_published_before_rejects_no_valid_token(world: World) -> None:
    verdicts = []
    for minute in range(100):
        if minute % 45 == 10:
            world.issuer.publish(f"key-{minute}")
        # A key signs from 20 minutes after it was published, and is withdrawn an hour after its successor began.
        signing = [kid for kid in world.issuer.published if kid == "first" or minute - int(kid.split("-")[1]) >= 20][-1]
        for kid in list(world.issuer.published)[:-2]:
            if minute % 45 == 9:
                del world.issuer.published[kid]
        verdicts += [world.verdict(world.issuer.token(signing)) for _ in range(3)]
        world.verdict(world.issuer.token("stranger", ECKey.generate_key("P-256")))  # a flood all the while
        world.after(60)
    assert verdicts.count("accepted") == len(verdicts) == 300


def test_a_key_that_signs_the_moment_it_appears_is_accepted_with_one_more_fetch(world: World) -> None:
    assert world.verdict(world.issuer.token("first")) == "accepted"
    world.after(5)
    world.issuer.publish("sudden")
    assert world.verdict(world.issuer.token("sudden")) == "accepted"
    assert world.issuer.reads == 2


def test_a_withdrawn_key_is_dead_within_ten_minutes_whoever_remembers_the_token(world: World) -> None:
    world.verdict(world.issuer.token("first"))
    thief = world.issuer.published.pop("first")
    world.issuer.publish("second")
    tokens = []
    for _ in range(60):  # tokens made all the while, each remembered from its first use
        tokens.append(world.issuer.token("first", thief))
        for token in tokens:
            world.verdict(token)
        world.after(10)
    assert {world.verdict(token) for token in [*tokens, world.issuer.token("first", thief)]} == {"refused"}


def test_a_verifier_that_remembers_for_ten_minutes_of_its_own_is_noticed(world: World) -> None:
    forgetful = CachedVerifier(world.verifier._inner, world.time)
    token = world.issuer.token("first")
    assert world.verdict(token) == "accepted"
    world.issuer.published.clear()
    world.after(470)
    forgetful.verify(token)
    world.after(140)
    assert forgetful.verify(token)
    assert world.verdict(token) == "refused"


def test_while_the_issuer_is_down_known_keys_serve_for_a_day_and_unknown_ones_are_refused(world: World) -> None:
    assert world.verdict(world.issuer.token("first")) == "accepted"
    world.issuer.status = 503
    for _ in range(47):
        world.after(1800)
        assert world.verdict(world.issuer.token("first")) == "accepted"
    assert world.verdict(world.issuer.token("stranger", ECKey.generate_key("P-256"))) == "refused"
    world.after(3000)
    assert world.verdict(world.issuer.token("first")) == "unavailable", "after a day nobody can say"
    world.issuer.status = 200
    world.after(61)
    assert world.verdict(world.issuer.token("first")) == "accepted"


def test_before_any_key_was_read_nobody_is_told_that_their_token_is_wrong(world: World) -> None:
    world.issuer.status = 500
    assert {world.verdict(world.issuer.token("first")) for _ in range(50)} == {"unavailable"}
    assert world.issuer.reads == 1
    world.issuer.status = 200
    world.after(61)
    assert world.verdict(world.issuer.token("first")) == "accepted"


def test_an_issuer_that_says_429_is_asked_again_when_it_said(world: World) -> None:
    world.verdict(world.issuer.token("first"))
    world.issuer.status, world.issuer.headers = 429, {"Retry-After": "300"}
    world.after(500)
    world.verdict(world.issuer.token("first"))
    settled()
    reads = world.issuer.reads
    for _ in range(4):
        world.after(70)
        assert world.verdict(world.issuer.token("first")) == "accepted"
    settled()
    assert world.issuer.reads == reads
    world.after(60)
    world.verdict(world.issuer.token("first"))
    settled()
    assert world.issuer.reads == reads + 1


def test_a_slow_issuer_keeps_nobody_waiting_whose_key_is_known(world: World) -> None:
    world.verdict(world.issuer.token("first"))
    world.issuer.delay_s = 5
    world.time.at += 500
    began = time.monotonic()
    assert world.verdict(world.issuer.token("first")) == "accepted"
    assert time.monotonic() - began < 0.5
    settled()
    world.time.at += 200  # too old now, but the issuer is known to be away
    began = time.monotonic()
    assert world.verdict(world.issuer.token("first")) == "accepted"
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 1}', b"<html>", b"[" * 50_000, b'{"keys": [' + b"{}," * 200 + b"{}]}"])
def test_what_is_no_key_set_changes_nothing(world: World, body: bytes) -> None:
    assert world.verdict(world.issuer.token("first")) == "accepted"
    world.issuer.answer = lambda _: (200, {}, body)  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="not"):
        parsed(body)


@pytest.mark.filterwarnings("ignore:Key size")
def test_only_public_signature_keys_of_our_kinds_are_taken() -> None:
    good, short, twice = ECKey.generate_key("P-256"), RSAKey.generate_key(1024), ECKey.generate_key("P-256")
    listed = [
        {**good.as_dict(private=True), "kid": "good"},
        {**short.as_dict(private=False), "kid": "short"},
        {**OctKey.generate_key(256).as_dict(), "kid": "shared"},
        {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "p384"},
        {**good.as_dict(private=False), "kid": "enc", "use": "enc"},
        {**good.as_dict(private=False), "kid": "alg", "alg": "HS256"},
        good.as_dict(private=False) | {"kid": 7},
        {**twice.as_dict(private=False), "kid": "twice"},
        {**good.as_dict(private=False), "kid": "twice"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "no point"},
        "key",
    ]
    found = parsed(json.dumps({"keys": listed}).encode())
    assert set(found) == {"good"}
    assert not found["good"].is_private
