"""The documentation page needs nothing from elsewhere."""

from __future__ import annotations

import re

from adapters.http.docs import asset, page


def test_the_page_loads_only_assets_that_exist_and_the_document() -> None:
    body, _ = page("/api/v1/openapi.json", "/docs/assets/")
    html = body.decode()
    loaded = re.findall(r'(?:src|href)="(/[^"]*)"', html)
    assert set(loaded) == {
        "/docs/assets/swagger-ui.css",
        "/docs/assets/swagger-ui-bundle.js",
        "/docs/assets/start.js",
        "/api/v1/openapi.json",
    }
    for address in loaded:
        name = address.removeprefix("/docs/assets/")
        assert address == "/api/v1/openapi.json" or asset(name) is not None
    assert 'data-spec="/api/v1/openapi.json"' in html


def test_the_policy_allows_no_other_host_and_no_inline_or_evaluated_script() -> None:
    body, csp = page("/api/v1/openapi.json")
    directives = dict(part.strip().partition(" ")[::2] for part in csp.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*", csp)
    assert not re.search(r"<script>|<script [^>]*>[^<]|<style| on\w+=", body.decode())


def test_addresses_and_title_are_escaped() -> None:
    body, _ = page('/x"><script>alert(1)</script>', title="<b>")
    assert b"<script>alert" not in body
    assert b"<title>&lt;b&gt;</title>" in body


def test_assets_have_their_types_and_fetch_nothing_from_the_network() -> None:
    script, script_type = existing("swagger-ui-bundle.js")
    style, style_type = existing("swagger-ui.css")
    assert script_type.startswith("text/javascript")
    assert style_type.startswith("text/css")
    assert not re.search(rb"url\(['\"]?https?:|@import", style)
    assert b"SwaggerUIBundle" in script


def test_the_licences_come_with_the_files_and_all_stay_under_two_megabytes() -> None:
    names = [
        "swagger-ui-bundle.js",
        "swagger-ui.css",
        "start.js",
        "swagger-ui.LICENSE.txt",
        "swagger-ui.NOTICE.txt",
        "swagger-ui-bundle.js.LICENSE.txt",
    ]
    assert b"Apache License" in existing("swagger-ui.LICENSE.txt")[0]
    assert sum(len(existing(name)[0]) for name in names) < 2_000_000


def test_no_other_name_opens_a_file() -> None:
    for name in ["", ".", "..", "../__init__.py", "../../app.py", "/etc/passwd", "start.js/", "START.JS", "a\x00b"]:
        assert asset(name) is None


def existing(name: str) -> tuple[bytes, str]:
    found = asset(name)
    assert found is not None
    return found
