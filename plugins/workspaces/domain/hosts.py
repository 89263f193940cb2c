"""Domain names a workspace may claim, and what a look at their DNS means for the claim."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final

import idna
from publicsuffixlist import PublicSuffixList

RECORD: Final = "_fitpro"
"""The label under the claimed domain at which the TXT record is looked for."""
PATIENCE: Final = timedelta(days=7)
"""How long a claim may wait for its record, and a verified domain may miss it."""
MOST_DOMAINS: Final = 20
LOOK_AGAIN: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
"""After a claim, besides every day: when to look without being asked."""

_MAX_TEXT: Final = 253 - len(RECORD) - 1
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# RFC 6761 and its followers: names that mean nothing in the public DNS, or everybody's own machine.
_SPECIAL: Final = frozenset({"alt", "arpa", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion", "test"})


class State(StrEnum):
    """Where a claim stands. Only a verified domain selects a workspace."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"


class Finding(StrEnum):
    """What a look at the DNS found; those but the first are also the public reasons of a claim's state."""

    FOUND = "found"
    MISSING = "record_missing"
    DIFFERENT = "record_differs"
    UNKNOWN = "dns_unavailable"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim's state. since: when it began to wait (pending) or to miss its record (verified)."""

    state: State
    since: datetime | None
    reason: Finding | None = None


def parse(text: str) -> str:
    """The name in its compared form: lower case, ASCII (IDNA 2008). Raises ValueError with a sentence for people."""
    name = text.lower()
    if len(text) > _MAX_TEXT:
        raise ValueError(f"A domain name has {_MAX_TEXT} characters at most.")
    if not name.isascii():
        name = _to_ascii(name)
    if _is_address(name):
        raise ValueError("An IP address is not a domain name.")
    if "://" in name or "/" in name or "@" in name or "?" in name or "#" in name:
        raise ValueError("Only the name: no scheme, path or user.")
    if ":" in name:
        raise ValueError("Only the name, without a port.")
    if name.endswith("."):
        raise ValueError("Leave out the final dot.")
    if name.startswith("*."):
        raise ValueError("Each name is claimed by itself; * is not possible.")
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("Not a domain name: labels of letters, digits and inner hyphens, 63 at most, between dots.")
    if len(labels) == 1 or labels[-1] in _SPECIAL or labels[-1].isdigit():
        raise ValueError("This name does not exist in the public DNS.")
    if any(label.startswith("xn--") for label in labels):
        _check_ascii(name)
    if _suffixes().is_public(name):
        raise ValueError("This is a public suffix, which belongs to nobody in particular: claim a name below it.")
    return name


def ours(name: str, own: Collection[str]) -> bool:
    """Whether a name is, or is below, one that this installation answers under itself."""
    return any(name == host or name.endswith(f".{host}") for host in own)


def record_name(name: str) -> str:
    """Where the TXT record goes."""
    return f"{RECORD}.{name}"


def record_value(token: str) -> str:
    """What the TXT record says."""
    return f"fitpro-verification={token}"


def found_in(texts: Collection[str], token: str) -> Finding:
    """What the TXT records mean for the claim with this token."""
    if record_value(token) in (text.strip() for text in texts):
        return Finding.FOUND
    return Finding.DIFFERENT if texts else Finding.MISSING


def after(standing: Standing, finding: Finding, now: datetime) -> Standing:
    """Where a claim stands after a look. A DNS that does not answer proves nothing either way."""
    if finding is Finding.FOUND:
        return Standing(State.VERIFIED, None)
    if finding is Finding.TAKEN:
        return Standing(State.PENDING, now, finding)
    if finding is Finding.UNKNOWN or standing.state is State.FAILED:
        return Standing(standing.state, standing.since, finding)
    since = standing.since or now
    if now - since >= PATIENCE:
        return Standing(State.FAILED, since, finding)
    return Standing(standing.state, since, finding)


def _to_ascii(name: str) -> str:
    try:
        return idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise ValueError("Not an internationalised domain name (IDNA 2008).") from None


def _check_ascii(name: str) -> None:
    """A Punycode label must be one that IDNA would have made."""
    try:
        if idna.encode(idna.decode(name), uts46=False).decode("ascii") == name:
            return
    except (idna.IDNAError, UnicodeError):
        pass
    raise ValueError("Not an internationalised domain name (IDNA 2008).")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
