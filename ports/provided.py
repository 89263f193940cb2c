"""What the platform hands to a plugin's `build(ports)`: the adapters chosen by configuration, each behind its port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kernel.registry import Registry
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.encryption import Encryption
from ports.identity import Passwords, RefreshTokens, TokenIssuer


@dataclass(frozen=True, slots=True)
class Provided:
    """repository: the plugin's own `repository.Repository()`, None when it has none. registry: the plugins of this process.
    app_url: where the frontend is, without a slash at its end."""

    repository: Any
    clock: Clock
    registry: Registry
    passwords: Passwords
    tokens: TokenIssuer
    refresh_tokens: RefreshTokens
    refresh_lifetime: timedelta
    encryption: Encryption
    capabilities: Capabilities
    app_url: str
