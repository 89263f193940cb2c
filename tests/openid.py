"""An OpenID provider for tests: real HTTP, real keys, PKCE checked; and as hostile as a test wants it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.outsiders import Asked, Told, service

CLIENT_ID, CLIENT_SECRET = "fitpro-at-the-provider", "the client secret"


@dataclass
class Account:
    sub: str
    email: str | None = None
    email_verified: object = True


@dataclass
class Code:
    account: Account
    challenge: str
    nonce: str
    redirect_uri: str


@dataclass
class OpenId:
    """One provider. account: who is signed in there; forge: what it changes in header and claims of an ID token before signing."""

    url: str = ""
    account: Account = field(default_factory=lambda: Account("subject-1", "lena@example.com"))
    key: ECKey | RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    sign_with: ECKey | RSAKey | None = None
    forge: Callable[[dict[str, Any], dict[str, Any]], None] = lambda _header, _claims: None
    metadata: dict[str, Any] = field(default_factory=dict)
    address_in: str = "id_token"
    fault: Callable[[Asked], Told | None] = lambda _: None
    codes: dict[str, Code] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def setting(self) -> str:
        return json.dumps([{"name": "acme", "issuer": self.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "title": "Acme ID"}])

    def answer(self, asked: Asked) -> Told:
        with self.lock:
            self.asked.append(f"{asked.method} {asked.path}")
            if (broken := self.fault(asked)) is not None:
                return broken
            match asked.path:
                case "/.well-known/openid-configuration":
                    return _json(200, {
                        "issuer": self.url, "authorization_endpoint": self.url + "/authorize", "token_endpoint": self.url + "/token",
                        "jwks_uri": self.url + "/jwks", "userinfo_endpoint": self.url + "/userinfo", "response_types_supported": ["code"],
                        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"], **self.metadata,
                    })  # fmt: skip
                case "/jwks":
                    return _json(200, {"keys": [{**self.key.as_dict(private=False), "kid": "k1", "use": "sig"}]})
                case "/authorize":
                    return self._authorize({name: values[0] for name, values in parse_qs(asked.query).items()})
                case "/token":
                    return self._token(asked)
                case "/userinfo":
                    return _json(200, {"sub": self.account.sub, "email": self.account.email, "email_verified": self.account.email_verified})
        return _json(404, {"error": "not_found"})

    def _authorize(self, query: dict[str, str]) -> Told:
        wanted = {"response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256", "scope": "openid email"}
        self.problems += [f"{name}={query.get(name)}" for name, value in wanted.items() if query.get(name) != value]
        code = secrets.token_urlsafe(16)
        self.codes[code] = Code(self.account, query.get("code_challenge", ""), query.get("nonce", ""), query["redirect_uri"])
        back = urlencode({"code": code, "state": query["state"], "scope": "openid email", "authuser": "0", "iss": self.url})
        return 302, {"Location": f"{query['redirect_uri']}?{back}"}, b""

    def _token(self, asked: Asked) -> Told:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        secret = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {secret}":
            return _json(401, {"error": "invalid_client"})
        code = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if code is None or code.challenge != challenge or form.get("redirect_uri") != code.redirect_uri or form["grant_type"] != "authorization_code":
            return _json(400, {"error": "invalid_grant"})
        token = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300, "id_token": self.id_token(code)}
        return _json(200, token)

    def id_token(self, code: Code) -> str:
        now = int(time.time())
        header: dict[str, Any] = {"alg": "RS256", "kid": "k1", "typ": "JWT"}
        claims: dict[str, Any] = {
            "iss": self.url, "aud": CLIENT_ID, "sub": code.account.sub, "iat": now, "exp": now + 300, "nonce": code.nonce, "auth_time": now,
        }  # fmt: skip
        if self.address_in == "id_token" and code.account.email is not None:
            claims |= {"email": code.account.email, "email_verified": code.account.email_verified}
        self.forge(header, claims)
        if header["alg"] == "none":
            return ".".join((*(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)), ""))
        return jwt.encode(header, claims, self.sign_with or self.key, algorithms=["RS256", "ES256", "HS256"])


@contextlib.contextmanager
def openid(**how: Any) -> Iterator[OpenId]:
    """A provider, served."""
    made = OpenId(**how)
    with service(made.answer) as url:
        made.url = url
        yield made


def consent(url: str) -> str:
    """Somebody follows the link and agrees; where the provider sends their browser: path and query on our side."""
    back = requests.get(url, allow_redirects=False, timeout=10)
    assert back.status_code == 302, back.text
    parts = urlsplit(back.headers["Location"])
    return f"{parts.path}?{parts.query}"


def _json(status: int, value: Any) -> Told:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()
