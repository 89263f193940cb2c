"""T34: a grave change needs a proof of identity of the last 10 minutes: an older token gets 403 on every operation of the list."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from adapters.http.gateway import Gateway
from adapters.http.proof import Proof
from config.databases import connections
from config.settings import Settings
from tests.documented import World, world
from tests.servers import Api, Person, Reply, add_member

PASSWORD = "a long enough secret"
GRAVE = frozenset(
    {
        "accounts_replace_password", "accounts_replace_address", "workspaces_create_keys", "workspaces_create_key_rotation",
        "workspaces_create_domains", "workspaces_delete_domain",
    }
)  # fmt: skip
"""Reviewed: these operations must ask for a recent proof, whatever else does."""
SOMETIMES = frozenset(
    {
        "workspaces_create_users", "workspaces_update_invitation", "workspaces_replace_user_role", "workspaces_delete_user",
        "workspaces_delete_own_membership", "workspaces_replace_module",
    }
)  # fmt: skip
"""Reviewed: these must ask when they make or unmake an Owner, or change a secret; what they do every day goes on without."""
BEARABLE = {
    "accounts_create_account": "nobody is there yet", "accounts_create_finished_account": "likewise", "accounts_create_session": "proves who it is",
    "accounts_create_tokens": "holds the token it changes", "accounts_create_logout": "takes away", "accounts_create_forgotten_password": "by mail",
    "accounts_create_password_reset": "the link is the proof", "accounts_create_address_confirmation": "the link is the proof",
    "accounts_create_address_change_stop": "the link is the proof, and takes away",
    "accounts_update_me": "a name, a language, consents", "accounts_create_proof": "is the proof", "accounts_create_verification": "by mail",
    "accounts_delete_sessions": "takes away", "accounts_delete_signed_in_place": "takes away",
    "workspaces_delete_key": "takes away, and must be easy in an incident", "workspaces_create_domain_verification": "the DNS is the proof",
    "workspaces_create_workspaces": "one's own", "workspaces_update_workspace": "name, zone, colours: can be put back",
    "workspaces_replace_logo": "can be sent again", "workspaces_delete_logo": "takes away",
    "workspaces_delete_invitation": "takes away", "workspaces_create_invitation_mail": "to the same address, which the proof was for",
    "workspaces_create_invitation_preview": "reads", "workspaces_create_invitation_acceptance": "the link is the proof",
}  # fmt: skip
"""Reviewed: what else the core modules change, and why it may. Reading is not on the list: an export holds what lists hold, page by page."""
CORE = ("accounts_", "workspaces_", "privacy_")


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


def test_t34_every_change_of_the_core_modules_is_on_one_of_the_lists(aged: Aged) -> None:
    changes = {str(each) for each in aged.world.operations if each.method != "GET" and str(each).startswith(CORE)}
    assert changes == GRAVE | SOMETIMES | set(BEARABLE)
    assert aged.marked() & changes == GRAVE
    assert {c.operation.id for c in aged.gateway.compiled.values() if c.operation.marks.grave} & changes == SOMETIMES


@pytest.mark.parametrize(
    "case", ["making an Owner", "an Owner made less", "an Owner removed", "an Owner who leaves", "inviting an Owner", "offering it"]
)
def test_t34_who_makes_or_unmakes_an_owner_proves_who_they_are(aged: Aged, case: str) -> None:
    change = Owners.of(aged).change(case)
    assert _code(change(aged.person(601))) == (403, "reauthentication_required")
    assert _code(change("key")) == (403, "reauthentication_required"), "an API key can prove nothing"
    assert change(aged.person(0)).status < 300


@pytest.mark.parametrize("case", ["a role below", "removing a Cliente", "inviting a Cliente", "offering less"])
def test_t34_what_is_done_every_day_goes_on_without(aged: Aged, case: str) -> None:
    assert Owners.of(aged).change(case)(aged.person(3600)).status < 300


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


def test_t34_a_demand_that_asks_nothing_is_caught(aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Proof, "demand", lambda _: None)
    assert Owners.of(aged).change("making an Owner")(aged.person(601)).status < 300
    assert aged.missing() == GRAVE | aged.marked()


@dataclass
class Owners:
    """A workspace of the Owner's with another Owner, a Colaborador, a Cliente and two invitations."""

    aged: Aged
    workspace: str
    other: Person
    staff: Person
    cliente: Person
    invitations: dict[str, str]
    key: str

    @classmethod
    def of(cls, aged: Aged) -> Owners:
        api, owner = aged.world.api, aged.person(0)
        workspace = api.workspace(owner, "Grave Studio")
        other, staff, cliente = (api.signup(role) for role in ("Other Owner", "Sam", "Clara"))
        for person, role in ((other, "Owner"), (staff, "Colaborador"), (cliente, "Cliente")):
            add_member(aged.settings, workspace, person, role)
        invited = {
            role: api.post("/api/v1/users", json={"email": fresh(), "role": role}, who=owner, workspace=workspace).json["id"]
            for role in ("Owner", "Colaborador")
        }
        scopes = {"name": "All", "scopes": ["workspaces:manage_members", "workspaces:invite", "workspaces:leave"]}
        made = api.post(f"/api/v1/workspaces/{workspace}/keys", json=scopes, who=owner)
        return cls(aged, workspace, other, staff, cliente, invited, made.json.get("key", "") if made.status == 201 else str(made.body))

    def change(self, case: str) -> Callable[[Person | str], Reply]:
        users, offers = "/api/v1/users", "/api/v1/invitations"
        method, path, body = {
            "making an Owner": ("PUT", f"{users}/{self.staff.id}/role", {"role": "Owner"}),
            "an Owner made less": ("PUT", f"{users}/{self.other.id}/role", {"role": "Colaborador"}),
            "an Owner removed": ("DELETE", f"{users}/{self.other.id}", None),
            "an Owner who leaves": ("DELETE", f"{users}/me", None),
            "inviting an Owner": ("POST", users, {"email": fresh(), "role": "Owner"}),
            "offering it": ("PATCH", f"{offers}/{self.invitations['Colaborador']}", {"role": "Owner"}),
            "a role below": ("PUT", f"{users}/{self.staff.id}/role", {"role": "Cliente"}),
            "removing a Cliente": ("DELETE", f"{users}/{self.cliente.id}", None),
            "inviting a Cliente": ("POST", users, {"email": fresh(), "role": "Cliente"}),
            "offering less": ("PATCH", f"{offers}/{self.invitations['Owner']}", {"role": "Cliente"}),
        }[case]

        def ask(who: Person | str) -> Reply:
            return self.aged.world.api.request(method, path, json=body, who=self.key if who == "key" else who, workspace=self.workspace)

        return ask


def fresh() -> str:
    return f"{uuid.uuid4().hex}@example.com"


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
