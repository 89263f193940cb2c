"""The data folder: made whole or not at all."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from adapters.postgres.embedded.errors import EmbeddedError
from adapters.postgres.embedded.system import MAJOR, Account, binaries


def make(home: Path, data: Path, account: Account, password: str, *, durable: bool) -> None:
    """Make `data` inside `home`, its superuser `postgres` having this password; `home` must be ours alone meanwhile."""
    for rest in home.glob("postgres.new-*"):  # of starters that were killed
        shutil.rmtree(rest, ignore_errors=True)
    new, secret = (Path(tempfile.mkdtemp(prefix="postgres.new-", dir=home)) for _ in range(2))
    try:
        account.private(new)
        account.private(secret)
        pwfile = secret / "password"
        pwfile.touch(mode=0o600)
        pwfile.write_text(password)
        account.give(pwfile)
        _initdb(home, new, account, pwfile, durable=durable)
    finally:
        shutil.rmtree(secret, ignore_errors=True)
    new.rename(data)  # a kill before this line leaves no half of a cluster


def check_version(data: Path) -> None:
    """Refuse a data folder of another major version in words, before PostgreSQL does in its own."""
    if (found := (data / "PG_VERSION").read_text().strip()) != MAJOR:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found}, but this release brings {MAJOR}: "
            "export with the old release, or set FITPRO_HOME to a new folder."
        )


def reason(output: bytes) -> str:
    """The line that says why, out of what a PostgreSQL program printed, as the end of a sentence."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    marks = ("PANIC:", "FATAL:", "error:", "ERROR:")
    telling = [line.partition(mark)[2].strip() for mark in marks for line in lines if mark in line]
    return (telling or lines[-1:] or ["it said nothing"])[0].rstrip(".") + "."


def _initdb(home: Path, data: Path, account: Account, pwfile: Path, *, durable: bool) -> None:
    argv = [
        str(binaries() / "initdb"),
        f"--pgdata={data}",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",  # the same order and case rules on every machine
        "--auth-local=scram-sha-256",
        "--auth-host=reject",
        f"--pwfile={pwfile}",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    with tempfile.TemporaryFile() as out:
        done = subprocess.run(
            account.argv(argv, home, dies="KILL"),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env=account.environ(),
            start_new_session=True,
            check=False,
        )
        if done.returncode:
            out.seek(0)
            raise EmbeddedError(f"PostgreSQL's data folder could not be made: {reason(out.read())}")
