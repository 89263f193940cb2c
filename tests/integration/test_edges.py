"""What the web application answers beside its operations."""

from __future__ import annotations

import dataclasses
import http.client
import time
from urllib.parse import urlsplit

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests.servers import Api


def test_the_address_that_run_prints_leads_to_the_documentation(server: Api) -> None:
    reply = server.get("/")
    assert (reply.status, reply.headers["Location"]) == (303, "/docs")


def test_what_the_platform_itself_answers_is_in_the_document(server: Api) -> None:
    paths = server.get("/api/v1/openapi.json").json["paths"]
    own = {path: item["get"] for path, item in paths.items() if any("x-plugin" not in each for name, each in item.items() if name != "parameters")}
    assert set(own) == {
        "/health", "/health/ready", "/metrics", "/.well-known/jwks.json", "/api/v1/openapi.json", "/api/v1/workspaces/{workspace_id}/openapi.json",
    }  # fmt: skip
    for path in sorted(set(own) - {"/api/v1/workspaces/{workspace_id}/openapi.json"}):
        reply = server.get(path)
        assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, next(iter(own[path]["responses"]["200"]["content"])))
    assert server.get("/health").json == own["/health"]["responses"]["200"]["content"]["application/json"]["example"]
    assert server.get("/health/ready").json == own["/health/ready"]["responses"]["200"]["content"]["application/json"]["example"]


def test_what_is_not_served_is_not_in_the_document(settings: Settings) -> None:
    installation = install(dataclasses.replace(settings, metrics_enabled=False))
    paths = Api(web(installation)).get("/api/v1/openapi.json").json["paths"]
    assert "/metrics" not in paths
    assert "/health" in paths
    for pool in (installation.container.app_pool, installation.container.auth_pool):
        pool().close()


@pytest.mark.parametrize(("path", "allowed"), [("/api/v1/clients", "GET, HEAD, OPTIONS, POST"), ("/health", "GET, HEAD, OPTIONS")])
def test_options_names_the_methods_and_is_no_page_of_html(server: Api, path: str, allowed: str) -> None:
    reply = server.request("OPTIONS", path)
    assert (reply.status, reply.headers["Allow"], reply.body) == (204, allowed, b"")
    assert (reply.headers["Cache-Control"], reply.headers.get("Content-Type")) == ("no-store", None)


@pytest.mark.parametrize("path", ["//health", "//api/v1/clients", "///metrics"])
def test_a_path_that_begins_with_two_slashes_is_another_path(server: Api, path: str) -> None:
    reply = server.get(path)
    assert (reply.status, reply.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/clients"])
def test_a_body_that_nobody_reads_costs_nobody_the_connection(server: Api, path: str) -> None:
    """An answer before the body has come: the server would close the connection, and the next request on it, sent already, would be lost."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    body = b'{"full_name": "Ana"}'
    for _ in range(3):
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        time.sleep(0.05)
        connection.send(body)
        answer = connection.getresponse()
        assert answer.status in (401, 404)
        answer.read()
    connection.auto_open = 0  # another connection would be no proof
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
