"""What the isolation tests share."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from config.settings import Settings
from tests.security import studios as world
from tests.servers import Api, Cluster


@pytest.fixture(scope="module")
def studios(cluster: Cluster, settings: Settings, local: Api) -> Iterator[world.Studios]:
    """Three workspaces of their own for the tests of one module, in the shared installation."""
    database = str(conninfo_to_dict(settings.database_url or "")["dbname"])
    made = world.build(local, settings, cluster.server.dsn("postgres", database))
    yield made
    made.close()


@pytest.fixture
def app_role(studios: world.Studios) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The app role's own connection, without any context."""
    with psycopg.connect(studios.settings.database_url or "", autocommit=True) as connection:
        yield connection
