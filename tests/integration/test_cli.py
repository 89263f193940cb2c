"""What goes wrong on the command line is one sentence, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from uuid import uuid4

import pytest

from config import plugin_admin, worker
from config.settings import Settings
from tests import servers
from tests.loopback import free_port


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("db", "status"), "The database cannot be reached"),
        (("plugin", "list"), "The database cannot be reached"),
        (("outbox", "list", "--limit", "-1"), "from 1 to 10,000"),
        (("db", "prepare", "geheim"), "Is not a connection URL"),
        (("plugin", "new", "Bad"), "cannot be a plugin's id"),
        (("plugin", "new", "clients"), "is the id of a plugin that is here already"),
    ],
)
def test_a_command_that_cannot_do_its_work_says_why_in_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    nowhere = f"postgresql://fitpro_app@127.0.0.1:{free_port()}/fitpro"
    env = {**os.environ, "DATABASE_URL": nowhere, "DATABASE_OWNER_URL": nowhere, "FITPRO_SECRET_KEY": "0123456789abcdef0123456789abcdef"}
    done = subprocess.run(
        [sys.executable, "-m", "config.cli", *arguments], env=env, cwd=servers.ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (1, 2)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr


@pytest.mark.parametrize(("plugin", "what"), [("nope", "There is no plugin nope"), ("clients", "There is no workspace")])
def test_switching_names_what_does_not_exist(settings: Settings, plugin: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        plugin_admin.switch(settings, plugin, uuid4(), enabled=True)


def test_a_worker_is_told_which_queues_there_are(settings: Settings) -> None:
    with pytest.raises(ValueError, match=r"into the queue letters: there are .*mail"):
        worker.run(settings, ("mail", "letters"))
