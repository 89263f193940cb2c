"""Headers in and headers out: cookies as they were sent, nothing that begins a header of its own."""

from __future__ import annotations

import pytest

from adapters.http.exchange import RequestHeaders, with_headers


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("a=1; b=2", "2"),
        ("b=2", "2"),
        ("b=", ""),
        ("b=x=y", "x=y"),
        ("ab=2; xb=3", None),
        ("", None),
        ("b", ""),
        ("b=1; b=2", None),
    ],
)
def test_a_cookie_is_found_once_or_not_at_all(sent: str, found: str | None) -> None:
    assert RequestHeaders({"HTTP_COOKIE": sent}).cookie("b") == found


def test_a_header_is_found_however_its_name_is_written() -> None:
    headers = RequestHeaders({"HTTP_USER_AGENT": "x"})
    assert headers.get("User-Agent") == headers.get("user-agent") == "x"
    assert headers.get("Accept") is None
    assert headers.cookie("b") is None


@pytest.mark.parametrize("text", ["/a\r\nSet-Cookie: b=1", "/a\n", "\0"])
def test_a_header_cannot_begin_another(text: str) -> None:
    assert with_headers(None, ("Location", "/a")).headers == (("Location", "/a"),)
    with pytest.raises(ValueError, match="control character"):
        with_headers(None, ("Location", text))
