"""Sign-in with an OpenID provider: the round trip, and everything a hostile provider, network or browser does to it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from adapters.oidc import id_token
from adapters.oidc.discovery import secure
from config.bootstrap import install, web
from config.databases import connections
from config.settings import Settings
from plugins.accounts.service.openid import OpenIdService
from tests.openid import Account, OpenId, consent, openid
from tests.security.hostile_ids import HOSTILE, head
from tests.servers import Api, Reply

COOKIE = "__Host-fitpro_oidc"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenId]:
    with openid() as made:
        yield made


@pytest.fixture(scope="module")
def here(settings: Settings, provider: OpenId) -> Iterator[Api]:
    with installed(
        dataclasses.replace(settings, oidc_providers=provider.setting, own_url="https://api.example", app_url="https://app.example")
    ) as api:
        yield api


@pytest.fixture(autouse=True)
def honest(provider: OpenId) -> Iterator[None]:
    provider.account = Account(uuid.uuid4().hex, f"{uuid.uuid4().hex[:12]}@example.com")
    yield
    provider.forge, provider.sign_with, provider.fault = (lambda *_: None), None, (lambda _: None)
    provider.metadata, provider.address_in = {}, "id_token"


@contextlib.contextmanager
def installed(settings: Settings) -> Iterator[Api]:
    installation = install(settings)
    try:
        yield Api(web(installation))
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()


def leave(api: Api, path: str = "/auth/oidc/acme/start") -> tuple[str, str]:
    """Where the browser is sent, and the cookie it keeps."""
    left = api.get(path)
    assert left.status == 303, left.body
    name, _, rest = left.headers["Set-Cookie"].partition("=")
    assert name == COOKIE
    assert {part.strip() for part in rest.split(";")[1:]} == {"Path=/", "Max-Age=600", "Secure", "HttpOnly", "SameSite=Lax"}
    return left.headers["Location"], rest.split(";")[0]


def back(api: Api, path: str, cookie: str | None, **headers: str) -> Reply:
    return api.get(path, headers={**({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}), **headers})


def signed_in(api: Api) -> Reply:
    url, cookie = leave(api)
    return back(api, consent(url), cookie)


def test_the_round_trip_signs_a_new_person_in(here: Api, provider: OpenId) -> None:
    listed = here.get("/auth/oidc").json
    assert listed == {"items": [{"name": "acme", "title": "Acme ID", "issuer": provider.url}], "next_cursor": None}
    first = signed_in(here)
    assert first.status == 200, first.body
    assert first.json["user"]["email"] == provider.account.email
    assert here.get("/api/v1/me", who=first.json["access_token"]).json["email_verified"] is True
    assert here.post("/auth/refresh", json={"refresh_token": first.json["refresh_token"]}).status == 200
    assert signed_in(here).json["user"]["id"] == first.json["user"]["id"]
    assert provider.problems == []


def test_a_person_from_outside_is_asked_for_the_consents_they_never_gave(here: Api) -> None:
    token = signed_in(here).json["access_token"]
    required = here.get("/api/v1/me", who=token).json["consents_required"]
    assert [each["purpose"] for each in required] == ["terms", "privacy"]
    assert here.get("/api/v1/me/consents", who=token).json["items"] == []
    given = here.patch("/api/v1/me", json={"consents": {each["purpose"]: True for each in required}}, who=token)
    assert (given.status, given.json["consents_required"]) == (200, [])
    said = here.get("/api/v1/me/consents", who=token).json["items"]
    assert {each["purpose"]: each["document_version"] for each in said} == {each["purpose"]: each["document_version"] for each in required}
    assert all(each["granted"] and each["recorded_at"] for each in said)


def test_a_browser_is_sent_on_to_the_frontend_with_its_session_in_a_cookie(here: Api) -> None:
    url, cookie = leave(here, "/auth/oidc/acme/start?return_to=/welcome?tab=1")
    arrived = back(here, consent(url), cookie, Accept="text/html,application/xhtml+xml")
    assert (arrived.status, arrived.headers["Location"], arrived.body) == (303, "https://app.example/welcome?tab=1", b"")
    assert "__Host-fitpro_refresh=" in arrived.headers["Set-Cookie"]
    refused = back(here, consent(leave(here)[0]), None, Accept="text/html")
    assert (refused.status, refused.headers["Location"]) == (303, "https://app.example/#error=sign_in_over")


@pytest.mark.parametrize("path", ["//thief.example", "/\\thief.example", "https://thief.example", "welcome", "/a b", "/%0d%0aX: 1", ""])
def test_nobody_is_sent_anywhere_else_afterwards(here: Api, path: str) -> None:
    assert here.get(f"/auth/oidc/acme/start?return_to={path}").status == 422


def test_t23_an_address_the_provider_did_not_verify_takes_over_nobody(here: Api, provider: OpenId) -> None:
    victim = here.signup()
    for claim in (False, None, "false", 1, "yes", [True]):
        provider.account = Account(uuid.uuid4().hex, victim.email.upper(), claim)
        refused = signed_in(here)
        assert (refused.status, refused.json["code"]) == (409, "email_taken"), claim
    assert here.get("/api/v1/me", who=victim).status == 200


def test_a_verified_address_is_the_account_that_proved_it(here: Api, provider: OpenId, auth: psycopg.Connection[Any]) -> None:
    person = here.signup()
    auth.execute("update users set email_verified_at = now() where id = %s", (person.id,))
    provider.account = Account("known", person.email.upper())
    assert signed_in(here).json["user"]["id"] == person.id
    assert here.get("/api/v1/me", who=person).status == 200


def test_t26_where_addresses_are_confirmed_first_one_nobody_verified_tells_nothing(settings: Settings, provider: OpenId, here: Api) -> None:
    """Else whoever may write any address into an account elsewhere would learn who has one here."""
    changes = {"oidc_providers": provider.setting, "own_url": "https://api.example", "app_url": "https://app.example", "signup": "confirmed"}
    with installed(dataclasses.replace(settings, **changes)) as api:
        refusals = []
        for email in (here.signup().email, f"{uuid.uuid4().hex}@example.com"):
            provider.account = Account(uuid.uuid4().hex, email, False)
            refusals.append(signed_in(api))
        assert [(reply.status, reply.json["code"]) for reply in refusals] == [(403, "email_not_verified")] * 2
        provider.account = Account(uuid.uuid4().hex, f"{uuid.uuid4().hex}@example.com", True)
        assert signed_in(api).status == 200


def test_an_account_that_proved_nothing_is_emptied_of_its_ways_in_first(here: Api, provider: OpenId) -> None:
    squatter = here.signup()
    provider.account = Account(uuid.uuid4().hex, squatter.email)
    arrived = signed_in(here).json
    assert arrived["user"]["id"] == squatter.id
    required = here.get("/api/v1/me", who=arrived["access_token"]).json["consents_required"]
    assert [each["purpose"] for each in required] == ["terms", "privacy"]
    assert here.get("/api/v1/me", who=squatter).json["code"] == "session_revoked"
    assert here.post("/auth/login", json={"email": squatter.email, "password": "a long enough secret"}).status == 401


def test_an_address_that_only_userinfo_knows_is_asked_for_there(here: Api, provider: OpenId) -> None:
    provider.address_in = "userinfo"
    assert signed_in(here).json["user"]["email"] == provider.account.email
    asked = provider.account
    provider.account = Account(uuid.uuid4().hex, "somebody@example.com")
    url, cookie = leave(here)
    path = consent(url)
    provider.account = asked  # userinfo speaks of somebody else now
    refused = back(here, path, cookie)
    assert (refused.status, refused.json["code"]) == (403, "email_required")


@pytest.mark.parametrize("name", HOSTILE)
def test_t22_t23_a_hostile_id_token_signs_nobody_in(here: Api, provider: OpenId, name: str) -> None:
    provider.forge = HOSTILE[name]
    refused = signed_in(here)
    assert (refused.status, refused.json["code"]) == (401, "sign_in_failed")


def test_t23_another_issuers_key_signs_nobody_in(here: Api, provider: OpenId) -> None:
    for key, alg in ((RSAKey.generate_key(2048), "RS256"), (ECKey.generate_key("P-256"), "ES256"), (shared_secret(provider), "HS256")):
        provider.sign_with, provider.forge = key, head(alg=alg)
        assert signed_in(here).status == 401


@pytest.mark.parametrize("fault", ["nonce", "aud", "time", "signature"])
def test_a_verifier_that_forgets_a_check_is_noticed(here: Api, provider: OpenId, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    checks = {"nonce": "validate_nonce", "aud": "validate_azp", "time": "validate"}
    if fault == "signature":
        key = provider.key
        provider.key = RSAKey.generate_key(2048)
        provider.sign_with = key
    else:
        monkeypatch.setattr(id_token.CodeIDToken, checks[fault], lambda *_a, **_k: None)
        provider.forge = HOSTILE[{"nonce": "another nonce", "aud": "another party authorised", "time": "expired"}[fault]]
    assert signed_in(here).status == 200
    if fault == "signature":
        provider.key = key


def test_a_state_is_good_once_in_the_browser_it_was_made_for(here: Api) -> None:
    url, cookie = leave(here)
    path = consent(url)
    other = leave(here)[1]
    state = parse_qs(urlsplit(path).query)["state"][0]
    ends, random, where, proof = state.split(".")
    tampered = (
        f"{int(ends) + 60}.{random}.{where}.{proof}", f"{ends}.{random[::-1]}.{where}.{proof}", f"{ends}.{random}.L3g.{proof}",
        f"{ends}.{random}.{where}.{proof[::-1]}", "x", state + "A",
    )  # fmt: skip
    for refused in (
        back(here, path, None), back(here, path, other), back(here, path, "x"), back(here, path, cookie[::-1]),
        back(here, path, f"{cookie}; {COOKIE}={cookie}"), *(back(here, path.replace(state, each), cookie) for each in tampered),
    ):  # fmt: skip
        assert (refused.status, refused.json["code"]) == (401, "sign_in_over")
    assert back(here, path, cookie).status == 200
    assert back(here, path, cookie).json["code"] == "sign_in_over"


def test_of_sixteen_who_come_back_with_one_state_one_gets_in(here: Api, settings: Settings) -> None:
    url, cookie = leave(here)
    path = consent(url)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: back(here, path, cookie).status, range(16)))
    assert statuses.count(200) == 1


def test_an_attempt_is_over_after_ten_minutes(here: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    url, cookie = leave(here)
    path = consent(url)
    with monkeypatch.context() as later:
        fresh = OpenIdService._resumed
        later.setattr(OpenIdService, "_resumed", lambda self, *a: fresh(moved(self), *a))
        assert back(here, path, cookie).json["code"] == "sign_in_over"


def test_what_the_provider_refuses_or_somebody_else_answers_signs_nobody_in(here: Api, provider: OpenId) -> None:
    for extra in ("error=access_denied&", "iss=https%3A%2F%2Fthief.example&"):
        url, cookie = leave(here)
        path = consent(url).replace(f"iss={provider.url.replace(':', '%3A').replace('/', '%2F')}", "x=1").replace("?", f"?{extra}")
        refused = back(here, path, cookie)
        assert (refused.status, refused.json["code"]) == (401, "sign_in_failed")
    url, cookie = leave(here)
    assert back(here, consent(url).replace("code=", "code=x"), cookie).json["code"] == "sign_in_failed"
    assert here.get("/auth/oidc/nobody/start").status == 404


def test_a_code_somebody_else_brings_along_is_of_no_use(here: Api) -> None:
    """Login CSRF and code injection: the thief's code in the victim's browser, with the victim's own state."""
    thiefs = parse_qs(urlsplit(consent(leave(here)[0])).query)["code"][0]
    url, cookie = leave(here)
    path = consent(url)
    mine = parse_qs(urlsplit(path).query)["code"][0]
    assert back(here, path.replace(mine, thiefs), cookie).json["code"] == "sign_in_failed"


@pytest.mark.parametrize(("status", "body"), [(500, b"<html>"), (429, b"<html>"), (200, b"<html>"), (200, b"[]"), (302, b"")])
def test_f13_a_provider_in_trouble_is_503_and_nobody_hangs(here: Api, provider: OpenId, status: int, body: bytes) -> None:
    url, cookie = leave(here)
    path = consent(url)
    provider.fault = lambda asked: (status, {"Location": "http://127.0.0.1:9/"}, body) if asked.path == "/token" else None
    refused = back(here, path, cookie)
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) >= 1
    provider.fault = lambda _: None
    assert signed_in(here).status == 200


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://thief.example"}, {"token_endpoint": "http://thief.example/token"}, {"jwks_uri": "ftp://127.0.0.1/"}, {"jwks_uri": None},
        {"authorization_endpoint": "https://user@thief.example/"},
    ],
)  # fmt: skip
def test_a_discovery_document_for_somebody_else_is_not_believed(settings: Settings, metadata: dict[str, Any]) -> None:
    with openid() as hostile:
        hostile.metadata = metadata
        with installed(dataclasses.replace(settings, oidc_providers=hostile.setting)) as api:
            assert api.get("/auth/oidc/acme/start").status == 503


def test_secrets_travel_over_tls_or_within_this_machine_alone() -> None:
    assert secure("https://a.example/token")
    assert secure("http://127.0.0.1:1/token", like="http://127.0.0.1:1")
    assert not secure("http://127.0.0.1:1/token", like="https://a.example")
    assert not secure("http://a.example/token", like="http://127.0.0.1:1")


def shared_secret(provider: OpenId) -> Any:
    return OctKey.import_key(json.dumps(provider.key.as_dict(private=False)).encode())


def moved(service: OpenIdService) -> OpenIdService:
    from copy import copy
    from datetime import UTC, datetime, timedelta

    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=10, seconds=1)

    late = copy(service)
    late._clock = Later()
    return late


@pytest.fixture
def auth(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(connections(settings).auth, autocommit=True) as connection:
        yield connection
