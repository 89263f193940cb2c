"""Which names may be claimed, and what a look at the DNS makes of a claim."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugins.workspaces.domain.hosts import PATIENCE, Finding, Standing, State, after, found_in, ours, parse, record_name

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("studio.example.com", "studio.example.com"),
        ("North.EXAMPLE.com", "north.example.com"),
        ("a.co.uk", "a.co.uk"),
        ("north.github.io", "north.github.io"),
        ("estúdio.com.br", "xn--estdio-rya.com.br"),
        ("xn--estdio-rya.com.br", "xn--estdio-rya.com.br"),
        ("a。com", "a.com"),
        ("l" * 63 + ".com", "l" * 63 + ".com"),
    ],
)
def test_a_name_has_one_form(text: str, name: str) -> None:
    assert parse(text) == name
    assert parse(name) == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("co.uk", "public suffix"), ("github.io", "public suffix"), ("com.br", "public suffix"), ("COM", "public DNS"), ("localhost", "public DNS"),
        ("studio.localhost", "public DNS"), ("nas.local", "public DNS"), ("x.internal", "public DNS"), ("a.test", "public DNS"),
        ("abc.onion", "public DNS"), ("1.0.0.127.in-addr.arpa", "public DNS"), ("0x7f.1", "public DNS"), ("1.2", "public DNS"),
        ("127.0.0.1", "IP address"), ("[::1]", "IP address"), ("::1", "IP address"), ("١.٢.٣.٤", "IDNA"), ("studio.com:80", "port"),
        ("studio.com.", "final dot"), ("https://studio.com", "no scheme"), ("studio.com/x", "no scheme"), ("me@studio.com", "no scheme"),
        ("*.studio.com", "*"), ("x" * 300, "at most"), ("é" * 300, "at most"), ("a..com", "labels"), (".a.com", "labels"), ("-a.com", "labels"),
        ("a-.com", "labels"), ("a_b.com", "labels"), ("a b.com", "labels"), ("a.com\n", "labels"), ("a.com\x00", "labels"), ("", "labels"),
        ("l" * 64 + ".com", "labels"), ("xn--zzzz.com", "IDNA"), ("xn--a.com", "IDNA"), ("\u200d.com", "IDNA"), ("a\u202e.com", "IDNA"),
        ("💪.com", "IDNA"),
    ],
)  # fmt: skip
def test_what_is_no_name_of_anybodys_is_told_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        parse(text)
    assert why in str(refused.value)


def test_the_installations_own_names_and_those_below_are_its_own() -> None:
    own = frozenset({"app.fitpro.com"})
    assert [ours(name, own) for name in ("app.fitpro.com", "x.app.fitpro.com", "fitpro.com", "myapp.fitpro.com")] == [True, True, False, False]


def test_the_record_stays_a_name_the_dns_can_hold() -> None:
    longest = ".".join(["a" * 60] * 4)
    assert len(record_name(parse(longest))) <= 253


def test_only_the_very_text_counts() -> None:
    assert found_in(["v=spf1", "fitpro-verification=abc"], "abc") is Finding.FOUND
    assert found_in([" fitpro-verification=abc "], "abc") is Finding.FOUND
    for others in (["fitpro-verification=abcd"], ["abc"], ["xfitpro-verification=abc"]):
        assert found_in(others, "abc") is Finding.DIFFERENT
    assert found_in([], "abc") is Finding.MISSING


@pytest.mark.parametrize(
    ("before", "finding", "state", "since"),
    [
        (Standing(State.PENDING, NOW - timedelta(days=1)), Finding.FOUND, State.VERIFIED, None),
        (Standing(State.PENDING, NOW - timedelta(days=1)), Finding.MISSING, State.PENDING, NOW - timedelta(days=1)),
        (Standing(State.PENDING, NOW - PATIENCE), Finding.MISSING, State.FAILED, NOW - PATIENCE),
        (Standing(State.PENDING, NOW - PATIENCE), Finding.UNKNOWN, State.PENDING, NOW - PATIENCE),
        (Standing(State.VERIFIED, None), Finding.DIFFERENT, State.VERIFIED, NOW),
        (Standing(State.VERIFIED, NOW - PATIENCE), Finding.DIFFERENT, State.FAILED, NOW - PATIENCE),
        (Standing(State.VERIFIED, NOW - PATIENCE), Finding.UNKNOWN, State.VERIFIED, NOW - PATIENCE),
        (Standing(State.VERIFIED, NOW - timedelta(days=6)), Finding.FOUND, State.VERIFIED, None),
        (Standing(State.FAILED, NOW - PATIENCE), Finding.MISSING, State.FAILED, NOW - PATIENCE),
        (Standing(State.FAILED, NOW - PATIENCE), Finding.FOUND, State.VERIFIED, None),
        (Standing(State.PENDING, NOW - PATIENCE), Finding.TAKEN, State.PENDING, NOW),
    ],
)
def test_a_claim_waits_a_week_and_a_silent_dns_proves_nothing(before: Standing, finding: Finding, state: State, since: datetime | None) -> None:
    found = after(before, finding, NOW)
    assert (found.state, found.since) == (state, since)
    assert found.reason == (None if finding is Finding.FOUND else finding)
