"""A test that waits for ever with a server up: what is left of it when somebody kills the run is looked at by test_servers."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.servers import Api


def test_waits(server: Api) -> None:
    assert server.get("/health").status == 200
    Path(os.environ["WAITING"]).write_text(server.url)
    time.sleep(600)
