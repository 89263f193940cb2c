"""A stateful Supabase Auth for tests, as far as its description and its manners matter to us."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.outsiders import Asked, Told, service

KEY = "sb_publishable_of_the_test"
JWT_SECRET = "the shared secret of a project that has not moved on"
PASSWORD = "a long enough secret"
REUSE_S = 10


@dataclass
class User:
    id: str
    email: str
    password: str
    confirmed_at: str | None
    metadata: dict[str, Any] = field(default_factory=dict)
    banned: bool = False

    def shown(self) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        told = {
            "id": self.id, "aud": "authenticated", "role": "authenticated", "email": self.email, "app_metadata": {"provider": "email"},
            "user_metadata": self.metadata, "created_at": now, "updated_at": now, "is_anonymous": False,
            "identities": [{"identity_id": str(uuid4()), "id": self.id, "user_id": self.id, "identity_data": {}, "provider": "email"}],
        }  # fmt: skip
        return told | ({"email_confirmed_at": self.confirmed_at, "confirmed_at": self.confirmed_at} if self.confirmed_at else {})


@dataclass
class Session:
    id: str
    user: User
    proved_at: int
    tokens: dict[str, float | None] = field(default_factory=dict)
    """Refresh tokens, and when each was used."""


class Supabase:
    """One project. confirms: whether addresses must be confirmed; autoconfirms: whether it confirms them unseen instead."""

    def __init__(self, *, confirms: bool = False) -> None:
        self.confirms = confirms
        self.autoconfirms = not confirms
        self.url = ""
        self.users: dict[str, User] = {}
        self.sessions: dict[str, Session] = {}
        self.keys = {"key-1": ECKey.generate_key("P-256")}
        self.signing = "key-1"
        self.lives_s = 3600
        self.asked: list[str] = []
        self.resets: list[str] = []
        self.fault: Callable[[Asked], Told | None] = lambda _: None
        self._lock = threading.Lock()

    @property
    def issuer(self) -> str:
        return f"{self.url}/auth/v1"

    # -- what a test may do as the project's owner -----------------------------------------------------------------------
    def add(self, email: str, password: str = PASSWORD, *, confirmed: bool = True, metadata: Any = None) -> User:
        user = User(str(uuid4()), email, password, datetime.now(UTC).isoformat() if confirmed else None, metadata or {})
        self.users[email] = user
        return user

    def session(self, user: User) -> Session:
        made = Session(str(uuid4()), user, int(time.time()))
        self.sessions[made.id] = made
        return made

    def token(self, session: Session, *, alg: str = "ES256", **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": "authenticated", "sub": session.user.id, "session_id": session.id, "iat": now, "exp": now + self.lives_s,
            "email": session.user.email, "role": "authenticated", "aal": "aal1", "amr": [{"method": "password", "timestamp": session.proved_at}],
            "app_metadata": {}, "user_metadata": session.user.metadata, "is_anonymous": False, "jti": secrets.token_hex(8),
        } | changes  # fmt: skip
        if alg == "HS256":
            return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(JWT_SECRET), algorithms=["HS256"])
        return jwt.encode({"alg": alg, "kid": self.signing, "typ": "JWT"}, claims, self.keys[self.signing], algorithms=[alg])

    # -- the service -----------------------------------------------------------------------------------------------------
    def answer(self, asked: Asked) -> Told:
        path = asked.path.removeprefix("/auth/v1")
        with self._lock:
            self.asked.append(f"{asked.method} {path}")
        if (broken := self.fault(asked)) is not None:
            return broken
        if path == "/.well-known/jwks.json":
            return _json(200, {"keys": [{**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"} for kid, key in self.keys.items()]})
        if asked.headers.get("apikey") != KEY:
            return _json(401, {"message": "Invalid API key"})
        body = json.loads(asked.body) if asked.body else {}
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        with self._lock:
            match asked.method, path:
                case "POST", "/signup":
                    return self._signup(body)
                case "POST", "/token":
                    return self._password(body) if query["grant_type"] == "password" else self._refresh(body)
                case "POST", "/recover":
                    self.resets += [body["email"]] if body["email"] in self.users else []
                    return _json(200, {})
                case "POST", "/logout":
                    return self._logout(asked)
                case "GET", "/user":
                    session = self._bearer(asked)
                    return _json(200, session.user.shown()) if session else _fault(403, "session_not_found", "Session from session_id claim is gone")
                case "GET", "/settings":
                    return _json(200, {"disable_signup": False, "mailer_autoconfirm": self.autoconfirms, "phone_autoconfirm": False, "external": {}})
        return _fault(404, "not_found", "no such route")

    def _signup(self, body: dict[str, Any]) -> Told:
        email, password = body["email"].lower(), body["password"]
        if len(password) < 8:
            weak = {"weak_password": {"reasons": ["length"]}}
            return _json(422, {"code": 422, "error_code": "weak_password", "msg": "Password should be longer.", **weak})
        if email in self.users:
            if not self.confirms:
                return _fault(422, "user_already_exists", "User already registered")
            return _json(200, {**User(str(uuid4()), email, "", None).shown(), "identities": []})
        user = self.add(email, password, confirmed=not self.confirms)
        return _json(200, user.shown()) if self.confirms else _json(200, self._grant(self.session(user)))

    def _password(self, body: dict[str, Any]) -> Told:
        user = self.users.get(body["email"].lower())
        if user is None or user.password != body["password"]:
            return _fault(400, "invalid_credentials", "Invalid login credentials")
        if user.banned:
            return _fault(403, "user_banned", "User is banned")
        if user.confirmed_at is None:
            return _fault(400, "email_not_confirmed", "Email not confirmed")
        return _json(200, self._grant(self.session(user)))

    def _refresh(self, body: dict[str, Any]) -> Told:
        token = body["refresh_token"]
        session = next((each for each in self.sessions.values() if token in each.tokens), None)
        if session is None:
            return _fault(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        used = session.tokens[token]
        if used is not None and time.time() - used > REUSE_S:
            del self.sessions[session.id]
            return _fault(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
        session.tokens[token] = used or time.time()
        return _json(200, self._grant(session))

    def _logout(self, asked: Asked) -> Told:
        session = self._bearer(asked)
        if session is None:
            return _fault(403, "session_not_found", "Session from session_id claim is gone")
        del self.sessions[session.id]
        return 204, {}, b""

    def _bearer(self, asked: Asked) -> Session | None:
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        header = json.loads(_padded(token.split(".")[0]))
        key: Any = OctKey.import_key(JWT_SECRET) if header["alg"] == "HS256" else self.keys[header["kid"]]
        return self.sessions.get(str(jwt.decode(token, key, algorithms=[header["alg"]]).claims["session_id"]))

    def _grant(self, session: Session) -> dict[str, Any]:
        refresh = secrets.token_urlsafe(9)
        session.tokens[refresh] = None
        return {
            "access_token": self.token(session), "token_type": "bearer", "expires_in": self.lives_s, "expires_at": int(time.time()) + self.lives_s,
            "refresh_token": refresh, "user": session.user.shown(),
        }  # fmt: skip


@contextlib.contextmanager
def supabase(**how: Any) -> Iterator[Supabase]:
    """A project, served."""
    project = Supabase(**how)
    with service(project.answer) as url:
        project.url = url
        yield project


def failing(status: int, **headers: str) -> Callable[[Asked], Told | None]:
    """A fault: everything but the keys answers so."""
    return lambda asked: None if asked.path.endswith("jwks.json") else (status, headers, b"<html>busy</html>")


def _json(status: int, value: Any) -> Told:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _fault(status: int, code: str, message: str) -> Told:
    return _json(status, {"code": status, "error_code": code, "msg": message})


def _padded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
