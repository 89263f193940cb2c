"""The kit for tests of plugins, a pytest plugin: an installation in this process on a database of its own, and what to try on it.

Fixtures: `workspace` and `other_workspace` (every plugin on), `client(role=…)` (a member to speak as), `run_jobs()`, `emitted(name)`,
`mails(address)`, and `hub` beneath them. `PluginContract` is a suite every plugin passes. Nothing is imported or started before a test asks for it.

The project under test is found by the pyproject.toml in pytest's root folder, installed or not; its requirements must be installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from config.testing.contract import PluginContract

if TYPE_CHECKING:
    from email.message import EmailMessage

    from config.testing.hub import Hub, Member, Studio

__all__ = ["PluginContract", "client", "emitted", "hub", "mails", "other_workspace", "run_jobs", "workspace"]


@pytest.fixture(scope="session")
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """An installation with every plugin there is, embedded adapters behind every port. Shared by the session."""
    from config.testing.hub import started

    with started(tmp_path_factory.mktemp("fitpro"), request.config.rootpath) as made:
        yield made


@pytest.fixture
def workspace(hub: Hub) -> Studio:
    """A new workspace with every plugin on."""
    return hub.workspace("Workspace")


@pytest.fixture
def other_workspace(hub: Hub) -> Studio:
    """Another one, of other people."""
    return hub.workspace("Other workspace")


@pytest.fixture
def client(workspace: Studio) -> Callable[..., Member]:
    """`client(role="Cliente")`: a new member of the workspace, to send requests as. A Cliente has a client's record: `client_id`."""
    return workspace.member


@pytest.fixture
def run_jobs(workspace: Studio) -> Callable[[], int]:
    """Run every delivery and task that is due; how many. Raises JobFailed with the reason of one that failed."""
    return workspace.run_jobs


@pytest.fixture
def mails(hub: Hub) -> Callable[[str], list[EmailMessage]]:
    """`mails("ana@example.com")`: what was sent there so far, oldest first; run the jobs before."""
    return hub.mails


@pytest.fixture
def emitted(workspace: Studio) -> Callable[[str], list[dict[str, Any]]]:
    """`emitted("bookings_cancelled")`: the payloads of this event in the workspace so far, oldest first."""
    return workspace.emitted
