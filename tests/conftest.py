"""What every test gets: the meaning of the markers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`external("chromium", "shared")` skips where one of them is missing, and fails where FITPRO_EXTERNAL=required."""
    for marker in item.iter_markers("external"):
        if missing := [name for name in marker.args if not _present(name)]:
            reason = f"needs {', '.join(missing)}, which this machine does not have"
            if os.environ.get("FITPRO_EXTERNAL") == "required":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marker that names nothing could skip nothing, or everything."""
    for item in items:
        for marker in item.iter_markers("external"):
            if not marker.args:
                raise pytest.UsageError(f"{item.nodeid}: name what is external, as in external('redis-server')")


def _present(name: str) -> bool:
    if name == "shared":
        return SHARED.is_dir()
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))) is not None
