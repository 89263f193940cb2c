"""Consent: given by the client or attested by staff, and taken back by either at any time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, Fault, Invalid, NotFound, Stale
from kernel.ids import new_id
from plugins.clients import events
from plugins.clients.domain.health import GivenBy, WithdrawnBy, decisive
from plugins.clients.ports.health import Consents as Stored
from plugins.clients.ports.health import Decisive
from plugins.clients.service.actors import is_cliente
from plugins.clients.service.standing import writable
from ports.persistence import Document, Row


class Consents:
    """What the clients of the current workspace agreed to. now: the time, aware, in UTC."""

    def __init__(self, *, consents: Stored, last: Decisive, now: Callable[[], datetime]) -> None:
        self._consents = consents
        self._last = last
        self._now = now

    def page(self, client_id: UUID, limit: int, after: UUID | None) -> list[Document]:
        """Every consent ever given, the newest first. Raises NotFound."""
        found = self._consents.page(client_id, limit, after)
        if not found and not self._consents.known(client_id):
            raise NotFound()
        return found

    def give(self, client_id: UUID, given: Mapping[str, Any]) -> dict[str, Any]:
        """Record a consent: of the Cliente themself, or attested by staff, who say how it was given. It replaces the one in force.

        Raises NotFound, Invalid, Conflict already_merged, Conflict own_consent when staff would put their word over the client's own, and
        Conflict withdrawn_by_client when the client took theirs back: only they can give it again.
        """
        now = self._now()
        mine = is_cliente()
        given_at = given["given_at"] or now
        if given_at > now:
            raise Invalid(errors=[Fault("/given_at", "May not be in the future.")])
        if not mine and given["how"] is None:
            raise Invalid(errors=[Fault("/how", "Say how the client consented.")])
        writable(self._consents.hold(client_id))
        before = next((each for each in self._last.decisive([client_id]) if each["purpose"] == given["purpose"]), None)
        if before is not None and not mine:
            if before["withdrawn_at"] is None and before["given_by"] == GivenBy.SELF:
                raise Conflict("The client has consented in person; that stands.", code="own_consent")
            if before["withdrawn_by"] == WithdrawnBy.SELF:
                raise Conflict("The client took the consent back; only they can give it again.", code="withdrawn_by_client")
        if before is not None:
            self._last.supersede(before["id"], WithdrawnBy.SELF if mine else WithdrawnBy.STAFF, now)
        person = current().scope.user_id
        if person is None:
            raise LookupError("a consent is recorded by somebody")
        consent = {
            "id": new_id(), "client_id": client_id, "purpose": given["purpose"], "how": given["how"], "given_at": given_at,
            "given_by": GivenBy.SELF if mine else GivenBy.STAFF_ATTESTED, "recorded_by": person,
        }  # fmt: skip
        self._consents.add(**consent, now=now)
        events.clients_consent_given(client_id=client_id, purpose=given["purpose"])
        return {**consent, "withdrawn_at": None, "withdrawn_by": None, "version": 1, "created_at": now}

    def withdraw(self, client_id: UUID, id: UUID, expected: int | None) -> None:
        """Take a consent back; from this moment staff reads nothing it covered. A second time changes nothing.

        Raises NotFound, Stale, Conflict already_merged.
        """
        writable(self._consents.hold(client_id))
        found = self._consents.find(client_id, id)
        if found is None:
            raise NotFound()
        if expected not in (None, -1, found["version"]):
            raise Stale()
        if found["withdrawn_at"] is None:
            self._consents.withdraw(id, WithdrawnBy.SELF if is_cliente() else WithdrawnBy.STAFF, self._now())
            events.clients_consent_withdrawn(client_id=client_id, purpose=found["purpose"])

    def combine(self, client_id: UUID, source: UUID) -> None:
        """Before `source` becomes part of `client_id`, both held: of each purpose one consent decides from now on, the strictest. All of
        them stay as history, and nothing that was taken back is in force again."""
        of_purpose = defaultdict[str, list[Row]](list)
        for each in self._last.decisive([client_id, source]):
            of_purpose[each["purpose"]].append(each)
        for purpose, found in of_purpose.items():
            stays = decisive(found)
            for each in found:
                if each is not stays:
                    self._last.supersede(each["id"], WithdrawnBy.MERGE, self._now())
            if stays["withdrawn_at"] is not None and any(each["withdrawn_at"] is None for each in found):
                events.clients_consent_withdrawn(client_id=client_id, purpose=purpose)
