"""Who is told that an address has an account, where nothing is said about signing up: nobody, but under `make run`."""

from __future__ import annotations

import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Settings
from tests import servers
from tests.loopback import free_port
from tests.servers import Api, Reply


def test_the_application_started_with_nothing_said_tells_nobody(settings: Settings, tmp_path: Path) -> None:
    """In development, by the deployment guide's own command."""
    silent = replace(settings, signup=None)
    assert "FITPRO_SIGNUP" not in servers.environ(silent)
    assert not silent.production
    email = f"{uuid.uuid4().hex}@example.com"
    with servers.web_server(silent, tmp_path / "web.log") as url:
        replies = [sign_up(url, email) for _ in range(2)]
    assert [(reply.status, reply.body) for reply in replies] == [(202, b"")] * 2


@pytest.mark.parametrize(("said", "answers"), [({}, [201, 409]), ({"FITPRO_SIGNUP": "confirmed"}, [202, 202])], ids=["nothing", "confirmed"])
def test_make_run_signs_in_at_once_and_says_so(settings: Settings, tmp_path: Path, said: dict[str, str], answers: list[int]) -> None:
    port, log, email = free_port(), tmp_path / "run.log", f"{uuid.uuid4().hex}@example.com"
    env = servers.environ(replace(settings, signup=None), FITPRO_PORT=str(port), **said)
    with servers.process([sys.executable, "-m", "config.cli", "run"], env, log) as child:
        url = f"http://127.0.0.1:{port}"
        servers.wait_ready(url, child, log)
        assert [sign_up(url, email).status for _ in range(2)] == answers
    assert ("Signing up is open" in log.read_text()) is (not said)


def sign_up(url: str, email: str) -> Reply:
    body = {"email": email, "password": "a long enough secret", "full_name": "Sam Somebody", "consents": {"terms": True, "privacy": True}}
    return Api(url).post("/auth/signup", json=body)
