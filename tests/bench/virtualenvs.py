"""A virtualenv for each side, with what it runs on and nothing else: a library that finds another one here may load it and grow."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from tests.servers import ROOT


def environment(name: str, requirements: Path) -> Path:
    """The bin folder of the virtualenv of this name in the checkout, made anew only when the locked requirements change."""
    home = ROOT / name
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    stamp = home / "stamp"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Preparing {name}; this happens once.", file=sys.stderr)
        venv.create(home, clear=True, with_pip=True)
        (home / ".gitignore").write_text("*\n")
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*pip, "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(requirements)], check=True)
        stamp.write_text(wanted)
    return home / "bin"
