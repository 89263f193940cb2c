"""T19 over HTTP: a bulk change that mixes one's own ids with those of others changes one's own alone, and says not_found of the rest."""

from __future__ import annotations

import random
import uuid

from tests.security import oracle
from tests.security.seeded import planted
from tests.security.studios import Studios
from tests.security.test_t01_isolation import RESTORE_TENANT

ROUNDS = 40


def mixed(studios: Studios, letter: str) -> tuple[int, int]:
    """Requests of one studio with ids of all: how many foreign ids were not answered like unknown ones; how many requests were sent."""
    dice, wrong = random.Random(19), 0
    here = studios[letter]
    foreign = [id for other in studios.others(letter) for id in other.clients]
    for n in range(ROUNDS):
        action = dice.choice(
            ({"action": "tag", "tags": [f"t{n}"]}, {"action": "untag", "tags": [f"t{n}"]}, {"action": "assign", "assigned_to": None})
        )
        ids = [*dice.sample(here.clients, 2), *dice.sample(foreign, 3), str(uuid.uuid4())]
        dice.shuffle(ids)
        reply = studios.api.post("/api/v1/clients/bulk", json={**action, "ids": ids}, who=here.people["Owner"], workspace=here.id)
        assert reply.status == 200, reply.body
        results = {each["id"]: each["status"] for each in reply.json["results"]}
        wrong += sum(results[id] != "not_found" for id in ids if id not in here.clients)
        assert all(results[id] in ("changed", "unchanged") for id in ids if id in here.clients)
    return wrong, ROUNDS


def test_t19_bulk_changes_touch_no_row_of_another_workspace(studios: Studios) -> None:
    with studios.connect() as sees_all:
        before = {other.letter: oracle.digests(sees_all, other.id, []) for other in studios.others("a")}
        wrong, sent = mixed(studios, "a")
        changed = [letter for letter, digest in before.items() if oracle.digests(sees_all, studios[letter].id, []) != digest]
    print(f"T19: {sent} bulk requests with {3 * sent} foreign ids: {wrong} not answered not_found, {len(changed)} foreign workspaces changed")
    assert (wrong, changed) == (0, [])


def test_t19_no_more_than_five_hundred_at_once(studios: Studios) -> None:
    a = studios["a"]
    body = {"action": "tag", "tags": ["x"], "ids": [str(uuid.uuid4()) for _ in range(501)]}
    assert studios.api.post("/api/v1/clients/bulk", json=body, who=a.people["Owner"], workspace=a.id).status == 422


def test_t19_a_cliente_changes_nobody(studios: Studios) -> None:
    a = studios["a"]
    body = {"action": "tag", "tags": ["x"], "ids": a.clients}
    assert studios.api.post("/api/v1/clients/bulk", json=body, who=a.people["Cliente"], workspace=a.id).status == 403


def test_t19_statements_that_forget_the_workspace_are_caught_without_the_policy(studios: Studios) -> None:
    from plugins.clients.repository import register

    faulty = register.LOCK.text.replace("clients.workspace_id = $1::UUID", "(clients.workspace_id = $1::UUID or true)")
    kept = register.LOCK
    assert faulty != kept.text
    register.LOCK = type(kept)(faulty, kept.parameters, kept.defaults, kept.locks, frozenset())
    try:
        assert mixed(studios, "b")[0] == 0, "the policy still holds"
        with planted(studios.superuser, "alter policy tenant on clients using (true) with check (true)", RESTORE_TENANT):
            assert mixed(studios, "b")[0] > 0
    finally:
        register.LOCK = kept
