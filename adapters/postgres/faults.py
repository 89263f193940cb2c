"""SQLSTATE to domain error, in one place; never a constraint's name, a value or another tenant's data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from adapters.postgres.wire import ServerError
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from ports.persistence import RuleBroken

MODULE_OFF = "42F03"
REFUSED = "42F07"
NOT_UNIQUE = "23505"
NO_PATIENCE = "55P03"


_POLICY = re.compile(r'row-level security policy "(\w+)" for table "(\w+)"')


def _module_off(error: ServerError) -> DomainError:
    return Forbidden("This module is off in the workspace.", code="module_disabled", extra={"module": error.detail})


def key_over() -> Unauthenticated:
    """What the bearer of a key that was one is told, whether this process has seen it before or not."""
    return Unauthenticated("The API key was revoked, or it has expired.", code="key_revoked")


def _session_over(error: ServerError) -> DomainError:
    if error.detail == "key":
        return key_over()
    return Unauthenticated("The session is over; sign in again.", code="session_revoked")


_TABLE: Mapping[str, Callable[[ServerError], DomainError]] = {
    "42F01": _session_over,
    "42F02": lambda _: NotFound(),
    MODULE_OFF: _module_off,
    "42F04": lambda _: Forbidden(),
    "23503": lambda _: Invalid("Something this refers to does not exist, or is still referred to.", code="invalid_reference"),
    NOT_UNIQUE: lambda _: Conflict("That exists already.", code="already_exists"),
    "23P01": lambda _: Conflict("That overlaps with something that exists.", code="overlap"),
    "23514": lambda _: Invalid("A value is outside what is allowed.", code="constraint_violated"),
    "23502": lambda _: Invalid("A required value is missing.", code="constraint_violated"),
    "22001": lambda _: Invalid("A text is too long.", code="value_too_long"),
    "22003": lambda _: Invalid("A number is too large.", code="value_out_of_range"),
    "22P02": lambda _: Invalid("A value has the wrong form.", code="value_malformed"),
    NO_PATIENCE: lambda _: Conflict("Somebody else is changing this right now; try again.", code="busy", retry_after_s=1),
    "40P01": lambda _: Conflict("Somebody else is changing this right now; try again.", code="busy", retry_after_s=1),
    "40001": lambda _: Conflict("Somebody else is changing this right now; try again.", code="busy", retry_after_s=1),
    "57014": lambda _: Unavailable("The request took too long and was stopped.", code="timeout", retry_after_s=5),
    "25P03": lambda _: Unavailable(retry_after_s=1),
    "53300": lambda _: Unavailable(retry_after_s=1),
}

constraints: dict[str, Callable[[], DomainError]] = {}
"""Constraint name, `table.policy` of a restrictive policy, or rule of `app.refuse` → the domain error it means. Plugins add theirs at import: a
rule with a name."""


def broken(rule: str) -> RuleBroken:
    """What `app.refuse` means, in the words of whoever named the rule."""
    said = constraints[rule]() if rule in constraints else None
    return said if isinstance(said, RuleBroken) else RuleBroken(rule)


def translate(error: ServerError) -> DomainError | None:
    """The domain error a failed statement means; None when it is our own bug (and must be a 500)."""
    if error.constraint and (specific := constraints.get(error.constraint)):
        return specific()
    if error.sqlstate == "42501":
        # No context is our bug and must be loud; a row outside the policy is another tenant's, or not for this role.
        if error.detail in ("no_context", "no_maintenance", "append_only"):
            return None
        policy = _POLICY.search(str(error))
        return constraints.get(f"{policy[2]}.{policy[1]}", Forbidden)() if policy else Forbidden()
    if known := _TABLE.get(error.sqlstate):
        return known(error)
    if error.sqlstate.startswith(("08", "57P", "53")):
        return Unavailable(retry_after_s=1)
    return None
