"""What the workspaces service needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from kernel.errors import Fault
from ports.persistence import Document, Row


@dataclass(frozen=True, slots=True)
class Member:
    """A membership that has not ended, and what a change of it must know, read under the lock.

    owners: how many the workspace has; acting: the actor's role at this moment; client_scope: whose clients they see, `all` or `own`;
    client_id: the client a Cliente is.
    """

    role: str
    version: int
    owners: int
    acting: str | None
    client_scope: str
    client_id: UUID | None


Proved = Callable[[], None]
"""Raises Forbidden unless the actor proved who they are a short while ago: for what is too grave for a session left open."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is stored."""

    text: str


@dataclass(frozen=True, slots=True)
class Installed:
    """A workspace's modules. settings: module → what was stored for it; secrets: what was stored sealed, or is about to be."""

    version: int
    modules: Sequence[str]
    settings: Mapping[str, Mapping[str, Any]]
    secrets: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is made. hint: the end of its text, to tell it by. replaces: the key it was rotated from."""

    id: UUID
    user_id: UUID
    name: str
    hint: str
    scopes: Sequence[str]
    expires_at: datetime | None
    created_at: datetime
    replaces: UUID | None = None


class Workspaces(Protocol):
    """Workspaces themselves."""

    def found(self, id: UUID, modules: Sequence[str], *, time_format: str, branding: Mapping[str, Any], **profile: object) -> Row:
        """Start one, the actor its Owner, and return it."""

    def mine(self, after: str | None, limit: int) -> list[Document]: ...

    def workspace(self) -> Row | None:
        """The current one."""

    def change(self, expected: int | None, now: datetime, **profile: object) -> Row | None:
        """Set what is not None, of branding member by member; None when `expected` is not the version."""

    def lock(self) -> None:
        """One at a time on the current workspace's members and modules, until the transaction ends."""


class Members(Protocol):
    """Memberships of the current workspace that have not ended."""

    def members(self, role: str | None, after: str | None, limit: int) -> list[Document]: ...

    def member(self, user_id: UUID) -> Document | None: ...

    def standing(self, user_id: UUID) -> Member | None: ...

    def set_role(self, user_id: UUID, role: str, client_id: UUID | None, client_scope: str, expected: int | None, now: datetime) -> Document | None:
        """None when `expected` is not the version. Raises Invalid at /client_id for a client there is not."""

    def unlimited(self) -> None:
        """For the rest of the transaction see every client, whoever acts."""

    def hold_actor(self) -> None:
        """The actor's membership stays as it is until the transaction ends. Raises what the gate raises, of what is true now."""

    def addressee(self, user_id: UUID, present: bool) -> Row | None:
        """email, full_name and role of a membership that has not ended (present) or has."""

    def end(self, user_id: UUID, expected: int | None, now: datetime) -> bool:
        """False when `expected` is not the version."""


class Modules(Protocol):
    """What the current workspace has on."""

    def installed(self) -> Installed: ...

    def switch(self, modules: Sequence[str], now: datetime) -> None:
        """Set the modules and move the workspace's version, on which every process's cache hangs."""

    def configure(self, module: str, settings: Mapping[str, Any], secrets: Mapping[str, Sealed], now: datetime) -> None: ...

    def reseal(self, module: str, secrets: Mapping[str, Sealed]) -> None:
        """Other texts of the same secrets."""


class Domains(Protocol):
    """What the current workspace claims. Rows carry domain, token, state, reason, since, checked_at, verified_at, version and times."""

    def domains(self, last: str | None, limit: int) -> Sequence[Row]:
        """By name, beyond `last`."""

    def domain(self, domain: str) -> Row | None: ...

    def lock_domain(self, id: UUID) -> Row | None:
        """The row, held until the transaction ends."""

    def add_domain(self, row: Mapping[str, object]) -> None:
        """Queue a new claim. Surfaces as Conflict domain_exists when the workspace has it already."""

    def judge_domain(self, id: UUID, **judged: Any) -> Row | None:
        """Set state, reason, since, checked_at, verified_at."""

    def drop_domain(self, id: UUID, expected: int | None) -> bool:
        """False when `expected` is not the version."""

    def hold(self, domain: str) -> bool:
        """Make the name this workspace's and nobody else's; False when it is another's."""

    def release(self, domain: str) -> None: ...


Transaction = Callable[[], AbstractContextManager[object]]
"""A short one, for operations that talk to others between two of them."""


class Later(Protocol):
    """Stores a job of this plugin in the open transaction."""

    def __call__(self, task: str, at: datetime, **arguments: object) -> None: ...


class Invitations(Protocol):
    """Invitations of the current workspace. sender: only those this member answers for, None for everybody's."""

    def invitations(self, status: str | None, sender: UUID | None, now: datetime, after: str | None, limit: int) -> list[Document]: ...

    def invitation(self, id: UUID, sender: UUID | None, now: datetime) -> Document | None: ...

    def hold_invitation(self, id: UUID, sender: UUID | None) -> Row | None:
        """The row, held until the transaction ends."""

    def invite(self, invitation: Mapping[str, Any], now: datetime) -> None:
        """Queue a new one in the place of an expired one. Surfaces as Conflict already_invited."""

    def edit_invitation(self, id: UUID, values: Mapping[str, Any], expected: int | None, now: datetime) -> Document | None:
        """Set what is offered; the actor answers for it. None when `expected` is not the version."""

    def send_again(self, id: UUID, digest: bytes, until: datetime, now: datetime) -> Document | None:
        """Set a new digest and end; the actor answers for it."""

    def revoke_invitation(self, id: UUID, now: datetime) -> None: ...

    def revoke_invitations_of(self, user_id: UUID, roles: list[str], now: datetime, *, unlimited: bool = False) -> None:
        """Those a member answers for that offer one of these roles. unlimited: and those of collaborators who would see every client."""

    def is_member(self, email: str) -> bool: ...

    def is_invited(self, email: str, now: datetime) -> bool:
        """Whether an invitation to this address is open, whoever answers for it."""

    def invitation_letter(self, id: UUID, mailing: int, now: datetime) -> Row | None:
        """email, full_name, role, inviter; None unless it is open and this is its newest mail."""

    def offer(self, workspace_id: UUID, digest: bytes, *, take: bool) -> Row | None:
        """From outside: go on in the workspace as the bearer of the link, and return what it offers. take: held until the transaction ends.

        Carries the invitation, workspace_id, workspace (its name), invited_by, and own_email: the actor's own address.
        """

    def seeing_as(self, user_id: UUID) -> AbstractContextManager[None]:
        """From outside: inside the block the clients are there that this member sees, and none for who is none of the staff."""

    def join(self, offer: Row, now: datetime) -> bool:
        """Make the actor a member as offered and use the invitation up; False, and nothing, when they are one already."""


class Letters(Protocol):
    """Mail, queued with the transaction."""

    def invitation(self, id: UUID, mailing: int) -> None: ...

    def role_changed(self, user_id: UUID, at: datetime) -> None:
        """At that moment, once however often it is asked for: the role they have then."""

    def removed(self, user_id: UUID) -> None: ...


class Keys(Protocol):
    """API keys of the current workspace."""

    def keys(self, after: str | None, limit: int) -> list[Document]: ...

    def key(self, id: UUID) -> Document | None: ...

    def add_key(self, key: Key, digest: bytes) -> None:
        """Of the actor. The digest cannot be read back here."""

    def end_key_after(self, id: UUID, expected: int | None, now: datetime, until: datetime) -> Row | None:
        """Note that it was rotated and let it live until then at most: its name, scopes and end before. None unless it is alive, was not
        rotated before and `expected` is the version."""

    def revoke_key(self, id: UUID, expected: int | None, now: datetime) -> bool:
        """False when `expected` is not the version. One that is revoked stays so."""

    def revoke_keys_of(self, user_id: UUID, now: datetime) -> None:
        """Every key that acts as this person."""


class Store(Workspaces, Members, Modules, Domains, Invitations, Keys, Protocol):
    """All of it, in the open transaction."""


class Settings(Protocol):
    """The settings of a module by its schema, whatever that is written in. schema: None when it has no settings."""

    def filled(self, schema: type[Any] | None, stored: Mapping[str, Any]) -> tuple[Mapping[str, object], Sequence[Fault]]:
        """As JSON, defaults filled in; with faults (pointers below /settings) it is what was stored."""

    def secrets(self, schema: type[Any] | None) -> frozenset[str]:
        """The names of those that are taken and never given back."""

    def described(self, schema: type[Any] | None) -> Mapping[str, object]:
        """A standalone JSON Schema (2020-12)."""
