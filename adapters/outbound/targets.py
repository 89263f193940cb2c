"""Addresses that somebody named: what a URL may say, and which machines are on the public internet."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from ports.outbound import Reason, Unreached

PORTS: Final = frozenset({443, 8443})
_LONGEST: Final = 2048
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: no address, however it is written (127.1, 0x7f.1, 2130706433), is a name.
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")
_URL: Final = re.compile(r"https://([^/?#:@\[\]]*)(?::([0-9]{1,5}))?([/?][^#]*)?(?:#.*)?", re.IGNORECASE)
_VISIBLE: Final = re.compile(r"[!-~]+")

_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
# What `is_global` of some Python versions lets through, and what leads elsewhere: relays, tunnels, documentation.
_NOT_PUBLIC: Final = tuple(
    ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16")
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. path: with the query."""

    host: str
    port: int
    path: str


def target_of(url: str, ports: Collection[int] = PORTS) -> Target:
    """What a URL names. Raises Unreached with what is wrong with it."""
    if len(url) > _LONGEST:
        raise _invalid(f"An address has {_LONGEST} characters at most.")
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise _invalid("Write the address in ASCII without spaces: other letters as punycode in the name, and escaped in the path.")
    if not url.lower().startswith("https://"):
        raise _invalid("The address must begin with https://.")
    found = _URL.fullmatch(url)
    if found is None:
        raise _invalid("The address must be https://, a name, and a path, without user or password; a number is no name.")
    host, port = found[1].lower(), int(found[2] or 443)
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise _invalid("The host must be a full domain name; addresses and names of a local network are not.")
    if port not in ports:
        raise _invalid(f"The port must be {' or '.join(str(each) for each in sorted(ports))}.")
    path = found[3] or "/"
    return Target(host, port, path if path.startswith("/") else f"/{path}")


def is_public(text: str) -> bool:
    """Whether an address is a machine on the public internet; an IPv6 address that stands for an IPv4 one is judged as that one too."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in each for each in _NOT_PUBLIC)
    if address.scope_id is not None:
        return False
    if (within := _within(address)) is not None:
        return is_public(str(within))
    return address in _UNICAST and address.is_global and not any(address in each for each in _NOT_PUBLIC)


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv4-mapped, NAT64 or 6to4 address leads to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _invalid(detail: str) -> Unreached:
    return Unreached(Reason.INVALID_URL, detail)
