"""Claiming a domain and proving it by a TXT record. A name belongs to the workspace that proves it first, for as long as the record stays."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, Fault, Invalid, NotFound, Stale
from kernel.ids import new_id
from plugins.workspaces import events
from plugins.workspaces.domain import hosts
from plugins.workspaces.domain.hosts import Finding, Standing, State
from plugins.workspaces.ports import Domains, Later, Transaction
from ports.clock import Clock
from ports.dns import Dns, DnsDown
from ports.persistence import Row

Shown = Mapping[str, object]


class DomainsService:
    """The domains of the current workspace. transaction: a short one; looking at the DNS happens between two of them."""

    def __init__(self, *, store: Domains, dns: Dns, clock: Clock, own_hosts: frozenset[str], transaction: Transaction, later: Later) -> None:
        self._store = store
        self._dns = dns
        self._clock = clock
        self._own_hosts = own_hosts
        self._transaction = transaction
        self._later = later

    def page(self, after: str | None, limit: int) -> list[Shown]:
        """Claims by name."""
        return [_shown(row) for row in self._store.domains(after, limit)]

    def read(self, domain: str) -> Shown:
        return _shown(self._known(domain))

    def claim(self, domain: str) -> Shown:
        """Claim a name: pending until its record is seen. Raises Invalid (`/domain`), Conflict domain_exists or too_many_domains."""
        try:
            name = hosts.parse(domain)
        except ValueError as error:
            raise Invalid(errors=[Fault("/domain", str(error))]) from None
        if hosts.ours(name, self._own_hosts):
            raise Invalid(errors=[Fault("/domain", "This name belongs to the service itself.")])
        if len(self._store.domains(None, hosts.MOST_DOMAINS)) >= hosts.MOST_DOMAINS:
            raise Conflict(f"A workspace claims {hosts.MOST_DOMAINS} domains at most; let one go first.", code="too_many_domains")
        now = self._clock.now()
        row = {
            "id": new_id(), "domain": name, "token": secrets.token_urlsafe(24), "state": State.PENDING, "reason": None, "since": now,
            "checked_at": None, "verified_at": None, "version": 1, "created_at": now, "updated_at": now,
        }  # fmt: skip
        self._store.add_domain(row)
        for wait in hosts.LOOK_AGAIN:
            self._later("check_domain", now + wait, domain=name)
        return _shown(row)

    def let_go(self, domain: str) -> None:
        """Give a claim up; a verified name is free at once. Raises NotFound, Stale when If-Match named another version."""
        row = self._known(domain)
        if not self._store.drop_domain(row["id"], current().expected_version):
            raise Stale()
        self._store.release(row["domain"])

    def verify(self, domain: str) -> Shown:
        """Look at the DNS now; as often as one likes. The state says what came of it.

        Raises NotFound, Conflict domain_taken when the record is right but another workspace was first.
        """
        row = self._look(domain)
        if row["reason"] == Finding.TAKEN:
            raise Conflict("Another workspace has verified this domain; it must let it go first.", code="domain_taken")
        return _shown(row)

    def check(self, domain: str) -> None:
        """Look again, unless nothing waits for it any more."""
        with self._transaction():
            row = self._store.domain(domain)
        if row is not None and row["state"] == State.PENDING:
            with suppress(NotFound):
                self._look(domain)

    def check_all(self) -> None:
        """Look at every claim that waits and every domain that is verified."""
        with self._transaction():
            rows = [row for row in self._store.domains(None, hosts.MOST_DOMAINS) if row["state"] != State.FAILED]
        for row in rows:
            with suppress(NotFound):  # let go meanwhile
                self._look(row["domain"])

    def _look(self, domain: str) -> Row:
        with self._transaction():
            row = self._known(domain)
        finding = self._finding(row)
        with self._transaction():
            return self._record(row["id"], finding)

    def _finding(self, row: Row) -> Finding:
        try:
            return hosts.found_in(self._dns.texts(hosts.record_name(row["domain"])), row["token"])
        except DnsDown:
            return Finding.UNKNOWN

    def _record(self, id: UUID, finding: Finding) -> Row:
        row = self._store.lock_domain(id)
        if row is None:
            raise NotFound()
        name, before = row["domain"], State(row["state"])
        if finding is Finding.FOUND and before is not State.VERIFIED and not self._store.hold(name):
            finding = Finding.TAKEN
        now = self._clock.now()
        after = hosts.after(Standing(before, row["since"]), finding, now)
        if after.state is State.FAILED and before is State.VERIFIED:
            self._store.release(name)
        if after.state is not before and after.state is State.VERIFIED:
            events.workspaces_domain_verified(domain=name)
        if after.state is not before and after.state is State.FAILED:
            events.workspaces_domain_failed(domain=name)
        verified_at = now if after.state is State.VERIFIED and before is not State.VERIFIED else row["verified_at"]
        changed = self._store.judge_domain(id, state=after.state, reason=after.reason, since=after.since, checked_at=now, verified_at=verified_at)
        assert changed is not None  # its row is locked
        return changed

    def _known(self, domain: str) -> Row:
        row = self._store.domain(domain.lower())
        if row is None:
            raise NotFound()
        return row


def _shown(row: Mapping[str, object]) -> Shown:
    name, token = str(row["domain"]), str(row["token"])
    return {**row, "record": {"type": "TXT", "name": hosts.record_name(name), "value": hosts.record_value(token)}}
