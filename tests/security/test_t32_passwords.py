"""T32: any password of 8 to 128 characters but the common ones, taken verbatim; nothing else about it matters, and nothing huge is hashed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import pytest

from adapters.http.gateway import Gateway
from adapters.local.identity import passwords as hashing
from tests.servers import Api, Reply
from tests.yardstick import budget_s

CASES: dict[str, tuple[str, bool]] = {
    "7 characters": ("abcdef7", False),
    "8 characters": ("kq3vz9xw", True),
    "8 that everybody tries": ("password", False),
    "the same in capitals": ("PassWord", False),
    "digits that everybody tries": ("1234567890", False),
    "no capitals, digits or signs": ("onlylowercaseletters", True),
    "128 characters": ("kq3v" * 32, True),
    "129 characters": ("kq3v" * 32 + "z", False),
    "spaces around": ("  two spaces  ", True),
    "other alphabets": ("пароль-для-меня", True),
    "7 characters of 4 bytes": ("🏋" * 7, False),
    "8 characters of 4 bytes": ("🏋🤸🚴🏊🧘🏃🤾🥊", True),
}


@pytest.mark.parametrize("case", CASES)
def test_t32_a_password_is_taken_or_refused_for_its_length_and_its_fame_alone(local: Api, case: str) -> None:
    password, taken = CASES[case]
    email = _address()
    reply = _signup(local, email, password)
    assert reply.status == (201 if taken else 422), reply.body
    if not taken:
        assert [fault["pointer"] for fault in reply.json["errors"]] == ["/password"]
        return
    assert local.post("/auth/login", json={"email": email, "password": password}).status == 200
    for other in (password.strip() + "x", password + " ", password.swapcase() + "!"):
        assert local.post("/auth/login", json={"email": email, "password": other}).status in (401, 422)


def test_t32_the_list_is_long_and_only_holds_what_the_length_does_not_refuse() -> None:
    lines = (files(hashing.__package__) / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    words = [line for line in lines if not line.startswith("# ")]
    assert len(words) == len(set(words)) == 10_000
    assert all(len(word) >= hashing.SHORTEST and word == word.casefold() for word in words)


@pytest.mark.parametrize("path", ["/auth/signup", "/auth/login", "/auth/password/reset", "/api/v1/me/password", "/api/v1/me/reauthenticate"])
def test_t32_a_password_of_64_kib_is_refused_in_ten_milliseconds_without_a_hash(local: Api, gateway: Gateway, path: str) -> None:
    person = local.signup()
    known: dict[str, Any] = {"/auth/signup": {"full_name": "A", "consents": {"terms": True, "privacy": True}}, "/auth/password/reset": {"token": "x"}}
    body = {"password": "x" * 65_536, **known.get(path, {}), **({"email": person.email} if path in ("/auth/signup", "/auth/login") else {})}
    method = "PUT" if path == "/api/v1/me/password" else "POST"
    took = []
    with hashes() as counted:
        for _ in range(7):
            began = time.perf_counter()
            reply = local.request(method, path, json=body, who=person if path.startswith("/api") else None)
            took.append(time.perf_counter() - began)
            assert reply.status == 422
    print(f"T32: {path} {sorted(took)[3] * 1000:.1f} ms")
    assert counted == []
    assert min(took) < budget_s(0.010)


def test_t32_a_schema_without_a_limit_is_noticed(local: Api, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault: the length is checked by the hasher alone, after everything else was read."""
    login = next(c for c in gateway.compiled.values() if c.operation.id == "accounts_create_session").operation.marks.body
    monkeypatch.setattr(login.load_fields["password"], "validators", [])  # type: ignore[union-attr]
    reply = local.post("/auth/login", json={"email": _address(), "password": "x" * 65_536})
    assert reply.status != 422


@contextmanager
def hashes() -> Iterator[list[str]]:
    """What reaches argon2 while the block runs."""
    seen: list[str] = []
    genuine = hashing.PasswordHasher
    with pytest.MonkeyPatch.context() as patch:
        for name in ("hash", "verify"):
            patch.setattr(genuine, name, lambda *_, name=name: seen.append(name))
        yield seen


def _address() -> str:
    return f"pw-{uuid.uuid4().hex}@example.com"


def _signup(api: Api, email: str, password: str) -> Reply:
    body = {"email": email, "password": password, "full_name": "Ana Souza", "consents": {"terms": True, "privacy": True}}
    return api.post("/auth/signup", json=body)
