"""Tokens of Supabase Auth at the product: first sight, whom they mean here, revocation, and what happens when it does not answer."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from adapters.postgres.wire import Wire
from config.bootstrap import install, web
from config.databases import connections
from config.settings import Settings
from plugins.accounts.repository.sessions import SWEEPS
from tests import supabase as fake
from tests.servers import Api
from tests.supabase import Supabase


@pytest.fixture(scope="module")
def project() -> Iterator[Supabase]:
    with fake.supabase(confirms=True) as made:
        yield made


@pytest.fixture(scope="module")
def here(settings: Settings, project: Supabase) -> Iterator[Api]:
    with installed(with_supabase(settings, project)) as api:
        yield api


@pytest.fixture(autouse=True)
def well(project: Supabase) -> Iterator[None]:
    yield
    project.fault = lambda _: None
    project.confirms, project.autoconfirms = True, False


@pytest.fixture
def auth(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(connections(settings).auth, autocommit=True) as connection:
        yield connection


def with_supabase(settings: Settings, project: Supabase, **changes: Any) -> Settings:
    return dataclasses.replace(settings, supabase_url=project.url, supabase_key=fake.KEY, **changes)


def address() -> str:
    return f"s{uuid.uuid4().hex[:12]}@example.com"


def me(api: Api, token: str) -> Any:
    reply = api.get("/api/v1/me", who=token)
    assert reply.status == 200, reply.body
    return reply.json


def test_the_first_token_of_a_subject_creates_the_person_and_later_ones_are_theirs(here: Api, project: Supabase) -> None:
    user = project.add(address(), metadata={"full_name": "Mallory", "email": "not-this@example.com"})
    first = me(here, project.token(project.session(user)))
    assert (first["email"], first["full_name"]) == (user.email, user.email.split("@")[0])
    assert first["id"] != user.id, "an outside issuer does not choose our ids"
    again = me(here, project.token(project.session(user)))
    assert again["id"] == first["id"]


def test_a_person_from_outside_works_in_a_workspace_like_anybody(here: Api, project: Supabase) -> None:
    token = project.token(project.session(project.add(address())))
    workspace = here.post("/api/v1/workspaces", json={"name": "Outside"}, who=token).json["id"]
    assert here.post("/api/v1/clients", json={"full_name": "Lena"}, who=token, workspace=workspace).status == 201
    assert [c["full_name"] for c in here.get("/api/v1/clients", who=token, workspace=workspace).json["items"]] == ["Lena"]


def test_a_verified_address_links_to_the_account_that_proved_it(here: Api, local: Api, project: Supabase, auth: psycopg.Connection[Any]) -> None:
    person = local.signup()
    auth.execute("update users set email_verified_at = now() where id = %s", (person.id,))
    user = project.add(person.email.upper())
    assert me(here, project.token(project.session(user)))["id"] == person.id
    assert local.get("/api/v1/me", who=person).status == 200, "their own session goes on"
    assert local.post("/auth/login", json={"email": person.email, "password": "a long enough secret"}).status == 200


@pytest.mark.parametrize("proved", [True, False])
def test_an_address_nobody_verified_links_to_nobody(here: Api, local: Api, project: Supabase, auth: psycopg.Connection[Any], proved: bool) -> None:
    person = local.signup()
    auth.execute("update users set email_verified_at = case when %s then now() end where id = %s", (proved, person.id))
    thief = project.add(person.email, confirmed=False, metadata={"email_verified": True})
    refused = here.get("/api/v1/me", who=project.token(project.session(thief), email_verified=True))
    assert (refused.status, refused.json["code"]) == (409, "email_taken")


def test_a_project_that_confirms_unseen_links_to_nobody(local: Api, settings: Settings) -> None:
    with fake.supabase(confirms=False) as careless, installed(with_supabase(settings, careless)) as api:
        person = local.signup()
        refused = api.get("/api/v1/me", who=careless.token(careless.session(careless.add(person.email))))
        assert (refused.status, refused.json["code"]) == (409, "email_taken")
        stranger = careless.add(address())
        assert api.get("/api/v1/me", who=careless.token(careless.session(stranger))).status == 200


def test_whoever_waited_under_an_unproved_address_is_shut_out_when_its_owner_comes(here: Api, local: Api, project: Supabase) -> None:
    squatter = local.signup()
    owner = project.add(squatter.email)
    assert me(here, project.token(project.session(owner)))["id"] == squatter.id
    assert local.get("/api/v1/me", who=squatter).json["code"] == "session_revoked"
    assert local.post("/auth/login", json={"email": squatter.email, "password": "a long enough secret"}).status == 401
    assert local.post("/auth/refresh", json={"refresh_token": squatter.refresh}).status == 401


def test_a_subject_that_was_linked_by_a_squatter_means_nobody_afterwards(here: Api, project: Supabase, settings: Settings) -> None:
    email = address()
    squatter = project.session(project.add(email, confirmed=False))
    first = me(here, project.token(squatter))
    project.users.pop(email)
    owner = project.add(email)
    assert me(here, project.token(project.session(owner)))["id"] == first["id"]
    for token in (project.token(squatter), project.token(project.session(squatter.user))):
        assert here.get("/api/v1/me", who=token).status in (401, 409)


def test_a_session_that_is_ended_here_is_over_whatever_its_token_says(here: Api, project: Supabase, auth: psycopg.Connection[Any]) -> None:
    session = project.session(project.add(address()))
    token = project.token(session)
    person = me(here, token)["id"]
    auth.execute("update sessions set revoked_at = now() where user_id = %s", (person,))
    for each in (token, project.token(session)):
        gone = here.get("/api/v1/me", who=each)
        assert (gone.status, gone.json["code"]) == (401, "session_revoked")
    assert me(here, project.token(project.session(session.user)))["id"] == person, "another sign-in is another session"


def test_a_session_ended_here_does_not_begin_again_when_old_ones_are_swept(here: Api, project: Supabase, auth: psycopg.Connection[Any]) -> None:
    session = project.session(project.add(address()))
    person = me(here, project.token(session))["id"]
    auth.execute("update sessions set revoked_at = now() - interval '8 days', created_at = now() - interval '400 days' where user_id = %s", (person,))
    for sweep in SWEEPS:
        auth.execute(sweep.text.replace("$1", "%(now)s").encode(), {"now": datetime.now(UTC)})
    assert here.get("/api/v1/me", who=project.token(session)).json["code"] == "session_revoked"


def test_sixteen_first_sights_at_once_make_one_person(here: Api, project: Supabase) -> None:
    session = project.session(project.add(address()))
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda token: here.get("/api/v1/me", who=token), [project.token(session) for _ in range(16)]))
    statuses = {reply.status for reply in replies}
    assert statuses <= {200, 503}
    assert 200 in statuses
    assert len({reply.json["id"] for reply in replies if reply.status == 200}) == 1


def test_a_known_token_costs_no_query_and_no_call(here: Api, project: Supabase, monkeypatch: pytest.MonkeyPatch) -> None:
    session = project.session(project.add(address()))
    token = project.token(session)
    workspace = here.post("/api/v1/workspaces", json={"name": "Quick"}, who=token).json["id"]
    here.get("/api/v1/clients", who=token, workspace=workspace)
    trips, calls = [], len(project.asked)
    exchange = Wire.exchange
    monkeypatch.setattr(Wire, "exchange", lambda wire, batch: trips.append(len(batch)) or exchange(wire, batch))
    assert here.get("/api/v1/clients", who=token, workspace=workspace).status == 200
    assert len(trips) == 1
    assert here.get("/api/v1/clients", who=project.token(session), workspace=workspace).status == 200
    assert len(trips) <= 4, "a new token of a known session asks once whose it is"
    assert len(project.asked) == calls


def test_somebody_without_an_address_is_told_so(here: Api, project: Supabase) -> None:
    anonymous = project.session(project.add(""))
    refused = here.get("/api/v1/me", who=project.token(anonymous, is_anonymous=True))
    assert (refused.status, refused.json["code"]) == (403, "email_required")


def test_a_token_of_a_session_that_is_over_there_creates_nobody(here: Api, project: Supabase) -> None:
    session = project.session(project.add(address()))
    token = project.token(session)
    del project.sessions[session.id]
    refused = here.get("/api/v1/me", who=token)
    assert (refused.status, refused.json["code"]) == (401, "invalid_token")


def test_legacy_tokens_are_refused_unless_a_flag_says_otherwise(here: Api, project: Supabase, settings: Settings) -> None:
    session = project.session(project.add(address()))
    token = project.token(session, alg="HS256")
    assert here.get("/api/v1/me", who=token).status == 401
    with installed(with_supabase(settings, project, supabase_hs256=True, supabase_jwt_secret=fake.JWT_SECRET)) as lenient:
        assert lenient.get("/api/v1/me", who=token).status == 200
        assert lenient.get("/api/v1/me", who=project.token(session)).status == 200


def test_grave_operations_ask_supabase_people_for_a_recent_sign_in_too(here: Api, project: Supabase) -> None:
    session = project.session(project.add(address()))
    workspace = here.post("/api/v1/workspaces", json={"name": "Grave"}, who=project.token(session)).json["id"]
    assert workspace
    stale = project.token(session, amr=[{"method": "password", "timestamp": int(time.time()) - 3600}])
    assert here.get("/api/v1/me", who=stale).status == 200
    unproved = project.token(session, amr="password")
    assert here.get("/api/v1/me", who=unproved).status == 200


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (429, {"Retry-After": "7"}), (503, {"Retry-After": "9"})])
def test_f13_while_it_fails_strangers_wait_and_known_people_work(here: Api, project: Supabase, status: int, headers: dict[str, str]) -> None:
    known = project.token(project.session(project.add(address())))
    me(here, known)
    stranger = project.token(project.session(project.add(address())))
    project.fault = fake.failing(status, **headers)
    for _ in range(20):
        assert here.get("/api/v1/me", who=known).status == 200
        refused = here.get("/api/v1/me", who=stranger)
        assert refused.status in (429, 503)
        assert int(refused.headers["Retry-After"]) >= int(headers.get("Retry-After", 1))
    project.fault = lambda _: None
    assert here.get("/api/v1/me", who=stranger).status == 200


@contextlib.contextmanager
def installed(settings: Settings) -> Iterator[Api]:
    """An installation of its own for the block."""
    installation = install(settings)
    try:
        yield Api(web(installation))
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()
