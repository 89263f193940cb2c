"""One OpenID provider: sending people there, and believing no more of what comes back than is proved."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from authlib.integrations.base_client import OAuthError
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from joserfc.errors import JoseError

from adapters.oidc.discovery import Discovery, Endpoints
from adapters.oidc.id_token import Key, verified
from adapters.oidc.transport import Transport
from kernel.errors import Unauthenticated, Unavailable
from ports.clock import Clock
from ports.federation import Attempt, Outsider
from ports.outbound import Outbound

log = logging.getLogger(__name__)

KeysAt: TypeAlias = Callable[[str], Callable[[str], Key | None]]
"""Gives, for a key set's URL, what finds a key in it."""
_SCOPE = "openid email"


class DiscoveredProvider:
    """`ports.federation.OpenIdProvider` on Authlib's OAuth 2 client: authorization code with PKCE, nonce and state."""

    def __init__(
        self, name: str, issuer: str, client_id: str, client_secret: str | None, *, title: str, http: Outbound, keys_at: KeysAt, clock: Clock
    ) -> None:
        self._name = name
        self._title = title
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._http = http
        self._keys_at = keys_at
        self._clock = clock
        self._endpoints = Discovery(issuer, http)
        self._keys: dict[str, Callable[[str], Key | None]] = {}

    @property
    def name(self) -> str:
        """In our URLs."""
        return self._name

    @property
    def title(self) -> str:
        """For people."""
        return self._title

    @property
    def issuer(self) -> str:
        """What its tokens call it."""
        return self._issuer

    def authorization_url(self, attempt: Attempt) -> str:
        """Where to send the browser."""
        endpoints = self._endpoints()
        url, _ = self._client(endpoints, attempt).create_authorization_url(
            endpoints.authorization, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
        )
        return str(url)

    def outsider(self, attempt: Attempt, code: str) -> Outsider:
        """Exchange the code; the ID token says who it is, and userinfo their address if the token does not."""
        endpoints = self._endpoints()
        token = self._exchange(endpoints, attempt, code)
        try:
            claims = verified(
                token.get("id_token"),
                issuer=self._issuer,
                client_id=self._client_id,
                nonce=attempt.nonce,
                access_token=token.get("access_token"),
                key=self._key_finder(endpoints.jwks),
                now=int(self._clock.now().timestamp()),
            )
        # The cause holds pieces of the token, so it is not kept.
        except (ValueError, JoseError):
            raise _failed() from None
        address = claims if "email" in claims else self._userinfo(endpoints, token, str(claims["sub"]))
        email = address.get("email")
        return Outsider(
            self._issuer,
            str(claims["sub"]),
            email if isinstance(email, str) and email else None,
            bool(email) and (address.get("email_verified") is True or address.get("email_verified") == "true"),  # some send it as text
        )

    # -- inside ------------------------------------------------------------------------------------------------------
    def _client(self, endpoints: Endpoints, attempt: Attempt) -> Any:
        return OAuth2Client(
            session=Transport(self._http),
            client_id=self._client_id,
            client_secret=self._client_secret,
            token_endpoint_auth_method=endpoints.client_auth if self._client_secret else None,
            scope=_SCOPE,
            redirect_uri=attempt.redirect_uri,
            code_challenge_method="S256",
        )

    def _exchange(self, endpoints: Endpoints, attempt: Attempt, code: str) -> dict[str, Any]:
        try:
            token: dict[str, Any] = self._client(endpoints, attempt).fetch_token(
                endpoints.token, grant_type="authorization_code", code=code, code_verifier=attempt.verifier
            )
        except (OAuth2Error, OAuthError) as error:
            if error.error not in ("invalid_grant", "access_denied"):
                log.error("an OpenID provider refused our request", extra={"provider": self._name, "error_code": str(error.error)[:64]})
            raise _failed() from None
        except ValueError:
            raise _strange() from None
        return token

    def _key_finder(self, url: str) -> Callable[[str], Key | None]:
        if url not in self._keys:
            self._keys = {url: self._keys_at(url)}  # one at a time: the provider moved
        return self._keys[url]

    def _userinfo(self, endpoints: Endpoints, token: dict[str, Any], subject: str) -> dict[str, Any]:
        """What userinfo says of the address; nothing when it speaks of somebody else (OpenID Connect Core, 5.3.2)."""
        if endpoints.userinfo is None or not isinstance(token.get("access_token"), str):
            return {}
        reply = self._http.request("GET", endpoints.userinfo, headers={"Authorization": f"Bearer {token['access_token']}"})
        if reply.status != 200:
            raise _strange()
        try:
            told = json.loads(reply.body)
        except ValueError:
            raise _strange() from None
        return told if isinstance(told, dict) and told.get("sub") == subject else {}


def _failed() -> Unauthenticated:
    return Unauthenticated("The sign-in could not be completed; start again.", code="sign_in_failed")


def _strange() -> Unavailable:
    return Unavailable("The service you sign in with gave no useful answer; try again.", retry_after_s=5)
