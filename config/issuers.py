"""The settings about outside issuers: reading them, and what is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class NamedProvider:
    """An OpenID provider as FITPRO_OIDC_PROVIDERS names it."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    title: str = ""


def named_providers(text: str) -> tuple[NamedProvider, ...]:
    """The providers in the setting's JSON. Raises ValueError with a sentence that holds no value."""
    if not text:
        return ()
    try:
        listed = json.loads(text)
    except ValueError:
        raise ValueError("Is not JSON.") from None
    if not isinstance(listed, list):
        raise ValueError("Must be a JSON list of objects.")
    found = [_named(each) for each in listed]
    if len({each.name for each in found}) < len(found) or len({each.issuer for each in found}) < len(found):
        raise ValueError("A name or an issuer is there twice.")
    return tuple(found)


def _named(told: object) -> NamedProvider:
    known = {"name", "issuer", "client_id", "client_secret", "title"}
    if not isinstance(told, dict) or told.keys() - known or not all(isinstance(value, str) for value in told.values()):
        raise ValueError("Each is an object of texts: name, issuer, client_id, client_secret, title.")
    if not told.keys() >= {"name", "issuer", "client_id"} or not _NAME.fullmatch(told["name"]) or not told["client_id"]:
        raise ValueError("Each needs a name in lower-case letters, an issuer and a client_id.")
    if not reachable_safely(told["issuer"]):
        raise ValueError("An issuer is an https URL without query, or http on this machine.")
    return NamedProvider(
        told["name"], told["issuer"], told["client_id"], told.get("client_secret") or None, told.get("title") or told["name"].title()
    )


def reachable_safely(url: str) -> bool:
    """Whether secrets may travel there: https, or this machine."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the settings about outside issuers."""
    url = values["supabase_url"]
    if url and not reachable_safely(url):
        yield "SUPABASE_URL: Must be the project's https URL."
    if url and not values["supabase_key"]:
        yield "SUPABASE_ANON_KEY: Needed beside SUPABASE_URL: the project's publishable key."
    if url and values["signup"] == "confirmed":
        yield "FITPRO_SIGNUP: Supabase decides whether addresses are confirmed first (Confirm email); confirmed cannot stand beside SUPABASE_URL."
    if values["supabase_hs256"] and not (url and values["supabase_jwt_secret"]):
        yield "SUPABASE_JWT_SECRET: Needed, beside SUPABASE_URL, to accept legacy tokens (FITPRO_SUPABASE_HS256)."
    if values["supabase_hs256"] and 0 < len(values["supabase_jwt_secret"] or "") < 32:
        yield "SUPABASE_JWT_SECRET: Must have 32 characters at least."
    try:
        named_providers(values["oidc_providers"] or "")
    except ValueError as error:
        yield f"FITPRO_OIDC_PROVIDERS: {error}"
