"""T16, T31: who is removed or lowered is so with the next request, whatever they hold; and one Owner always stays."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.http.gateway import Gateway
from config.bootstrap import install
from config.settings import Settings
from config.testing.hub import Hub
from plugins.workspaces.service.members import MembersService
from tests.security.seeded import rewritten
from tests.security.studios import Studios
from tests.servers import Api, Person, add_member, owner_of

REPLAYS = 1_000
ROUNDS, TORTURE_ROUNDS = 5, 500
OF_OWNERS = (
    "GET /api/v1/audit?limit=1", "PATCH /api/v1/workspaces/{ws}", "PUT /api/v1/users/{id}/role", "PUT /api/v1/workspaces/{ws}/modules/clients",
)  # fmt: skip
OF_MEMBERS = ("GET /api/v1/clients", "GET /api/v1/users", "POST /api/v1/clients", "POST /api/v1/users", "GET /api/v1/users/me")
BODIES = {
    "PATCH /api/v1/workspaces/{ws}": {"name": "Mine"}, "PUT /api/v1/users/{id}/role": {"role": "Owner"}, "POST /api/v1/clients": {"full_name": "Eva"},
    "PUT /api/v1/workspaces/{ws}/modules/clients": {"enabled": True}, "POST /api/v1/users": {"email": "eva@example.com", "role": "Cliente"},
}  # fmt: skip


def replay(studios: Studios, person: Person, asked: tuple[str, ...], times: int) -> Counter[int]:
    """The statuses of many requests with a token from before."""
    a, found = studios["a"], Counter[int]()
    for n in range(times):
        way = asked[n % len(asked)]
        method, path = way.format(ws=a.id, id=person.id).split(" ")
        found[studios.api.request(method, path, json=BODIES.get(way), who=person, workspace=a.id).status] += 1
    return found


def cursor(studios: Studios, person: Person, path: str) -> str:
    a = studios["a"]
    return f"{path}&cursor={studios.api.get(path, who=person, workspace=a.id).json['next_cursor']}"


def removed(studios: Studios, times: int) -> Counter[int]:
    """Statuses for a member removed a moment ago, an open page included."""
    studios.repair("a")
    a, person = studios["a"], studios["a"].people["Colaborador"]
    assert set(replay(studios, person, OF_MEMBERS[:2], 4)) == {200}
    page = cursor(studios, person, "/api/v1/clients?limit=1")
    path = f"/api/v1/users/{person.id}?reassign_to={a.people['Owner'].id}"
    assert studios.api.delete(path, who=a.people["Owner"], workspace=a.id).status == 204
    return replay(studios, person, (*OF_MEMBERS, *OF_OWNERS, f"GET {page}"), times)


def lowered(studios: Studios, times: int) -> Counter[int]:
    """Statuses of what an Owner may, for one who is none since a moment ago."""
    studios.repair("a")
    a, person = studios["a"], studios["a"].people["Colaborador"]
    put = f"/api/v1/users/{person.id}/role"
    assert studios.api.put(put, json={"role": "Owner"}, who=a.people["Owner"], workspace=a.id).status == 200
    page = cursor(studios, person, "/api/v1/audit?limit=1")
    assert set(replay(studios, person, OF_OWNERS[:1], 2)) == {200}
    assert studios.api.put(put, json={"role": "Colaborador"}, who=a.people["Owner"], workspace=a.id).status == 200
    return replay(studios, person, (*OF_OWNERS, f"GET {page}"), times)


def test_t16_a_removed_member_gets_nowhere_with_what_they_hold(studios: Studios) -> None:
    assert removed(studios, REPLAYS) == {404: REPLAYS}


def test_t16_a_lowered_member_does_nothing_of_the_role_before(studios: Studios) -> None:
    assert lowered(studios, REPLAYS) == {403: REPLAYS}


def test_t16_a_job_they_queued_tells_nobody_anything(hub: Hub) -> None:
    """An invitation whose sender is removed before the mail goes out is not sent, and its link opens nothing."""
    workspace, email = hub.workspace("North Studio"), f"{secrets.token_hex(6)}@example.com"
    sender = workspace.member()
    assert sender.post("/api/v1/users", json={"email": email, "role": "Colaborador"}).status == 201
    assert workspace.owner.delete(f"/api/v1/users/{sender.user_id}").status == 204
    workspace.run_jobs()
    assert hub.mails(email) == []
    assert workspace.owner.get("/api/v1/invitations").json["items"][0]["status"] == "revoked"


def test_t16_a_gate_that_forgets_who_left_is_caught(studios: Studios) -> None:
    with rewritten(studios.superuser, "app.enter", lambda body: body.replace("and r.ended_at is null", "")):
        assert removed(studios, 20)[200] > 0


# T31 -------------------------------------------------------------------------------------------------------------------------------------


def owners_left(
    api: Api, fresh: Callable[[], Api], settings: Settings, ana: Person, bob: Person, crowd: ThreadPoolExecutor
) -> tuple[int, Counter[int]]:
    """How many Owners remain of two when 64 requests remove and demote both at once; and the answers."""
    workspace = api.workspace(ana)
    add_member(settings, workspace, bob, "Owner")
    ways = [
        lambda one, actor, other: one.delete(f"/api/v1/users/{other.id}", who=actor, workspace=workspace),
        lambda one, actor, _: one.delete("/api/v1/users/me", who=actor, workspace=workspace),
        lambda one, actor, other: one.put(f"/api/v1/users/{other.id}/role", json={"role": "Cliente"}, who=actor, workspace=workspace),
        lambda one, actor, _: one.put(f"/api/v1/users/{actor.id}/role", json={"role": "Colaborador"}, who=actor, workspace=workspace),
    ]
    jobs = [(ways[n % 4], *((ana, bob) if n % 8 < 4 else (bob, ana))) for n in range(64)]
    answers = Counter(crowd.map(lambda job: job[0](fresh(), job[1], job[2]).status, jobs))
    with owner_of(settings) as connection:
        row = connection.execute(
            "select count(*) from user_roles where workspace_id = %s and role = 'Owner' and ended_at is null", (workspace,)
        ).fetchone()
    assert row is not None
    return int(row[0]), answers


def rounds(api: Api, settings: Settings, times: int) -> None:
    ana, bob = api.signup("Ana"), api.signup("Bob")
    with ThreadPoolExecutor(64) as crowd:
        for _ in range(times):
            left, answers = owners_left(api, lambda: Api(api.url), settings, ana, bob, crowd)
            assert left >= 1, answers
            assert set(answers) <= {200, 204, 403, 404, 409, 503}, answers
            assert answers[200] + answers[204] >= 1, answers


def test_t31_of_two_owners_one_stays_whatever_64_requests_do_at_once(server: Api, settings: Settings) -> None:
    rounds(server, settings, ROUNDS)


@pytest.mark.torture
def test_t31_of_two_owners_one_stays_in_500_rounds(server: Api, settings: Settings) -> None:
    rounds(server, settings, TORTURE_ROUNDS)


def test_t31_nobody_makes_themselves_more(studios: Studios) -> None:
    studios.repair("a")
    a = studios["a"]
    for role in ("Colaborador", "Cliente"):
        person = a.people[role]
        refused = studios.api.put(f"/api/v1/users/{person.id}/role", json={"role": "Owner"}, who=person, workspace=a.id)
        assert refused.status == 403


def test_t31_a_service_that_does_not_count_owners_is_caught(
    gateway: Gateway, local: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MembersService, "_keep_an_owner", staticmethod(lambda _: None))
    with ThreadPoolExecutor(8) as crowd:
        assert 0 in {owners_left(local, lambda: Api(gateway), settings, local.signup(), local.signup(), crowd)[0] for _ in range(3)}


@pytest.fixture(scope="module")
def hub(settings: Settings) -> Iterator[Hub]:
    """The shared installation with a worker in this process."""
    installation = install(settings)
    yield Hub(installation)
    for pool in (installation.container.app_pool, installation.container.auth_pool, installation.container.relay_pool):
        pool().close()
