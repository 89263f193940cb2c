"""Signing up where FITPRO_SIGNUP is `confirmed`: a letter to everybody, and an account for who reads it and knows the password."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from config.bootstrap import install, web
from config.databases import connections
from config.settings import Settings
from ports.tasks import PLATFORM
from tests.office import Office
from tests.servers import Api, Reply

PASSWORD = "a long enough secret"
YES = {"terms": True, "privacy": True}


def test_a_new_address_gets_a_link_that_makes_the_account(confirmed: Api, office: Office) -> None:
    email = address()
    asked = sign_up(confirmed, email.upper(), consents={**YES, "marketing": True}, locale="es")
    assert (asked.status, asked.body) == (202, b"")
    assert login(confirmed, email).status == 401
    token = link(office, email)
    assert office.mails(email)[-1]["Subject"] == "Termina de crear tu cuenta"
    made = finish(confirmed, token)
    assert made.status == 201
    assert (made.json["user"]["email"], made.json["user"]["full_name"], made.json["user"]["locale"]) == (email, "Sam Somebody", "es")
    me = confirmed.get("/api/v1/me", who=made.json["access_token"]).json
    assert me["email_verified"] is True
    assert {name: standing["granted"] for name, standing in me["consents"].items()} == {"terms": True, "privacy": True, "marketing": True}
    assert me["consents"]["terms"]["document_version"]
    assert login(confirmed, email).status == 200
    office.work()
    assert len(office.mails(email)) == 1  # nothing is left to confirm


def test_what_was_agreed_to_keeps_its_time_and_its_edition(confirmed: Api, office: Office, settings: Settings) -> None:
    email = address()
    sign_up(confirmed, email)
    earlier = datetime.now(UTC) - timedelta(minutes=20)
    with psycopg.connect(connections(settings).auth) as auth:
        edition = '{"terms": "2026-01-01", "privacy": "2026-01-01"}'
        auth.execute("update accounts_applicant set created_at = %s, agreed = %s where email = %s", (earlier, edition, email))
    made = finish(confirmed, link(office, email)).json
    said = confirmed.get("/api/v1/me/consents", who=made["access_token"]).json["items"]
    assert {each["document_version"] for each in said} == {"2026-01-01"}
    assert {datetime.fromisoformat(each["recorded_at"]) for each in said} == {earlier}


def test_who_has_an_account_is_told_by_letter_and_gets_no_link(confirmed: Api, office: Office, local: Api) -> None:
    known = local.signup()
    office.work()
    asked = sign_up(confirmed, known.email)
    assert (asked.status, asked.body) == (202, b"")
    office.work()
    assert office.mails(known.email)[-1]["Subject"] == "You have an account already"
    assert "#token=" not in office.text(known.email)
    assert login(confirmed, known.email).status == 200


def test_who_reads_the_mail_but_never_signed_up_gets_no_account_that_another_can_enter(confirmed: Api, office: Office) -> None:
    email = address()
    sign_up(confirmed, email, password="chosen by a stranger")
    token = link(office, email)
    refused = finish(confirmed, token)
    assert (refused.status, refused.json["code"], refused.json["errors"][0]["pointer"]) == (422, "wrong_password", "/password")
    sign_up(confirmed, email)
    assert finish(confirmed, link(office, email)).status == 201
    late = finish(confirmed, token, password="chosen by a stranger")
    assert (late.status, late.json["code"]) == (422, "invalid_link")


def test_guesses_at_the_password_of_a_link_are_counted(settings: Settings, office: Office) -> None:
    api, email = Api(web(install(replace(settings, signup="confirmed", password_checks_account=2)))), address()
    sign_up(api, email)
    token = link(office, email)
    assert [finish(api, token, password=f"not this one {n}").status for n in range(3)] == [422, 422, 429]
    assert finish(api, token).status == 429


def test_of_16_who_use_one_link_one_makes_the_account(confirmed: Api, office: Office) -> None:
    email = address()
    sign_up(confirmed, email)
    token = link(office, email)
    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(lambda _: finish(confirmed, token).status, range(16)))
    assert statuses[201] == 1
    assert statuses.keys() <= {201, 422, 503}  # 503: no room for the hash


def test_a_link_is_over_after_half_an_hour_and_its_applicant_swept(confirmed: Api, office: Office, settings: Settings) -> None:
    email = address()
    sign_up(confirmed, email)
    token = link(office, email)
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute("update accounts_applicant set expires_at = now() where email = %s", (email,))
    assert finish(confirmed, token).json["code"] == "invalid_link"
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute(
            "insert into outbox_deliveries (workspace_id, id, module, handler, arguments, max_attempts, rung_at)"
            " values (%s, gen_random_uuid(), '', 'accounts:sweep', '{}', 1, now())",
            (PLATFORM,),
        )
    office.work()
    with psycopg.connect(connections(settings).auth) as auth:
        assert auth.execute("select count(*) from accounts_applicant where email = %s", (email,)).fetchone() == (0,)


def test_what_is_at_rest_opens_nothing(confirmed: Api, office: Office, settings: Settings) -> None:
    email = address()
    sign_up(confirmed, email)
    with psycopg.connect(connections(settings).auth) as auth:
        kept = auth.execute("select t::text from accounts_applicant t where email = %s", (email,)).fetchall()
        jobs = auth.execute("select arguments::text from outbox_deliveries").fetchall()
    token = link(office, email)
    assert len(kept) == 1
    assert all(token not in text and PASSWORD not in text for (text,) in (*kept, *jobs))
    assert all(email not in text for (text,) in jobs)


def test_what_the_request_lacks_is_told_before_a_letter_is_sent(confirmed: Api, office: Office) -> None:
    for change in ({"password": "Password123"}, {"consents": {"terms": True, "privacy": False}}, {"locale": "Spanish"}):
        email = address()
        assert sign_up(confirmed, email, **change).status == 422
        office.work()
        assert office.mails(email) == []


def test_many_letters_to_one_address_are_left_out_without_a_word(settings: Settings, office: Office) -> None:
    api, email = Api(web(install(replace(settings, signup="confirmed", letters_account=2)))), address()
    assert [sign_up(api, email).status for _ in range(4)] == [202] * 4
    office.work()
    assert len(office.mails(email)) == 2


def test_where_signing_up_is_open_nobody_waits_for_a_link(local: Api) -> None:
    assert finish(local, "x" * 43).json["code"] == "invalid_link"


@pytest.fixture(scope="module")
def confirmed(settings: Settings) -> Api:
    return Api(web(install(replace(settings, signup="confirmed"))))


def address() -> str:
    return f"a{uuid.uuid4().hex}@example.com"


def sign_up(api: Api, email: str, **changes: Any) -> Reply:
    return api.post("/auth/signup", json={"email": email, "password": PASSWORD, "full_name": "Sam Somebody", "consents": YES, **changes})


def finish(api: Api, token: str, *, password: str = PASSWORD) -> Reply:
    return api.post("/auth/signup/finish", json={"token": token, "password": password})


def login(api: Api, email: str) -> Reply:
    return api.post("/auth/login", json={"email": email, "password": PASSWORD})


def link(office: Office, email: str) -> str:
    """The token in the newest letter to an address."""
    office.work()
    found = re.search(r"/finish-signup#token=([A-Za-z0-9_-]{43})\s", office.text(email))
    assert found is not None
    return found[1]
