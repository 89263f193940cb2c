"""T13, T17: what one workspace handed out (tags, cursors, replies) is worth nothing in another, and a person in two is two members."""

from __future__ import annotations

import random
from collections import Counter
from uuid import UUID

import pytest

from adapters.http import callers, inputs
from adapters.postgres.database import PostgresDatabase
from ports.persistence import Claim
from tests.security.oracle import count
from tests.security.seeded import rewritten
from tests.security.studios import Studio, Studios, canaries, client
from tests.servers import Person, add_member

STEPS = 1_000

# T13 -------------------------------------------------------------------------------------------------------------------------------------


def test_t13_a_tag_of_another_workspace_answers_nothing_and_changes_nothing(studios: Studios) -> None:
    a, b = studios["a"], studios["b"]
    path = f"/api/v1/clients/{a.clients[1]}"
    tag = studios.api.get(path, who=a.people["Owner"], workspace=a.id).headers["ETag"]
    held = {"If-None-Match": tag}
    assert studios.api.get(path, who=a.people["Owner"], workspace=a.id, headers=held).status == 304
    for workspace in (a.id, b.id):
        reply = studios.api.get(path, who=b.people["Owner"], workspace=workspace, headers=held)
        assert reply.status == 404
        changed = studios.api.patch(path, json={"notes": "x"}, who=b.people["Owner"], workspace=workspace, headers={"If-Match": tag})
        assert changed.status == 404


def test_t13_a_tag_of_the_staff_is_not_current_for_the_cliente(studios: Studios) -> None:
    a = studios["a"]
    path = f"/api/v1/clients/{a.clients[0]}"
    tag = studios.api.get(path, who=a.people["Owner"], workspace=a.id).headers["ETag"]
    assert studios.api.get(path, who=a.people["Cliente"], workspace=a.id, headers={"If-None-Match": tag}).status == 200


def test_t13_a_cursor_of_another_workspace_is_refused(studios: Studios) -> None:
    a, b = studios["a"], studios["b"]
    for path in ("/api/v1/clients?limit=1", "/api/v1/clients?limit=1&sort=full_name", "/api/v1/users?limit=1", "/api/v1/audit?limit=1"):
        cursor = studios.api.get(path, who=a.people["Owner"], workspace=a.id).json["next_cursor"]
        assert studios.api.get(f"{path}&cursor={cursor}", who=a.people["Owner"], workspace=a.id).status == 200
        refused = studios.api.get(f"{path}&cursor={cursor}", who=b.people["Owner"], workspace=b.id)
        assert (refused.status, refused.json["code"]) == (400, "invalid_cursor")


def test_t13_a_key_belongs_to_one_person_in_one_workspace(studios: Studios, twice: Person) -> None:
    a, b = studios["a"], studios["b"]
    body, key = {"full_name": "Ana Souza"}, {"Idempotency-Key": "the-same-for-all"}
    ids, replayed = set(), 0
    for who, studio in ((a.people["Owner"], a), (a.people["Colaborador"], a), (b.people["Owner"], b), (twice, a), (twice, b)):
        first = studios.api.post("/api/v1/clients?allow_duplicate=true", json=body, who=who, workspace=studio.id, headers=key)
        again = studios.api.post("/api/v1/clients?allow_duplicate=true", json=body, who=who, workspace=studio.id, headers=key)
        assert (first.status, again.status, "Idempotent-Replayed" in first.headers) == (201, 201, False)
        assert again.json == first.json
        replayed += "Idempotent-Replayed" in again.headers
        ids.add(first.json["id"])
    assert (len(ids), replayed) == (5, 5)


def test_t13_a_stored_reply_is_not_given_to_somebody_who_left(studios: Studios) -> None:
    c = studios["c"]
    assert c.further is not None
    asked = {"json": {"full_name": "Ana Souza"}, "who": c.further, "workspace": c.id, "headers": {"Idempotency-Key": "before-leaving"}}
    assert studios.api.post("/api/v1/clients?allow_duplicate=true", **asked).status == 201
    assert studios.api.delete(f"/api/v1/users/{c.further.id}", who=c.people["Owner"], workspace=c.id).status == 204
    assert studios.api.post("/api/v1/clients?allow_duplicate=true", **asked).status == 404


def test_t13_a_key_shared_by_everybody_is_caught(studios: Studios, monkeypatch: pytest.MonkeyPatch, twice: Person) -> None:
    def unscoped(_scope: UUID, key: str, operation: str, fingerprint: str) -> Claim:
        return Claim(UUID(int=0), key, operation, fingerprint)

    monkeypatch.setattr(inputs, "Claim", unscoped)
    with pytest.raises(AssertionError):
        test_t13_a_key_belongs_to_one_person_in_one_workspace(studios, twice)


# T17 -------------------------------------------------------------------------------------------------------------------------------------


class Swap:
    """Two people, each an Owner of one studio and the Cliente of a client in the other."""

    def __init__(self, studios: Studios) -> None:
        self.studios = studios
        self.people: list[tuple[Person, Studio, Studio, str]] = []
        for mine, other in (("a", "b"), ("b", "a")):
            owned, visited = studios[mine], studios[other]
            person = studios.api.signup("Eva")
            record = client(studios.api, visited, 2)
            add_member(studios.settings, owned.id, person, "Owner")
            add_member(studios.settings, visited.id, person, "Cliente", record)
            self.people.append((person, owned, visited, record))

    def go(self, steps: int, seed: int) -> list[str]:
        """What came back from the wrong place or for the wrong role."""
        dice = random.Random(seed)
        found: list[str] = []
        for _ in range(steps):
            person, owned, visited, record = dice.choice(self.people)
            studio = dice.choice((owned, visited))
            records = (f"/api/v1/clients/{record}", f"/api/v1/clients/{owned.clients[1]}")
            lists = ("/api/v1/clients", "/api/v1/users", "/api/v1/clients/tags", "/api/v1/audit?limit=5")
            path = dice.choice((*records, *lists, f"/api/v1/workspaces/{studio.id}"))
            reply = self.studios.api.get(path, who=person, workspace=studio.id)
            if reply.status != self._expected(path, studio is owned, record, owned):
                found.append(f"{path} in {'own' if studio is owned else 'other'}: {reply.status}")
            allowed = "ws012" if studio is owned else "w2"
            found += [f"{path}: {each}" for each in canaries([reply.body.decode()]) if each[0] != studio.letter or each[1] not in allowed]
        return found

    @staticmethod
    def _expected(path: str, owning: bool, record: str, owned: Studio) -> int:
        if path.endswith(record):
            return 404 if owning else 200
        if path.endswith(owned.clients[1]):
            return 200 if owning else 404
        return 403 if not owning and ("audit" in path or "tags" in path) else 200


def test_t17_a_person_in_two_workspaces_is_in_each_only_what_they_are_there(studios: Studios) -> None:
    assert Swap(studios).go(STEPS, seed=1) == []


def test_t17_without_the_header_there_is_no_default_for_a_member_of_two(studios: Studios, twice: Person) -> None:
    statuses: Counter[tuple[int, str]] = Counter()
    for path in ("/api/v1/clients", "/api/v1/users", "/api/v1/audit", "/api/v1/clients/tags"):
        reply = studios.api.get(path, who=twice)
        statuses[reply.status, reply.json.get("code", "")] += 1
    assert statuses == {(400, "workspace_required"): 4}
    written = studios.api.post("/api/v1/clients", json={"full_name": "Nobody's"}, who=twice)
    assert (written.status, written.json.get("code")) == (400, "workspace_required")
    with studios.connect() as connection:
        assert count(connection, "select count(*) from clients where full_name = 'Nobody''s'") == 0


def test_t17_header_and_path_may_not_disagree(studios: Studios, twice: Person) -> None:
    reply = studios.api.get(f"/api/v1/workspaces/{studios['a'].id}", who=twice, workspace=studios["b"].id)
    assert (reply.status, reply.json["code"]) == (400, "workspace_mismatch")


def test_t17_a_role_carried_over_from_the_other_workspace_is_caught(studios: Studios) -> None:
    swap = Swap(studios)
    everybody = "role := 'Owner'; client := ''; own := ''; told := split_part(told, ' ', 1) || ' Owner false '; if false then"
    with rewritten(studios.superuser, "app.enter", lambda body: body.replace("if (role = any (p_roles)) is not true then", everybody)):
        assert swap.go(200, seed=2) != []


def test_t17_a_default_workspace_is_caught(studios: Studios, monkeypatch: pytest.MonkeyPatch, twice: Person) -> None:
    first = studios["a"].id
    monkeypatch.setattr(PostgresDatabase, "only_workspace", lambda *_: UUID(first))
    with pytest.raises(AssertionError):
        test_t17_without_the_header_there_is_no_default_for_a_member_of_two(studios, twice)


def test_t17_a_header_that_is_not_read_is_caught(studios: Studios, monkeypatch: pytest.MonkeyPatch) -> None:
    swap = Swap(studios)
    first = swap.people[0][1].id
    monkeypatch.setattr(callers, "workspace_of", lambda *_: UUID(first))
    assert swap.go(200, seed=3) != []


@pytest.fixture
def twice(studios: Studios) -> Person:
    """A Colaborador in two workspaces."""
    person = studios.api.signup("Zoe")
    for letter in "ab":
        add_member(studios.settings, studios[letter].id, person, "Colaborador")
    return person
