"""Supabase Auth's REST API, the part that signs people up, in and out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from adapters.supabase.faults import error_code, said, translated
from kernel.errors import Unauthenticated, Unavailable
from ports.federation import Grant, Outsider
from ports.outbound import Outbound, OutboundReply

_SETTINGS_S = 600.0


class SupabaseAuth:
    """`ports.federation.IdentityProvider`.

    url: the project's, without a path. key: the publishable (anon) one. Never reads `user_metadata`, which people write themselves.
    """

    def __init__(self, url: str, key: str, http: Outbound, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._issuer = f"{url.rstrip('/')}/auth/v1"
        self._key = key
        self._http = http
        self._now = monotonic
        self._confirms: tuple[bool, float] | None = None
        self._asking = threading.Lock()

    @property
    def issuer(self) -> str:
        """What its tokens call it, and where its API is."""
        return self._issuer

    def sign_up(self, email: str, password: str) -> Grant | Outsider | None:
        """A grant where addresses need no confirmation; the person where they do; None for an address that has an account."""
        reply = self._call("POST", "/signup", {"email": email, "password": password})
        if reply.status != 200:
            raise translated(reply)
        told = said(reply)
        if "access_token" in told:
            return self._grant(told)
        # Without identities it is a made-up user: the address is taken, and it does not say so.
        return self._outsider(told) if told.get("identities") else None

    def log_in(self, email: str, password: str) -> Grant:
        """`grant_type=password`."""
        return self._token("password", {"email": email, "password": password})

    def refresh(self, token: str) -> Grant:
        """`grant_type=refresh_token`."""
        return self._token("refresh_token", {"refresh_token": token})

    def log_out(self, access_token: str) -> None:
        """This session, not the person's others."""
        reply = self._call("POST", "/logout?scope=local", token=access_token)
        if reply.status not in (200, 204, 401, 403, 404):
            raise translated(reply)

    def send_reset(self, email: str) -> None:
        """An address that was written to a moment ago is not written to again, and that is nobody's business."""
        reply = self._call("POST", "/recover", {"email": email})
        if reply.status != 200 and error_code(reply) not in ("over_email_send_rate_limit", "user_not_found"):
            raise translated(reply)

    def outsider(self, access_token: str) -> Outsider:
        """Whose token it is; the service is asked, because a token's own claims about the address prove nothing."""
        reply = self._call("GET", "/user", token=access_token)
        if reply.status in (401, 403, 404) and error_code(reply):
            raise Unauthenticated(code="invalid_token")
        if reply.status != 200:
            raise translated(reply)
        return self._outsider(said(reply))

    # -- inside ------------------------------------------------------------------------------------------------------
    def _token(self, grant: str, body: dict[str, str]) -> Grant:
        reply = self._call("POST", f"/token?grant_type={grant}", body)
        if reply.status != 200:
            raise translated(reply, grant=grant)
        return self._grant(said(reply))

    def _grant(self, told: dict[str, Any]) -> Grant:
        access, refresh, seconds, user = (told.get(name) for name in ("access_token", "refresh_token", "expires_in", "user"))
        if not (isinstance(access, str) and isinstance(refresh, str) and isinstance(seconds, int) and isinstance(user, dict)):
            raise _strange()
        return Grant(access, refresh, seconds, self._outsider(user))

    def _outsider(self, user: dict[str, Any]) -> Outsider:
        subject, email = user.get("id"), user.get("email")
        if not isinstance(subject, str):
            raise _strange()
        confirmed = bool(email) and bool(user.get("email_confirmed_at"))
        return Outsider(self._issuer, subject, email if isinstance(email, str) and email else None, confirmed and self._confirms_addresses())

    def _confirms_addresses(self) -> bool:
        """Whether "confirmed" means anything: a project may confirm every address unseen."""
        with self._asking:
            known = self._confirms
            if known is None or self._now() - known[1] >= _SETTINGS_S:
                reply = self._call("GET", "/settings")
                if reply.status != 200:
                    raise translated(reply)
                self._confirms = known = (said(reply).get("mailer_autoconfirm") is False, self._now())
        return known[0]

    def _call(self, method: str, path: str, body: dict[str, str] | None = None, *, token: str | None = None) -> OutboundReply:
        headers = {"apikey": self._key}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._http.request(method, self._issuer + path, headers=headers, body=None if body is None else json.dumps(body).encode())


def _strange() -> Unavailable:
    return Unavailable("The sign-in service gave an answer that makes no sense.", retry_after_s=30)
