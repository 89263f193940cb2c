"""P4: the audit is append-only, sealed, and says which row was touched by whoever could touch it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.local.anchors import Ed25519Notary
from config.bootstrap import Installation, install
from config.settings import Settings
from plugins.privacy.domain import Kind as Break
from tests.security.trails import Trail, trail_of
from tests.servers import Api, Cluster


@pytest.mark.parametrize("statement", ["update audit_logs set actor = 'x'", "delete from audit_logs", "truncate audit_logs",
                                       "update audit_seals set first = 1", "delete from audit_seals", "truncate audit_seals"])  # fmt: skip
@pytest.mark.parametrize("role", ["app", "auth", "owner"])
def test_p4_no_role_of_the_product_changes_or_deletes_what_is_written(trail: Trail, role: str, statement: str) -> None:
    trail.act()
    trail.seal()
    conninfo = getattr(trail.installation.container.connections(), role)
    with psycopg.connect(conninfo) as connection:
        connection.execute("select set_config('app.workspace_id', %s, true), set_config('app.maintenance', 'on', true)", (str(trail.id),))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_p4_an_untouched_trail_is_whole(trail: Trail) -> None:
    trail.act(5)
    assert trail.seal() >= 1
    trail.act(5)
    trail.seal()
    report = trail.verify()
    assert (report.ok, report.entries, report.position, report.waiting, report.next) == (True, 12, 12, 0, None)


CHANGES = {
    "who": "update audit_logs set actor = 'Owner' where id = %s",
    "when": "update audit_logs set at = at - interval '1 hour' where id = %s",
    "which record": "update audit_logs set record_id = 'another' where id = %s",
    "what was done": "update audit_logs set action = 'insert' where id = %s",
    "the value after": 'update audit_logs set after = \'{"name": "nothing to see"}\' where id = %s',
    "the value before, taken away": "update audit_logs set before = null where id = %s",
    "the values without their salt": "update audit_logs set salt = null where id = %s",
    "the salt": "update audit_logs set salt = gen_random_uuid() where id = %s",
}


@pytest.mark.parametrize("change", CHANGES)
def test_p4_verify_names_the_row_that_was_changed(trail: Trail, change: str) -> None:
    trail.act(8)
    trail.seal()
    victim = trail.entries()[5]
    trail.tamper(CHANGES[change], victim)
    assert trail.breaks() == [("changed", victim)]
    assert [one.position for one in trail.verify().breaks] == [6]


def test_p4_verify_names_the_row_that_was_deleted(trail: Trail) -> None:
    trail.act(8)
    trail.seal()
    victim = trail.entries()[3]
    trail.tamper("delete from audit_logs where id = %s", victim)
    assert trail.breaks() == [("deleted", victim)]


def test_p4_verify_names_rows_that_changed_places(trail: Trail) -> None:
    trail.act(8)
    trail.seal()
    one, other = trail.entries()[2:4]
    spare = "00000000-0000-0000-0000-000000000001"
    for a, b in ((one, spare), (other, one), (spare, other)):
        trail.tamper("update audit_logs set id = %s where id = %s and workspace_id = %s", b, a, trail.id)
    assert trail.breaks() == [("reordered", one), ("reordered", other)]


def test_p4_verify_names_a_row_slipped_in_among_sealed_ones(trail: Trail) -> None:
    trail.act(8)
    trail.seal()
    trail.seal()
    made = "00000000-0000-7000-8000-00000000abcd"
    trail.tamper(
        "insert into audit_logs (workspace_id, id, seq, actor, request_id, action, table_name, record_id) overriding system value"
        " select workspace_id, %s, seq, actor, request_id, action, table_name, record_id from audit_logs where id = %s", made, trail.entries()[4],
    )  # fmt: skip
    assert trail.breaks() == [("inserted", made)]
    trail.act(2)
    trail.seal()
    assert trail.breaks() == [("inserted", made)], "and later seals do not take it in"


def test_p4_a_tail_cut_off_with_its_seals_is_missed_by_the_anchor_and_by_whoever_kept_a_receipt(trail: Trail) -> None:
    trail.act(4)
    trail.seal()
    trail.act(4)
    trail.seal()
    kept = str(trail.verify().receipt)
    last = trail.verify().receipt.head.number
    trail.tamper("delete from audit_logs where id = any (%s::uuid[])", trail.entries()[6:])
    trail.tamper("delete from audit_seals where workspace_id = %s and first > 6", trail.id)
    assert trail.breaks() == [("truncated", None)]
    assert trail.verify().breaks[0].seal == last
    folder = trail.installation.settings.anchor_folder
    (folder / f"{trail.id}.heads").unlink()
    assert trail.breaks() == [], "without anything outside the database nobody could tell"
    assert trail.breaks(kept) == [("truncated", None)]


def test_p4_a_seal_that_was_changed_or_taken_out_is_named(trail: Trail) -> None:
    for _ in range(3):
        trail.act(3)
        trail.seal()
    trail.tamper("update audit_seals set settled = 0 where workspace_id = %s and number = 2", trail.id)
    assert ("seal_changed", None) in trail.breaks()
    trail.tamper("delete from audit_seals where workspace_id = %s and number = 2", trail.id)
    assert trail.breaks()[0] == ("seal_missing", None)


def test_p4_a_chain_computed_anew_by_somebody_without_the_key_is_not_believed(trail: Trail, settings: Settings) -> None:
    trail.act(4)
    trail.seal()
    receipt = str(trail.verify().receipt)
    trail.tamper("update audit_logs set actor = 'nobody' where id = %s", trail.entries()[2])
    trail.tamper("delete from audit_seals where workspace_id = %s", trail.id)
    forger = Ed25519Notary(b"f" * 32, Path("/nonexistent"))
    sealing, real = trail.service.sealing, trail.service.sealing._notary
    forger._published = True
    sealing._notary = forger
    try:
        while trail.inside(sealing.seal) is not None:
            pass
    finally:
        sealing._notary = real
    kinds = {kind for kind, _ in trail.breaks(receipt)}
    assert {"unsigned", "rewritten"} <= kinds


def test_p4_values_can_be_erased_by_the_owner_who_says_so_and_the_trail_stays_whole(trail: Trail) -> None:
    trail.act(4)
    trail.seal()
    victim = trail.entries()[2]
    owner = trail.installation.container.connections().owner
    with psycopg.connect(owner) as connection:
        connection.execute("select set_config('app.maintenance', 'on', true), set_config('app.erasing', 'on', true)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update audit_logs set before = null, after = null, salt = null, actor = 'x' where id = %s", (victim,))
    with psycopg.connect(owner) as connection:
        connection.execute("select set_config('app.maintenance', 'on', true), set_config('app.erasing', 'on', true)")
        connection.execute("update audit_logs set before = null, after = null, salt = null where id = %s", (victim,))
    report = trail.verify()
    assert (report.ok, report.erased) == (True, 1)


def test_p4_what_commits_late_is_sealed_and_not_taken_for_a_forgery(trail: Trail) -> None:
    trail.act(2)
    slow = trail.superuser()
    slow.autocommit = False
    slow.execute("update workspaces set currency = 'BRL' where id = %s", (trail.id,))
    with trail.superuser() as other:
        for n in range(3):
            other.execute("insert into workspace_modules (workspace_id, module) values (%s, %s)", (trail.id, f"m{n}"))
    trail.seal()
    trail.seal()
    assert (trail.verify().ok, trail.verify().entries) == (True, 7)
    slow.commit()
    slow.close()
    assert trail.verify().ok
    assert trail.verify().waiting == 1
    trail.seal()
    report = trail.verify()
    assert (report.ok, report.entries, report.waiting) == (True, 8, 0)


def test_p4_sealing_beside_writers_loses_and_accuses_nobody(trail: Trail) -> None:
    stop = threading.Event()

    def write(n: int) -> None:
        with trail.superuser() as connection:
            count = 0
            while not stop.is_set():
                connection.execute("insert into workspace_modules (workspace_id, module) values (%s, %s)", (trail.id, f"w{n}-{count}"))
                count += 1

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    sealers = [threading.Thread(target=lambda: [trail.inside(trail.service.sealing.seal) for _ in range(15)]) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    for sealer in sealers:
        sealer.join()
    stop.set()
    for writer in writers:
        writer.join()
    trail.seal()
    trail.seal()
    report = trail.verify()
    assert report.breaks == []
    assert (report.entries, report.waiting) == (len(trail.entries()), 0)


def test_p4_every_kind_of_break_is_shown_by_a_test() -> None:
    text = Path(__file__).read_text()
    assert [kind for kind in Break if f'"{kind}"' not in text] == []


@pytest.fixture
def trail(server: Api, installation: Installation, cluster: Cluster, settings: Settings) -> Trail:
    return trail_of(server, installation, cluster, settings)


@pytest.fixture(scope="module")
def installation(settings: Settings) -> Iterator[Installation]:
    made = install(settings)
    yield made
    made.container.app_pool().close()
    made.container.auth_pool().close()
