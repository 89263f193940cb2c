"""The Supabase adapter against a mock server made from Supabase's own description, and its errors in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.http.problems import TABLE
from adapters.outbound.client import HttpOutbound
from adapters.supabase import SupabaseAuth
from kernel.context import Current, Kind, Scope, serving
from kernel.errors import DomainError, Unavailable
from ports.federation import Grant, Outsider
from tests import supabase as fake
from tests.outsiders import service
from tests.prism import prism


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupabaseAuth]:
    with prism(tmp_path_factory.mktemp("prism")) as url:
        yield SupabaseAuth(url, fake.KEY, HttpOutbound("sign-in service"))


@pytest.mark.external("prism", "shared")
def test_every_request_is_as_supabase_describes_it_and_every_answer_is_understood(described: SupabaseAuth) -> None:
    for grant in (described.log_in("a@example.com", "a long enough secret"), described.refresh("4nYUCw0wZR_DNOTSDbSGMQ")):
        assert isinstance(grant, Grant)
        assert isinstance(grant.outsider, Outsider)
    assert isinstance(described.sign_up("a@example.com", "a long enough secret"), Grant)
    described.send_reset("a@example.com")
    described.log_out("token")
    assert described.outsider("token").subject


@pytest.mark.external("prism", "shared")
def test_a_request_that_is_not_as_described_is_noticed(described: SupabaseAuth) -> None:
    with pytest.raises(Unavailable):
        described._token("magic", {})
    with pytest.raises(DomainError):
        described.send_reset(7)  # type: ignore[arg-type]


CASES = [
    ("log_in", 400, {"error_code": "invalid_credentials"}, "invalid_credentials", 401),
    ("log_in", 400, {"error": "invalid_grant", "error_description": "Invalid login credentials"}, "invalid_credentials", 401),
    ("log_in", 400, {"code": "invalid_credentials", "message": "as of 2024-01-01"}, "invalid_credentials", 401),
    ("log_in", 400, {"error_code": "email_not_confirmed"}, "email_not_verified", 403),
    ("log_in", 403, {"error_code": "user_banned"}, "account_blocked", 403),
    ("log_in", 429, {"error_code": "over_request_rate_limit"}, "rate_limited", 429),
    ("log_in", 401, {"message": "Invalid API key"}, "unavailable", 503),
    ("log_in", 500, {"error_code": "unexpected_failure"}, "unavailable", 503),
    ("log_in", 502, None, "unavailable", 503),
    ("log_in", 200, None, "unavailable", 503),
    ("log_in", 200, {"access_token": 1}, "unavailable", 503),
    ("log_in", 302, {}, "unavailable", 503),
    ("refresh", 400, {"error_code": "refresh_token_already_used"}, "invalid_refresh_token", 401),
    ("refresh", 400, {"error": "invalid_grant"}, "invalid_refresh_token", 401),
    ("refresh", 403, {"error_code": "session_expired"}, "invalid_refresh_token", 401),
    ("sign_up", 422, {"error_code": "user_already_exists"}, "email_taken", 409),
    ("sign_up", 422, {"error_code": "weak_password", "weak_password": {"reasons": ["pwned"]}}, "validation_failed", 422),
    ("sign_up", 400, {"error_code": "email_address_invalid"}, "validation_failed", 422),
    ("sign_up", 422, {"error_code": "signup_disabled"}, "signup_disabled", 403),
    ("sign_up", 429, {"error_code": "over_email_send_rate_limit"}, "rate_limited", 429),
]


@pytest.mark.parametrize(("method", "status", "body", "code", "family"), CASES)
def test_each_error_is_one_precise_problem(method: str, status: int, body: Any, code: str, family: int) -> None:
    content = b"<html>" if body is None else json.dumps(body).encode()
    arguments = ("4nYUCw0wZR_DNOTSDbSGMQ",) if method == "refresh" else ("a@example.com", "a long enough secret")
    with service(lambda _: (status, {}, content)) as url:
        call = getattr(SupabaseAuth(url, fake.KEY, HttpOutbound("sign-in service")), method)
        with pytest.raises(DomainError) as refused:
            call(*arguments)
    assert (refused.value.code, TABLE[refused.value.family][0]) == (code, family)


def test_a_reset_that_was_asked_for_a_moment_ago_looks_like_any_other() -> None:
    with service(lambda _: (429, {}, b'{"error_code": "over_email_send_rate_limit"}')) as url:
        SupabaseAuth(url, fake.KEY, HttpOutbound("sign-in service")).send_reset("a@example.com")


def test_user_metadata_is_never_read() -> None:
    with fake.supabase(confirms=True) as project:
        user = project.add("a@example.com", confirmed=False, metadata={"email": "victim@example.com", "email_verified": True, "sub": "other"})
        adapter = SupabaseAuth(project.url, fake.KEY, HttpOutbound("sign-in service"))
        assert adapter.outsider(project.token(project.session(user))) == Outsider(adapter.issuer, user.id, "a@example.com", False)


def test_it_refuses_to_wait_for_an_answer_inside_a_transaction() -> None:
    current: Any = Current(Scope(Kind.PUBLIC, "r"), None, None, transaction=object())  # type: ignore[arg-type]
    with serving(current), pytest.raises(RuntimeError, match="inside a transaction"):
        SupabaseAuth("http://127.0.0.1:9", fake.KEY, HttpOutbound("sign-in service")).log_in("a@example.com", "x")
