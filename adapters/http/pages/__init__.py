"""The pages that links in mails lead to where no frontend is configured: the smallest one that finishes what the mail is about.

One page for all of them; its script reads the token from the fragment and calls the REST operation. Served from this folder, in en, es and pt.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final

import flask

from adapters.http import headers
from adapters.http.exchange import Answer
from adapters.http.fallback import respond

PATHS: Final = ("/confirm-email", "/stop-email-change", "/reset-password", "/forgot-password", "/finish-signup", "/invitation")
"""What mails link to. The script knows the same."""

ASSETS: Final = "/pages/assets"
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_TYPES: Final = {"page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8"}
_PAGE: Final = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>FitPro Hub</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{ASSETS}/page.css">
</head>
<body>
<main id="page"></main>
<noscript>
<p lang="en">This page needs JavaScript.</p>
<p lang="es">Esta página necesita JavaScript.</p>
<p lang="pt">Esta página precisa de JavaScript.</p>
</noscript>
<script src="{ASSETS}/page.js"></script>
</body>
</html>
""".encode()


@functools.cache
def asset(name: str) -> tuple[bytes, str] | None:
    """A file of the page with its content type; None for any name not on the list."""
    content_type = _TYPES.get(name)
    if content_type is None:
        return None
    return resources.files(__package__).joinpath("static", name).read_bytes(), content_type


def mount(app: flask.Flask) -> None:
    """Serve them."""

    def page() -> flask.Response:
        sent = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", CSP), headers.NO_STORE]
        return respond(Answer(200, sent, _PAGE))

    for path in PATHS:
        app.add_url_rule(path, f"page {path}", page, methods=["GET"])

    @app.get(f"{ASSETS}/<path:name>")
    def page_asset(name: str) -> flask.Response:
        found = asset(name)
        if found is None:
            flask.abort(404)
        return respond(Answer(200, [("Content-Type", found[1]), headers.NO_STORE], found[0]))
