"""The demo studio: made once, by the public API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config import demo
from config.bootstrap import install, web
from config.settings import Settings
from tests.servers import Api, Cluster


def test_the_demo_is_made_once_and_its_people_see_what_is_theirs(empty: Settings) -> None:
    application = web(install(empty))
    logins = demo.ensure(application, empty)
    assert demo.ensure(application, empty) == logins
    api = Api(application)
    seen = {}
    for role, email, password in logins:
        signed_in = api.post("/auth/login", json={"email": email, "password": password})
        assert signed_in.status == 200
        token = signed_in.json["access_token"]
        (workspace,) = api.get("/api/v1/workspaces", who=token).json["items"]
        assert (workspace["name"], workspace["role"]) == (demo.STUDIO, role)
        listed = [api.get(f"/api/v1/clients?limit=200&status={status}", who=token).json["items"] for status in ("active", "inactive", "archived")]
        seen[role] = sum(map(len, listed))
    assert seen == {"Owner": 40, "Colaborador": 40, "Cliente": 1}


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Settings]:
    """An installation nobody has used yet."""
    yield cluster.settings(cluster.clone("fitpro_demo"))
    cluster.drop("fitpro_demo")
