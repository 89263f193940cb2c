"""People whom an outside issuer knows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from plugins.accounts.domain import Person
from plugins.accounts.models import credentials, identities, sign_ins
from plugins.accounts.ports import Acquaintance, Addressed, Session
from plugins.accounts.repository.people import PERSON, person_of
from plugins.sdk import Conflict, constraints, ctx, sa, sql, statement, tables
from ports.federation import Outsider

constraints["pk_accounts_identity"] = lambda: Conflict("Somebody signs in with this account at this moment; try again.", code="identity_known")

users, sessions = tables.users, tables.sessions
_given = sa.bindparam

ACQUAINTANCE = sql(
    """
    select s.user_id as holder, s.revoked_at is not null as revoked, i.user_id as known
      from (select $1::uuid as id) given
      left join sessions s on s.id = given.id
      left join accounts_identity i on i.issuer = $2 and i.subject = $3""",
    "session",
    "issuer",
    "subject",
)
IDENTIFIED = statement(
    sa.select(*PERSON)
    .select_from(users.join(identities, identities.c.user_id == users.c.id))
    .where(identities.c.issuer == _given("issuer"), identities.c.subject == _given("subject"))
)
ADDRESSED = statement(sa.select(*PERSON, users.c.email_verified_at).where(users.c.email == _given("email")).with_for_update(of=users, key_share=True))
WELCOME = statement(users.insert().values({c.name: _given(c.name) for c in users.c if c.name != "version"}))
LINK = statement(identities.insert().values({c.name: _given(c.name) for c in identities.c}))
FORGET_PASSWORD = statement(credentials.delete().where(credentials.c.user_id == _given("of")))
FORGET_SUBJECTS = statement(identities.delete().where(identities.c.user_id == _given("of")))
END_SESSIONS = statement(
    sessions.update().where(sessions.c.user_id == _given("of"), sessions.c.revoked_at.is_(None)).values(revoked_at=_given("now"))
)
PROVE_ADDRESS = statement(users.update().where(users.c.id == _given("of")).values(email_verified_at=_given("now"), updated_at=_given("now")))
HOST = sql(
    "insert into sessions (id, user_id, created_at, last_used_at, authenticated_at, expires_at) values ($1, $2, $3, $3, $4, $5)"
    " on conflict (id) do nothing",
    "id", "user_id", "at", "authenticated_at", "until",
)  # fmt: skip
FORGET_SPENT = statement(sign_ins.delete().where(sign_ins.c.expires_at < _given("now")))
SPEND = sql("insert into accounts_sign_in (digest, expires_at) values ($1, $2) on conflict (digest) do nothing", "digest", "until")


class Outsiders:
    """Implements plugins.accounts.ports.Outsiders."""

    def acquaintance(self, session_id: UUID, issuer: str, subject: str) -> Acquaintance:
        row = ctx.work.one(ACQUAINTANCE, session=session_id, issuer=issuer, subject=subject)
        assert row is not None
        return Acquaintance(row["holder"], row["known"], bool(row["revoked"]))

    def identified(self, issuer: str, subject: str) -> Person | None:
        row = ctx.work.one(IDENTIFIED, issuer=issuer, subject=subject)
        return None if row is None else person_of(row)

    def addressed(self, email: str) -> Addressed | None:
        row = ctx.work.one(ADDRESSED, email=email)
        return None if row is None else Addressed(person_of(row), row["email_verified_at"] is not None)

    def welcome(self, person: Person, verified_at: datetime | None) -> None:
        at = person.created_at
        ctx.work.write(
            WELCOME, id=person.id, email=person.email, full_name=person.full_name, locale=person.locale,
            email_verified_at=verified_at, created_at=at, updated_at=at,
        )  # fmt: skip

    def introduce(self, outsider: Outsider, user_id: UUID, now: datetime) -> None:
        ctx.work.write(LINK, issuer=outsider.issuer, subject=outsider.subject, user_id=user_id, created_at=now)

    def evict(self, user_id: UUID, now: datetime) -> None:
        for statement_ in (FORGET_PASSWORD, FORGET_SUBJECTS):
            ctx.work.write(statement_, of=user_id)
        ctx.work.write(END_SESSIONS, of=user_id, now=now)
        ctx.work.write(PROVE_ADDRESS, of=user_id, now=now)

    def host(self, session: Session, authenticated_at: datetime) -> None:
        at, until = session.created_at, session.expires_at
        ctx.work.write(HOST, id=session.id, user_id=session.user_id, at=at, authenticated_at=authenticated_at, until=until)

    def use_up(self, digest: bytes, now: datetime, until: datetime) -> bool:
        ctx.work.write(FORGET_SPENT, now=now)
        return ctx.work.change(SPEND, digest=digest, until=until) == 1
