"""What the tests start themselves is gone when they are, also when somebody kills them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests import servers

IN_TIME_S = 20


def marked(mark: str) -> list[str]:
    """The commands of the processes whose environment has this mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes() and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:120])
        except OSError:
            continue
    return found


@pytest.mark.skipif(shutil.which("setpriv") is None or sys.platform != "linux", reason="only there a child can end with its parent")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_a_run_that_is_killed_leaves_no_server_behind(tmp_path: Path, how: signal.Signals) -> None:
    mark, said = uuid.uuid4().hex, tmp_path / "said"
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "1",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "run"),
        "tests/integration/waiting.py",
    ]
    environ = {**os.environ, "WAITING": str(said), "WAITING_MARK": mark}
    for name in [name for name in environ if name.startswith("PYTEST_")]:
        del environ[name]
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(servers.mortal(argv), cwd=servers.ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 240
        while not said.exists():
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            assert run.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        up = marked(mark)
        assert any("granian" in command for command in up)
        assert any("postgres" in command for command in up)
        os.killpg(run.pid, how)  # the run and the processes that run its tests, as a terminal or a CI does
        run.wait(90)
        deadline = time.monotonic() + IN_TIME_S
        while (left := marked(mark)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []
    finally:
        for pid in [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _has(folder, mark)]:
            os.kill(pid, signal.SIGKILL)


def _has(folder: Path, mark: str) -> bool:
    try:
        return mark.encode() in (folder / "environ").read_bytes()
    except OSError:
        return False
