"""People whose address is to be confirmed before there is an account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from plugins.accounts.domain import Addressee, Applicant
from plugins.sdk import Row, ctx, sql

_APPLICANT = "id, email, full_name, locale, password_hash, agreed, created_at, expires_at"
_OPEN = " digest = $1 and expires_at > $2::timestamptz"

APPLY = sql(
    f"insert into accounts_applicant (digest, {_APPLICANT}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    "digest", "id", "email", "full_name", "locale", "password_hash", "agreed", "created_at", "expires_at",
)  # fmt: skip
FIND = sql(f"select {_APPLICANT} from accounts_applicant where" + _OPEN, "digest", "now")
ADMIT = sql("delete from accounts_applicant where" + _OPEN + f" returning {_APPLICANT}", "digest", "now")
FORGET = sql("delete from accounts_applicant where email = $1", "email")
APPLIED = sql(
    "select a.email, a.full_name, a.locale, u.full_name as known_name, u.locale as known_locale"
    " from accounts_applicant a left join users u on u.email = a.email where a.id = $1 and a.expires_at > now()",
    "id",
)


class Applicants:
    """Implements plugins.accounts.ports.Applicants."""

    def apply(self, applicant: Applicant, digest: bytes) -> None:
        ctx.work.write(
            APPLY, digest=digest, id=applicant.id, email=applicant.email, full_name=applicant.full_name, locale=applicant.locale,
            password_hash=applicant.password_hash, agreed=dict(applicant.agreed), created_at=applicant.created_at, expires_at=applicant.expires_at,
        )  # fmt: skip

    def applicant(self, digest: bytes, now: datetime) -> Applicant | None:
        return _applicant(ctx.work.one(FIND, digest=digest, now=now))

    def admit(self, digest: bytes, now: datetime) -> Applicant | None:
        admitted = _applicant(ctx.work.one(ADMIT, digest=digest, now=now))
        if admitted is not None:
            ctx.work.write(FORGET, email=admitted.email)
        return admitted

    def applied(self, id: UUID) -> tuple[Addressee, Addressee | None] | None:
        row = ctx.work.one(APPLIED, id=id)
        if row is None:
            return None
        known = None if row["known_name"] is None else Addressee(row["email"], row["known_name"], row["known_locale"])
        return Addressee(row["email"], row["full_name"], row["locale"]), known


def _applicant(row: Row | None) -> Applicant | None:
    if row is None:
        return None
    return Applicant(
        row["id"], row["email"], row["full_name"], row["locale"], row["password_hash"], row["agreed"], row["created_at"], row["expires_at"]
    )
