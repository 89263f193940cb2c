"""The demo studio: made once, by the public API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from config import demo
from config.bootstrap import install, web
from config.demo import calendar
from config.settings import Settings
from config.testing.hub import Hub
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
    assert seen == {"Owner": 42, "Colaborador": 42, "Cliente": 1}


def test_the_demo_shows_a_file_that_came_in_a_merge_and_a_duplicate_that_was_allowed(empty: Settings) -> None:
    installation = install(empty)
    api = Api(web(installation))
    for _ in range(2):
        demo.ensure(web(installation), empty)
    owner = api.post("/auth/login", json={"email": demo.OWNER, "password": demo.PASSWORD}).json["access_token"]

    def read(path: str) -> Any:
        reply = api.get(f"/api/v1/clients{path}", who=owner)
        assert reply.status == 200, reply.body
        return reply.json

    (waiting,) = read("/imports")["items"]
    assert (waiting["state"], waiting["total"]) == ("waiting", 5)
    Hub(installation).drain()
    done = read(f"/imports/{waiting['id']}")
    assert [done[name] for name in ("state", "added", "duplicates", "invalid")] == ["done", 2, 1, 2]
    assert [(each["row"], each["column"], each["matched"]) for each in done["problems"]] == [
        (4, None, "email"), (5, "Data de nascimento", None), (6, "Goal", None),
    ]  # fmt: skip
    assert done["file"]["ignored_columns"] == []
    beatriz = read("?q=beatriz")["items"][0]
    assert (beatriz["custom_fields"], beatriz["lifecycle_stage"], beatriz["birth_date"]) == ({"goal": "Weight"}, "lead", "1992-04-03")
    assert [each["kind"] for each in read(f"/{beatriz['id']}/timeline")["items"]] == ["clients.imported", "clients.created"]
    (gone,) = [each for each in read("?status=archived&limit=200")["items"] if each["merged_into"]]
    survivor = read(f"/{gone['merged_into']}")
    assert ("online" in survivor["tags"], survivor["full_name"]) == (True, "João Ferreira")
    twins = {each["full_name"] for group in read("/duplicates")["items"] for each in group["clients"]}
    assert twins == {"Lucía Ferreira", "Luca Ferreira"}
    assert len(read("/tags")["items"]) == 8
    assert {each["kind"] for each in read(f"/{survivor['id']}/timeline")["items"]} >= {"clients.merged", "clients.created"}


def test_a_demo_cut_short_is_finished_at_the_next_start(empty: Settings) -> None:
    application = web(install(empty))

    class Cut(Exception):
        """The process was killed here."""

    joined: list[str] = []
    join = demo._as_owner(empty)

    def cut_at_the_second(workspace: UUID, user: UUID, role: str, client: UUID | None) -> None:
        if joined:
            raise Cut
        joined.append(role)
        join(workspace, user, role, client)

    with pytest.raises(Cut):
        demo.ensure(application, empty, cut_at_the_second)
    demo.ensure(application, empty)
    api = Api(application)
    token = api.post("/auth/login", json={"email": demo.CLIENT, "password": demo.PASSWORD}).json["access_token"]
    assert len(api.get("/api/v1/clients", who=token).json["items"]) == 1
    owner = api.post("/auth/login", json={"email": demo.OWNER, "password": demo.PASSWORD}).json["access_token"]
    assert len(api.get("/api/v1/users", who=owner).json["items"]) == 3


def test_the_demo_has_two_lively_weeks(empty: Settings) -> None:
    application = web(install(empty))
    for _ in range(2):
        demo.ensure(application, empty)
    seen = _calendar(Api(application))
    assert (seen["rooms"], seen["services"]) == (2, 4)
    assert {status for status, count in seen["bookings"].items() if count} == {"pending", "booked", "cancelled", "completed", "no_show"}
    assert (seen["series"], seen["time-off"], seen["online"] > 0) == (1, 2, True)
    (full,) = seen["classes"]
    assert (full["capacity"], full["seats_taken"], full["waiting"]) == (4, 4, 2)
    assert seen["domains"] == ["pending"]
    assert seen["keys"] == ["Website form"]


@pytest.mark.parametrize("step", ["_open", "_settle", "_crowd", "ask_for_approval"])
def test_a_calendar_cut_short_is_finished_without_doubles(empty: Settings, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    application = web(install(empty))
    where = demo if step == "ask_for_approval" else calendar
    whole, turns = getattr(where, step), iter(range(100))

    def cut(*given: Any) -> Any:
        if next(turns) == 1 or step != "_settle":  # the second time, or at once
            raise KeyboardInterrupt
        return whole(*given)

    with monkeypatch.context() as patched:
        patched.setattr(where, step, cut)
        with pytest.raises(KeyboardInterrupt):
            demo.ensure(application, empty)
    demo.ensure(application, empty)
    seen = _calendar(Api(application))
    assert seen["bookings"] == {"pending": 1, "booked": 16, "cancelled": 2, "completed": 5, "no_show": 1}
    assert (seen["rooms"], seen["services"], seen["series"], seen["time-off"], len(seen["classes"])) == (2, 4, 1, 2, 1)
    assert seen["classes"][0]["waiting"] == 2


def _calendar(api: Api) -> dict[str, Any]:
    """What there is of everything, as the Owner sees it."""
    owner = api.post("/auth/login", json={"email": demo.OWNER, "password": demo.PASSWORD}).json["access_token"]

    def items(path: str) -> list[dict[str, Any]]:
        reply = api.get(path, who=owner)
        assert reply.status == 200, reply.body
        return list(reply.json["items"])

    bookings = [*items("/api/v1/bookings?limit=200"), *items("/api/v1/bookings?limit=200&status=cancelled")]
    statuses = ("pending", "booked", "cancelled", "completed", "no_show")
    (workspace,) = items("/api/v1/workspaces")
    classes = [each for each in bookings if each["capacity"] > 1]
    return {
        **{kind: len(items(f"/api/v1/bookings/{kind}")) for kind in ("rooms", "services", "series", "time-off")},
        "bookings": {status: sum(each["status"] == status for each in bookings) for status in statuses},
        "online": sum(each["location_kind"] == "online" for each in bookings),
        "classes": [{**each, "waiting": len(items(f"/api/v1/bookings/{each['id']}/queue"))} for each in classes],
        "domains": [each["state"] for each in items(f"/api/v1/workspaces/{workspace['id']}/domains")],
        "keys": [each["name"] for each in items(f"/api/v1/workspaces/{workspace['id']}/keys")],
    }  # fmt: skip


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Settings]:
    """An installation nobody has used yet."""
    yield cluster.settings(cluster.clone("fitpro_demo"))
    cluster.drop("fitpro_demo")
