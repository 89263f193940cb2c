"""Prism, a mock server made from a published API description: it answers as described, and refuses what is not."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.conftest import NODE_MODULES, SHARED
from tests.loopback import free_port
from tests.servers import process

DESCRIPTION = SHARED / "reference" / "supabase" / "auth-openapi.yaml"
_ANY_OF = 'anyOf:\n                  - $ref: "#/components/schemas/AccessTokenResponseSchema"'
_KEYS = """
  /auth/v1/.well-known/jwks.json:
    get:
      responses:
        200:
          description: The project's public keys.
          content:
            application/json:
              schema:
                type: object
                required: [keys]
"""


@contextlib.contextmanager
def prism(folder: Path, *, upstream: str | None = None) -> Iterator[str]:
    """A server of Supabase Auth's description under /auth/v1; its base URL. upstream: whose answers it passes on, checked both ways."""
    text = re.sub(r"^  /(?=\S+:$)", "  /auth/v1/", DESCRIPTION.read_text(), flags=re.MULTILINE)
    # Every property is optional in both kinds of answer to a signup, so that no answer is of exactly one kind, as "oneOf" asks.
    text = text.replace('oneOf:\n                  - $ref: "#/components/schemas/AccessTokenResponseSchema"', _ANY_OF)
    assert _ANY_OF in text
    described = folder / "auth.yaml"
    described.write_text(text.replace("paths:\n", "paths:" + _KEYS, 1))
    port = free_port()
    command = ["proxy", "--errors"] if upstream else ["mock", "--errors"]
    arguments = [
        str(NODE_MODULES / ".bin" / "prism"),
        *command,
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        str(described),
        *([upstream] if upstream else []),
    ]
    log = folder / "prism.log"
    with process(arguments, {**os.environ, "NO_COLOR": "1"}, log) as child:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert child.poll() is None, log.read_text()[-2000:]
            with contextlib.suppress(requests.RequestException):
                requests.get(url + "/auth/v1/settings", timeout=5)
                break
            time.sleep(0.2)
        yield url
