"""The outside of a token: its three segments, read more strictly than RFC 7515 asks."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

MAX_CHARACTERS = 8192
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class Envelope:
    """A token's header and claims, well formed. Nothing of it is trustworthy until the signature is checked.

    kid: only tokens signed with a shared secret may lack it.
    """

    alg: str
    kid: str | None
    typ: str
    claims: dict[str, object]


def opened(bearer: str) -> Envelope:
    """Take a token apart. Raises `ValueError` for anything but three canonical segments, two of them JSON objects."""
    if not isinstance(bearer, str) or len(bearer) > MAX_CHARACTERS:
        raise ValueError("not a token")
    segments = _COMPACT.fullmatch(bearer)
    if segments is None:
        raise ValueError("not three base64url segments")
    header, claims, signature = segments.groups()
    _decoded(signature)
    alg, kid, typ = checked_header(_object(header))
    return Envelope(alg, kid, typ, _object(claims))


def checked_header(header: dict[str, object]) -> tuple[str, str | None, str]:
    """`alg`, `kid` and `typ`. Anything else a header may carry (jwk, jku, x5c, crit, b64) is refused."""
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    named = isinstance(kid, str) or "kid" not in header
    if not (isinstance(alg, str) and named and isinstance(typ, str)) or header.keys() - _HEADER_MEMBERS:
        raise ValueError("not our kind of header")
    return alg, kid if isinstance(kid, str) else None, typ


def _decoded(segment: str) -> bytes:
    raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    # The unused bits of the last character would let several texts stand for one token.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != segment:
        raise ValueError("not canonical base64url")
    return raw


def _object(segment: str) -> dict[str, object]:
    try:
        value = json.loads(_decoded(segment).decode(), object_pairs_hook=_unique, parse_constant=_refused)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member appears twice")
    return members


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
