"""Signing keys: sealed at rest, published before use, followed by others without a gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from adapters.local.clock import SystemClock
from adapters.local.identity import Es256Issuer, JwtVerifier, KeyRing, KeyState, new_key, own_issuer, seal, unseal
from kernel.errors import Unauthenticated

NOW = datetime(2026, 9, 1, tzinfo=UTC)
SEALING_KEY, OTHER_KEY = bytes(range(32)), bytes(32)
USER, SESSION = UUID(int=1), UUID(int=2)
LIFETIME = timedelta(minutes=10)


def test_a_sealed_key_opens_to_the_same_key() -> None:
    key = new_key(NOW)
    opened = unseal(seal(key, SEALING_KEY), SEALING_KEY)
    assert opened == key
    assert opened.pair.as_pem(private=True) == key.pair.as_pem(private=True)


def test_an_older_sealing_key_still_opens() -> None:
    key = new_key(NOW)
    assert unseal(seal(key, OTHER_KEY), SEALING_KEY, OTHER_KEY) == key


def test_a_wrong_sealing_key_a_changed_byte_and_another_kid_are_refused_by_name() -> None:
    stored = seal(new_key(NOW), SEALING_KEY)
    for broken, sealing_key in (
        (stored, OTHER_KEY),
        (replace(stored, sealed=stored.sealed[:-1] + bytes([stored.sealed[-1] ^ 1])), SEALING_KEY),
        (replace(stored, sealed=b""), SEALING_KEY),
        (replace(stored, kid="renamed"), SEALING_KEY),
    ):
        with pytest.raises(ValueError, match=f"Signing key {broken.kid} does not open"):
            unseal(broken, sealing_key)


def test_a_sealing_key_of_another_length_is_refused() -> None:
    key = new_key(NOW)
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        seal(key, bytes(16))
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        unseal(seal(key, SEALING_KEY), bytes(16))


def test_neither_the_sealed_nor_the_shown_form_contains_the_private_key() -> None:
    key = new_key(NOW)
    assert b"PRIVATE" not in seal(key, SEALING_KEY).sealed
    assert "ECKey" not in repr(key)


def test_two_new_keys_differ_and_the_same_key_seals_differently_each_time() -> None:
    key = new_key(NOW)
    assert key.kid != new_key(NOW).kid
    assert seal(key, SEALING_KEY).sealed != seal(key, SEALING_KEY).sealed


def test_a_ring_survives_storage() -> None:
    ring = KeyRing.start(NOW - timedelta(days=1)).rotated(NOW)
    assert KeyRing.of(unseal(seal(key, SEALING_KEY), SEALING_KEY) for key in reversed(ring.all_keys())) == ring


def test_a_ring_without_exactly_one_signing_key_is_refused() -> None:
    for states in ([], [KeyState.CURRENT] * 2, [KeyState.CURRENT, KeyState.STANDBY, KeyState.STANDBY]):
        with pytest.raises(ValueError, match="A key ring has one current key"):
            KeyRing.of(new_key(NOW, state) for state in states)


def test_the_published_set_names_every_key_and_holds_no_private_member() -> None:
    ring = KeyRing.start(NOW - timedelta(days=1)).rotated(NOW)
    published = ring.jwks()["keys"]
    assert isinstance(published, list)
    assert [key["kid"] for key in published] == [key.kid for key in ring.all_keys()]
    assert {frozenset(key) for key in published} == {frozenset({"kty", "crv", "x", "y", "kid", "use", "alg"})}


def test_a_rotation_rejects_no_token_of_before_and_a_process_behind_accepts_those_of_after() -> None:
    old = KeyRing.start(NOW - timedelta(minutes=20))
    new = old.rotated(NOW)
    assert new.current.kid == old.standby.kid if old.standby else False
    for signing, checking in ((old, new), (new, old)):
        token = Es256Issuer(lambda ring=signing: ring, SystemClock(), iss="us").issue(USER, SESSION).token  # type: ignore[misc]
        trusted = own_issuer(lambda ring=checking: ring, iss="us")  # type: ignore[misc]
        assert JwtVerifier([trusted], SystemClock()).verify(token).user_id == USER


def test_a_standby_published_for_less_than_twenty_minutes_does_not_sign() -> None:
    ring = KeyRing.start(NOW)
    with pytest.raises(ValueError, match="20 minutes"):
        ring.rotated(NOW + timedelta(minutes=19, seconds=59))
    assert ring.rotated(NOW + timedelta(minutes=20)).previous[0].kid == ring.current.kid


def test_a_previous_key_leaves_fifteen_minutes_after_its_last_token() -> None:
    ring = KeyRing.start(NOW - timedelta(days=1)).rotated(NOW)
    assert ring.pruned(NOW + timedelta(minutes=24, seconds=59), LIFETIME).previous == ring.previous
    assert ring.pruned(NOW + timedelta(minutes=25), LIFETIME).previous == ()


def test_after_an_incident_no_older_key_verifies() -> None:
    ring = KeyRing.start(NOW - timedelta(days=1)).rotated(NOW)
    after = ring.rotated(NOW, at_once=True)
    assert not {key.kid for key in ring.all_keys()} & {key.kid for key in after.all_keys()}
    token = Es256Issuer(lambda: ring, SystemClock(), iss="us").issue(USER, SESSION).token
    with pytest.raises(Unauthenticated):
        JwtVerifier([own_issuer(lambda: after, iss="us")], SystemClock()).verify(token)


def test_an_issued_token_says_who_and_ends_when_it_says() -> None:
    ring, clock = KeyRing.start(NOW), SystemClock()
    issued = Es256Issuer(lambda: ring, clock, iss="us", lifetime_s=60).issue(USER, SESSION)
    principal = JwtVerifier([own_issuer(lambda: ring, iss="us")], clock).verify(issued.token)
    assert (principal.user_id, principal.session_id, principal.scopes, issued.expires_in_s) == (USER, SESSION, (), 60)
    assert 58 <= principal.expires_at - clock.now().timestamp() <= 60
