"""One suite for whoever keeps the passwords: the built-in issuer, Supabase Auth, and Supabase Auth held to its own description."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests import supabase as fake
from tests.prism import prism
from tests.servers import Api

PASSWORD = "a long enough secret"
YES = {"terms": True, "privacy": True}
KINDS = ("built-in", "supabase", pytest.param("supabase as described", marks=pytest.mark.external("prism", "shared")))


@pytest.fixture(scope="module", params=KINDS)
def api(request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with contextlib.ExitStack() as stack:
        yield opened(stack, request, settings, tmp_path_factory)


@pytest.fixture(params=KINDS[:2])
def counted(request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One that takes three sign-ups an hour from an address."""
    with contextlib.ExitStack() as stack:
        yield opened(stack, request, dataclasses.replace(settings, trusted_proxies=1, signups_address=3, letters_account=5), tmp_path_factory)


def opened(stack: contextlib.ExitStack, request: pytest.FixtureRequest, settings: Settings, folders: pytest.TempPathFactory) -> Api:
    if request.param != "built-in":
        project = stack.enter_context(fake.supabase(confirms=False))
        if request.param == "supabase as described":
            project.url = stack.enter_context(prism(folders.mktemp("prism"), upstream=project.url))
        settings = dataclasses.replace(settings, supabase_url=project.url, supabase_key=fake.KEY)
    installation = install(settings)
    stack.callback(installation.container.app_pool().close)
    stack.callback(installation.container.auth_pool().close)
    return Api(web(installation))


def address() -> str:
    return f"c{uuid.uuid4().hex[:12]}@example.com"


def sign_up(api: Api, email: str, changes: Any = None, **sent: Any) -> Any:
    return api.post("/auth/signup", json={"email": email, "password": PASSWORD, "full_name": "Lena Ortiz", "consents": YES} | (changes or {}), **sent)


def log_in(api: Api, email: str, password: str = PASSWORD) -> Any:
    return api.post("/auth/login", json={"email": email, "password": password})


def refresh(api: Api, token: str) -> Any:
    return api.post("/auth/refresh", json={"refresh_token": token})


def test_signing_up_makes_a_person_with_their_name_and_consents(api: Api) -> None:
    email = address()
    made = sign_up(api, email.upper())
    assert made.status == 201, made.body
    assert set(made.json) == {"user", "access_token", "refresh_token", "token_type", "expires_in"}
    assert (made.json["token_type"], made.json["user"]["email"], made.json["user"]["full_name"]) == ("Bearer", email, "Lena Ortiz")
    me = api.get("/api/v1/me", who=made.json["access_token"])
    assert me.status == 200
    assert me.json["id"] == made.json["user"]["id"]
    assert [me.json["consents"][each]["granted"] for each in ("terms", "privacy", "marketing")] == [True, True, False]


def test_whoever_signed_up_signs_in_as_the_same_person(api: Api) -> None:
    email = address()
    person = sign_up(api, email).json["user"]["id"]
    signed_in = log_in(api, email)
    assert signed_in.status == 200, signed_in.body
    assert api.get("/api/v1/me", who=signed_in.json["access_token"]).json["id"] == person == signed_in.json["user"]["id"]


def test_an_address_has_one_account(api: Api) -> None:
    email = address()
    assert sign_up(api, email).status == 201
    again = sign_up(api, email)
    assert (again.status, again.json["code"]) == (409, "email_taken")


@pytest.mark.parametrize("change", [{"password": "short"}, {"consents": {"terms": True, "privacy": False}}, {"email": "nowhere"}])
def test_a_signup_that_is_not_valid_makes_nobody(api: Api, change: dict[str, Any]) -> None:
    email = address()
    refused = sign_up(api, email, change)
    assert refused.status == 422
    assert refused.json["errors"][0]["pointer"].startswith("/" + next(iter(change)))
    assert log_in(api, email).status == 401


def test_a_wrong_password_and_an_unknown_address_look_the_same(api: Api) -> None:
    email = address()
    sign_up(api, email)
    answers = [log_in(api, email, "not the password"), log_in(api, address(), "not the password")]
    assert {(reply.status, reply.json["code"], reply.json["detail"]) for reply in answers} == {
        (401, "invalid_credentials", "The e-mail address or the password is wrong.")
    }


def test_a_session_goes_on_by_its_refresh_token(api: Api) -> None:
    first = sign_up(api, address()).json
    second = refresh(api, first["refresh_token"])
    assert second.status == 200, second.body
    assert second.json["refresh_token"] != first["refresh_token"]
    assert api.get("/api/v1/me", who=second.json["access_token"]).json["id"] == first["user"]["id"]
    assert refresh(api, second.json["refresh_token"]).status == 200


@pytest.mark.parametrize("token", ["", "x", "0mEJ1q1hWq7Yb2nq7S4bV3o0b8n1l5vC1xk9Zt6uY2A", "4nYUCw0wZR_DNOTSDbSGMQ"])
def test_a_refresh_token_nobody_made_is_refused(api: Api, token: str) -> None:
    refused = refresh(api, token)
    assert refused.status in (401, 422)
    assert refused.json["code"] in ("invalid_refresh_token", "validation_failed")


def test_signing_out_ends_the_session_and_no_other(api: Api) -> None:
    email = address()
    first, other = sign_up(api, email).json, log_in(api, email).json
    assert api.post("/auth/logout", who=first["access_token"]).status == 204
    gone = api.get("/api/v1/me", who=first["access_token"])
    assert (gone.status, gone.json["code"]) == (401, "session_revoked")
    assert refresh(api, first["refresh_token"]).status == 401
    assert api.get("/api/v1/me", who=other["access_token"]).status == 200


def test_a_session_ended_from_another_one_is_over_at_once_and_cannot_be_prolonged(api: Api) -> None:
    email = address()
    first, other = sign_up(api, email).json, log_in(api, email).json
    assert api.delete("/api/v1/me/sessions", who=other["access_token"]).status == 204
    assert api.get("/api/v1/me", who=first["access_token"]).json["code"] == "session_revoked"
    refused = refresh(api, first["refresh_token"])
    assert (refused.status, refused.json["code"]) == (401, "invalid_refresh_token")
    assert refresh(api, other["refresh_token"]).status == 200


def test_a_forgotten_password_is_answered_the_same_for_everybody(api: Api) -> None:
    email = address()
    sign_up(api, email)
    assert {api.post("/auth/password/forgot", json={"email": each}).status for each in (email, address())} == {202}


def test_nobody_signs_in_with_a_token_that_was_changed(api: Api) -> None:
    token = sign_up(api, address()).json["access_token"]
    head, body, signature = token.split(".")
    for changed in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body[:-2]}AA.{signature}", head, token + "x"):
        refused = api.get("/api/v1/me", who=changed)
        assert (refused.status, refused.json["code"]) == (401, "invalid_token")


def test_accounts_asked_for_from_one_network_address_are_counted_whoever_keeps_the_passwords(counted: Api) -> None:
    visitors = [*[_visitor()] * 4, _visitor()]
    asked = [sign_up(counted, address(), headers={"X-Forwarded-For": each}) for each in visitors]
    assert [reply.status for reply in asked] == [201, 201, 201, 429, 201]
    assert asked[3].json["code"] == "too_many_attempts"


def test_what_the_service_refuses_or_lets_in_at_once_is_no_letter(counted: Api) -> None:
    email = address()
    assert sign_up(counted, email, headers={"X-Forwarded-For": _visitor()}).status == 201
    again = [sign_up(counted, email, headers={"X-Forwarded-For": _visitor()}) for _ in range(7)]
    assert {(reply.status, reply.json["code"]) for reply in again} == {(409, "email_taken")}


def _visitor() -> str:
    some = uuid.uuid4().hex
    return f"2001:db8:{some[:4]}:{some[4:8]}::1"
