"""P4: the audit is append-only, sealed, and says which row was touched by whoever could touch it."""

from __future__ import annotations

import argparse
import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.local.anchors import Ed25519Notary
from config import cli_audit
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
    assert trail.breaks(kept) == [("truncated", None)], "once, whoever remembers it"
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


RAW = "update audit_logs set before = null, after = null, salt = null where id = %s"


def test_p4_values_taken_away_by_somebody_who_recorded_nothing_are_named(trail: Trail) -> None:
    trail.act(4)
    trail.seal()
    victim = trail.entries()[2]
    trail.tamper(RAW, victim)
    assert trail.breaks() == [("erased", victim)]
    assert (trail.verify().erased, trail.verify().breaks[0].position) == (0, 3)


def test_p4_values_are_erased_by_a_record_that_names_them_and_the_trail_stays_whole(trail: Trail, capsys: pytest.CaptureFixture[str]) -> None:
    trail.act(6)
    trail.seal()
    gone = sorted(trail.entries()[2:5])
    assert main_erase(trail, gone) == 0
    record = capsys.readouterr().out.split()[-1]
    for _ in range(2):  # before the record is sealed, and after
        report = trail.verify()
        assert (report.breaks, report.erased, sorted(report.erased_entries)) == ([], 3, gone)
        trail.seal()
    with trail.superuser() as connection:
        left = connection.execute("select before, after, salt from audit_logs where id = any (%s::uuid[])", (gone,)).fetchall()
        said = connection.execute("select after from audit_logs where id = %s", (record,)).fetchone()
    assert left == [(None, {"erased": record}, None)] * 3
    assert said is not None
    assert (said[0]["entries"], said[0]["reason"]) == (gone, "asked for by who it was about")
    answer = trail.api.get("/api/v1/audit/verify", who=trail.owner, workspace=str(trail.id)).json
    assert (answer["ok"], answer["erased"], sorted(answer["erased_entries"])) == (True, 3, gone)


@pytest.mark.parametrize("fault", ["another entry", "a forged voucher", "another reason", "no record", "the record erased", "the record deleted"])
def test_p4_an_erasure_that_no_record_of_ours_stands_for_is_named(trail: Trail, fault: str) -> None:
    trail.act(6)
    trail.seal()
    victim, other = trail.entries()[2:4]
    assert main_erase(trail, [victim]) == 0
    record = trail.entries()[-1]
    trail.seal()
    kind, named = "erased", victim
    if fault == "another entry":
        named = other
        trail.tamper("update audit_logs set before = null, salt = null, after = jsonb_build_object('erased', %s::text) where id = %s", record, other)
    elif fault == "no record":
        trail.tamper("update audit_logs set after = jsonb_build_object('erased', gen_random_uuid()::text) where id = %s", victim)
    elif fault == "the record erased":
        trail.tamper(RAW, record)
    elif fault == "the record deleted":
        trail.tamper("delete from audit_logs where id = %s", record)
    else:
        made = {"a forged voucher": {"voucher": "00" * 72}, "another reason": {"reason": "no reason"}}[fault]
        trail.tamper("update audit_logs set after = after || %s::jsonb where id = %s", json.dumps(made), record)
    assert (kind, named) in trail.breaks()
    assert ((kind, victim) in trail.breaks()) is (named == victim)


def test_p4_a_record_of_an_erasure_written_by_somebody_without_the_key_stands_for_nothing(trail: Trail) -> None:
    trail.act(4)
    trail.seal()
    victim, record = trail.entries()[2], str(uuid.uuid4())
    said = {"entries": [victim], "reason": "none", "voucher": Ed25519Notary(b"f" * 32, Path("/nonexistent"))._private.sign(b"").hex()}
    trail.tamper(
        "insert into audit_logs (workspace_id, id, actor, request_id, action, table_name, record_id, after)"
        " values (%s, %s, 'operator', '', 'erase', 'audit_logs', 'erasure', %s)", trail.id, record, json.dumps(said),
    )  # fmt: skip
    trail.tamper("update audit_logs set before = null, salt = null, after = jsonb_build_object('erased', %s::text) where id = %s", record, victim)
    trail.seal()
    assert trail.breaks() == [("erased", victim)]


@pytest.mark.parametrize("change", ["actor = 'x'", "after = null", "salt = gen_random_uuid()"])
def test_p4_the_owner_erases_what_a_record_names_and_changes_nothing_else(trail: Trail, change: str) -> None:
    trail.act(4)
    victim, other = trail.entries()[1:3]
    assert main_erase(trail, [victim]) == 0
    record = trail.entries()[-1]
    emptied = "before = null, salt = null, after = jsonb_build_object('erased', %s::text)"
    for target, columns in ((victim, f"{emptied}, {change}"), (other, emptied), (record, emptied)):
        with psycopg.connect(trail.installation.container.connections().owner) as connection:
            connection.execute("select set_config('app.maintenance', 'on', true), set_config('app.erasing', %s, true)", (record,))
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.SyntaxError)):
                connection.execute(f"update audit_logs set {columns} where id = %s".encode(), (record, target))


def test_p4_a_row_inserted_with_an_older_time_is_sealed_and_named(trail: Trail) -> None:
    trail.act(4)
    trail.seal()
    trail.seal()
    for hours in ("1 hour", "20 seconds"):
        made = str(uuid.uuid4())
        trail.tamper(
            "insert into audit_logs (workspace_id, id, at, actor, request_id, action, table_name, record_id)"
            " values (%s, %s, clock_timestamp() - %s::interval, 'Owner', '', 'update', 'clients', 'x')", trail.id, made, hours,
        )  # fmt: skip
        trail.act()
        trail.seal()
        trail.act()
        trail.seal()
        assert trail.breaks()[-1] == ("backdated", made)
        last = trail.verify().breaks[-1]
        assert trail.entries()[last.position - 1] == made
        assert trail.inside(lambda: trail.service.verification.verify(last.seal - 1, 10**9)).breaks == [last], "whoever goes on there sees it too"  # noqa: B023
    named = "workspace_id, id, at, actor, request_id, action, table_name, record_id, salt"
    trail.tamper(
        f"with moved as (delete from audit_logs where id = %s returning {named})"
        f" insert into audit_logs ({named}, seq) overriding system value select {named}, 0 from moved", made,
    )  # fmt: skip
    assert trail.breaks()[-1] == ("backdated", made), "wherever somebody puts it afterwards"
    assert len(trail.breaks()) == 2


def test_p4_a_row_inserted_with_a_time_to_come_makes_no_other_look_old(trail: Trail) -> None:
    trail.act(2)
    trail.tamper(
        "insert into audit_logs (workspace_id, at, actor, request_id, action, table_name, record_id)"
        " values (%s, clock_timestamp() + interval '1 year', 'Owner', '', 'update', 'clients', 'x')", trail.id,
    )  # fmt: skip
    for _ in range(3):
        trail.seal()
        trail.act(2)
    trail.seal()
    assert trail.breaks() == []


def test_p4_a_transaction_that_took_long_is_not_taken_for_a_forgery(trail: Trail) -> None:
    trail.act(2)
    with trail.superuser() as slow, slow.transaction():
        slow.execute("select now(), pg_sleep(12)")
        trail.act(2)
        trail.seal()
        trail.seal()
        slow.execute("update workspaces set currency = 'BRL' where id = %s", (trail.id,))
    trail.act()
    trail.seal()
    trail.seal()
    report = trail.verify()
    assert (report.breaks, report.entries) == ([], len(trail.entries()))


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


def main_erase(trail: Trail, entries: list[str]) -> int:
    """`fitpro audit erase` of these."""
    options = argparse.Namespace(workspace=trail.id, entries=[uuid.UUID(id) for id in entries], reason="asked for by who it was about")
    return cli_audit._erase(trail.installation.settings, options)


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
