"""A server of somebody else's, and installations that take it for one on the public internet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dependency_injector import providers

from config.bootstrap import install, web
from config.container import Container
from config.settings import Settings
from tests.agenda import Agenda
from tests.elsewhere import ADDRESS, NAME, Elsewhere, elsewhere
from tests.office import Office
from tests.servers import Api


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Somebody else's server, which every installation made meanwhile takes for one on the public internet."""
    with elsewhere(tmp_path_factory.mktemp("elsewhere")) as made, Container.public_outbound.override(providers.Callable(made.client)):
        yield made


@pytest.fixture
def there(server: Elsewhere) -> Elsewhere:
    server.pages.clear()
    server.seen.clear()
    server.names.known = {NAME: [[ADDRESS]]}
    return server


@pytest.fixture(scope="module")
def api(server: Elsewhere, settings: Settings) -> Iterator[Api]:
    installation = install(settings)
    yield Api(web(installation))
    installation.container.app_pool().close()
    installation.container.auth_pool().close()


@pytest.fixture(scope="module")
def office(server: Elsewhere, settings: Settings) -> Iterator[Office]:
    with Office.open(settings) as made:
        yield made


@pytest.fixture
def agenda(api: Api, settings: Settings) -> Agenda:
    return Agenda.new(api, settings)
