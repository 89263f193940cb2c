"""Security headers, cross-origin access and request ids."""

from __future__ import annotations

import pytest

from adapters.http.headers import SECURITY_HEADERS, Cors, request_id, security_headers

LISTED = "https://app.fitpro.example"


def test_the_security_headers_are_the_agreed_ones() -> None:
    assert dict(SECURITY_HEADERS) == {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-site",
        "X-Frame-Options": "DENY",
    }
    assert dict(security_headers("default-src 'self'"))["Content-Security-Policy"] == "default-src 'self'"


def test_a_listed_origin_may_read() -> None:
    headers = dict(Cors(frozenset({LISTED, "http://localhost:5173"})).headers(LISTED))
    assert headers["Access-Control-Allow-Origin"] == LISTED
    assert headers["Vary"] == "Origin"
    assert "ETag" in headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "*",
        "http://app.fitpro.example",
        "https://app.fitpro.example:8443",
        "https://app.fitpro.example.evil.example",
        "https://evil-app.fitpro.example",
        "https://evil.app.fitpro.example",
        "https://fitpro.example",
        "https://app.fitpro.example/",
        "https://app.fitpro.example.",
        "HTTPS://APP.FITPRO.EXAMPLE",
        "https://app.fitpro.example, https://evil.example",
        "https://app.fitpro.example https://evil.example",
        "https://app.fitpro.example\r\nX: y",
        "https://user@app.fitpro.example",
        "https://app_fitpro.example",
        "file://",
        "chrome-extension://abcdef",
    ],
)
def test_no_other_origin_is_granted_anything(origin: str | None) -> None:
    cors = Cors(frozenset({LISTED}))
    assert cors.headers(origin) == (("Vary", "Origin"),)
    assert [name for name, _ in cors.preflight(origin)] == ["Vary"]


def test_a_preflight_of_a_listed_origin_names_methods_and_headers() -> None:
    headers = dict(Cors(frozenset({LISTED})).preflight(LISTED))
    assert headers["Access-Control-Allow-Origin"] == LISTED
    assert "PATCH" in headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in headers["Access-Control-Allow-Headers"]
    assert headers["Access-Control-Max-Age"] == "600"
    assert headers["Vary"].startswith("Origin")


def test_without_a_list_there_is_no_cors_at_all() -> None:
    assert Cors().headers(LISTED) == ()


@pytest.mark.parametrize("entry", ["*", "null", "app.example", "https://A.example", "https://a.example/", "ftp://a.b"])
def test_an_entry_no_browser_sends_is_refused_at_start(entry: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        Cors(frozenset({entry}))


@pytest.mark.parametrize("incoming", ["a", "0f-1.x_Y", "x" * 128])
def test_a_sane_request_id_is_kept(incoming: str) -> None:
    assert request_id(incoming) == incoming


@pytest.mark.parametrize("incoming", [None, "", "x" * 129, "a b", "a\n", "a\r\nb", "é", "a;b", "<x>", "٠"])
def test_any_other_request_id_is_replaced(incoming: str | None) -> None:
    made = request_id(incoming)
    assert made != incoming
    assert len(made) == 32
    assert made != request_id(incoming)
