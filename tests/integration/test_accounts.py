"""Accounts over HTTP: from signing up to being signed out, and what a stolen token is worth."""

from __future__ import annotations

import contextlib
import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from config.databases import connections
from config.settings import Settings
from tests import servers
from tests.office import Office
from tests.servers import Api, Person, Reply

PASSWORD = "a long enough secret"
YES = {"terms": True, "privacy": True}


def test_a_session_from_signing_up_to_signing_out(server: Api) -> None:
    email = _address()
    signed_up = _signup(server, email)
    assert signed_up.status == 201
    logged_in = _login(server, email)
    assert logged_in.status == 200
    for reply in (signed_up, logged_in):
        assert set(reply.json) == {"user", "access_token", "refresh_token", "token_type", "expires_in"}
        assert (reply.json["token_type"], reply.headers["Cache-Control"]) == ("Bearer", "no-store")
        assert reply.json["expires_in"] > 0
    token = logged_in.json["access_token"]
    me = server.get("/api/v1/me", who=token)
    assert me.status == 200
    assert me.json["id"] == signed_up.json["user"]["id"] == logged_in.json["user"]["id"]

    refreshed = _refresh(server, logged_in.json["refresh_token"])
    assert refreshed.status == 200
    assert server.get("/api/v1/me", who=refreshed.json["access_token"]).status == 200

    assert server.post("/auth/logout", who=token).status == 204
    for access in (token, refreshed.json["access_token"]):
        gone = server.get("/api/v1/me", who=access)
        assert (gone.status, gone.json["code"]) == (401, "session_revoked")
    assert _refresh(server, refreshed.json["refresh_token"]).status == 401
    # The other session, of signing up, lives on.
    assert server.get("/api/v1/me", who=signed_up.json["access_token"]).status == 200


@pytest.mark.parametrize(
    ("said", "accepted", "kept", "subject"),
    [
        ("es-MX", "pt", "es-MX", "Confirma tu dirección de correo"),
        (None, "pt-br, en;q=0.5", "pt-BR", "Confirme o seu endereço de e-mail"),
        (None, "fr, es-419;q=0.8, en;q=0.2", "es-419", "Confirma tu dirección de correo"),
        (None, "fr-CA, de", "en", "Confirm your e-mail address"),
        (None, "es;q=0, *", "en", "Confirm your e-mail address"),
        (None, ";;q=,,pt", "pt", "Confirme o seu endereço de e-mail"),
        (None, None, "en", "Confirm your e-mail address"),
    ],
)
def test_somebody_new_reads_what_they_say_else_what_their_browser_says(
    server: Api, office: Office, said: str | None, accepted: str | None, kept: str, subject: str
) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    body = {"email": email, "password": "a long enough secret", "full_name": "Ana", "consents": {"terms": True, "privacy": True}}
    headers = {} if accepted is None else {"Accept-Language": accepted}
    made = server.post("/auth/signup", json=body if said is None else {**body, "locale": said}, headers=headers)
    assert (made.status, made.json["user"]["locale"]) == (201, kept)
    office.work()
    assert office.mails(email)[-1]["Subject"] == subject


@pytest.mark.parametrize("locale", ["fr", "pt_BR", "english", "es-", "", "ES"])
def test_a_language_that_no_letter_comes_in_is_refused(server: Api, locale: str) -> None:
    body = {"email": "x@example.com", "password": "a long enough secret", "full_name": "Ana", "consents": {"terms": True, "privacy": True}}
    refused = server.post("/auth/signup", json={**body, "locale": locale})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/locale")


def test_an_address_has_one_account_however_it_is_written(server: Api) -> None:
    email = _address()
    assert _signup(server, email.upper()).json["user"]["email"] == email
    again = _signup(server, email)
    assert (again.status, again.json["code"]) == (409, "email_taken")
    # Full-width letters are the same letters under NFKC.
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in email.split("@")[0])
    assert _signup(server, f"{wide}@example.com").json["code"] == "email_taken"
    assert _login(server, email.title()).status == 200


def test_sixteen_people_who_sign_up_with_one_address_at_once_make_one_account(server: Api) -> None:
    email = _address()

    def sign_up(api: Api) -> Reply:
        """Until there is an answer: a server that hashes enough passwords already asks some to come again."""
        while (reply := _signup(api, email)).status == 503:
            time.sleep(float(reply.headers["Retry-After"]))
        return reply

    assert Counter(reply.status for reply in _at_once(server, 16, sign_up)) == {201: 1, 409: 15}


def test_a_wrong_password_and_an_unknown_address_look_the_same(server: Api) -> None:
    email = _address()
    _signup(server, email)
    wrong, unknown = _login(server, email, "not the password"), _login(server, _address(), "not the password")
    for reply in (wrong, unknown, _login(server, email, "short"), _login(server, email, "")):
        assert (reply.status, reply.json["code"]) == (401, "invalid_credentials")
    assert {**wrong.json, "request_id": ""} == {**unknown.json, "request_id": ""}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"consents": {"terms": True, "privacy": False}}, "/consents/privacy"),
        ({"consents": {"terms": True}}, "/consents/privacy"),
        ({"consents": {"terms": "true", "privacy": True}}, "/consents/terms"),
        ({"password": "seven77"}, "/password"),
        ({"password": "x" * 129}, "/password"),
        ({"email": "nowhere"}, "/email"),
        ({"full_name": " \n "}, "/full_name"),
        ({"role": "Owner"}, "/role"),
    ],
)
def test_a_signup_that_is_not_valid_says_where_and_makes_nothing(server: Api, change: dict[str, Any], pointer: str) -> None:
    email = _address()
    refused = _signup(server, **{"email": email, **change})
    assert refused.status == 422
    assert [fault["pointer"] for fault in refused.json["errors"]] == [pointer]
    assert _login(server, email).status == 401


@pytest.mark.parametrize("token", ["", "x", "y" * 43, "é" * 43, "z" * 256])
def test_a_text_that_is_no_refresh_token_is_refused(server: Api, token: str) -> None:
    reply = _refresh(server, token)
    assert (reply.status, reply.json["code"]) == (401, "invalid_refresh_token")


def test_an_access_token_does_not_refresh_and_a_refresh_token_does_not_open_anything(server: Api) -> None:
    person = server.signup()
    assert _refresh(server, person.token).status in (401, 422)
    assert server.get("/api/v1/me", who=person.refresh).status == 401
    assert server.get("/api/v1/me").status == 401


def test_what_is_at_rest_opens_no_door(server: Api, owner: psycopg.Connection[Any]) -> None:
    person = server.signup()
    stored = owner.execute(
        "select c.password_hash, t.digest from accounts_credential c join sessions s using (user_id)"
        " join accounts_refresh_token t on t.session_id = s.id where user_id = %s",
        (person.id,),
    ).fetchone()
    assert stored is not None
    assert stored[0].startswith("$argon2id$")
    assert bytes(stored[1]) == hashlib.sha256(person.refresh.encode()).digest()


def test_the_profile_shows_the_person_the_consents_and_the_workspaces(server: Api, settings: Settings, owner: psycopg.Connection[Any]) -> None:
    reply = _signup(server, _address(), consents={**YES, "marketing": True})
    person = _person(reply)
    workspace = _workspace(settings, owner, person, "Colaborador")
    me = server.get("/api/v1/me", who=person).json
    assert set(me) == {
        "id", "email", "full_name", "locale", "version", "created_at", "updated_at", "consents", "consents_required", "workspaces", "email_verified"
    }  # fmt: skip
    assert me["workspaces"] == [{"id": workspace, "name": "North Studio", "role": "Colaborador"}]
    assert {purpose: standing["granted"] for purpose, standing in me["consents"].items()} == {**YES, "marketing": True}
    assert all(standing["document_version"] and standing["recorded_at"] for standing in me["consents"].values())
    assert me["consents_required"] == []


def test_a_new_workspace_shows_although_the_persons_own_row_did_not_change(server: Api, settings: Settings, owner: psycopg.Connection[Any]) -> None:
    person = server.signup()
    before = server.get("/api/v1/me", who=person)
    _workspace(settings, owner, person, "Owner")
    conditions = {"If-None-Match": before.headers["ETag"]} if "ETag" in before.headers else {}
    after = server.get("/api/v1/me", who=person, headers=conditions)
    assert (after.status, after.json["version"]) == (200, before.json["version"])
    assert len(after.json["workspaces"]) == 1


def test_a_changed_name_reaches_every_membership_and_the_audit_log(server: Api, settings: Settings, owner: psycopg.Connection[Any]) -> None:
    person, bystander = server.signup(), server.signup("Somebody Else")
    workspace = _workspace(settings, owner, person, "Owner")
    servers.add_member(settings, workspace, bystander, "Colaborador")
    changed = server.patch("/api/v1/me", json={"full_name": "Ana Lima", "locale": "pt-BR"}, who=person)
    assert (changed.status, changed.json["full_name"], changed.json["locale"]) == (200, "Ana Lima", "pt-BR")
    names = owner.execute("select full_name from user_roles where workspace_id = %s order by user_id", (workspace,))
    assert [row[0] for row in names] == ["Ana Lima", "Somebody Else"]
    audited = owner.execute(
        "select actor_id, record_id, after->>'full_name' from audit_logs where workspace_id = %s and table_name = 'user_roles' and action = 'update'",
        (workspace,),
    )
    assert [(str(row[0]), row[1], row[2]) for row in audited] == [(person.id, person.id, "Ana Lima")]


def test_a_change_names_the_version_it_was_made_for_or_takes_any(server: Api) -> None:
    person = server.signup()
    for tag, status in (('"1-accounts.profile"', 200), ('"1-accounts.profile"', 412), ("*", 200), ('"x"', 412)):
        reply = server.patch("/api/v1/me", json={"full_name": f"Ana {tag}"}, who=person, headers={"If-Match": tag})
        assert reply.status == status, tag
    assert server.get("/api/v1/me", who=person).json["version"] == 3


def test_a_change_of_nothing_writes_nothing(server: Api, settings: Settings, owner: psycopg.Connection[Any]) -> None:
    person = server.signup()
    workspace = _workspace(settings, owner, person, "Owner")
    said = {"full_name": "Ana Lima", "locale": "pt-BR", "consents": {"marketing": True}}
    assert server.patch("/api/v1/me", json=said, who=person).json["version"] == 2
    before, count = server.get("/api/v1/me", who=person), "select count(*) from audit_logs where workspace_id = %s"
    entries = owner.execute(count, (workspace,)).fetchone()
    for body in ({}, said, {"full_name": "Ana Lima"}, {"locale": "pt-BR"}, {"consents": {"marketing": True, "terms": True}}, {"consents": {}}):
        reply = server.patch("/api/v1/me", json=body, who=person, headers={"If-Match": before.headers["ETag"]})
        assert (reply.status, reply.body, reply.headers["ETag"]) == (200, before.body, before.headers["ETag"]), body
    assert owner.execute(count, (workspace,)).fetchone() == entries
    assert len(server.get("/api/v1/me/consents", who=person).json["items"]) == 3
    assert server.patch("/api/v1/me", json={}, who=person, headers={"If-Match": '"1-accounts.profile"'}).status == 412
    assert server.patch("/api/v1/me", json={"consents": {"marketing": False}}, who=person).json["version"] == 3


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "other@example.com"}, "/email"),
        ({"full_name": ""}, "/full_name"),
        ({"full_name": None}, "/full_name"),
        ({"locale": "english"}, "/locale"),
        ({"locale": "en\n"}, "/locale"),
        ({"consents": {"terms": False}}, "/consents/terms"),
        ({"consents": {"marketing": 1}}, "/consents/marketing"),
    ],
)
def test_what_may_not_be_changed_is_refused_by_name(server: Api, change: dict[str, Any], pointer: str) -> None:
    person = server.signup()
    refused = server.patch("/api/v1/me", json=change, who=person)
    assert refused.status == 422
    assert pointer in [fault["pointer"] for fault in refused.json["errors"]]
    assert server.get("/api/v1/me", who=person).json["version"] == 1


def test_consents_are_a_history_page_by_page_and_nobody_elses(server: Api) -> None:
    person, other = server.signup(), server.signup()
    for marketing in (True, True, False, True):
        server.patch("/api/v1/me", json={"consents": {"marketing": marketing}}, who=person)
    found: list[tuple[str, bool]] = []
    following: str | None = ""
    while following is not None:
        page = server.get(f"/api/v1/me/consents?limit=2{following}", who=person).json
        assert len(page["items"]) <= 2
        found += [(item["purpose"], item["granted"]) for item in page["items"]]
        following = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    said = [("marketing", True), ("marketing", False), ("marketing", True), ("privacy", True), ("terms", True)]
    assert found == said
    assert len(server.get("/api/v1/me/consents", who=other).json["items"]) == 2


def test_consents_cannot_be_rewritten_even_by_the_identity_that_writes_them(server: Api, settings: Settings) -> None:
    server.signup()
    for rewrite in ("update accounts_consent set granted = false", "delete from accounts_consent"):
        with psycopg.connect(connections(settings).auth) as auth, pytest.raises(psycopg.errors.InsufficientPrivilege):
            auth.execute(rewrite)


@pytest.mark.parametrize(
    "table",
    ["users", "sessions", "accounts_credential", "accounts_refresh_token", "accounts_consent", "accounts_signing_key"],
)
@pytest.mark.parametrize("role", ["app", "relay"])
def test_no_other_identity_reads_what_signs_people_in(settings: Settings, table: str, role: str) -> None:
    with (
        psycopg.connect(getattr(connections(settings), role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"select 1 from {table}")


def _address() -> str:
    return f"ana-{uuid.uuid4().hex}@example.com"


def _signup(api: Api, email: str, **change: Any) -> Reply:
    body = {"email": email, "password": PASSWORD, "full_name": "Ana Souza", "consents": YES, **change}
    return api.post("/auth/signup", json=body)


def _login(api: Api, email: str, password: str = PASSWORD) -> Reply:
    return api.post("/auth/login", json={"email": email, "password": password})


def _refresh(api: Api, token: str) -> Reply:
    return api.post("/auth/refresh", json={"refresh_token": token})


def _person(reply: Reply) -> Person:
    got = reply.json
    return Person(got["user"]["id"], got["user"]["email"], got["access_token"], got["refresh_token"])


def _at_once(server: Api, how_many: int, do: Any) -> list[Reply]:
    """The same call from so many threads, each on a connection of its own."""
    with ThreadPoolExecutor(how_many) as pool:
        return list(pool.map(lambda _: do(Api(server.url)), range(how_many)))


def _workspace(settings: Settings, owner: psycopg.Connection[Any], person: Person, role: str) -> str:
    """A workspace with one member, made behind the API's back: this file is about people."""
    made = uuid.uuid4()
    owner.execute("insert into workspaces (id, name) values (%s, 'North Studio')", (made,))
    servers.add_member(settings, str(made), person, role)
    return str(made)


@pytest.fixture
def owner(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, seeing everything; each statement commits."""
    with contextlib.closing(psycopg.connect(connections(settings).owner, autocommit=True)) as connection:
        connection.execute("set app.maintenance = 'on'")
        yield connection
