"""What every test gets: the meaning of the markers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from adapters.http.gateway import Gateway
from config.bootstrap import install, web
from config.settings import Settings
from config.supervisor import die_with
from tests import servers
from tests.office import Office

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

SHARED = Path(__file__).resolve().parents[2] / "shared"
NODE_MODULES = Path(__file__).parent / "node_modules"
"""Made by `npm ci --prefix tests`, which .ci/run does."""

UNLIKE = (
    "select id, attending from bookings b where attending <> array(select p.client_id from bookings_participant p"
    " where p.workspace_id = b.workspace_id and p.booking_id = b.id and p.status <> 'left' order by p.client_id)"
)
"""Bookings that name others than those who take part."""


def pytest_configure(config: pytest.Config) -> None:
    """Whoever runs tests for another process ends with it, and so do the servers of whoever is killed."""
    if hasattr(config, "workerinput"):
        die_with(os.getppid())


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
    if (NODE_MODULES / name / "package.json").is_file():
        return True
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", str(NODE_MODULES / ".bin")))) is not None


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Cluster]:
    """This test process's own PostgreSQL, with a migrated template."""
    # What runs for minutes grows from nothing to thousands of rows, and is planned for anew meanwhile, as in production.
    long = pytestconfig.getoption("markexpr") == "torture"
    with servers.cluster(tmp_path_factory.mktemp("pg"), autovacuum="on" if long else "off") as made:
        yield made


@pytest.fixture(scope="session")
def settings(cluster: servers.Cluster) -> Iterator[Settings]:
    """An installation shared by the tests of this process: they make workspaces of their own in it. Whatever they did, it is whole afterwards."""
    made = cluster.settings(cluster.clone("fitpro_shared"))
    yield made
    with servers.owner_of(made) as owner:
        assert owner.execute(UNLIKE).fetchall() == []


@pytest.fixture(scope="session")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Api]:
    """The product's web server over HTTP."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    with servers.web_server(settings, log) as url:
        yield servers.Api(url)


@pytest.fixture(scope="session")
def office(settings: Settings) -> Iterator[Office]:
    """Whoever works off the jobs of the shared installation, and reads its mail: `office.work()`, `office.mails("ana@example.com")`."""
    with Office.open(settings) as made:
        yield made


@pytest.fixture(scope="session")
def gateway(settings: Settings) -> Iterator[Gateway]:
    """The same application in this process."""
    installation = install(settings)
    yield web(installation)
    installation.container.app_pool().close()
    installation.container.auth_pool().close()


@pytest.fixture(scope="session")
def local(gateway: Gateway) -> servers.Api:
    """The API of the application in this process: faster than HTTP, and visible to a debugger."""
    return servers.Api(gateway)
