"""Refresh tokens: each good once; a retry is harmless, a replay ends the family."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from adapters.local.clock import SystemClock
from adapters.local.identity import RotatingRefreshTokens, judge
from kernel.errors import Unauthenticated
from ports.identity import RefreshRecord, RefreshVerdict

NOW = datetime(2026, 9, 1, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(days=1), NOW - timedelta(days=1)
ROTATE, REJECT, REVOKE = RefreshVerdict.ROTATE, RefreshVerdict.REJECT, RefreshVerdict.REVOKE_FAMILY


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, REJECT),
        (RefreshRecord(LATER), ROTATE),
        (RefreshRecord(NOW), REJECT),
        (RefreshRecord(BEFORE), REJECT),
        (RefreshRecord(LATER, used_at=ago(0)), REJECT),
        (RefreshRecord(LATER, used_at=ago(10)), REJECT),
        (RefreshRecord(LATER, used_at=ago(-5)), REJECT),
        (RefreshRecord(LATER, used_at=ago(10.001)), REVOKE),
        (RefreshRecord(LATER, used_at=ago(86_400)), REVOKE),
        (RefreshRecord(BEFORE, used_at=ago(86_500)), REVOKE),
        (RefreshRecord(LATER, family_revoked_at=BEFORE), REJECT),
        (RefreshRecord(LATER, used_at=ago(86_400), family_revoked_at=BEFORE), REJECT),
    ],
)
def test_a_presented_token_is_judged_by_its_record(record: RefreshRecord | None, expected: RefreshVerdict) -> None:
    assert judge(record, NOW) is expected


def test_a_new_token_has_256_random_bits_and_only_its_digest_is_for_the_store() -> None:
    tokens = RotatingRefreshTokens(SystemClock())
    made = [tokens.new() for _ in range(100)]
    assert len({token for token, _ in made}) == 100
    for token, digest in made:
        assert len(token) == 43
        assert digest == hashlib.sha256(token.encode()).digest() == tokens.digest(token)


@pytest.mark.parametrize("text", ["", "x" * 42, "x" * 44, "x" * 42 + "\n", "x" * 43 + "\n", "ü" * 43, "x" * 42 + "=", "\ud800" * 43])
def test_a_text_we_never_made_is_unauthenticated(text: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        RotatingRefreshTokens(SystemClock()).digest(text)
    assert refusal.value.code == "invalid_refresh_token"


def test_lifetime_and_grace_are_settings() -> None:
    clock = SystemClock()
    tokens = RotatingRefreshTokens(clock, lifetime=timedelta(days=2), grace=timedelta(0))
    assert timedelta(days=1, hours=23) < tokens.expires_at() - clock.now() <= timedelta(days=2)
    assert tokens.judge(RefreshRecord(LATER, used_at=clock.now() - timedelta(seconds=1))) is REVOKE
