"""What a signed token must say. Each check answers for one claim; none of them coerces a type."""

from __future__ import annotations

from uuid import UUID


def audience_fits(aud: object, ours: str) -> bool:
    """Exactly us. A token that also names others may have come to us through one of them."""
    return aud == ours or aud == [ours]


def is_epoch(value: object) -> bool:
    """Whole seconds; a bool is an int to Python, so it is asked for its very type."""
    return type(value) is int and value >= 0


def lifetime_fits(issued_at: int, expires_at: int, longest_s: int) -> bool:
    """Ends after it began, and within the longest life we accept."""
    return 0 < expires_at - issued_at <= longest_s


def has_begun(issued_at: int, not_before: object, now: float, leeway_s: int) -> bool:
    """Neither issued nor valid from a moment still to come."""
    if not_before is not None and not (isinstance(not_before, int) and is_epoch(not_before) and not_before <= now + leeway_s):
        return False
    return issued_at <= now + leeway_s


def has_ended(expires_at: int, now: float, leeway_s: int) -> bool:
    """Over, the clocks' difference granted."""
    return now >= expires_at + leeway_s


def moment(value: object, now: float, leeway_s: int) -> int:
    """When the person proved who they are, as OpenID Connect's `auth_time`; absent means never. Raises `ValueError` for a time to come."""
    if value is None:
        return 0
    if not isinstance(value, int) or not is_epoch(value) or value > now + leeway_s:
        raise ValueError("not a time that was")
    return value


def identifier(value: object) -> UUID:
    """A UUID in its canonical text. Raises `ValueError` for any other form of it (braces, urn:, capitals)."""
    if not isinstance(value, str):
        raise ValueError("not an id")
    parsed = UUID(value)
    if str(parsed) != value:
        raise ValueError("not a canonical id")
    return parsed


def scopes(value: object) -> tuple[str, ...]:
    """The words of an RFC 9068 `scope`; absent means none. Raises `ValueError` for anything but a text."""
    if value is None:
        return ()
    if not isinstance(value, str):
        raise ValueError("not a scope")
    return tuple(value.split())
