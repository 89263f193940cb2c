"""Walks of the members of three workspaces over everything that is served, and what must not be seen or changed on the way."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from adapters.http.gateway import Gateway
from ports.storage import StorageKey
from tests.security import oracle
from tests.security.calendars import Calendar
from tests.security.documents import Operation, operations
from tests.security.letters import Letters, files_of, stored
from tests.security.studios import Studio, Studios, canaries, decoded
from tests.security.wandering import UUIDS, Answer, Call, Shared, Walker, walk

ROUND = 250
ROLES = ("Owner", "Owner", "Colaborador", "Cliente", "Cliente")
TELLS_WHO = {
    "privacy_list_audit_reads",
    "privacy_get_personal_data",
    "clients_list_consents",
    "clients_create_consents",
    "clients_list_notes",
    "clients_get_note",
}
"""Reviewed: what tells a client who of the staff handled their data; `READERS` by name as well."""
READERS = {"privacy_list_audit_reads", "privacy_get_personal_data"}
SHARES = {"clients_update_note", "clients_replace_note", "clients_create_merge"}
"""Reviewed: by these the staff may show a client what was not theirs before: a note, or a record that became theirs."""
FOR_EVERYBODY = {"workspaces_get_branding", "bookings_list_public_services", "bookings_get_public_availability"}
"""Reviewed: under a domain that a workspace verified everybody sees its name, and what it offers once it opened its booking page."""
UNREACHED = {
    "accounts_get_sign_in_departure", "accounts_get_sign_in_arrival", "bookings_get_ical", "bookings_create_calendars",
    "bookings_create_calendar_reading", "workspaces_get_published_logo",
}  # fmt: skip
"""Reviewed: this installation has no OpenID provider to leave for or to come back from (test_t23_openid has one) and no server that has a
calendar (test_booking_imports has one); the address of a feed is one person's secret (test_booking_feeds), and that of a logo opens that file alone
(test_logos)."""
MODULES = ("clients", "bookings", "workspaces", "privacy", "accounts")
SEES = {"Owner": "ws012", "Colaborador": "ws012", "Cliente": "w0"}

_PLACE = re.compile(r"<(?:[^:<>]+:)?(\w+)>")


@dataclass
class Walked:
    """What a walk found. leaks and changed must stay empty."""

    steps: int = 0
    leaks: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)  # operation and role
    succeeded: Counter[tuple[str, str]] = field(default_factory=Counter)


class Walks:
    """Walks through the studios, one studio's members at a time, so that every change elsewhere is one too many."""

    def __init__(self, studios: Studios, gateway: Gateway, seed: int) -> None:
        self.studios, self.gateway, self.dice, self.shared = studios, gateway, random.Random(seed), Shared()
        self.ways = ways_of(studios, gateway)
        self.files = {letter: stored(studios.settings, studio) for letter, studio in studios.all.items()}
        self.written: dict[str, set[str]] = {letter: set() for letter in studios.all}

    def go(self, steps: int, *, only: str = "abc", found: Walked | None = None) -> Walked:
        """So many steps in all, those found so far among them."""
        found = found or Walked()
        with self.studios.connect() as connection:
            while found.steps < steps:
                studio = self.studios[self.dice.choice(only)]
                before = {other.letter: self._digest(connection, other) for other in self.studios.others(studio.letter)}
                self._round(connection, studio, found)
                for other in self.studios.others(studio.letter):
                    after = self._digest(connection, other)
                    found.changed += [f"{table} of {other.letter}" for table in after if after[table] != before[other.letter][table]]
        return found

    def cells(self) -> set[tuple[str, str]]:
        """Every operation with every role that it lets in."""
        roles = {compiled.operation.id: compiled.operation.roles for compiled in self.gateway.compiled.values()}
        return {(way.id, role) for way in self.ways for role in roles.get(way.id) or set(ROLES)}

    def missed(self, found: Walked) -> set[tuple[str, str]]:
        """Those that never got in, whom a walk therefore says nothing about."""
        return {(way, role) for way, role in self.cells() if not found.succeeded[way, role] and way not in UNREACHED}

    def _digest(self, connection: Any, studio: Studio) -> dict[str, str]:
        content = files_of(self.studios.settings)[0].get(StorageKey(UUID(studio.id), UUID(self.files[studio.letter]))).content
        return oracle.digests(connection, studio.id, [person.id for person in studio.everybody]) | {"files": content.decode("latin-1")}

    def _ids(self, connection: Any, studio: Studio) -> dict[str, set[str]]:
        places = set().union(*(oracle.sessions(connection, person.id) for person in studio.everybody))
        return oracle.ids(connection, studio.id) | {"sessions.id": places, "files.id": {self.files[studio.letter]}}

    def _round(self, connection: Any, studio: Studio, found: Walked) -> None:
        self.studios.repair(studio.letter)
        for role, person in studio.people.items():  # with a refresh token that nobody used
            studio.people[role] = self.studios.api.again(person)
        own = self._ids(connection, studio)
        foreign: dict[str, set[str]] = {}
        for other in self.studios.others(studio.letter):
            for kind, values in self._ids(connection, other).items():
                foreign.setdefault(kind, set()).update(values)
        elsewhere = set().union(*foreign.values())
        walkers, hidden = [], {}
        calendar = Calendar(connection, studio)
        calendar.stock()
        stages = calendar.pools()
        offered = own["bookings_service.id"] | own["bookings_room.id"]  # which every member may see
        theirs = {"Colaborador": ("workspaces_invitation.id", studio.invitation), "Cliente": ("clients.id", studio.clients[0])}
        for role in ROLES:
            person = studio.people[role]
            letters = Letters(self.studios.settings, connection, studio, person)
            theirs_alone = {"bookings_time.held": calendar.hold, "bookings_feed.own": calendar.feed, "bookings_calendar.own": calendar.calendar}
            pickable = _lists(own | stages | {kind: {plant(person)} for kind, plant in theirs_alone.items()})
            for kind, one in [theirs[role]] if role in theirs else []:  # as often as all the others, of whom there are more and more
                pickable[kind] += len(pickable[kind]) * [one]
            text = studio.canary("w")
            walker = Walker(person, studio.id, pickable, _lists(foreign), MODULES, text, self.shared, letters, self.dice, calendar, role)
            mine = {studio.id, person.id, studio.clients[0]} | oracle.sessions(connection, person.id) | offered
            within = set().union(*own.values()) if role == "Cliente" else own["sessions.id"]
            hidden[id(walker)] = (role, elsewhere | (within - mine))
            walkers.append(walker)
        by_role = {role: [walker for walker in walkers if hidden[id(walker)][0] == role] for role in ROLES}
        open_to = self.cells()
        cells = [(way, role) for way in self.ways for role in by_role if (way.id, role) in open_to and way.id not in UNREACHED]

        def choose() -> tuple[Walker, Operation]:
            """Anything; every other time what got in least."""
            if not cells or self.dice.random() < 0.5:
                return self.dice.choice(walkers), self.dice.choice(self.ways)
            way, role = min(cells, key=lambda cell: (found.succeeded[_names(cell)] + found.asked[_names(cell)] / 20, self.dice.random()))
            if (way.id, role) == ("workspaces_delete_own_membership", "Owner"):  # who may not leave alone
                assert studio.further is not None
                connection.execute("update user_roles set role = 'Owner' where workspace_id = %s and user_id = %s", (studio.id, studio.further.id))
            return self.dice.choice(by_role[role]), way

        def after(walker: Walker, way: Operation, call: Call, answer: Answer) -> None:
            role, forbidden = hidden[id(walker)]
            self.look(connection, studio, role, forbidden, call, answer, found)
            # A role given on the way would make its holder see more than the one expected of them.
            again = answer.status == 401 or way.path.endswith(("/role", "/accept")) or way.id in SHARES
            if again or found.steps % 25 == 0:
                self.studios.repair(studio.letter)

        walk(self.gateway, choose, ROUND, after)

    def look(self, connection: Any, studio: Studio, role: str, forbidden: set[str], call: Call, answer: Answer, found: Walked) -> None:
        """At an answer, and note what it should not have said."""
        found.steps += 1
        found.statuses[answer.status] += 1
        found.asked[call.operation, role] += 1
        if answer.status < 304:
            found.succeeded[call.operation, role] += 1
        if answer.status >= 500:
            found.broken.append(f"{role} {call.method} {call.path}?{call.query} {call.body!r}: {answer.status} {answer.body[:200]}")
        told = SEES[role] + ("s" if call.operation in READERS else "")
        # An id that somebody of this studio wrote into a text of theirs, as a tag, comes back with the text.
        self.written[studio.letter].update(UUIDS.findall((call.body or b"").decode("utf-8", "replace").lower()))
        texts = list(decoded(answer.texts()))
        seen = {(letter, scope) for letter, scope in canaries(texts) if letter != studio.letter or scope not in told}
        if call.operation in FOR_EVERYBODY:
            seen = {(letter, scope) for letter, scope in seen if scope != "w"}
        named = {each for text in texts for each in UUIDS.findall(text)} & forbidden
        tells_who = call.operation in TELLS_WHO or call.operation.startswith("bookings_")  # whose time a booking is
        named -= {person.id for person in studio.everybody} if tells_who else set()
        if call.operation == "workspaces_get_branding":  # so is the address of a logo that was sent, with the file that it opens
            logos = "select concat(branding ->> 'logo', ' ', branding ->> 'logo_dark') from workspaces"
            named -= {each for row in connection.execute(logos).fetchall() for each in UUIDS.findall(row[0])}
        if call.operation == "bookings_list_public_services":
            named -= {str(row[0]) for row in connection.execute("select id from bookings_service where public").fetchall()}
        named -= set(UUIDS.findall(call.texts())) | self.written[studio.letter]
        if named and role == "Cliente":  # theirs as of now: a record may have come to be theirs on the way, by a merge
            named -= oracle.of_client(connection, studio.id, studio.clients[0])
        if seen or named:
            kinds = [kind for kind, ids in self._ids(connection, studio).items() if named & ids]
            found.leaks.append(f"{role} {call.method} {call.path}?{call.query}: {answer.status} {seen or named} {kinds or ''}".rstrip())


def _names(cell: tuple[Operation, str]) -> tuple[str, str]:
    return cell[0].id, cell[1]


def _lists(ids: dict[str, set[str]]) -> dict[str, list[str]]:
    return {kind: sorted(values) for kind, values in ids.items() if values}


def ways_of(studios: Studios, gateway: Gateway) -> list[Operation]:
    """Every documented operation, and the routes the document leaves out."""
    ways = operations(studios.api.get("/api/v1/openapi.json").json)
    documented = {way.path for way in ways}
    for rule in gateway.flask.url_map.iter_rules():
        path = _PLACE.sub(r"{\1}", rule.rule)
        if path not in documented and "assets" not in path and path != "/docs":
            parameters = [{"in": "path", "name": name, "schema": {"format": "uuid"}} for name in rule.arguments]
            ways += [Operation(rule.endpoint, method, path, parameters, None, {}) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return ways
