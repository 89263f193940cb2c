"""A proof of who somebody is, not older than 10 minutes: for what is too grave for a session left open."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from adapters.http.exchange import Environ
from adapters.http.operation import marks
from kernel.errors import Forbidden
from ports.identity import Principal, TokenVerifier

F = TypeVar("F", bound=Callable[..., Any])
RECENT_S: Final = 600


@dataclass(frozen=True, slots=True)
class Proof:
    """When the caller last proved who they are in this session, in epoch seconds; 0 for an API key, which cannot."""

    authenticated_at: int

    def demand(self) -> None:
        """Raises Forbidden `reauthentication_required` unless it was a short while ago."""
        if time.time() - self.authenticated_at > RECENT_S:
            detail = "This needs a proof of who you are from the last 10 minutes: confirm your password, or sign in again."
            raise Forbidden(detail, code="reauthentication_required", extra={"max_age_s": RECENT_S})


def principal_of(environ: Environ, verifier: TokenVerifier) -> Principal:
    """Whose token it is, once it was found to hold. Costs no query."""
    return verifier.verify(environ.get("HTTP_AUTHORIZATION", "")[7:])


def proof_of(environ: Environ, verifier: TokenVerifier) -> Proof:
    """What the caller's token says of when they proved who they are; it was verified before."""
    return Proof(principal_of(environ, verifier).authenticated_at)


def with_proof(when: str) -> Callable[[F], F]:
    """Pass the caller's `Proof` to the view after its other arguments, to `demand()` where the change turns out to be grave; `@recent` is for
    operations that always are. when: says so in the document, as in `Making somebody an Owner`."""

    def mark(function: F) -> F:
        found = marks(function)
        found.arguments.append("proof")
        found.grave = when
        return function

    return mark
