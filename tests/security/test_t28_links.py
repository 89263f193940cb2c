"""T28: a link that was mailed opens one door, once, for half an hour, for who it was sent to, wherever the request came from."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from config.databases import connections
from config.settings import Settings
from tests.links import link
from tests.office import Office
from tests.security.seeded import planted
from tests.servers import Api, Reply, patiently

NEW = "another long secret"
PASSWORD = "a long enough secret"


def test_t28_of_64_who_use_one_link_one_succeeds_and_old_sessions_are_over(server: Api, settings: Settings) -> None:
    person = server.signup()
    token = link(settings, person, "reset")
    with ThreadPoolExecutor(64) as pool:
        statuses = Counter(pool.map(lambda n: patiently(lambda: _reset(Api(server.url), token, f"{NEW} {n}")).status, range(64)))
    print(f"T28: {dict(statuses)}")
    assert statuses == {204: 1, 422: 63}
    assert server.get("/api/v1/me", who=person).status == 401
    assert server.post("/auth/refresh", json={"refresh_token": person.refresh}).status == 401


def test_t28_a_link_that_is_too_old_for_another_door_or_nobodys_is_refused(server: Api, settings: Settings) -> None:
    person = server.signup()
    for token in (link(settings, person, "reset", minutes=0), link(settings, person, "verify"), "x" * 43, "", "\ud800"):
        refused = _reset(server, token)
        assert (refused.status, refused.json["code"]) in ((422, "invalid_link"), (400, "malformed_json")), (token, refused.body)
    refused = server.post("/auth/email/confirm", json={"token": link(settings, person, "reset")})
    assert (refused.status, refused.json["code"]) == (422, "invalid_link")
    assert server.get("/api/v1/me", who=person).status == 200


def test_t28_a_link_dies_when_its_address_is_given_up_or_its_password_changed(server: Api, settings: Settings) -> None:
    person = server.signup()
    token = link(settings, person, "reset")
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute("update users set email = 'moved-' || email where id = %s", (person.id,))
    assert _reset(server, token).status == 422
    other = server.signup()
    first, second, third = (link(settings, other, "reset") for _ in range(3))
    assert _reset(server, first).status == 204
    assert _reset(server, second).status == 422
    signed_in = server.post("/auth/login", json={"email": other.email, "password": NEW}).json["access_token"]
    assert server.put("/api/v1/me/password", json={"password": NEW}, who=signed_in).status == 204
    assert _reset(server, third).status == 422


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}], ids=str)
def test_t28_the_host_that_was_asked_does_not_reach_the_mail(server: Api, office: Office, header: dict[str, str]) -> None:
    person = server.signup()
    assert server.post("/auth/password/forgot", json={"email": person.email}, headers=header).status == 202
    office.work()
    assert office.mails(person.email)[-1]["Subject"] == "Set a new password"
    assert "evil" not in office.mails(person.email)[-1].as_string()


def test_t28_what_is_at_rest_opens_nothing(server: Api, settings: Settings, office: Office) -> None:
    person = server.signup()
    server.post("/auth/password/forgot", json={"email": person.email})
    office.work()
    found = re.search(r"#token=([A-Za-z0-9_-]{43})\s", office.text(person.email))
    assert found is not None
    with psycopg.connect(connections(settings).auth) as auth:
        kept = auth.execute("select t::text from accounts_token t where user_id = %s", (person.id,)).fetchall()
        jobs = auth.execute("select arguments::text from outbox_deliveries").fetchall()
    assert all(found[1] not in text for (text,) in (*kept, *jobs))
    assert all(person.email not in text for (text,) in jobs)


class TestChangeOfAddress:
    """What a stolen session asked for ends with it."""

    @pytest.mark.parametrize("remedy", ["reset", "change", "everywhere", "there", "logout", "stop"])
    def test_t28_a_thief_who_asked_for_another_address_gets_nothing_once_the_session_is_over(
        self, server: Api, settings: Settings, office: Office, remedy: str
    ) -> None:
        victim, elsewhere, new = server.signup(), f"thief-{uuid.uuid4().hex}@example.com", "a secret of the owner"
        thief = server.post("/auth/login", json={"email": victim.email, "password": PASSWORD}).json["access_token"]
        assert server.put("/api/v1/me/email", json={"email": elsewhere}, who=thief).status == 202
        office.work()
        mailed = _mailed(office, elsewhere)
        if remedy == "reset":
            done = _reset(server, link(settings, victim, "reset"), new)
        elif remedy == "change":
            done = server.put("/api/v1/me/password", json={"password": new}, who=victim)
        elif remedy == "everywhere":
            done = server.delete("/api/v1/me/sessions", who=victim)
        elif remedy == "there":
            [there] = [s["id"] for s in server.get("/api/v1/me/sessions", who=victim).json["items"] if not s["current"]]
            done = server.delete(f"/api/v1/me/sessions/{there}", who=victim)
        elif remedy == "logout":
            done = server.post("/auth/logout", who=thief)
        else:
            done = server.post("/auth/email/stop", json={"token": _mailed(office, victim.email)})
        assert (done.status, server.get("/api/v1/me", who=thief).status) == (204, 401)
        refused = server.post("/auth/email/confirm", json={"token": mailed})
        assert (refused.status, refused.json["code"]) == (422, "invalid_link")
        assert server.post("/auth/login", json={"email": elsewhere, "password": new}).status == 401
        password = new if remedy in ("reset", "change") else PASSWORD
        assert server.post("/auth/login", json={"email": victim.email, "password": password}).json["user"]["email"] == victim.email

    def test_t28_what_one_asks_for_while_the_password_changes_is_over_too(self, server: Api, settings: Settings, office: Office) -> None:
        for _ in range(10):
            victim, elsewhere = server.signup(), f"thief-{uuid.uuid4().hex}@example.com"
            thief = server.post("/auth/login", json={"email": victim.email, "password": PASSWORD}).json["access_token"]
            token = link(settings, victim, "reset")
            with ThreadPoolExecutor(2) as pool:
                asked = pool.submit(lambda: Api(server.url).put("/api/v1/me/email", json={"email": elsewhere}, who=thief))  # noqa: B023
                assert _reset(server, token).status == 204
            assert asked.result().status in (202, 401)
            with psycopg.connect(connections(settings).auth) as auth:
                alive = auth.execute(
                    "select count(*) from accounts_token t join sessions s on s.id = t.session_id"
                    " where t.email = %s and t.used_at is null and s.revoked_at is null", (elsewhere,),
                )  # fmt: skip
                assert alive.fetchone() == (0,)
            office.work()
            assert office.mails(elsewhere) == []

    def test_t28_the_old_address_is_told_at_once_and_stops_it_once(self, server: Api, office: Office) -> None:
        person, new = server.signup(), f"new-{uuid.uuid4().hex}@example.com"
        assert server.put("/api/v1/me/email", json={"email": new}, who=person).status == 202
        office.work()
        assert office.mails(person.email)[-1]["Subject"] == "Somebody asked to change your e-mail address"
        assert "/stop-email-change#token=" in office.text(person.email)
        token = _mailed(office, person.email)
        assert server.post("/auth/email/confirm", json={"token": token}).status == 422, "it opens no other door"
        assert [server.post("/auth/email/stop", json={"token": token}).status for _ in range(2)] == [204, 422]
        assert server.get("/api/v1/me", who=person).status == 401

    def test_t28_a_change_that_nobody_stops_takes_place_and_cannot_be_stopped_any_more(self, server: Api, office: Office) -> None:
        person, new = server.signup(), f"new-{uuid.uuid4().hex}@example.com"
        assert server.put("/api/v1/me/email", json={"email": new}, who=person).status == 202
        office.work()
        stop = _mailed(office, person.email)
        assert server.post("/auth/email/confirm", json={"token": _mailed(office, new)}).status == 204
        assert server.post("/auth/email/stop", json={"token": stop}).status == 422
        assert server.get("/api/v1/me", who=person).json["email"] == new


def test_t28_a_link_whose_letter_waits_dies_with_the_password_it_was_for(server: Api, office: Office, settings: Settings) -> None:
    person = server.signup()
    office.work()
    assert server.post("/auth/password/forgot", json={"email": person.email}).status == 202
    with psycopg.connect(connections(settings).auth) as auth:
        found = auth.execute("select id from accounts_token where email = %s and purpose = 'reset' and user_id is null", (person.email,))
        [waiting] = found.fetchall()
    assert server.put("/api/v1/me/password", json={"password": NEW}, who=person).status == 204
    with psycopg.connect(connections(settings).auth) as auth:
        assert auth.execute("select used_at is not null from accounts_token where id = %s", waiting).fetchone() == (True,)
    office.work()
    assert "Set a new password" not in [mail["Subject"] for mail in office.mails(person.email)]


# The seeded fault ------------------------------------------------------------------------------------------------------------------------


def test_t28_a_link_that_can_be_used_twice_is_noticed(server: Api, settings: Settings) -> None:
    person = server.signup()
    token = link(settings, person, "reset")
    with forgetful(settings), ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(lambda n: _reset(Api(server.url), token, f"{NEW} {n}").status, range(8)))
    assert statuses[204] > 1


@contextmanager
def forgetful(settings: Settings) -> Iterator[None]:
    """A database that forgets which links were used."""
    body = "create function forget() returns trigger language plpgsql as $$ begin new.used_at := null; return new; end $$"
    put_in = f"{body}; create trigger forget before update on accounts_token for each row execute function forget()"
    with planted(connections(settings).owner, put_in, "drop trigger forget on accounts_token; drop function forget()"):
        yield


def _mailed(office: Office, address: str) -> str:
    """The token of the newest link mailed to an address."""
    found = re.search(r"#token=([A-Za-z0-9_-]{43})\s", office.text(address))
    assert found is not None
    return found[1]


def _reset(api: Api, token: str, password: str = NEW) -> Reply:
    return api.post("/auth/password/reset", json={"token": token, "password": password})
