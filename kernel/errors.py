"""What can go wrong, said once, without a protocol: families that the edges translate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one place of the input.

    pointer: RFC 6901 JSON pointer into the body (`/start_time`), or `?name` for a query parameter, or `name:` for a header.
    """

    pointer: str
    message: str


class DomainError(Exception):
    """An answer other than success. `code` is stable and public; `detail` is for people and never holds another tenant's data."""

    family: ClassVar[str] = "internal"
    default_code: ClassVar[str] = "internal_error"
    default_detail: ClassVar[str] = "Something went wrong on our side."

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[Fault] = (),
        retry_after_s: int | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        self.detail = detail if detail is not None else self.default_detail
        self.code = code or self.default_code
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s
        self.extra = extra or {}
        super().__init__(f"{self.code}: {self.detail}")


class Malformed(DomainError):
    """The request cannot be read at all (400)."""

    family = "malformed"
    default_code = "malformed_request"
    default_detail = "The request could not be read."


class Unauthenticated(DomainError):
    """Nobody is signed in, or the credential does not hold (401)."""

    family = "unauthenticated"
    default_code = "unauthenticated"
    default_detail = "A valid access token is required."


class Forbidden(DomainError):
    """Signed in, but not allowed (403)."""

    family = "forbidden"
    default_code = "forbidden"
    default_detail = "Your role does not allow this."


class NotFound(DomainError):
    """No such thing for this caller; another tenant's things look the same (404)."""

    family = "not_found"
    default_code = "not_found"
    default_detail = "There is nothing here."


class Conflict(DomainError):
    """The state of the world forbids it right now (409)."""

    family = "conflict"
    default_code = "conflict"
    default_detail = "That conflicts with the current state."


class Refused(Conflict):
    """A rule says no: raised by domain code and by `check` hooks; the transaction rolls back (409)."""

    default_code = "refused"
    default_detail = "Refused."


class Stale(DomainError):
    """The record changed since the caller read it (412)."""

    family = "stale"
    default_code = "stale_version"
    default_detail = "The record has changed since you read it; read it again."


class TooLarge(DomainError):
    """More than a stated limit allows (413)."""

    family = "too_large"
    default_code = "too_large"
    default_detail = "The request is larger than allowed."


class UnsupportedMedia(DomainError):
    """A body in a format this operation does not read (415)."""

    family = "unsupported_media"
    default_code = "unsupported_media_type"
    default_detail = "Send application/json, without a content encoding."


class Invalid(DomainError):
    """Readable but wrong; `errors` says where (422)."""

    family = "invalid"
    default_code = "validation_failed"
    default_detail = "Some values are not valid."


class PreconditionRequired(DomainError):
    """A conditional request is mandatory here (428)."""

    family = "precondition_required"
    default_code = "precondition_required"
    default_detail = "Send If-Match with the ETag you read."


class RateLimited(DomainError):
    """Too many in a window; try after `retry_after_s` (429)."""

    family = "rate_limited"
    default_code = "rate_limited"
    default_detail = "Too many requests; wait a little."


class Unavailable(DomainError):
    """A dependency is down for the moment; safe to retry after `retry_after_s` (503)."""

    family = "unavailable"
    default_code = "unavailable"
    default_detail = "Temporarily unavailable; try again."
