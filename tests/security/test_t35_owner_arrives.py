"""T35: an account opened in somebody's name is theirs when they come: what opened its workspaces before, keys and feeds, is dead at once."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from config.bootstrap import install, web
from config.databases import connections
from config.settings import Settings
from tests import supabase as fake
from tests.integration.stopping import Patient
from tests.links import link
from tests.openid import Account, consent, openid
from tests.servers import Api, Person, Reply, add_member, owner_of

NEW = "quite another long secret"
PASSED, WRITTEN = "idempotency_keys", "audit_logs"
"""Where whoever makes one is stopped: past the gate, with nothing made; or with all of it written."""


@dataclasses.dataclass
class Squat:
    """An account under an address that nobody proved, with a workspace, a key and a feed of it."""

    api: Api
    person: Person
    workspace: str
    key: str = ""
    feed: str = ""

    @classmethod
    def new(cls, api: Api) -> Squat:
        person = api.signup(email=f"{uuid.uuid4().hex[:12]}@example.com")
        made = cls(api, person, api.workspace(person))
        made.key, made.feed = made.add(person)
        assert made.opens() == (200, 200)
        return made

    def add(self, who: Person | str) -> tuple[str, str]:
        """A key, and the path of a feed."""
        key = self.post("key", who)
        feed = self.post("feed", who)
        assert (key.status, feed.status) == (201, 201), (key.body, feed.body)
        return key.json["key"], urlsplit(feed.json["url"]).path

    def post(self, what: str, who: Person | str, api: Api | None = None, **headers: str) -> Reply:
        path, body = {
            "key": (f"/api/v1/workspaces/{self.workspace}/keys", {"name": "Mine", "scopes": ["clients:read", "privacy:audit"]}),
            "feed": ("/api/v1/bookings/feeds", {"mode": "full"}),
        }[what]
        return (api or self.api).post(path, json=body, who=who, workspace=self.workspace, headers=headers)

    def opens(self, key: str | None = None, feed: str | None = None) -> tuple[int, int]:
        return self.api.get("/api/v1/clients", who=key or self.key).status, self.api.get(feed or self.feed).status


def by_reset(settings: Settings, squat: Squat) -> str:
    """They have a link sent and set a password; their token."""
    done = squat.api.post("/auth/password/reset", json={"token": link(settings, squat.person, "reset"), "password": NEW})
    assert done.status == 204, done.body
    return str(squat.api.post("/auth/login", json={"email": squat.person.email, "password": NEW}).json["access_token"])


def by_openid(settings: Settings, squat: Squat) -> str:
    with openid(account=Account(uuid.uuid4().hex, squat.person.email)) as provider:
        changed = dataclasses.replace(settings, oidc_providers=provider.setting, own_url="https://api.example", app_url="https://app.example")
        with installed(changed) as here:
            left = here.get("/auth/oidc/acme/start")
            cookie = left.headers["Set-Cookie"].split(";")[0]
            arrived = here.get(consent(left.headers["Location"]), headers={"Cookie": cookie})
            assert arrived.status == 200, arrived.body
            return str(arrived.json["access_token"])


def by_supabase(settings: Settings, squat: Squat) -> str:
    with fake.supabase(confirms=True) as project:
        with installed(dataclasses.replace(settings, supabase_url=project.url, supabase_key=fake.KEY)) as here:
            token = project.token(project.session(project.add(squat.person.email)))
            assert here.get("/api/v1/me", who=token).json["id"] == squat.person.id
        return ""


@contextlib.contextmanager
def installed(settings: Settings) -> Iterator[Api]:
    installation = install(settings)
    try:
        yield Api(web(installation))
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()


@pytest.mark.parametrize("arrive", [by_reset, by_openid, by_supabase])
def test_what_was_made_before_is_dead_with_the_first_proof(local: Api, settings: Settings, arrive: Callable[[Settings, Squat], str]) -> None:
    squat, other = Squat.new(local), Squat.new(local)
    token = arrive(settings, squat)
    assert (squat.opens(), other.opens()) == ((401, 404), (200, 200))
    if token:  # of ours: what is made from now on is theirs
        kept = local.get("/api/v1/bookings/feeds", who=token, workspace=squat.workspace).json["items"]
        url = local.post(f"/api/v1/bookings/feeds/{kept[0]['id']}/regenerate", who=token, workspace=squat.workspace).json["url"]
        key = squat.post("key", token)
        assert key.status == 201, key.body
        assert squat.opens(key.json["key"], urlsplit(url).path) == (200, 200)
        assert squat.opens() == (401, 404)
        keys = local.get(f"/api/v1/workspaces/{squat.workspace}/keys", who=token).json["items"]
        assert [each["revoked_at"] is None for each in keys] == [False, True]


def test_also_where_bookings_are_off_and_in_every_workspace(local: Api, settings: Settings) -> None:
    squat, host = Squat.new(local), local.signup()
    second = local.workspace(host)
    add_member(settings, second, squat.person, "Owner")
    elsewhere = dataclasses.replace(squat, workspace=second)
    key, feed = elsewhere.add(squat.person)
    module = f"/api/v1/workspaces/{squat.workspace}/modules/bookings"
    assert local.put(module, json={"enabled": False}, who=squat.person, workspace=squat.workspace).status == 200
    token = by_reset(settings, squat)
    assert local.put(module, json={"enabled": True}, who=token, workspace=squat.workspace).status == 200
    assert (squat.opens(), squat.opens(key, feed)) == ((401, 404), (401, 404))


def test_who_proved_their_address_before_keeps_them_through_a_reset(local: Api, settings: Settings) -> None:
    squat = Squat.new(local)
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute("update users set email_verified_at = now() where id = %s", (squat.person.id,))
    by_reset(settings, squat)
    assert squat.opens() == (200, 200)


def test_a_workspace_they_had_left_is_told_nothing(local: Api, settings: Settings) -> None:
    squat = Squat.new(local)
    with owner_of(settings) as owner:
        owner.execute("update user_roles set ended_at = now() where user_id = %s", (squat.person.id,))
    by_reset(settings, squat)
    with owner_of(settings) as owner:
        assert owner.execute("select trusted_from from user_roles where user_id = %s", (squat.person.id,)).fetchall() == [(None,)]


@pytest.mark.parametrize("what", ["key", "feed"])
@pytest.mark.parametrize("stopped", [PASSED, WRITTEN])
def test_nor_does_one_live_that_is_made_at_that_moment(patient: Patient, what: str, stopped: str) -> None:
    api = patient.api
    person = api.signup(email=f"{uuid.uuid4().hex[:12]}@example.com")
    squat = Squat(api, person, api.workspace(person))
    token = link(patient.settings, person, "reset")
    made, reset = patient.meanwhile(
        lambda api: squat.post(what, person, api, **{"Idempotency-Key": "race"}),
        lambda api: api.post("/auth/password/reset", json={"token": token, "password": NEW}),
        table=stopped,
    )
    assert reset.status == 204, reset.body
    if stopped == PASSED:
        assert (made.status, made.json["code"]) == (401, "session_revoked")
    else:
        assert made.status == 201, made.body
        assert squat.opens(made.json.get("key", "none"), urlsplit(made.json.get("url", "/ical/none.ics")).path) == (401, 404)


@pytest.fixture(scope="module")
def patient(cluster: Any) -> Iterator[Patient]:
    with Patient.open(cluster, "fitpro_owner_arrives") as made:
        yield made
