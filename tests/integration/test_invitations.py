"""Inviting people and joining, over HTTP."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from config.bootstrap import install
from config.settings import Settings
from config.testing.hub import Hub
from tests.invited import invite, token_of
from tests.servers import Api, Cluster, Person, add_member, owner_of


@dataclass(frozen=True)
class Studio:
    """A workspace with an Owner and a Colaborador, and somebody who is not in it."""

    id: str
    owner: Person
    staff: Person
    outsider: Person


def fresh() -> str:
    return f"{secrets.token_hex(6)}@example.com"


def accept(api: Api, token: str, who: Person) -> Any:
    return api.post("/api/v1/invitations/accept", json={"token": token}, who=who)


def test_an_invitation_shows_everything_but_its_link(server: Api, settings: Settings, studio: Studio) -> None:
    email = fresh()
    made = server.post("/api/v1/users", json={"email": email.upper(), "role": "Colaborador", "full_name": "Eva Prado"}, who=studio.owner)
    assert made.status == 201
    told = made.json
    assert (told["email"], told["role"], told["full_name"], told["status"], told["client_scope"]) == (
        email,
        "Colaborador",
        "Eva Prado",
        "pending",
        "all",
    )
    assert told["invited_by"] == studio.owner.id
    token = token_of(settings, told["id"])
    assert token not in made.body.decode()
    with owner_of(settings) as connection:
        kept = connection.execute("select i::text from workspaces_invitation i where id = %s", (told["id"],)).fetchone()
    assert kept is not None
    assert token.partition(".")[2] not in kept[0]
    assert server.get(f"/api/v1/invitations/{told['id']}", who=studio.owner).json == told
    assert [each["id"] for each in server.get("/api/v1/invitations?status=pending", who=studio.owner).json["items"]] == [told["id"]]
    assert server.get("/api/v1/invitations?status=accepted", who=studio.owner).json["items"] == []


def test_a_person_without_an_account_sees_what_is_offered_signs_up_and_joins(server: Api, settings: Settings, studio: Studio) -> None:
    email = fresh()
    token = token_of(settings, invite(server, studio.owner, email))
    shown = server.post("/api/v1/invitations/preview", json={"token": token})
    assert shown.status == 200
    assert (shown.json["workspace"], shown.json["email"], shown.json["role"]) == ({"id": studio.id, "name": "North Studio"}, email, "Colaborador")
    eva = server.signup("Eva Prado", email)
    joined = accept(server, token, eva)
    assert (joined.status, joined.json["id"], joined.json["role"]) == (200, studio.id, "Colaborador")
    assert server.get("/api/v1/users/me", who=eva).json["full_name"] == "Eva Prado"
    again = accept(server, token, eva)
    assert (again.status, again.json["code"]) == (409, "invitation_used")
    assert server.post("/api/v1/invitations/preview", json={"token": token}).json["code"] == "invitation_used"
    with owner_of(settings) as connection:
        events = connection.execute("select name from outbox where workspace_id = %s order by id", (studio.id,)).fetchall()
    assert [row[0] for row in events] == ["workspaces_member_invited", "workspaces_member_joined"]


def test_an_existing_account_is_linked_and_a_former_member_comes_back(server: Api, settings: Settings, studio: Studio) -> None:
    for role in ("Colaborador", "Owner"):
        token = token_of(settings, invite(server, studio.owner, studio.outsider.email, role))
        assert accept(server, token, studio.outsider).status == 200
        assert server.get("/api/v1/users/me", who=studio.outsider, workspace=studio.id).json["role"] == role
        assert server.delete(f"/api/v1/users/{studio.outsider.id}", who=studio.owner).status == 204
    with owner_of(settings) as connection:
        rows = connection.execute(
            "select count(*) from user_roles where workspace_id = %s and user_id = %s", (studio.id, studio.outsider.id)
        ).fetchone()
    assert rows == (1,)


def test_members_and_the_invited_are_not_invited_again(server: Api, studio: Studio) -> None:
    email = fresh()
    invite(server, studio.owner, email)
    twice = server.post("/api/v1/users", json={"email": email, "role": "Cliente"}, who=studio.owner)
    member = server.post("/api/v1/users", json={"email": studio.staff.email, "role": "Cliente"}, who=studio.owner)
    assert [(r.status, r.json["code"]) for r in (twice, member)] == [(409, "already_invited"), (409, "already_member")]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "Cliente"}, "/email"),
        ({"email": "nobody", "role": "Cliente"}, "/email"),
        ({"email": "ana@example.com", "role": "Boss"}, "/role"),
        ({"email": "ana@example.com", "role": "Colaborador", "client_id": str(uuid.uuid4())}, "/client_id"),
        ({"email": "ana@example.com", "role": "Cliente", "client_id": str(uuid.uuid4())}, "/client_id"),
        ({"email": "ana@example.com", "role": "Cliente", "client_scope": "own"}, "/client_scope"),
        ({"email": "ana@example.com", "role": "Cliente", "full_name": " "}, "/full_name"),
        ({"email": "ana@example.com", "role": "Cliente", "token": "x"}, "/token"),
    ],
)
def test_an_invitation_is_refused_at_the_value_that_is_wrong(server: Api, studio: Studio, body: dict[str, object], pointer: str) -> None:
    refused = server.post("/api/v1/users", json=body, who=studio.owner)
    assert (refused.status, [error["pointer"] for error in refused.json["errors"]]) == (422, [pointer])
    assert server.get("/api/v1/invitations", who=studio.owner).json["items"] == []


def test_a_client_is_invited_to_their_record(server: Api, settings: Settings, studio: Studio) -> None:
    """workspaces_inviting asks the plugin that keeps clients."""
    client = server.post("/api/v1/clients", json={"full_name": "Bia Lima"}, who=studio.owner).json["id"]
    other = server.post("/api/v1/clients", json={"full_name": "Eva Prado"}, who=studio.owner).json["id"]
    token = token_of(settings, invite(server, studio.staff, studio.outsider.email, "Cliente", client_id=client))
    joined = accept(server, token, studio.outsider)
    assert (joined.status, joined.json["client_id"]) == (200, client)
    assert [each["id"] for each in server.get("/api/v1/clients", who=studio.outsider).json["items"]] == [client]
    unknown = server.put(f"/api/v1/users/{studio.outsider.id}/role", json={"role": "Cliente", "client_id": str(uuid.uuid4())}, who=studio.owner)
    assert (unknown.status, unknown.json["errors"][0]["pointer"]) == (422, "/client_id")
    known = server.put(f"/api/v1/users/{studio.outsider.id}/role", json={"role": "Cliente", "client_id": other}, who=studio.owner)
    assert (known.status, known.json["client_id"]) == (200, other)


def test_a_collaborator_invites_up_to_their_own_role_and_handles_only_their_own(server: Api, studio: Studio) -> None:
    above = server.post("/api/v1/users", json={"email": fresh(), "role": "Owner"}, who=studio.staff)
    assert above.status == 403
    theirs, others = invite(server, studio.staff, fresh()), invite(server, studio.owner, fresh())
    assert [each["id"] for each in server.get("/api/v1/invitations", who=studio.staff).json["items"]] == [theirs]
    assert len(server.get("/api/v1/invitations", who=studio.owner).json["items"]) == 2
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/resend")):
        body = {"role": "Cliente"} if method == "PATCH" else None
        assert server.request(method, f"/api/v1/invitations/{others}{path}", json=body, who=studio.staff).status == 404
    assert server.patch(f"/api/v1/invitations/{theirs}", json={"role": "Owner"}, who=studio.staff).status == 403
    assert server.patch(f"/api/v1/invitations/{theirs}", json={"role": "Owner"}, who=studio.owner).status == 200
    # The Owner answers for it now: the collaborator can neither see nor send it.
    assert server.post(f"/api/v1/invitations/{theirs}/resend", who=studio.staff).status == 404


def test_a_pending_role_can_be_edited_and_the_link_stays(server: Api, settings: Settings, studio: Studio) -> None:
    id = invite(server, studio.owner, studio.outsider.email, "Cliente")
    token = token_of(settings, id)
    edited = server.patch(f"/api/v1/invitations/{id}", json={"role": "Colaborador", "client_scope": "own"}, who=studio.owner)
    assert (edited.status, edited.json["role"], edited.json["client_scope"], edited.json["version"]) == (200, "Colaborador", "own", 2)
    stale = server.patch(f"/api/v1/invitations/{id}", json={"role": "Owner"}, who=studio.owner, headers={"If-Match": '"1-workspaces.invitation"'})
    assert stale.status == 412
    assert accept(server, token, studio.outsider).json["role"] == "Colaborador"
    assert server.get("/api/v1/users/me", who=studio.outsider).json["client_scope"] == "own"
    assert server.patch(f"/api/v1/invitations/{id}", json={"role": "Owner"}, who=studio.owner).json["code"] == "invitation_used"
    assert server.delete(f"/api/v1/invitations/{id}", who=studio.owner).json["code"] == "invitation_used"


def test_sending_again_kills_the_link_before_and_revoking_kills_all(server: Api, settings: Settings, studio: Studio) -> None:
    id = invite(server, studio.owner, studio.outsider.email)
    sent = server.post(f"/api/v1/invitations/{id}/resend", who=studio.owner)
    assert (sent.status, sent.json["status"]) == (200, "pending")
    old, new = token_of(settings, id, 1), token_of(settings, id)
    assert old != new
    assert accept(server, old, studio.outsider).json["code"] == "invitation_unknown"
    for _ in range(2):
        assert server.delete(f"/api/v1/invitations/{id}", who=studio.owner).status == 204
    assert accept(server, new, studio.outsider).json["code"] == "invitation_revoked"
    assert server.post(f"/api/v1/invitations/{id}/resend", who=studio.owner).json["code"] == "invitation_revoked"
    assert server.get(f"/api/v1/invitations/{id}", who=studio.owner).json["status"] == "revoked"
    invite(server, studio.owner, studio.outsider.email)  # the address is free again


def test_it_is_sent_again_as_it_was_read_or_not_at_all(server: Api, settings: Settings, studio: Studio) -> None:
    id = invite(server, studio.owner, studio.outsider.email)
    path = f"/api/v1/invitations/{id}"
    read = server.get(path, who=studio.owner).headers["ETag"]
    assert server.patch(path, json={"role": "Colaborador"}, who=studio.owner).json["version"] == 2
    refused = server.post(f"{path}/resend", who=studio.owner, headers={"If-Match": read})
    assert (refused.status, server.get(path, who=studio.owner).json["version"]) == (412, 2)
    assert accept(server, token_of(settings, id, 1), studio.outsider).status == 200, "the link before is as good as it was"
    other = invite(server, studio.owner, "other@example.com")
    tag = server.get(f"/api/v1/invitations/{other}", who=studio.owner).headers["ETag"]
    sent = [server.post(f"/api/v1/invitations/{other}/resend", who=studio.owner, headers={"If-Match": tag}).status for _ in range(2)]
    assert sent == [200, 412]


def test_an_expired_link_is_dead_until_it_is_sent_again(server: Api, settings: Settings, studio: Studio) -> None:
    id = invite(server, studio.owner, studio.outsider.email)
    with owner_of(settings) as connection:
        found = connection.execute(
            "update workspaces_invitation set expires_at = now() - interval '1 s' where id = %s returning created_at + interval '72 hours'", (id,)
        )
        assert found.rowcount == 1
    token = token_of(settings, id)
    assert accept(server, token, studio.outsider).json["code"] == "invitation_expired"
    assert server.get("/api/v1/invitations?status=expired", who=studio.owner).json["items"][0]["id"] == id
    assert server.post(f"/api/v1/invitations/{id}/resend", who=studio.owner).json["status"] == "pending"
    assert accept(server, token_of(settings, id), studio.outsider).status == 200


@pytest.mark.parametrize("token", ["", "x", "0" * 32 + "." + "A" * 43, "zz" * 16 + "." + "A" * 43, "\u0661" * 32 + "." + "A" * 43])
def test_a_token_that_opens_nothing_is_unknown(server: Api, studio: Studio, token: str) -> None:
    for reply in (accept(server, token, studio.outsider), server.post("/api/v1/invitations/preview", json={"token": token})):
        assert (reply.status, reply.json["code"]) == (404, "invitation_unknown")


# Mail -------------------------------------------------------------------------------------------------------------------------------------


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ("invites you to", "Your role at", "no longer a member")),
        ("es", ("te invita a", "Tu papel en", "Ya no eres miembro")),
        ("pt-BR", ("Convite de", "O seu papel em", "Já não é membro")),
    ],
)
def test_the_mails_of_a_membership_in_the_language_of_whom_it_is_about(hub: Hub, locale: str, words: tuple[str, ...]) -> None:
    workspace = hub.workspace("North Studio")
    owner = workspace.owner
    other = "en" if locale != "en" else "es"
    assert owner.patch(f"/api/v1/workspaces/{workspace.id}", json={"locale": other}).status == 200
    user, access = hub.person()
    assert hub.request("PATCH", "/api/v1/me", json={"locale": locale}, headers={"Authorization": f"Bearer {access}"}).status == 200
    person = hub.request("GET", "/api/v1/me", headers={"Authorization": f"Bearer {access}"}).json
    workspace.run_jobs()
    before = len(hub.mails(person["email"]))  # accounts write as well
    made = owner.post("/api/v1/users", json={"email": person["email"], "role": "Cliente"})
    assert made.status == 201
    workspace.run_jobs()
    (first,) = hub.mails(person["email"])[before:]
    assert words[0] in first["Subject"]
    assert owner.post(f"/api/v1/invitations/{made.json['id']}/resend").status == 200
    workspace.run_jobs()
    links = [re.findall(r"#token=(\S+)", text_of(mail))[0] for mail in hub.mails(person["email"])[before:]]
    assert len(set(links)) == 2
    bearer = {"Authorization": f"Bearer {access}"}
    assert hub.request("POST", "/api/v1/invitations/accept", json={"token": links[0]}, headers=bearer).status == 404
    assert hub.request("POST", "/api/v1/invitations/accept", json={"token": links[1]}, headers=bearer).status == 200
    assert owner.put(f"/api/v1/users/{user}/role", json={"role": "Owner"}).status == 200
    with hub.owner() as connection:  # ten minutes later
        connection.execute("update outbox_deliveries set available_at = now() where workspace_id = %s and done_at is null", (workspace.id,))
    workspace.run_jobs()
    assert owner.delete(f"/api/v1/users/{user}").status == 204
    workspace.run_jobs()
    subjects = [mail["Subject"] for mail in hub.mails(person["email"])[before:]]
    assert len(subjects) == 4
    assert words[1] in subjects[2]
    assert words[2] in subjects[3]


@pytest.mark.parametrize(("locale", "words"), [("en", "invites you to"), ("es", "te invita a"), ("pt-BR", "Convite de")])
def test_who_has_no_account_is_invited_in_the_language_of_the_workspace(hub: Hub, locale: str, words: str) -> None:
    email, workspace = fresh(), hub.workspace("North Studio")
    assert workspace.owner.patch(f"/api/v1/workspaces/{workspace.id}", json={"locale": locale}).status == 200
    assert workspace.owner.post("/api/v1/users", json={"email": email, "role": "Cliente"}).status == 201
    workspace.run_jobs()
    assert [words in mail["Subject"] for mail in hub.mails(email)] == [True]


def test_nothing_is_sent_for_what_was_revoked_meanwhile(hub: Hub) -> None:
    email, workspace = fresh(), hub.workspace("North Studio")
    made = workspace.owner.post("/api/v1/users", json={"email": email, "role": "Cliente"})
    assert workspace.owner.delete(f"/api/v1/invitations/{made.json['id']}").status == 204
    workspace.run_jobs()
    assert hub.mails(email) == []


@pytest.fixture(scope="module")
def hub(cluster: Cluster, settings: Settings) -> Iterator[Hub]:
    """The shared installation with a worker in this process."""
    installation = install(settings)
    yield Hub(installation)
    for pool in (installation.container.app_pool, installation.container.auth_pool, installation.container.relay_pool):
        pool().close()


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    owner, staff, outsider = (server.signup(name) for name in ("Olga Owner", "Carl Colaborador", "Nina Nobody"))
    made = server.workspace(owner)
    add_member(settings, made, staff, "Colaborador")
    return Studio(made, owner, staff, outsider)
