"""The interactive API documentation: Swagger UI, served from this folder, so that it works without the internet."""

from __future__ import annotations

import functools
import html
from importlib import resources
from typing import Final

# Swagger UI sets styles from its script and shows icons from data: addresses; nothing else is allowed, no other host.
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui.LICENSE.txt": "text/plain; charset=utf-8",
    "swagger-ui.NOTICE.txt": "text/plain; charset=utf-8",
    "swagger-ui-bundle.js.LICENSE.txt": "text/plain; charset=utf-8",
}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{assets}/swagger-ui.css">
</head>
<body>
<div id="docs"><noscript>The OpenAPI document: <a href="{spec}">{spec}</a></noscript></div>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script src="{assets}/start.js" data-spec="{spec}"></script>
</body>
</html>
"""


def page(spec_url: str, assets_url: str = "/docs/assets", title: str = "FitPro Hub API") -> tuple[bytes, str]:
    """The HTML of the page and its Content-Security-Policy. Both addresses are paths on this host."""
    escaped = {name: html.escape(value, quote=True) for name, value in (("spec", spec_url), ("assets", assets_url.rstrip("/")), ("title", title))}
    return _PAGE.format(**escaped).encode(), CSP


@functools.cache
def asset(name: str) -> tuple[bytes, str] | None:
    """A file of the page with its content type; None for any name not on the list."""
    content_type = _TYPES.get(name)
    if content_type is None:
        return None
    return resources.files(__package__).joinpath("static", name).read_bytes(), content_type
