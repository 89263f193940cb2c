"""Who may still ask: one count per request, before anything else is done for it, told in the headers of the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Final
from uuid import UUID

from adapters.http.addresses import Addresses, block
from adapters.http.exchange import Environ
from adapters.http.headers import Header
from adapters.http.turns import Turns
from kernel.errors import RateLimited
from ports.identity import Principal
from ports.limits import Asked, Limiter, Meter, Quota, Standing

TOLD: Final = "fitpro.limits"
"""Where in the environ the headers are; the gateway adds them to the answer."""
UNCOUNTED: Final = frozenset({"/health", "/health/ready", "/metrics"})
_PAIR: Final = "fitpro.pair"
_VISIT: Final = "fitpro.visit"
_NEWCOMER: Final = "fitpro.newcomer"
_64_BITS: Final = (1 << 64) - 1
_KNOWN: Final = 16_384


@dataclass(frozen=True, slots=True)
class Quotas:
    """What everybody may do. address: requests by nobody in particular, sign-ins and wrong tokens among them. metered: by name, on top."""

    person: Quota
    key: Quota
    workspace: Quota
    address: Quota
    metered: Mapping[str, Quota]


@dataclass(frozen=True, slots=True)
class _Account:
    """What a request counts against. policy: the header that says so."""

    asked: tuple[Asked, ...]
    policy: Header


class Throttle:
    """Counts requests and refuses those beyond a quota. Thread-safe.

    A workspace is counted for its members only, or strangers could use up what is its: who named it is counted against it once the gate
    has let them in.
    """

    def __init__(self, limiter: Limiter, meter: Meter, quotas: Quotas, addresses: Addresses, turns: Turns) -> None:
        self._turns = turns
        self._meter = meter
        self._limiter = limiter
        self._quotas = quotas
        self._addresses = addresses
        self._members: dict[int, _Account] = {}

    def somebody(self, environ: Environ, who: Principal, workspace: UUID | None) -> None:
        """Count a request of a person or a key, and of the workspace it names. Raises RateLimited."""
        if workspace is None:
            return self._count(environ, _account(self._own(who)))
        pair = who.session_id.int ^ workspace.int
        account = self._members.get(pair)
        environ[_PAIR] = pair
        if account is None:
            environ[_NEWCOMER] = (self._own(who), workspace)
            return self._count(environ, _account(self._own(who)))
        self._count(environ, account)
        return self._admit(environ, account.asked[1][1])

    def within(self, environ: Environ, who: Principal, workspace: UUID) -> None:
        """Count a request that was counted for its person against the workspace it turned out to be for. Raises RateLimited."""
        pair = environ[_PAIR] = who.session_id.int ^ workspace.int
        account = self._members.get(pair)
        if account is None:
            environ[_NEWCOMER] = (self._own(who), workspace)
            return
        self._count_too(environ, account.asked[1])

    def arrive(self, environ: Environ) -> None:
        """A request begins: whatever came before it and is quickly done is done first."""
        environ[_VISIT] = self._turns.enter()

    def done(self, environ: Environ) -> None:
        """The request is over, however it ended."""
        self._turns.leave(environ[_VISIT])

    def _admit(self, environ: Environ, workspace: int) -> None:
        self._turns.take(workspace, environ[_VISIT])

    def nobody(self, environ: Environ) -> None:
        """Count a request without a credential that holds. Raises RateLimited."""
        self._count(environ, _account((self._quotas.address, _hashed(block(self._addresses.of(environ))))))

    @staticmethod
    def unknown(environ: Environ) -> bool:
        """Whether the gate has to let them in before their request counts against the workspace they named."""
        return _NEWCOMER in environ

    def entered(self, environ: Environ) -> None:
        """The gate let an unknown one in: this request and those to come count against the workspace too. Raises RateLimited."""
        own, workspace = environ.pop(_NEWCOMER)
        if len(self._members) >= _KNOWN:
            self._members.pop(next(iter(self._members)), None)
        shared = (self._quotas.workspace, workspace.int & _64_BITS)
        self._members[environ[_PAIR]] = _account(own, shared)
        self._count_too(environ, shared)

    def refused(self, environ: Environ) -> None:
        """They may have left the workspace they named."""
        self._members.pop(environ.get(_PAIR, 0), None)

    @contextmanager
    def metered(self, environ: Environ, name: str, who: Principal) -> Iterator[None]:
        """Count what the block does against a quota of the caller's, unless it raises. Raises RateLimited, and what the meter does when it
        cannot count."""
        asked = quota, _ = self._quotas.metered[name], self._own(who)[1]
        found = self._meter.take(*asked)
        environ[TOLD] = _together(environ[TOLD], (_policy((asked[0],)), _left((asked,), (found,))))
        if not found.allowed:
            raise _too_many((asked,), (found,), f"At most {quota.count} {quota.name} in {quota.window_s // 60} minutes; wait a little.")
        try:
            yield
        except BaseException:
            with suppress(Exception):  # then it stays counted
                self._meter.give_back(*asked)
            raise

    def _own(self, who: Principal) -> Asked:
        if who.workspace_id is not None:
            return self._quotas.key, who.session_id.int & _64_BITS
        return self._quotas.person, who.user_id.int & _64_BITS

    def _count_too(self, environ: Environ, shared: Asked) -> None:
        """Count a request that was counted for its person against the workspace."""
        told = environ[TOLD]
        try:
            self._count(environ, _account(shared))
        finally:
            environ[TOLD] = _together(told, environ[TOLD])
        self._admit(environ, shared[1])

    def _count(self, environ: Environ, account: _Account) -> None:
        asked = account.asked
        standings = self._limiter.take(asked)
        environ[TOLD] = (account.policy, _left(asked, standings))
        for standing in standings:
            if not standing.allowed:
                raise _too_many(asked, standings)


def _account(*asked: Asked) -> _Account:
    return _Account(asked, _policy(tuple(quota for quota, _ in asked)))


def _left(asked: Sequence[Asked], standings: Sequence[Standing]) -> Header:
    told = ""
    for (quota, _), standing in zip(asked, standings, strict=True):
        left_s = standing.reset_s if standing.allowed else standing.wait_s  # as Retry-After has it
        told += f'"{quota.name}";r={standing.remaining};t={ceil(left_s)}, '
    return "RateLimit", told[:-2]


def _together(told: Sequence[Header], more: Sequence[Header]) -> tuple[Header, ...]:
    return tuple((name, f"{text}, {another}") for (name, text), (_, another) in zip(told, more, strict=True))


@lru_cache(64)
def _policy(quotas: tuple[Quota, ...]) -> Header:
    return "RateLimit-Policy", ", ".join(f'"{quota.name}";q={quota.count};w={quota.window_s}' for quota in quotas)


@lru_cache(4096)
def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _too_many(asked: Sequence[Asked], standings: Sequence[Standing], detail: str | None = None) -> RateLimited:
    full = [(quota, standing) for (quota, _), standing in zip(asked, standings, strict=True) if not standing.allowed]
    wait_s = ceil(max(standing.wait_s for _, standing in full))
    return RateLimited(detail, retry_after_s=max(1, wait_s), extra={"violated_policies": [quota.name for quota, _ in full]})
