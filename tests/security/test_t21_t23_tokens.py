"""T21-T23: no hostile token is accepted, and each refusal is `Unauthenticated`, never another error."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from adapters.local.identity import CachedVerifier, JwtVerifier, KeyRing, TrustedIssuer, claims, envelope, own_issuer
from kernel.errors import Unauthenticated
from ports.identity import TokenVerifier
from tests.security.hostile_tokens import NOW, Corpus, Side, crossed, everything, hostile, mutated

FAULTS = "aud, aud list, typ, exp, leeway, iat, ids, signature, any key, one key set, header"


class FrozenClock:
    """Stands still, until a test moves it."""

    at = datetime.fromtimestamp(NOW, UTC)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at


def outcome(verifier: TokenVerifier, token: str) -> str:
    try:
        verifier.verify(token)
    except Unauthenticated:
        return "refused"
    except Exception as error:  # noqa: BLE001 (any other exception is the finding)
        return f"raised {type(error).__name__}"
    return "accepted"


def not_refused(verifier: TokenVerifier, corpus: Corpus) -> dict[str, str]:
    return {name: what for name, token in corpus.items() if (what := outcome(verifier, token)) != "refused"}


def test_t21_no_token_with_a_hostile_header_key_signature_or_encoding_is_accepted(ours: Side, theirs: Side) -> None:
    for side, other in ((ours, theirs), (theirs, ours)):
        corpus = hostile(side, other)
        assert len(set(corpus.values())) >= 40
        for verifier in verifiers(ours, theirs):
            assert not_refused(verifier, corpus) == {}


def test_t21_no_change_of_one_character_is_accepted(ours: Side, theirs: Side) -> None:
    good, verifier = ours.token(), CachedVerifier(plain(ours, theirs), FrozenClock())
    verifier.verify(good)
    assert not_refused(verifier, {str(i): good[:i] + swapped(c) + good[i + 1 :] for i, c in enumerate(good)}) == {}


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{1,80}\.[A-Za-z0-9_-]{1,80}\.[A-Za-z0-9_-]{1,90}", fullmatch=True))
def test_t21_noise_is_refused_without_another_error(ours: Side, theirs: Side, noise: str) -> None:
    assert outcome(plain(ours, theirs), noise) == "refused"


def test_t22_no_token_with_an_absent_mistyped_or_wrong_claim_is_accepted(ours: Side, theirs: Side) -> None:
    for side in (ours, theirs):
        corpus = mutated(side)
        assert len(set(corpus.values())) >= 25
        for verifier in verifiers(ours, theirs):
            assert not_refused(verifier, corpus) == {}


@pytest.mark.parametrize(("late_s", "expected"), [(-1, "accepted"), (29, "accepted"), (30, "refused"), (31, "refused")])
def test_t22_the_leeway_after_exp_is_thirty_seconds(ours: Side, theirs: Side, late_s: int, expected: str) -> None:
    token, clock = ours.token(), FrozenClock()
    for verifier in verifiers(ours, theirs, clock):
        clock.at = FrozenClock.at
        assert outcome(verifier, token) == "accepted"
        clock.at = FrozenClock.at + timedelta(seconds=600 + late_s)
        assert outcome(verifier, token) == expected


def test_t22_a_token_from_thirty_seconds_ahead_and_a_list_of_only_us_are_accepted(ours: Side, theirs: Side) -> None:
    for side in (ours, theirs):
        for changes in ({}, {"iat": NOW + 29}, {"nbf": NOW + 30}, {"aud": [side.trusted.audience]}):
            assert outcome(plain(ours, theirs), side.token(payload=side.claims(**changes))) == "accepted"


def test_t23_no_token_of_one_issuer_or_purpose_passes_for_another(ours: Side, theirs: Side) -> None:
    for side, other in ((ours, theirs), (theirs, ours)):
        assert len(crossed(side, other)) >= 6
        for verifier in verifiers(ours, theirs):
            assert not_refused(verifier, crossed(side, other)) == {}


@pytest.mark.parametrize("fault", FAULTS.split(", "))
def test_the_corpus_catches_a_verifier_with_a_seeded_fault(ours: Side, theirs: Side, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = everything(ours, theirs)
    assert not_refused(plain(ours, theirs), corpus) == {}
    seeded = seed(fault, ours, theirs, monkeypatch)
    assert "accepted" in not_refused(seeded, corpus).values()


def seed(fault: str, ours: Side, theirs: Side, patch: pytest.MonkeyPatch) -> TokenVerifier:
    """A verifier that forgets one check: the product's own, with that check replaced."""
    pairs, sides = {ours.kid: ours.pair, theirs.kid: theirs.pair}, (ours, theirs)
    match fault:
        case "aud":
            patch.setattr(claims, "audience_fits", lambda *_: True)
        case "aud list":
            patch.setattr(claims, "audience_fits", lambda aud, us: aud == us or (isinstance(aud, list) and us in aud))
        case "typ":
            patch.setattr(JwtVerifier, "_issuer", lambda self, envelope: self._issuers[str(envelope.claims.get("iss")), envelope.alg])
        case "exp":
            patch.setattr(claims, "has_ended", lambda *_: False)
        case "leeway":
            return JwtVerifier([side.trusted for side in sides], FrozenClock(), leeway_s=60)
        case "iat":
            patch.setattr(claims, "has_begun", lambda *_: True)
        case "ids":
            patch.setattr(claims, "identifier", lambda value: UUID(str(value)))
        case "signature":
            patch.setattr(JwtVerifier, "_check_signature", lambda *_: None)
        case "any key":
            return JwtVerifier([blind(side) for side in sides], FrozenClock())
        case "one key set":
            both = frozenset({ours.alg, theirs.alg})
            return JwtVerifier([replace(side.trusted, key=pairs.get, algorithms=both) for side in sides], FrozenClock())
        case "header":
            patch.setattr(envelope, "checked_header", lambda header: (header["alg"], header["kid"], header["typ"]))
    return plain(ours, theirs)


def blind(side: Side) -> TrustedIssuer:
    return replace(side.trusted, key=lambda _kid: side.pair)


def plain(ours: Side, theirs: Side, clock: FrozenClock | None = None) -> JwtVerifier:
    return JwtVerifier([ours.trusted, theirs.trusted], clock or FrozenClock())


def verifiers(ours: Side, theirs: Side, clock: FrozenClock | None = None) -> tuple[TokenVerifier, TokenVerifier]:
    clock = clock or FrozenClock()
    return plain(ours, theirs, clock), CachedVerifier(plain(ours, theirs, clock), clock)


def swapped(character: str) -> str:
    return "A" if character != "A" else "B"


@pytest.fixture(scope="module")
def ours() -> Side:
    ring = KeyRing.start(FrozenClock.at)
    return Side(own_issuer(lambda: ring, iss="https://fitpro.example"), ring.current.kid, ring.current.pair)


@pytest.fixture(scope="module")
def theirs() -> Side:
    pair = RSAKey.generate_key(2048)
    issuer = TrustedIssuer(
        iss="https://project.supabase.example/auth/v1",
        audience="authenticated",
        algorithms=frozenset({"RS256"}),
        key={"their-key": pair}.get,
        typ="JWT",
        session_claim="session_id",
    )
    return Side(issuer, "their-key", pair)
