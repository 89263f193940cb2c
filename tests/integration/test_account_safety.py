"""What a person does about their own safety: passwords, addresses, sessions, cookies; with the mails that go with it."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from config.databases import connections
from config.settings import Settings
from ports.tasks import PLATFORM
from tests.invited import invite, token_of
from tests.office import Office
from tests.servers import Api, Person, Reply, add_member, owner_of

PASSWORD, OTHER = "a long enough secret", "another long secret"


def test_a_forgotten_password_is_reset_by_the_mail_and_every_session_ends(server: Api, office: Office) -> None:
    person = server.signup()
    assert server.post("/auth/password/forgot", json={"email": person.email.upper()}).status == 202
    token = _link(office, person.email, "/reset-password")
    done = server.post("/auth/password/reset", json={"token": token, "password": OTHER})
    assert (done.status, done.body) == (204, b"")
    assert server.get("/api/v1/me", who=person).status == 401
    assert _login(server, person.email, PASSWORD).status == 401
    signed_in = _login(server, person.email, OTHER)
    assert signed_in.status == 200
    assert server.get("/api/v1/me", who=signed_in.json["access_token"]).json["email_verified"] is True
    office.work()
    assert office.mails(person.email)[-1]["Subject"] == "Your password was changed"


def test_a_password_nobody_should_have_spends_no_link(server: Api, office: Office) -> None:
    person = server.signup()
    server.post("/auth/password/forgot", json={"email": person.email})
    token = _link(office, person.email, "/reset-password")
    for bad in ("short", "x" * 129, "Password123"):
        refused = server.post("/auth/password/reset", json={"token": token, "password": bad})
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/password")
    assert server.post("/auth/password/reset", json={"token": token, "password": OTHER}).status == 204


def test_an_address_is_confirmed_by_the_mail_of_the_signup(server: Api, office: Office) -> None:
    person = server.signup()
    assert server.get("/api/v1/me", who=person).json["email_verified"] is False
    assert server.post("/api/v1/me/email/verification", who=person).status == 202
    token = _link(office, person.email, "/confirm-email")
    assert len(office.mails(person.email)) == 2
    assert server.post("/auth/email/confirm", json={"token": token}).status == 204
    assert server.get("/api/v1/me", who=person).json["email_verified"] is True
    assert server.post("/auth/email/confirm", json={"token": token}).json["code"] == "invalid_link"
    again = server.post("/api/v1/me/email/verification", who=person)
    assert (again.status, again.json["code"]) == (409, "already_verified")


def test_a_new_address_holds_when_its_reader_says_so_and_the_old_one_is_told(server: Api, office: Office, settings: Settings) -> None:
    person, new = server.signup(), f"new-{uuid.uuid4().hex}@example.com"
    workspace = server.workspace(person)
    assert server.put("/api/v1/me/email", json={"email": new}, who=person).status == 202
    assert server.get("/api/v1/me", who=person).json["email"] == person.email
    token = _link(office, new, "/confirm-email")
    assert server.post("/auth/email/confirm", json={"token": token}).status == 204
    me = server.get("/api/v1/me", who=person).json
    assert (me["email"], me["email_verified"]) == (new, True)
    members = server.get("/api/v1/users", who=person, workspace=workspace).json["items"]
    assert [member["email"] for member in members] == [new]
    office.work()
    assert office.mails(person.email)[-1]["Subject"] == "Your e-mail address was changed"
    assert office.mails(new)[-1]["Subject"] == "Your new e-mail address is confirmed"
    assert _login(server, person.email, PASSWORD).status == 401
    assert _login(server, new, PASSWORD).status == 200


def test_whom_they_left_is_not_told_of_another_name_or_address_until_they_come_back(server: Api, office: Office, settings: Settings) -> None:
    host, person, new = server.signup(), server.signup("Ana Souza"), f"new-{uuid.uuid4().hex}@example.com"
    former, other = server.workspace(host), server.workspace(host)
    for workspace in (former, other):
        add_member(settings, workspace, person, "Colaborador")
    assert server.delete("/api/v1/users/me", who=person, workspace=former).status == 204
    told = [server.get("/api/v1/audit?table=user_roles", who=host, workspace=former).json["items"]]
    assert server.patch("/api/v1/me", json={"full_name": "New Secret Name"}, who=person).status == 200
    assert server.put("/api/v1/me/email", json={"email": new}, who=person).status == 202
    assert server.post("/auth/email/confirm", json={"token": _link(office, new, "/confirm-email")}).status == 204
    told.append(server.get("/api/v1/audit?table=user_roles", who=host, workspace=former).json["items"])
    assert told[0] == told[1]
    with owner_of(settings) as owner:
        kept = owner.execute("select full_name, email from user_roles where workspace_id = %s and user_id = %s", (former, person.id)).fetchall()
    assert kept == [("Ana Souza", person.email)]
    assert _members(server, host, other)[person.id] == ("New Secret Name", new)
    token = token_of(settings, invite(server, host, new, workspace=former))
    assert server.post("/api/v1/invitations/accept", json={"token": token}, who=person).status == 200
    assert _members(server, host, former)[person.id] == ("New Secret Name", new)


def test_an_address_of_somebody_else_gets_no_mail_and_the_answer_does_not_tell(server: Api, office: Office) -> None:
    person, other = server.signup(), server.signup()
    office.work()
    before = len(office.mails(other.email))
    assert server.put("/api/v1/me/email", json={"email": other.email}, who=person).status == 202
    office.work()
    assert len(office.mails(other.email)) == before


@pytest.mark.parametrize(("locale", "subject"), [("es-MX", "Elige una nueva contraseña"), ("pt-BR", "Defina uma nova palavra-passe")])
def test_mails_speak_the_persons_language(server: Api, office: Office, locale: str, subject: str) -> None:
    person = server.signup()
    server.patch("/api/v1/me", json={"locale": locale}, who=person)
    server.post("/auth/password/forgot", json={"email": person.email})
    office.work()
    assert office.mails(person.email)[-1]["Subject"] == subject


def test_a_changed_password_ends_the_other_sessions_and_not_this_one(server: Api, office: Office) -> None:
    person = server.signup()
    elsewhere = _login(server, person.email, PASSWORD).json["access_token"]
    assert server.put("/api/v1/me/password", json={"password": OTHER}, who=person).status == 204
    assert server.get("/api/v1/me", who=person).status == 200
    assert server.get("/api/v1/me", who=elsewhere).status == 401
    office.work()
    assert office.mails(person.email)[-1]["Subject"] == "Your password was changed"


def test_sessions_are_listed_and_ended_one_by_one_or_all_but_this(server: Api) -> None:
    person, stranger = server.signup(), server.signup()
    tokens = [_login(server, person.email, PASSWORD, agent=f"agent {n}").json["access_token"] for n in range(3)]
    listed = server.get("/api/v1/me/sessions?limit=2", who=person)
    rest = server.get(f"/api/v1/me/sessions?limit=2&cursor={listed.json['next_cursor']}", who=person).json
    found = [*listed.json["items"], *rest["items"]]
    assert [session["user_agent"] for session in found][:3] == ["agent 2", "agent 1", "agent 0"]
    assert [session["current"] for session in found] == [False, False, False, True]
    assert set(found[0]) == {"id", "user_agent", "created_at", "last_used_at", "expires_at", "current"}
    path = f"/api/v1/me/sessions/{found[0]['id']}"
    assert server.delete(path, who=stranger).status == 404
    assert server.get("/api/v1/me", who=tokens[2]).status == 200
    assert server.delete(path, who=person).status == 204
    assert server.delete(path, who=person).status == 404
    assert server.get("/api/v1/me", who=tokens[2]).status == 401
    assert server.delete("/api/v1/me/sessions", who=person).status == 204
    assert [server.get("/api/v1/me", who=token).status for token in (tokens[0], tokens[1], person.token)] == [401, 401, 200]


def test_the_newest_terms_are_accepted_and_never_withdrawn_alone(server: Api, settings: Settings) -> None:
    person = server.signup()
    with psycopg.connect(connections(settings).owner) as owner:
        owner.execute("set local app.maintenance = 'on'")
        owner.execute("update accounts_consent set document_version = '2020-01-01' where user_id = %s", (person.id,))
    newest = [{"purpose": purpose, "document_version": "2026-11-01"} for purpose in ("terms", "privacy")]
    assert server.get("/api/v1/me", who=person).json["consents_required"] == newest
    for _ in range(2):
        changed = server.patch("/api/v1/me", json={"consents": {"terms": True}}, who=person)
        assert changed.json["consents_required"] == newest[1:]
        assert (changed.status, changed.json["consents"]["terms"]["document_version"]) == (200, "2026-11-01")
    assert changed.json["consents"]["privacy"]["document_version"] == "2020-01-01"
    assert [c["purpose"] for c in server.get("/api/v1/me/consents", who=person).json["items"]] == ["terms", "privacy", "terms"]
    assert server.patch("/api/v1/me", json={"consents": {"privacy": False}}, who=person).json["errors"][0]["pointer"] == "/consents/privacy"


class TestCookie:
    """The refresh token of a browser."""

    def test_it_is_out_of_reach_of_scripts_and_of_other_hosts_and_lives_as_long_as_the_token(self, server: Api, settings: Settings) -> None:
        person = server.signup()
        reply = server.post("/auth/login", json={"email": person.email, "password": PASSWORD, "cookie": True})
        assert reply.json["refresh_token"] is None
        [kept] = [c for c in _cookies(reply) if c.startswith("__Host-fitpro_refresh=")]
        assert set(kept.split("; ")[1:]) == {"Path=/", f"Max-Age={settings.refresh_token_ttl_s}", "Secure", "HttpOnly", "SameSite=Strict"}

    def test_refresh_and_logout_take_it_and_rotate_it(self, server: Api) -> None:
        person = server.signup()
        first = _cookie(server.post("/auth/login", json={"email": person.email, "password": PASSWORD, "cookie": True}))
        refreshed = server.post("/auth/refresh", json={}, headers={"Cookie": first})
        assert (refreshed.status, refreshed.json["refresh_token"]) == (200, None)
        second = _cookie(refreshed)
        assert second != first
        assert server.post("/auth/refresh", json={}, headers={"Cookie": first}).status == 401
        out = server.post("/auth/logout", headers={"Cookie": second})
        assert out.status == 204
        assert _cookies(out) == ["__Host-fitpro_refresh=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"]
        assert server.post("/auth/refresh", json={}, headers={"Cookie": second}).status == 401
        assert server.get("/api/v1/me", who=refreshed.json["access_token"]).status == 401

    @pytest.mark.parametrize("sent", [{}, {"raw": b""}, {"raw": b"", "headers": {"Content-Type": "application/json"}}], ids=["nothing", "0", "json"])
    def test_refresh_needs_no_body_beside_it(self, server: Api, sent: dict[str, Any]) -> None:
        person = server.signup()
        cookie = _cookie(server.post("/auth/login", json={"email": person.email, "password": PASSWORD, "cookie": True}))
        options = {**sent, "headers": {"Cookie": cookie, **sent.get("headers", {})}}
        refreshed = server.post("/auth/refresh", **options)
        assert (refreshed.status, refreshed.json["refresh_token"]) == (200, None)
        assert _cookie(refreshed) != cookie
        assert server.post("/auth/refresh", **options).status == 401  # it was used

    def test_refresh_without_either_says_what_is_missing(self, server: Api) -> None:
        described = server.get("/api/v1/openapi.json").json["paths"]
        assert described["/auth/refresh"]["post"]["requestBody"].get("required", False) is False
        assert described["/auth/login"]["post"]["requestBody"]["required"] is True
        for sent in ({}, {"json": {}}, {"headers": {"Cookie": "other=1"}}):
            refused = server.post("/auth/refresh", **sent)
            assert (refused.status, refused.json["code"]) == (401, "invalid_refresh_token")
        for media, status in (("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/json", 400)):
            assert server.post("/auth/refresh", raw=b"x=1", headers={"Content-Type": media}).status == status
        assert server.post("/auth/refresh", raw=b"", headers={"Content-Type": "text/plain"}).status == 415

    @pytest.mark.parametrize(
        "trick",
        [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
        ids=str,
    )
    @pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
    def test_a_page_of_another_site_cannot_use_it(self, server: Api, path: str, trick: dict[str, str]) -> None:
        person = server.signup()
        cookie = _cookie(server.post("/auth/login", json={"email": person.email, "password": PASSWORD, "cookie": True}))
        options: dict[str, Any] = {"json": {}} if path == "/auth/refresh" else {}
        refused = server.post(path, headers={"Cookie": cookie, **trick}, **options)
        assert (refused.status, refused.json["code"]) == (403, "cross_site")
        assert server.post("/auth/refresh", json={}, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}).status == 200

    def test_twice_is_not_there(self, server: Api) -> None:
        person = server.signup()
        cookie = _cookie(server.post("/auth/login", json={"email": person.email, "password": PASSWORD, "cookie": True}))
        assert server.post("/auth/refresh", json={}, headers={"Cookie": f"{cookie}; __Host-fitpro_refresh=x"}).status == 401

    def test_signing_out_of_nothing_is_done_and_a_bad_token_is_not(self, server: Api) -> None:
        assert server.post("/auth/logout").status == 204
        assert server.post("/auth/logout", who="a.b.c").status == 401


def test_what_is_over_is_swept_and_what_lives_is_not(server: Api, office: Office, settings: Settings) -> None:
    old, young = server.signup(), server.signup()
    long_ago = datetime.now(UTC) - timedelta(days=40)
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute("update sessions set expires_at = %s where user_id = %s", (long_ago, old.id))
        auth.execute(
            "update accounts_refresh_token set expires_at = %s where session_id in (select id from sessions where user_id = %s)", (long_ago, old.id)
        )
        auth.execute("update accounts_token set expires_at = %s where user_id = %s", (long_ago, old.id))
        auth.execute("insert into accounts_attempt values ('account', '\\x00', 10, %s, %s, 1)", (long_ago, long_ago))
    _sweep(settings)
    office.work()
    assert [_left(settings, person) for person in (old, young)] == [(0, 0, 0), (1, 1, 1)]


def _sweep(settings: Settings) -> None:
    """As the periodic task does it, now."""
    statement = (
        "insert into outbox_deliveries (workspace_id, id, module, handler, arguments, max_attempts, rung_at) values (%s, %s, '', %s, '{}', 1, now())"
    )
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute(statement, (PLATFORM, uuid.uuid4(), "accounts:sweep"))


def _left(settings: Settings, person: Person) -> tuple[int, int, int]:
    with psycopg.connect(connections(settings).auth) as auth:
        row = auth.execute(
            "select (select count(*) from sessions where user_id = %(of)s),"
            " (select count(*) from accounts_refresh_token t join sessions s on s.id = t.session_id where s.user_id = %(of)s),"
            " (select count(*) from accounts_token where user_id = %(of)s)",
            {"of": person.id},
        ).fetchone()
    assert row is not None
    return (row[0], row[1], row[2])


def _members(api: Api, who: Person, workspace: str) -> dict[str, tuple[str, str]]:
    members = api.get("/api/v1/users", who=who, workspace=workspace).json["items"]
    return {each["id"]: (each["full_name"], each["email"]) for each in members}


def _login(api: Api, email: str, password: str, agent: str = "test") -> Reply:
    return api.post("/auth/login", json={"email": email, "password": password}, headers={"User-Agent": agent})


def _link(office: Office, address: str, page: str) -> str:
    """The token in the newest mail to an address."""
    office.work()
    found = re.search(rf"\s{page}#token=([A-Za-z0-9_-]{{43}})\s", office.text(address))
    assert found is not None
    return found[1]


def _cookies(reply: Reply) -> list[str]:
    """requests joins repeated headers by a comma, which none of our cookies holds."""
    return [each for each in (reply.headers.get("Set-Cookie") or "").split(", ") if each]


def _cookie(reply: Reply) -> str:
    return next(each for each in _cookies(reply) if each.startswith("__Host-fitpro_refresh=")).partition(";")[0]
