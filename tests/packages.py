"""The plugin packages of tests/plugins, installed as a third party's would be: by pip, into a folder of their own, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from config.settings import Settings
from tests import servers

SOURCES = Path(__file__).parent / "plugins"


def install(target: Path, *names: str) -> Path:
    """Install packages into a folder. Put it on PYTHONPATH to have them, take it off to be without."""
    # A copy, because building leaves its traces beside the sources.
    copies = [shutil.copytree(SOURCES / name, target.with_name(f"{target.name}-sources") / name) for name in names]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    alone = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
    subprocess.run([*pip, *alone, *map(str, copies)], check=True, capture_output=True, text=True, timeout=120)
    return target


def path(*folders: Path) -> str:
    """A PYTHONPATH with these folders on it."""
    return os.pathsep.join(map(str, (servers.ROOT, *folders)))


def fitpro(settings: Settings, env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the product in a process of its own."""
    command = [sys.executable, "-m", "config.cli", *arguments]
    return subprocess.run(command, env=servers.environ(settings, **env), cwd=servers.ROOT, capture_output=True, text=True, timeout=120, check=False)
