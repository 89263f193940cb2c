"""PostgreSQL from a folder that is closed to everybody else, as a checkout in somebody's home or in a temporary folder is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from adapters.postgres.embedded import system
from adapters.postgres.embedded.system import Account, binaries

_SETPCAP = 1 << 8


def _may() -> bool:
    """Whether this process can pass a closed folder's capability on: any user but root needs none, and root may have been denied it."""
    status = Path("/proc/self/status")
    if os.geteuid() != 0 or not status.exists():
        return True
    (effective,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("CapEff:")]
    return bool(int(effective, 16) & _SETPCAP)


@pytest.mark.skipif(not _may(), reason="root without CAP_SETPCAP cannot run PostgreSQL's programs from a closed folder")
def test_a_server_is_made_by_programs_that_lie_in_a_closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, installed = tmp_path / "closed", binaries().parent
    programs = closed / installed.parent.name / installed.name / "bin"
    shutil.copytree(installed, programs.parent)
    libraries = installed.parents[1] / f"{installed.parent.name}.libs"
    shutil.copytree(libraries, closed / libraries.name)
    closed.chmod(0o700)
    monkeypatch.setattr(system, "binaries", lambda: programs)
    home = tmp_path / "home"
    account = Account.of(home / "data")
    account.private(home)
    command = [str(programs / "initdb"), "--pgdata", str(home / "data"), "--no-sync", "--auth", "trust"]
    done = subprocess.run(account.argv(command, home, dies=None), env=account.environ(), cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (home / "data" / "PG_VERSION").read_text().strip() == str(system.MAJOR)
