"""People and their passwords."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from plugins.accounts.domain import Addressee, Person, Standing, complete
from plugins.accounts.models import credentials
from plugins.accounts.ports import Credential, Membership, Profile
from plugins.sdk import Conflict, Row, constraints, ctx, sa, sql, statement, tables

constraints["uq_users_email"] = lambda: Conflict("An account with this e-mail address exists already.", code="email_taken")

users, user_roles = tables.users, tables.user_roles
_given = sa.bindparam
PERSON = (
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
                users.c.email_verified_at,
                users.c.created_at,
                users.c.updated_at,
            )
        }
    )
)
ADD_CREDENTIAL = statement(credentials.insert().values({c.name: _given(c.name) for c in credentials.c}))
CREDENTIAL = statement(
    sa.select(*PERSON, credentials.c.password_hash)
    .select_from(users.outerjoin(credentials, credentials.c.user_id == users.c.id))
    .where(users.c.email == _given("email"))
)
# The same steps for an address that nobody has: the rows of the next one are found and read, and nothing of them is told. The time would tell
# otherwise.
HASH_OR = sql(
    """
    (select case when u.email = $1 then u.id else '00000000-0000-0000-0000-000000000000' end as user_id,
            case when u.email = $1 then coalesce(c.password_hash, $2::text) else $2 end as password_hash
       from users u left join accounts_credential c on c.user_id = u.id where u.email >= $1 order by u.email limit 1)
    union all
    select '00000000-0000-0000-0000-000000000000', $2
     limit 1""",
    "email", "decoy",
)  # fmt: skip
OWN_CREDENTIAL = statement(
    sa.select(*PERSON, credentials.c.password_hash)
    .select_from(users.outerjoin(credentials, credentials.c.user_id == users.c.id))
    .where(users.c.id == _given("actor_id"))
)
STILL = statement(
    sa.select(*PERSON)
    .join_from(users, credentials, credentials.c.user_id == users.c.id)
    .where(users.c.id == _given("of"), credentials.c.password_hash == _given("old"))
    .with_for_update(read=True, of=credentials)
)
REHASH = statement(
    credentials.update()
    .where(credentials.c.user_id == _given("of"), credentials.c.password_hash == _given("old"))
    .values(password_hash=_given("new"))
)
SET_PASSWORD = sql(
    "insert into accounts_credential (user_id, password_hash, changed_at) values ($1, $2, $3)"
    " on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = excluded.changed_at",
    "of", "password_hash", "now",
)  # fmt: skip
ADDRESSEE = sql("select email, full_name, locale from users where id = $1", "of")
VERIFIED = sql(
    "update users set email_verified_at = $3, version = version + 1, updated_at = $3 where id = $1 and email = $2 and email_verified_at is null",
    "of", "email", "now",
)  # fmt: skip
MOVE = sql(
    "update users set email = $3, email_verified_at = $4, version = version + 1, updated_at = $4 where id = $1 and email = $2 returning id",
    "of", "old", "new", "now",
)  # fmt: skip
ACT_AS = sql("select set_config('app.user_id', $1::text, true), set_config('app.actor', 'person', true)", "of", locks=True)
# Where they are a member: whom they left knows them as they were, until they come back.
MOVE_COPIES = sql(
    "update user_roles set email = $2, version = version + 1, updated_at = $3 where user_id = $1 and ended_at is null", "of", "new", "now"
)
# The time after the wait: whoever makes something in their name holds the membership until it is there.
DISTRUST = sql(
    "update user_roles set trusted_from = clock_timestamp(), version = version + 1, updated_at = $2 where user_id = $1 and ended_at is null",
    "of", "now",
)  # fmt: skip
REVOKE_KEYS = sql(
    "update api_keys set revoked_at = $2, version = version + 1, updated_at = $2 where user_id = $1 and revoked_at is null", "of", "now"
)
PROFILE = sql(
    """
    select u.id, u.email, u.full_name, u.locale, u.version, u.created_at, u.updated_at,
           u.email_verified_at is not null as email_verified,
           (select coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'name', w.name, 'role', w.role) order by w.id),
                            '[]')
              from app.my_workspaces() w) as workspaces,
           (select coalesce(jsonb_agg(to_jsonb(l)), '[]') from (
             select distinct on (c.purpose) c.purpose, c.granted, c.document_version, c.recorded_at
               from accounts_consent c where c.user_id = u.id order by c.purpose, c.id desc) l) as consents
      from users u where u.id = $1""",
    "actor_id",
)
HOLD = statement(sa.select(*PERSON).where(users.c.id == _given("actor_id")).with_for_update(key_share=True))
CHANGE = statement(
    users.update()
    .where(users.c.id == _given("actor_id"))
    .values(
        full_name=sa.func.coalesce(_given("full_name", type_=sa.Text), users.c.full_name),
        locale=sa.func.coalesce(_given("locale", type_=sa.Text), users.c.locale),
        version=users.c.version + 1,
        updated_at=_given("now"),
    )
)
RENAME = statement(
    user_roles.update()
    .where(user_roles.c.user_id == _given("actor_id"), user_roles.c.ended_at.is_(None), user_roles.c.full_name != _given("full_name"))
    .values(full_name=_given("full_name"), version=user_roles.c.version + 1, updated_at=_given("now"))
)


class People:
    """Implements plugins.accounts.ports.People."""

    def add(self, person: Person, password_hash: str, verified_at: datetime | None = None) -> None:
        at = person.created_at
        ctx.work.write(
            ADD_PERSON,
            id=person.id,
            email=person.email,
            full_name=person.full_name,
            locale=person.locale,
            email_verified_at=verified_at,
            created_at=at,
            updated_at=at,
        )
        ctx.work.write(ADD_CREDENTIAL, user_id=person.id, password_hash=password_hash, changed_at=at)

    def credential(self, email: str) -> Credential | None:
        row = ctx.work.one(CREDENTIAL, email=email)
        return None if row is None else Credential(person_of(row), row["password_hash"])

    def hash_or(self, decoy: str, email: str) -> tuple[UUID, str]:
        (row,) = ctx.work.rows(HASH_OR, email=email, decoy=decoy)
        return row["user_id"], row["password_hash"]

    def own_credential(self) -> Credential | None:
        row = ctx.work.one(OWN_CREDENTIAL)
        return None if row is None else Credential(person_of(row), row["password_hash"])

    def still(self, user_id: UUID, hashed: str, fresh: str | None = None) -> Person | None:
        if fresh is not None and ctx.work.change(REHASH, of=user_id, old=hashed, new=fresh) != 1:
            return None
        row = ctx.work.one(STILL, of=user_id, old=fresh or hashed)
        return None if row is None else person_of(row)

    def set_password(self, user_id: UUID, password_hash: str, now: datetime) -> None:
        ctx.work.write(SET_PASSWORD, of=user_id, password_hash=password_hash, now=now)

    def addressee(self, user_id: UUID) -> Addressee | None:
        row = ctx.work.one(ADDRESSEE, of=user_id)
        return None if row is None else Addressee(row["email"], row["full_name"], row["locale"])

    def verified(self, user_id: UUID, email: str, now: datetime) -> bool:
        return ctx.work.change(VERIFIED, of=user_id, email=email, now=now) == 1

    def distrust(self, user_id: UUID, now: datetime) -> None:
        ctx.work.rows(ACT_AS, of=user_id)
        ctx.work.write(DISTRUST, of=user_id, now=now)
        ctx.work.write(REVOKE_KEYS, of=user_id, now=now)

    def move(self, user_id: UUID, old: str, new: str, now: datetime) -> bool:
        if ctx.work.one(MOVE, of=user_id, old=old, new=new, now=now) is None:
            return False
        # The person acts, though nobody is signed in: the link is the proof. Their memberships' policy asks for it, and the audit log shows it.
        ctx.work.rows(ACT_AS, of=user_id)
        ctx.work.write(MOVE_COPIES, of=user_id, new=new, now=now)
        return True

    def profile(self) -> Profile | None:
        row = ctx.work.one(PROFILE)
        if row is None:
            return None
        standings = [(c["purpose"], Standing(c["granted"], c["document_version"], datetime.fromisoformat(c["recorded_at"]))) for c in row["consents"]]
        workspaces = tuple(Membership(UUID(w["id"]), w["name"], w["role"]) for w in row["workspaces"])
        return Profile(person_of(row), complete(standings), workspaces, row["email_verified"])

    def hold(self) -> Person | None:
        row = ctx.work.one(HOLD)
        return None if row is None else person_of(row)

    def change(self, *, full_name: str | None, locale: str | None, now: datetime) -> None:
        ctx.work.write(CHANGE, full_name=full_name, locale=locale, now=now)
        if full_name is not None:
            ctx.work.write(RENAME, full_name=full_name, now=now)


def person_of(row: Row) -> Person:
    """The person in a row that holds PERSON."""
    return Person(row["id"], row["email"], row["full_name"], row["locale"], row["version"], row["created_at"], row["updated_at"])
