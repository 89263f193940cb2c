"""Storage of accounts: statements compiled once, run as the auth identity."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from plugins.accounts.domain import Consent, Person, Purpose, Standing, complete
from plugins.accounts.models import consents, credentials, refresh_tokens
from plugins.accounts.ports import Credential, Membership, Presented, Profile, Session
from plugins.sdk import Conflict, Document, Row, constraints, ctx, sa, sql, statement, tables, work
from ports.identity import RefreshRecord

constraints["uq_users_email"] = lambda: Conflict("An account with this e-mail address exists already.", code="email_taken")

users, sessions, user_roles = tables.users, tables.sessions, tables.user_roles
_given = sa.bindparam
_NEWEST = UUID(int=2**128 - 1)
_PERSON = (
    users.c.id,
    users.c.email,
    users.c.full_name,
    users.c.locale,
    users.c.version,
    users.c.created_at,
    users.c.updated_at,
)

ADD_PERSON = statement(
    users.insert().values(
        {
            c.name: _given(c.name)
            for c in (
                users.c.id,
                users.c.email,
                users.c.full_name,
                users.c.locale,
                users.c.created_at,
                users.c.updated_at,
            )
        }
    )
)
ADD_CREDENTIAL = statement(credentials.insert().values({c.name: _given(c.name) for c in credentials.c}))
CREDENTIAL = statement(
    sa.select(*_PERSON, credentials.c.password_hash)
    .select_from(users.outerjoin(credentials, credentials.c.user_id == users.c.id))
    .where(users.c.email == _given("email"))
)
REHASH = statement(
    credentials.update()
    .where(credentials.c.user_id == _given("of"), credentials.c.password_hash == _given("old"))
    .values(password_hash=_given("new"))
)
PROFILE = sql(
    """
    select u.id, u.email, u.full_name, u.locale, u.version, u.created_at, u.updated_at,
           (select coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'name', w.name, 'role', w.role) order by w.id),
                            '[]')
              from app.my_workspaces() w) as workspaces,
           (select coalesce(jsonb_agg(to_jsonb(l)), '[]') from (
             select distinct on (c.purpose) c.purpose, c.granted, c.document_version, c.recorded_at
               from accounts_consent c where c.user_id = u.id order by c.purpose, c.id desc) l) as consents
      from users u where u.id = $1""",
    "actor_id",
)
CHANGE = statement(
    users.update()
    .where(
        users.c.id == _given("actor_id"),
        users.c.version == sa.func.coalesce(sa.func.nullif(_given("expected", type_=sa.BigInteger), -1), users.c.version),
    )
    .values(
        full_name=sa.func.coalesce(_given("full_name", type_=sa.Text), users.c.full_name),
        locale=sa.func.coalesce(_given("locale", type_=sa.Text), users.c.locale),
        version=users.c.version + 1,
        updated_at=_given("now"),
    )
    .returning(users.c.id)
)
RENAME = statement(
    user_roles.update()
    .where(user_roles.c.user_id == _given("actor_id"), user_roles.c.full_name != _given("full_name"))
    .values(full_name=_given("full_name"), version=user_roles.c.version + 1, updated_at=_given("now"))
)

OPEN = statement(
    sessions.insert().values(
        {
            c.name: _given(c.name)
            for c in (
                sessions.c.id,
                sessions.c.user_id,
                sessions.c.created_at,
                sessions.c.last_used_at,
                sessions.c.expires_at,
            )
        }
    )
)
ADD_TOKEN = statement(refresh_tokens.insert().values({name: _given(name) for name in ("digest", "session_id", "created_at", "expires_at")}))
PRESENTED = statement(
    sa.select(
        *_PERSON,
        refresh_tokens.c.session_id,
        refresh_tokens.c.used_at,
        refresh_tokens.c.expires_at.label("token_expires_at"),
        sessions.c.revoked_at,
    )
    .select_from(refresh_tokens.join(sessions, sessions.c.id == refresh_tokens.c.session_id).join(users, users.c.id == sessions.c.user_id))
    .where(refresh_tokens.c.digest == _given("digest"))
    .with_for_update(of=refresh_tokens, key_share=True)
)
USE_TOKEN = statement(refresh_tokens.update().where(refresh_tokens.c.digest == _given("used")).values(used_at=_given("now")))
PROLONG = statement(sessions.update().where(sessions.c.id == _given("session")).values(last_used_at=_given("now"), expires_at=_given("until")))
REVOKE = statement(sessions.update().where(sessions.c.id == _given("session"), sessions.c.revoked_at.is_(None)).values(revoked_at=_given("now")))

RECORD = statement(consents.insert().values({c.name: _given(c.name) for c in consents.c}))
STANDING = statement(
    sa.select(consents.c.granted, consents.c.document_version, consents.c.recorded_at)
    .where(consents.c.user_id == _given("actor_id"), consents.c.purpose == _given("purpose"))
    .order_by(consents.c.id.desc())
    .limit(1)
)
HISTORY = statement(
    sa.select(consents.c.id, consents.c.purpose, consents.c.document_version, consents.c.granted, consents.c.recorded_at)
    .where(consents.c.user_id == _given("actor_id"), consents.c.id < _given("before"))
    .order_by(consents.c.id.desc())
    .limit(_given("limit"))
)


class Repository:
    """Implements plugins.accounts.ports.Store."""

    def transaction(self) -> AbstractContextManager[object]:
        return work()

    # -- people ------------------------------------------------------------------------------------------------------
    def add(self, person: Person, password_hash: str) -> None:
        at = person.created_at
        ctx.work.write(
            ADD_PERSON,
            id=person.id,
            email=person.email,
            full_name=person.full_name,
            locale=person.locale,
            created_at=at,
            updated_at=at,
        )
        ctx.work.write(ADD_CREDENTIAL, user_id=person.id, password_hash=password_hash, changed_at=at)

    def credential(self, email: str) -> Credential | None:
        row = ctx.work.one(CREDENTIAL, email=email)
        return None if row is None else Credential(_person(row), row["password_hash"])

    def rehash(self, user_id: UUID, *, old: str, new: str) -> None:
        ctx.work.write(REHASH, of=user_id, old=old, new=new)

    def profile(self) -> Profile | None:
        row = ctx.work.one(PROFILE)
        if row is None:
            return None
        standings = [(c["purpose"], Standing(c["granted"], c["document_version"], datetime.fromisoformat(c["recorded_at"]))) for c in row["consents"]]
        workspaces = tuple(Membership(UUID(w["id"]), w["name"], w["role"]) for w in row["workspaces"])
        return Profile(_person(row), complete(standings), workspaces)

    def change(self, *, full_name: str | None, locale: str | None, expected: int | None, now: datetime) -> UUID | None:
        row = ctx.work.one(CHANGE, full_name=full_name, locale=locale, expected=expected, now=now)
        if row is not None and full_name is not None:
            ctx.work.write(RENAME, full_name=full_name, now=now)
        return None if row is None else row["id"]

    # -- sessions ----------------------------------------------------------------------------------------------------
    def open(self, session: Session, digest: bytes) -> None:
        at, until = session.created_at, session.expires_at
        ctx.work.write(OPEN, id=session.id, user_id=session.user_id, created_at=at, last_used_at=at, expires_at=until)
        ctx.work.write(ADD_TOKEN, digest=digest, session_id=session.id, created_at=at, expires_at=until)

    def presented(self, digest: bytes) -> Presented | None:
        row = ctx.work.one(PRESENTED, digest=digest)
        if row is None:
            return None
        return Presented(RefreshRecord(row["token_expires_at"], row["used_at"], row["revoked_at"]), row["session_id"], _person(row))

    def rotate(self, session_id: UUID, *, used: bytes, successor: bytes, now: datetime, expires_at: datetime) -> None:
        ctx.work.write(USE_TOKEN, used=used, now=now)
        ctx.work.write(ADD_TOKEN, digest=successor, session_id=session_id, created_at=now, expires_at=expires_at)
        ctx.work.write(PROLONG, session=session_id, now=now, until=expires_at)

    def revoke(self, session_id: UUID, now: datetime) -> None:
        ctx.work.write(REVOKE, session=session_id, now=now)

    # -- consents ----------------------------------------------------------------------------------------------------
    def record(self, consent: Consent) -> None:
        ctx.work.write(RECORD, **asdict(consent))

    def standing(self, purpose: Purpose) -> Standing:
        row = ctx.work.one(STANDING, purpose=purpose)
        return Standing() if row is None else Standing(row["granted"], row["document_version"], row["recorded_at"])

    def history(self, limit: int, before: UUID | None) -> Sequence[Document]:
        return ctx.work.documents(HISTORY, limit=limit, before=before or _NEWEST)


def _person(row: Row) -> Person:
    return Person(row["id"], row["email"], row["full_name"], row["locale"], row["version"], row["created_at"], row["updated_at"])
