"""The one PostgreSQL both sides work on, as durable as in production."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from adapters.postgres.bootstrap import prepare
from adapters.postgres.embedded import Embedded
from config.secrets import role_password
from tests.servers import SECRET, Cluster

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "jit": "off",
    "max_connections": "100",
    # A checkpoint in the middle of a run would be paid by whoever runs then.
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
}
PRODUCT = "product"
TENANTS = 100
CLIENTS = 1000


def password(role: str) -> str:
    return role_password(SECRET, role)


@contextlib.contextmanager
def cluster(home: Path) -> Iterator[Cluster]:
    """A running server with the roles and the product's empty database."""
    with Embedded(home, password=password, settings=SETTINGS) as server:
        prepare(server.dsn(), database=PRODUCT, password=password)
        yield Cluster(server, home)
