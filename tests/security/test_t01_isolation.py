"""T1: whatever members of one workspace send, to whichever operation, nothing of another workspace comes back or changes."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest

from adapters.http.gateway import Gateway
from adapters.local.storage import SignedLinks
from adapters.postgres.statements import Statement
from plugins.accounts.repository import sessions
from plugins.clients.repository import register as repository
from plugins.sdk import sql
from ports.storage import StorageKey
from tests.security.letters import Letters
from tests.security.seeded import planted, rewritten
from tests.security.studios import MEANINGFUL, TEXTS, Studios, build, canaries, plant
from tests.security.walks import SEES, UNREACHED, Walked, Walks
from tests.security.wandering import Answer, Call, serve
from tests.servers import Api

STEPS, TORTURE_STEPS = 10_000, 50_000


@pytest.mark.timeout(900)
def test_t1_ten_thousand_random_requests_show_and_change_nothing_of_another_workspace(
    studios: Studios, carried: dict[str, int], gateway: Gateway
) -> None:
    walks = Walks(studios, gateway, seed=1)
    found = walks.go(STEPS)
    while walks.missed(found) and found.steps < 2 * STEPS:  # chance has not led everywhere yet
        found = walks.go(found.steps + STEPS // 10, found=found)
    judge(found, walks)


@pytest.mark.torture
def test_t1_fifty_thousand_random_requests_show_and_change_nothing_of_another_workspace(
    studios: Studios, carried: dict[str, int], gateway: Gateway
) -> None:
    walks = Walks(studios, gateway, seed=random.randrange(2**32))
    found = walks.go(TORTURE_STEPS)
    judge(found, walks)


def judge(found: Walked, walks: Walks) -> None:
    cells = {cell: found.succeeded[cell] for cell in walks.cells() if cell[0] not in UNREACHED}
    print(
        f"T1: {found.steps} requests over {len(walks.ways)} operations: {len(found.leaks)} leaks, {len(found.changed)} foreign tables changed;"
        f" of {len(cells)} pairs of operation and role the rarest got in {min(cells.values())} times; statuses {dict(found.statuses)}"
    )
    assert found.leaks == []
    assert found.changed == []
    assert found.broken == []
    # A walk that never got in anywhere would find nothing either.
    missed = walks.missed(found)
    assert missed == set(), "\n".join(map(str, sorted(missed)))
    assert sum(found.succeeded.values()) > found.steps / 5
    assert found.statuses[404] > found.steps / 20


def test_t1_every_text_of_every_tenant_table_carries_a_canary(studios: Studios, carried: dict[str, int]) -> None:
    with studios.connect() as connection:
        texts = {f"{row[0]}.{row[1]}" for row in connection.execute(TEXTS)}
    assert texts - set(carried) == MEANINGFUL
    assert [column for column, rows in carried.items() if rows == 0] == []


def test_t1_a_record_that_came_by_a_merge_is_the_clients_own_and_no_other_is(victims: Studios, gateway: Gateway) -> None:
    """Who read it is told to the Cliente by its id, which was another client's before."""
    studio, walks = victims["a"], Walks(victims, gateway, seed=5)
    own, twin, other = studio.clients
    for client in (twin, other):
        asked(victims, "POST", f"/api/v1/clients/{client}/consents", {"how": "On paper."})
        asked(victims, "PUT", f"/api/v1/clients/{client}/health", {"notes": studio.canary("w")})
    with victims.connect() as connection:
        connection.execute("delete from clients_health where client_id = %s", (own,))
        rows = connection.execute("select client_id::text, id::text from clients_health where workspace_id = %s", (studio.id,))
        health = dict(rows.fetchall())
        forbidden = set(health.values())
        asked(victims, "POST", f"/api/v1/clients/{own}/merge", {"from": twin, "leave_conflicts": True})
        for client in (own, other):
            asked(victims, "GET", f"/api/v1/clients/{client}/health")
        headers = {"Authorization": f"Bearer {studio.people['Cliente'].token}", "X-Workspace-Id": studio.id}
        call, found = Call("privacy_list_audit_reads", "GET", "/api/v1/audit/reads", "", headers, None), Walked()

        def judged() -> Answer:
            answer = serve(gateway, call)
            walks.look(connection, studio, "Cliente", forbidden, call, answer, found)
            return answer

        assert health[twin] in judged().body
        assert found.leaks == []
        # The fault: without its policy the trail tells them who read the other's as well.
        with planted(victims.superuser, "alter policy cliente on audit_logs using (true)", RESTORE_TRAIL):
            assert health[other] in judged().body
        assert [f"{{'{health[other]}'}}" in leak for leak in found.leaks] == [True]


def asked(studios: Studios, method: str, path: str, body: object = None) -> None:
    """By the Owner of the first studio, who may."""
    studio = studios["a"]
    reply = studios.api.request(method, path, json=body, who=studio.people["Owner"], workspace=studio.id, headers={"If-Match": "*"})
    assert reply.status < 300, reply.body


# The seeded faults -----------------------------------------------------------------------------------------------------------------------


def test_t1_a_gate_that_asks_for_no_membership_is_caught(victims: Studios, gateway: Gateway) -> None:
    with rewritten(victims.superuser, "app.enter", lambda body: body.replace("and r.user_id = p_user and", "and")):
        assert Walks(victims, gateway, seed=2).go(500).leaks != []


def test_t1_a_missing_policy_for_clientes_is_caught(victims: Studios, gateway: Gateway) -> None:
    with planted(victims.superuser, "alter policy cliente on clients using (true) with check (true)", RESTORE_CLIENTE):
        assert only(Walks(victims, gateway, seed=3), "clients_list_clients", "clients_get_client").go(250).leaks != []


@pytest.mark.parametrize("open_policy", [False, True], ids=["with the policy", "without the policy"])
def test_t1_a_statement_without_its_workspace_is_caught_unless_the_policy_holds(
    victims: Studios, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, open_policy: bool
) -> None:
    for name in ("GET", "CHANGE", "LOCK"):
        monkeypatch.setattr(repository, name, everywhere(getattr(repository, name)))
    with ExitStack() as stack:
        if open_policy:
            stack.enter_context(planted(victims.superuser, "alter policy tenant on clients using (true) with check (true)", RESTORE_TENANT))
        walks = Walks(victims, gateway, seed=4)
        walks.ways = [way for way in walks.ways if way.path == "/api/v1/clients/{client_id}"]
        found = walks.go(500)
    assert bool(found.leaks) is open_policy
    assert bool(found.changed) is open_policy


def test_t1_an_operation_that_nobody_gets_into_is_told(victims: Studios, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Letters, "token", lambda _self, _path: "nothing that was ever sent")
    walks = only(Walks(victims, gateway, seed=6), "accounts_create_password_reset", "accounts_list_sessions")
    assert walks.missed(walks.go(250)) == {("accounts_create_password_reset", role) for role in SEES}


def test_t1_a_list_of_everybodys_sessions_is_caught(victims: Studios, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = sessions.LIVING.text.replace("user_id = $1 and", "$1::uuid is not null and")
    monkeypatch.setattr(sessions, "LIVING", sql(faulty, "actor_id", "current", "before", "limit"))
    assert only(Walks(victims, gateway, seed=7), "accounts_list_sessions").go(250).leaks != []


def test_t1_a_signature_that_fits_any_file_is_caught(victims: Studios, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = SignedLinks._sign
    monkeypatch.setattr(SignedLinks, "_sign", lambda self, method, _key, pairs: signed(self, method, StorageKey(UUID(int=0), UUID(int=0)), pairs))
    found = only(Walks(victims, gateway, seed=8), "fetch", "receive").go(500)
    assert found.leaks != []
    assert any(change.startswith("files") for change in found.changed)


def only(walks: Walks, *ids: str) -> Walks:
    """A walk that knows these operations alone."""
    walks.ways = [way for way in walks.ways if way.id in ids]
    assert {way.id for way in walks.ways} == set(ids)
    return walks


def test_t1_a_canary_is_seen_in_a_header_and_inside_a_cursor(victims: Studios, gateway: Gateway) -> None:
    a = victims["a"]
    headers = {"Authorization": f"Bearer {a.people['Owner'].token}", "X-Workspace-Id": a.id}
    answer = serve(gateway, Call("", "GET", "/api/v1/clients", "limit=1&sort=full_name", headers, None))
    link = [f"{name}: {value}" for name, value in answer.headers if name == "Link"]
    assert {letter for letter, _ in canaries(link)} == {"a"}
    assert canaries([f"X-Anything: {a.canary('2')}"]) == {("a", "2")}


def everywhere(statement: Statement) -> Statement:
    """The same statement without its filter on the workspace."""
    text = re.sub(r"clients\.workspace_id = (\$\d+(?:::\w+)?)", r"(clients.workspace_id = \1 or true)", statement.text)
    assert text != statement.text
    return Statement(text, statement.parameters, statement.defaults, statement.locks, frozenset())


RESTORE_TENANT = "alter policy tenant on clients using (workspace_id = (select app.ws())) with check (workspace_id = app.ws())"
RESTORE_TRAIL = (
    "alter policy cliente on audit_logs"
    " using ((select app.client() is null) or (action = 'read' and client_id = any ((select app.client_records())::uuid[])))"
)
_OWN = "(select app.client() is null) or id = (select app.client())"
RESTORE_CLIENTE = f"alter policy cliente on clients using ({_OWN}) with check (app.client() is null or id = app.client())"


@pytest.fixture(scope="module")
def carried(studios: Studios) -> dict[str, int]:
    """Column → rows with a canary, once every text has one."""
    return plant(studios)


@pytest.fixture
def victims(local: Api, studios: Studios) -> Iterator[Studios]:
    """Studios for one fault alone: what leaked into them must not be found again by the next test."""
    made = build(local, studios.settings, studios.superuser)
    plant(made)
    yield made
    made.close()
