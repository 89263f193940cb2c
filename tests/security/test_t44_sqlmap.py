"""T44: sqlmap, level 3, on every documented parameter of every GET, in the query and in the path, and on `sort` where it is not documented: it finds
nothing. Where a parameter is put into a statement it finds that."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Settings
from tests import servers
from tests.documented import Documented, World, world
from tests.security.sqlmaps import Target, Verdict, answered, attack, targets
from tests.servers import Api

PLUGINS = ("accounts", "bookings", "clients", "privacy", "workspaces")
AT_ONCE = 2
LISTING, TAG = "/api/v1/clients", "strength"


@pytest.fixture(scope="module")
def patient(settings: Settings) -> Settings:
    """Whose tokens outlive what is tried with them."""
    return replace(settings, access_token_ttl_s=3_600)


@pytest.fixture(scope="module")
def here(patient: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with servers.web_server(patient, tmp_path_factory.mktemp("web") / "web.log") as url:
        yield world(Api(url), patient)


def gets(here: World, plugin: str = "") -> list[Documented]:
    return [each for each in here.operations if each.method == "GET" and plugin in ("", each.described["x-plugin"])]


def attacked(here: World, aims: list[Target], folder: Path) -> list[tuple[Target, Verdict]]:
    """Two at a time. Every parameter of every target was tried, by somebody who is let in to the end."""
    here.owner = here.api.again(here.owner)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = pool.map(lambda numbered: attack(here, numbered[1], here.owner.token, folder / str(numbered[0])), enumerate(aims))
        pairs = list(zip(aims, verdicts, strict=True))
    assert here.api.get("/api/v1/me", who=here.owner).status == 200
    assert [(aim, verdict.said[-2000:]) for aim, verdict in pairs if sorted(verdict.tried) != sorted(aim.names)] == []
    return pairs


def test_t44_sqlmap_finds_nothing_in_what_clients_are_searched_by(here: World, tmp_path: Path) -> None:
    (listing,) = (each for each in gets(here, "clients") if each.path == LISTING)
    aims = [Target(listing, f"{LISTING}?q=clara*&sort=-full_name*", ("q", "sort")), Target(listing, f"{LISTING}?tag={TAG}*", ("tag",))]
    assert [(aim, verdict.found) for aim, verdict in attacked(here, aims, tmp_path) if verdict.found] == []


def test_t44_sqlmap_finds_a_parameter_that_is_put_into_a_statement(patient: Settings, tmp_path: Path) -> None:
    with servers.web_server(patient, tmp_path / "web.log", app="tests.security.faulty:injected") as url:
        here = world(Api(url), patient)
        here.api.post(LISTING, json={"full_name": "Tom Tagged", "tags": [TAG]}, who=here.owner, workspace=here.workspace)
        (listing,) = (each for each in gets(here, "clients") if each.path == LISTING)
        aims = [Target(listing, f"{LISTING}?sort=full_name*&tag={TAG}*", ("sort", "tag"))]
        ((_, verdict),) = attacked(here, aims, tmp_path)
    assert verdict.found == ("tag",)


@pytest.mark.torture
@pytest.mark.parametrize("plugin", PLUGINS)
def test_t44_sqlmap_finds_nothing_in_any_parameter(here: World, plugin: str, tmp_path: Path) -> None:
    operations = gets(here, plugin)
    aims = [aim for operation in operations for aim in targets(here, operation)]
    before = answered(here)
    verdicts = attacked(here, aims, tmp_path)
    found = [(aim, verdict.found, verdict.said[-2000:]) for aim, verdict in verdicts if verdict.found]
    tried = sum(len(aim.names) for aim in aims)
    sent = answered(here) - before
    print(f"T44: {plugin}: sqlmap tried {tried} parameters of {len(operations)} operations in {sent} requests: {len(found)} findings")
    assert found == []
    assert sent > 100 * tried


def test_t44_sqlmap_is_aimed_at_every_parameter(here: World) -> None:
    """No plugin is left out, and none of the parameters that the document names."""
    assert {each.described["x-plugin"] for each in gets(here)} == set(PLUGINS)
    for operation in gets(here):
        aimed = [name for aim in targets(here, operation) for name in aim.names]
        placed = [segment for segment in operation.path.split("/") if "{" in segment]
        assert sorted(aimed) == sorted({*placed, *operation.query, "sort"}), operation
