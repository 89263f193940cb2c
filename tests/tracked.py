"""The files of the repository: as git lists them, or, in a checkout without git, all but what .gitignore says is generated."""

from __future__ import annotations

import fnmatch
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def files() -> list[str]:
    """Paths from the root, sorted; only what is there, and no links."""
    listed = _listed() if (ROOT / ".git").exists() else walked()
    return sorted(path for path in listed if (ROOT / path).is_file() and not (ROOT / path).is_symlink())


def walked() -> Iterator[str]:
    """Without git: every file below the root that .gitignore does not name."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line]

    def generated(name: str) -> bool:
        return name == ".git" or any(fnmatch.fnmatch(name, pattern) for pattern in ignored)

    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not generated(name)]
        yield from (os.path.relpath(os.path.join(folder, name), ROOT) for name in names if not generated(name))


def _listed() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [path for path in done.stdout.decode().split("\0") if path]
