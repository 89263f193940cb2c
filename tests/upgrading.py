"""Installations as they were before an upgrade."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from alembic import command

from adapters.postgres import migrate
from config import plugins
from config.settings import Settings


@contextlib.contextmanager
def migrated(settings: Settings, plugin: str, to: str) -> Iterator[None]:
    """An installation of the test's own as it was at an older revision of a plugin; upgraded afterwards."""
    (branch,) = [each for each in plugins.branches(plugins.load_all(strict=True)) if each.id == plugin]

    def run(move: Callable[..., None], revision: str) -> None:
        with migrate.owner(settings.database_owner_url or "") as connection:
            move(branch.config(connection), revision)

    run(command.downgrade, to)
    yield
    run(command.upgrade, "head")
