"""T34: a grave change needs a proof of identity of the last 10 minutes: an older token gets 403 on every operation of the list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from adapters.http.gateway import Gateway
from config.databases import connections
from config.settings import Settings
from tests.documented import World, world
from tests.servers import Api, Person, Reply

PASSWORD = "a long enough secret"
GRAVE = frozenset({"accounts_replace_password", "accounts_replace_address", "workspaces_create_keys", "workspaces_create_key_rotation"})
"""Reviewed: these operations must ask for a recent proof, whatever else does."""


@dataclass
class Aged:
    """An installation in which a person's proof of identity can be made older."""

    world: World
    gateway: Gateway
    settings: Settings

    def person(self, seconds: int) -> Person:
        """The Owner in a session of their own, whose proof is so many seconds old: what a refresh hands out."""
        known = self.world.owner
        signed_in = self.world.api.post("/auth/login", json={"email": known.email, "password": PASSWORD}).json
        with psycopg.connect(connections(self.settings).auth) as auth:
            auth.execute(
                "update sessions set authenticated_at = now() - make_interval(secs => %s)"
                " where id = (select id from sessions where user_id = %s order by created_at desc limit 1)",
                (seconds, known.id),
            )
        tokens = self.world.api.post("/auth/refresh", json={"refresh_token": signed_in["refresh_token"]}).json
        return Person(known.id, known.email, tokens["access_token"], tokens["refresh_token"])

    def marked(self) -> set[str]:
        return {c.operation.id for c in self.gateway.compiled.values() if c.operation.marks.recent}

    def ask(self, operation: str, who: Person) -> Reply:
        found = next(each for each in self.world.operations if str(each) == operation)
        body = self.world.body(found) if found.body_schema else None
        return self.world.call(found, who=who, json=body)

    def missing(self) -> set[str]:
        """Operations of the list that a stale token passes."""
        stale = self.person(601)
        return {operation for operation in GRAVE | self.marked() if _code(self.ask(operation, stale)) != (403, "reauthentication_required")}


def test_t34_a_stale_token_is_refused_by_every_operation_on_the_list(aged: Aged) -> None:
    assert aged.marked() >= GRAVE
    print(f"T34: {len(aged.marked())} operations")
    assert aged.missing() == set()


def test_t34_refreshing_proves_nothing_and_reauthenticating_does(aged: Aged, probed: str) -> None:
    stale = aged.person(3600)
    assert _code(aged.ask(probed, stale))[0] == 403
    renewed = aged.world.api.post("/auth/refresh", json={"refresh_token": stale.refresh}).json
    assert _code(aged.ask(probed, Person(stale.id, stale.email, renewed["access_token"], ""))) == (403, "reauthentication_required")
    wrong = aged.world.api.post("/api/v1/me/reauthenticate", json={"password": "not this one at all"}, who=renewed["access_token"])
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/password")
    proved = aged.world.api.post("/api/v1/me/reauthenticate", json={"password": PASSWORD}, who=renewed["access_token"])
    assert proved.status == 200
    assert aged.ask(probed, Person(stale.id, stale.email, proved.json["access_token"], "")).status < 300


def test_t34_nine_minutes_are_recent_enough(aged: Aged, probed: str) -> None:
    assert aged.ask(probed, aged.person(540)).status < 300


def test_t34_who_may_not_at_all_is_told_so_first(aged: Aged, probed: str) -> None:
    assert aged.world.api.patch("/api/v1/me", json={"full_name": "X"}).status == 401
    stranger = aged.world.api.signup("Stranger")
    stale = aged.person(601)
    aged.world.api.post("/auth/logout", who=stale)
    assert _code(aged.ask(probed, stale)) == (401, "session_revoked")
    assert aged.ask(probed, stranger).status < 300


# The seeded fault ------------------------------------------------------------------------------------------------------------------------


def test_t34_an_operation_that_lost_its_mark_is_caught(aged: Aged, probed: str) -> None:
    with marked(aged.gateway, probed, False):
        assert probed not in aged.marked()
        assert _code(aged.ask(probed, aged.person(601)))[0] < 300


@contextmanager
def marked(gateway: Gateway, operation: str, value: bool) -> Iterator[None]:
    """The operation's mark set or removed while the block runs."""
    marks = next(c.operation.marks for c in gateway.compiled.values() if c.operation.id == operation)
    before, marks.recent = marks.recent, value
    try:
        yield
    finally:
        marks.recent = before


@pytest.fixture(scope="module")
def aged(local: Api, gateway: Gateway, settings: Settings) -> Aged:
    return Aged(world(local, settings), gateway, settings)


@pytest.fixture
def probed(aged: Aged) -> Iterator[str]:
    """An operation that everybody may call, grave for once."""
    with marked(aged.gateway, "accounts_update_me", True):
        yield "accounts_update_me"


def _code(reply: Reply) -> tuple[int, Any]:
    return reply.status, reply.json.get("code") if reply.body else None
