"""What Supabase Auth says when it says no, in our words.

Its answers come in three shapes, and the status alone means little: `error_code` (or `code`, or OAuth's `error`) decides.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from kernel.errors import Conflict, DomainError, Fault, Forbidden, Invalid, RateLimited, Unauthenticated, Unavailable
from ports.outbound import OutboundReply

log = logging.getLogger(__name__)

_REASONS = {
    "length": "Is too short.",
    "characters": "Needs other kinds of characters as well.",
    "pwned": "Has been seen in a data breach; choose another.",
}


def _wrong_credentials() -> DomainError:
    return Unauthenticated("The e-mail address or the password is wrong.", code="invalid_credentials")


def _wrong_refresh_token() -> DomainError:
    return Unauthenticated("The refresh token does not hold; sign in again.", code="invalid_refresh_token")


def _wrong_token() -> DomainError:
    return Unauthenticated(code="invalid_token")


def _taken() -> DomainError:
    return Conflict("An account with this e-mail address exists already.", code="email_taken")


def _bad_address() -> DomainError:
    return Invalid(errors=[Fault("/email", "Is not an address that mail can be sent to.")])


def _closed() -> DomainError:
    return Forbidden("New accounts cannot be made here.", code="signup_disabled")


_KNOWN: Mapping[str, Callable[[], DomainError]] = {
    "invalid_credentials": _wrong_credentials,
    "email_not_confirmed": lambda: Forbidden("Confirm your e-mail address first: the link is in your mail.", code="email_not_verified"),
    "user_banned": lambda: Forbidden("This account is blocked.", code="account_blocked"),
    "user_already_exists": _taken,
    "email_exists": _taken,
    "email_address_invalid": _bad_address,
    "email_address_not_authorized": _bad_address,
    "signup_disabled": _closed,
    "email_provider_disabled": _closed,
    "refresh_token_not_found": _wrong_refresh_token,
    "refresh_token_already_used": _wrong_refresh_token,
    "session_not_found": _wrong_refresh_token,
    "session_expired": _wrong_refresh_token,
    "bad_jwt": _wrong_token,
    "no_authorization": _wrong_token,
    "user_not_found": _wrong_token,
}
_OF_A_GRANT = {"password": _wrong_credentials, "refresh_token": _wrong_refresh_token}


def error_code(reply: OutboundReply) -> str:
    """The class of error; empty when it says none."""
    told = said(reply)
    for name in ("error_code", "code", "error"):
        if isinstance(told.get(name), str):
            return str(told[name])
    return ""


def translated(reply: OutboundReply, *, grant: str = "") -> DomainError:
    """The problem behind an answer that is no success. grant: the kind of grant asked for, when one was."""
    code = error_code(reply)
    if reply.status == 429 or code.startswith("over_"):
        return RateLimited("Too many attempts; wait a little.", retry_after_s=_retry_after(reply, 60))
    if reply.status >= 500:
        return Unavailable("The sign-in service does not answer at this moment; try again.", retry_after_s=_retry_after(reply, 2))
    if code == "weak_password":
        return Invalid(errors=[Fault("/password", text) for text in _weaknesses(reply)])
    if code == "invalid_grant" and grant in _OF_A_GRANT:
        return _OF_A_GRANT[grant]()
    if code in _KNOWN:
        return _KNOWN[code]()
    # Not this person's fault: the key of the project is wrong, or the service changed.
    log.error("the identity provider refused a request", extra={"status": reply.status, "error_code": code})
    return Unavailable("The sign-in service cannot be used at this moment.", retry_after_s=30)


def said(reply: OutboundReply) -> dict[str, Any]:
    """The answer's JSON object; empty when it is none."""
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _weaknesses(reply: OutboundReply) -> list[str]:
    told = said(reply).get("weak_password")
    reasons = told.get("reasons") if isinstance(told, dict) else None
    found = [_REASONS[reason] for reason in reasons if reason in _REASONS] if isinstance(reasons, list) else []
    return found or ["Is too weak."]


def _retry_after(reply: OutboundReply, otherwise: int) -> int:
    text = reply.headers.get("retry-after", "")
    return min(int(text), 3600) if text.isascii() and text.isdigit() else otherwise
