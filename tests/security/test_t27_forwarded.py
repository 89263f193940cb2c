"""T27: who rotates X-Forwarded-For is counted like anybody else; only what our own proxies wrote is believed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import Client

from adapters.http.addresses import Addresses
from adapters.http.exchange import Environ
from config.bootstrap import install, web
from config.settings import Settings
from tests import servers
from tests.security import floods

QUOTA, REQUESTS = 20, 1000
Ask = Callable[[int], dict[str, str]]


@pytest.fixture
def statuses(settings: Settings, tmp_path: Path) -> Callable[[int, Ask], Counter[int]]:
    """The answers to 1,000 requests without a token, by how many proxies are trusted and what X-Forwarded-For says."""

    def ask(trusted: int, told: Ask) -> Counter[int]:
        told_once = dataclasses.replace(settings, home=tmp_path, limit_address=QUOTA, limit_window_s=3600, trusted_proxies=trusted)
        installation = install(told_once)
        client = Client(web(installation))
        found = Counter(
            client.get("/api/v1/me", headers=told(number), environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code for number in range(REQUESTS)
        )
        installation.container.app_pool().close()
        installation.container.auth_pool().close()
        return found

    return ask


def spoofed(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250}"


LIMITED = Counter({401: QUOTA, 429: REQUESTS - QUOTA})


def test_a_rotating_header_changes_nothing_without_proxies(statuses: Callable[[int, Ask], Counter[int]]) -> None:
    assert statuses(0, lambda n: {"X-Forwarded-For": spoofed(n)}) == LIMITED


@pytest.mark.parametrize("trusted", [1, 2])
def test_behind_proxies_only_what_they_wrote_counts(statuses: Callable[[int, Ask], Counter[int]], trusted: int) -> None:
    """The nearest proxies append whom they were called by: the caller first, then each proxy but the last."""
    ours = ["203.0.113.7", *(f"10.0.0.{place}" for place in range(1, trusted))]
    assert statuses(trusted, lambda n: {"X-Forwarded-For": ", ".join([spoofed(n), *ours])}) == LIMITED


def test_a_header_shorter_than_the_row_of_proxies_is_not_believed(statuses: Callable[[int, Ask], Counter[int]]) -> None:
    assert statuses(2, lambda n: {"X-Forwarded-For": spoofed(n)}) == LIMITED


def test_one_network_of_ipv6_is_one_caller(statuses: Callable[[int, Ask], Counter[int]]) -> None:
    assert statuses(1, lambda n: {"X-Forwarded-For": f"2001:db8:1:2:{n:x}::1"}) == LIMITED


def test_callers_behind_one_proxy_are_counted_apart(statuses: Callable[[int, Ask], Counter[int]]) -> None:
    assert statuses(1, lambda n: {"X-Forwarded-For": f"evil, {spoofed(n % 100)}:4711"}) == Counter({401: REQUESTS})


def test_over_http_a_rotating_header_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    told = dataclasses.replace(settings, home=tmp_path, limit_address=QUOTA, limit_window_s=3600, workers=2)
    with servers.web_server(told, tmp_path / "web.log", workers=2) as url:
        got = floods.end(floods.begin(url, "/api/v1/me", count=REQUESTS // 4, clients=4, headers={"X-Forwarded-For": "198.51.100.{n}"}))
    assert abs(got.statuses["401"] - QUOTA) <= 1, got.statuses


def test_the_harness_sees_a_believed_first_entry(statuses: Callable[[int, Ask], Counter[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    def naive(_: Addresses, environ: Environ) -> str:
        first: str = environ["HTTP_X_FORWARDED_FOR"].split(",")[0]
        return first

    monkeypatch.setattr(Addresses, "of", naive)
    assert statuses(1, lambda n: {"X-Forwarded-For": f"{spoofed(n)}, 203.0.113.7"}) == Counter({401: REQUESTS})
