"""T30: eight ways of abusing an invitation, each by 64 accepts at once: one member at most, never more than was offered."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from plugins.workspaces.repository import Repository
from plugins.workspaces.service.invitations import digest_of
from plugins.workspaces.service.joining import JoiningService
from tests.invited import invite, token_of
from tests.servers import Api, Person, add_member, owner_of

CROWD = 64


@dataclass(frozen=True)
class Case:
    """A workspace with two Owners, somebody invited and somebody who is not."""

    api: Api
    settings: Settings
    workspace: str
    owner: Person
    sender: Person
    invited: Person
    thief: Person

    def asked(self, role: str = "Colaborador") -> str:
        return invite(self.api, self.sender, self.invited.email, role, self.workspace)

    def token(self, id: str) -> str:
        return token_of(self.settings, id)

    def do(self, method: str, path: str, json: object = None) -> None:
        assert self.api.request(method, path, json=json, who=self.owner, workspace=self.workspace).status in (200, 204)


def again_and_again(case: Case) -> str:
    return case.token(case.asked())


def expired(case: Case) -> str:
    id = case.asked()
    with owner_of(case.settings) as connection:
        connection.execute("update workspaces_invitation set expires_at = now() - interval '1 s' where id = %s", (id,))
    return case.token(id)


def revoked(case: Case) -> str:
    id = case.asked()
    case.do("DELETE", f"/api/v1/invitations/{id}")
    return case.token(id)


def superseded(case: Case) -> str:
    id = case.asked()
    old = case.token(id)
    case.do("POST", f"/api/v1/invitations/{id}/resend")
    return old


def sender_removed(case: Case) -> str:
    token = case.token(case.asked())
    case.do("DELETE", f"/api/v1/users/{case.sender.id}")
    return token


def sender_lowered(case: Case) -> str:
    token = case.token(case.asked("Owner"))
    case.do("PUT", f"/api/v1/users/{case.sender.id}/role", {"role": "Colaborador"})
    return token


def of_another_workspace(case: Case) -> str:
    other = case.api.workspace(case.thief, "Elsewhere")
    return other.replace("-", "") + case.token(case.asked())[32:]


# Abuse → how the token is come by, whether the thief has it, how many become members.
ABUSES: dict[str, tuple[Callable[[Case], str], bool, int]] = {
    "used 64 times": (again_and_again, False, 1),
    "stolen": (again_and_again, True, 0),
    "expired": (expired, False, 0),
    "revoked": (revoked, False, 0),
    "superseded": (superseded, False, 0),
    "of a sender who was removed": (sender_removed, False, 0),
    "of a sender who may less": (sender_lowered, False, 0),
    "for another workspace": (of_another_workspace, False, 0),
}


def case_of(api: Api, settings: Settings) -> Case:
    owner, sender, thief = api.signup("Olga"), api.signup("Sam"), api.signup("Theo")
    invited = api.signup("Nina", f"{secrets.token_hex(6)}@example.com")
    workspace = api.workspace(owner)
    add_member(settings, workspace, sender, "Owner")
    return Case(api, settings, workspace, owner, sender, invited, thief)


def abused(case: Case, abuse: str, fresh: Callable[[], Api], crowd: int = CROWD) -> tuple[list[str], list[int]]:
    """The roles the two have in the workspace afterwards, and the answers."""
    prepare, stolen, _ = ABUSES[abuse]
    token = prepare(case)
    who = case.thief if stolen else case.invited
    with ThreadPoolExecutor(crowd) as together:
        answers = list(together.map(lambda _: fresh().post("/api/v1/invitations/accept", json={"token": token}, who=who).status, range(crowd)))
    with owner_of(case.settings) as connection:
        rows = connection.execute(
            "select role from user_roles where workspace_id = %s and user_id = any (%s::uuid[])", (case.workspace, [case.invited.id, case.thief.id])
        ).fetchall()
    return [row[0] for row in rows], answers


@pytest.mark.parametrize("abuse", ABUSES)
def test_t30_64_accepts_at_once_make_no_more_than_was_offered(server: Api, settings: Settings, abuse: str) -> None:
    roles, answers = abused(case_of(server, settings), abuse, lambda: Api(server.url))
    expected = ABUSES[abuse][2]
    assert roles == ["Colaborador"] * expected
    assert answers.count(200) == expected
    assert set(answers) <= {200, 403, 404, 409, 503}


def test_t30_what_the_body_claims_besides_the_token_is_refused(server: Api, settings: Settings) -> None:
    case = case_of(server, settings)
    token = case.token(case.asked())
    for extra in ({"role": "Owner"}, {"email": case.thief.email}, {"workspace_id": case.workspace}):
        assert server.post("/api/v1/invitations/accept", json={"token": token, **extra}, who=case.invited).status == 422


# The seeded faults -----------------------------------------------------------------------------------------------------------------------


def _unjudged(service: JoiningService, token: str, *, take: bool) -> object:
    """The invitation a token opens, whatever became of it."""
    return service._store.offer(UUID(hex=token[:32]), digest_of(token), take=take)


FAULTS: dict[str, tuple[str, type, str, object]] = {
    "without an end": ("expired", JoiningService, "_offer", _unjudged),
    "that cannot be withdrawn": ("revoked", JoiningService, "_offer", _unjudged),
    "that outlives its sender": ("of a sender who was removed", Repository, "revoke_invitations_of", lambda *_, **__: None),
    "that outlives a role": ("of a sender who may less", Repository, "revoke_invitations_of", lambda *_, **__: None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_t30_an_invitation_is_caught(gateway: Gateway, local: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    abuse, where, name, instead = FAULTS[fault]
    monkeypatch.setattr(where, name, instead)
    assert abused(case_of(local, settings), abuse, lambda: Api(gateway), crowd=2)[0] != []
