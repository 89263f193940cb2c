"""The web application that waits for Redis however busy the machine is, for granian as `tests.security.patient:app`."""

from __future__ import annotations

import importlib

from adapters.redis import limiter

limiter._PATIENCE_S = 10  # type: ignore[misc]
app = importlib.import_module("wsgi").app
