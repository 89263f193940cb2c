"""One fresh database per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path) as made:
        yield made
