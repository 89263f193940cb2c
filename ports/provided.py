"""What the platform hands to a plugin's `build(ports)`: the adapters chosen by configuration, each behind its port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kernel.registry import Registry
from ports.anchors import Anchors, Notary
from ports.cache import Cache
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.dns import Dns
from ports.encryption import Encryption
from ports.federation import Federation
from ports.hosts import Hosts
from ports.identity import Allowances, Devices, Passwords, RefreshTokens, TokenIssuer, TokenVerifier
from ports.limits import Postage
from ports.outbound import PublicOutbound
from ports.storage import Links, Storage


@dataclass(frozen=True, slots=True)
class Provided:
    """repository: the plugin's own `repository.Repository()`, None when it has none. registry: the plugins of this process.
    app_url: where the frontend is, own_url: where this server is, without a slash at the end. own_hosts: names this installation answers
    under itself. confirmed_signup: nobody has an account before their address is confirmed, and nobody is told who has one."""

    repository: Any
    clock: Clock
    registry: Registry
    passwords: Passwords
    tokens: TokenIssuer
    verifier: TokenVerifier
    devices: Devices
    allowances: Allowances
    refresh_tokens: RefreshTokens
    refresh_lifetime: timedelta
    encryption: Encryption
    capabilities: Capabilities
    app_url: str
    own_url: str
    federation: Federation
    dns: Dns
    hosts: Hosts
    own_hosts: frozenset[str]
    storage: Storage
    links: Links
    notary: Notary
    anchors: Anchors
    cache: Cache
    confirmed_signup: bool
    public_outbound: PublicOutbound
    postage: Postage
