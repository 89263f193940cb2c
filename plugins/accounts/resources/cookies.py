"""What browsers keep for accounts: the refresh token out of reach of scripts, and by what a device is known again."""

from __future__ import annotations

from typing import Any

from kernel.errors import Forbidden
from plugins.accounts.domain import Visit
from plugins.accounts.resources.blueprints import accounts
from plugins.accounts.service import SignedIn
from plugins.sdk import Visitor, with_headers

REFRESH, DEVICE = "__Host-fitpro_refresh", "__Host-fitpro_device"
DEVICE_HEADER = "X-Device-Token"
ASKED = {DEVICE_HEADER: "By what this device is known since an earlier sign-in; browsers have a cookie instead."}
TOLD = {DEVICE_HEADER: "By what this device will be known: keep it, and send it with every sign-in.", "Set-Cookie": "The same for browsers."}
_DEVICE_S = 365 * 86_400


def visit(visitor: Visitor) -> Visit:
    """Where somebody comes from, as the service wants it."""
    return Visit(visitor.address, visitor.user_agent, visitor.headers.get(DEVICE_HEADER) or visitor.headers.cookie(DEVICE))


def handed(signed_in: SignedIn, *, cookie: bool) -> Any:
    """The answer to a good sign-in. cookie: the refresh token leaves as one, and not in the body."""
    body: dict[str, Any] = {
        "user": signed_in.user,
        "access_token": signed_in.access_token,
        "refresh_token": None if cookie else signed_in.refresh_token,
        "token_type": signed_in.token_type,
        "expires_in": signed_in.expires_in,
    }
    kept = [kept_cookie(REFRESH, signed_in.refresh_token, int(accounts().refresh_lifetime.total_seconds()))] if cookie else []
    return with_headers(body, *kept, *(remembered(signed_in.device_token) if signed_in.device_token else ()))


def remembered(device_token: str) -> tuple[tuple[str, str], ...]:
    """By what the device will be known."""
    return (kept_cookie(DEVICE, device_token, _DEVICE_S), (DEVICE_HEADER, device_token))


def kept_cookie(name: str, value: str, seconds: int) -> tuple[str, str]:
    """Sent to this host alone, over TLS, never to scripts, and never for a page of another site. 0 seconds: thrown away."""
    return "Set-Cookie", f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"


def refresh_cookie(visitor: Visitor) -> str | None:
    """The refresh token a browser keeps. Raises Forbidden when a page of another site made the browser send it."""
    token = visitor.headers.cookie(REFRESH)
    if token is not None and not visitor.same_site:
        raise Forbidden("A page of another site cannot use this cookie.", code="cross_site")
    return token
