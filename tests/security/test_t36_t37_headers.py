"""T36, T37: only origins on the list are answered to; every answer there is carries the security headers, and every 405 says what is allowed."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.http import gateway as gateway_module
from adapters.http.gateway import Gateway
from config.bootstrap import install, web
from config.settings import Settings
from tests.security.documents import operations
from tests.servers import Api, Reply

LISTED = "https://app.example"
ORIGINS = (
    LISTED, "null", "https://app.example.evil.test", "https://evil-app.example", "https://evilapp.example", "http://app.example",
    "https://app.example:8443", "https://www.app.example", "https://app.example/", "https://app.example.", "https://APP.example", "https://app.exampl",
    "https://example", "https://app.example@evil.test", "https://app_example", "*", "", "https://", "app.example", "https://app.example, https://evil.test",
)  # fmt: skip
REQUIRED = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-site",
    "X-Frame-Options": "DENY",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
CACHED = ("/docs/assets/", "/.well-known/")


@dataclasses.dataclass
class Site:
    gateway: Gateway
    api: Api
    token: str
    workspace: str


@pytest.fixture(scope="module")
def site(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home: Path = tmp_path_factory.mktemp("home")
    installation = install(dataclasses.replace(settings, home=home, cors_origins=(LISTED,)))
    gateway = web(installation)
    api = Api(gateway)
    owner = api.signup()
    yield Site(gateway, api, owner.token, api.workspace(owner))
    installation.container.app_pool().close()
    installation.container.auth_pool().close()


def missing(reply: Reply, method: str, path: str) -> list[str]:
    found = [name for name, value in REQUIRED.items() if reply.headers.get(name) != value]
    if not reply.headers.get("X-Request-Id"):
        found.append("X-Request-Id")
    if "Content-Security-Policy" not in reply.headers or "frame-ancestors 'none'" not in reply.headers["Content-Security-Policy"]:
        found.append("Content-Security-Policy")
    if not path.startswith(CACHED) and method != "OPTIONS" and reply.headers.get("Cache-Control") not in ("no-store", "private, no-cache"):
        found.append(f"Cache-Control {reply.headers.get('Cache-Control')}")
    if "Server" in reply.headers or "X-Powered-By" in reply.headers:
        found.append("says what it runs on")
    if reply.status == 405 and not reply.headers.get("Allow"):
        found.append("Allow")
    return found


def crawled(site: Site) -> tuple[Counter[int], list[str]]:
    """Every path of the documents and of the platform, with every method, as nobody and as an Owner; and what is wrong on purpose."""
    paths = {way.path for way in operations(site.api.get("/api/v1/openapi.json").json)}
    paths |= {
        "/", "/docs", "/health", "/health/ready", "/metrics", "/.well-known/jwks.json", "/api/v1/openapi.json", "/nowhere", "/api/v1/nowhere",
        "/confirm-email", "/pages/assets/page.js", "/docs/assets/nothing", "/api/v1/clients/", "/api/v1/clients/1",
    }  # fmt: skip
    statuses: Counter[int] = Counter()
    found = []

    def look(reply: Reply, method: str, path: str) -> None:
        statuses[reply.status] += 1
        found.extend(f"{method} {path}: {reply.status} without {name}" for name in missing(reply, method, path))

    for path in sorted(paths):
        filled = re.sub(r"{(\w+)}", lambda part: site.workspace if part[1] == "workspace_id" else "019a8d2e-7c10-7cc3-98c4-dc0c0c07398f", path)
        for method in METHODS:
            for who in (None, site.token):
                if who is not None and path == "/auth/logout":
                    continue
                look(site.api.request(method, filled, who=who, headers={"X-Workspace-Id": site.workspace}), method, path)
    big = b"[" + b" " * 1_100_000 + b"]"
    for raw, kind in ((big, "application/json"), (b"{}", "text/plain"), (b"{", "application/json"), (b'{"nope": 1}', "application/json")):
        look(site.api.post("/api/v1/clients", raw=raw, who=site.token, headers={"Content-Type": kind}), "POST", "/api/v1/clients")
    return statuses, found


def test_every_answer_carries_the_headers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = next(each for each in site.gateway.compiled.values() if each.operation.id == "clients_list_clients")

    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("on purpose")

    statuses, found = crawled(site)
    monkeypatch.setattr(compiled, "method", breaks)
    reply = site.api.get("/api/v1/clients", who=site.token)
    found += missing(reply, "GET", "/api/v1/clients")
    statuses[reply.status] += 1
    print(f"T37: {statuses.total()} answers, {len(found)} headers missing; {dict(sorted(statuses.items()))}")
    assert found == []
    assert {200, 400, 401, 404, 405, 413, 415, 422, 500} <= statuses.keys()


def test_nothing_answers_trace(site: Site) -> None:
    for path in ("/api/v1/clients", "/health", "/docs", "/nowhere"):
        reply = site.api.request("TRACE", path, who=site.token, headers={"X-Probe": "canary"})
        assert reply.status in (404, 405)
        assert b"canary" not in reply.body


def test_the_harness_sees_a_header_left_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module.headers, "SECURITY_HEADERS", gateway_module.headers.SECURITY_HEADERS[:-1])
    _, found = crawled(site)
    assert found


@pytest.mark.parametrize("origin", ORIGINS)
def test_only_the_listed_origin_is_answered_to(site: Site, origin: str) -> None:
    asked: list[tuple[str, dict[str, str]]] = [("GET", {}), ("POST", {}), ("OPTIONS", {"Access-Control-Request-Method": "GET"})]
    for method, more in asked:
        for who in (None, site.token):
            reply = site.api.request(method, "/api/v1/clients", who=who, headers={"Origin": origin, **more})
            allowed = reply.headers.get("Access-Control-Allow-Origin")
            assert allowed == (LISTED if origin == LISTED else None), (method, origin, allowed)
            assert "Access-Control-Allow-Credentials" not in reply.headers
            assert "Origin" in reply.headers.get("Vary", "")


def test_the_harness_sees_an_origin_that_is_echoed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    cors = gateway_module.headers.Cors
    monkeypatch.setattr(cors, "headers", lambda _, origin: (("Vary", "Origin"), ("Access-Control-Allow-Origin", origin)))
    with pytest.raises(AssertionError):
        test_only_the_listed_origin_is_answered_to(site, "https://evil-app.example")
