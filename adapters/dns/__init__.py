"""The public DNS through dnspython."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import dns.exception
import dns.flags
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from kernel.context import outbound
from ports.dns import DnsDown

_MOST: Final = 64
"""Records looked at; a name with more is somebody's experiment."""


class Resolver:
    """Implements ports.dns.Dns. servers: `address` or `address:port` of recursive resolvers; none: the machine's own. Thread-safe."""

    def __init__(self, servers: Sequence[str] = (), *, lifetime_s: float = 4.0) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        self._lifetime_s = lifetime_s
        self._resolver.timeout = lifetime_s / 2
        self._resolver.cache = None  # whoever asks has just changed the record
        if servers:
            self._resolver.nameservers = [_server(each) for each in servers]

    def texts(self, name: str) -> Sequence[str]:
        return tuple(b"".join(record.strings).decode("ascii", "replace") for record in self._records(name, dns.rdatatype.TXT, self._lifetime_s))

    def addresses(self, name: str) -> Sequence[str]:
        until = time.monotonic() + self._lifetime_s
        found = [record.address for record in self._records(name, dns.rdatatype.A, self._lifetime_s)]
        found += [record.address for record in self._records(name, dns.rdatatype.AAAA, max(0.1, until - time.monotonic()))]
        return tuple(found)

    def _records(self, name: str, kind: dns.rdatatype.RdataType, lifetime_s: float) -> list[Any]:
        outbound("DNS")
        try:
            # Absolute: a machine's search list must not turn this into another name.
            answer = self._resolver.resolve(dns.name.from_text(f"{name}."), kind, search=False, lifetime=lifetime_s)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise DnsDown(type(error).__name__) from None
        except OSError as error:
            raise DnsDown("OSError") from error
        return list(answer)[:_MOST]


def _server(text: str) -> dns.nameserver.Do53Nameserver:
    """`127.0.0.1`, `127.0.0.1:5353`, `::1`, `[::1]:5353`."""
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        return dns.nameserver.Do53Nameserver(address, int(port.lstrip(":") or 53))
    address, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return dns.nameserver.Do53Nameserver(address, int(port or 53))
