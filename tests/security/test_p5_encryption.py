"""P5: health data are sealed wherever they lie, opened nowhere but in their place, and keep being read while the keys change."""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from adapters.local.encryption import AesGcmEncryption
from adapters.postgres.embedded.system import binaries
from adapters.postgres.outbox import OutboxLeases
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.worker import Worker
from config import cli_data
from config.bootstrap import Installation, install, jobs, web
from config.secrets import data_keys
from config.settings import Settings
from kernel.ids import new_id
from plugins.clients.domain.health import EMPTY, packed
from ports.encryption import Place
from tests.servers import Api, Cluster, Person, Reply, owner_of

OLD, NEW = b"the first data key, for tests: 0123456789", b"the second data key, for tests: 987654321"


PHONE = "+34699174386205"


@dataclass
class Clinic:
    """A studio whose clients have consented."""

    api: Api
    owner: Person
    workspace: str

    @classmethod
    def open(cls, api: Api) -> Clinic:
        owner = api.signup("Olga")
        return cls(api, owner, api.workspace(owner, "Clinic"))

    def ask(self, method: str, path: str, **options: Any) -> Reply:
        return self.api.request(method, f"/api/v1/clients{path}", who=self.owner, workspace=self.workspace, **options)

    def client(self, name: str = "Clara") -> str:
        made = self.ask("POST", "?allow_duplicate=true", json={"full_name": name})
        assert made.status == 201, made.body
        assert self.ask("POST", f"/{made.json['id']}/consents", json={"how": "paper"}).status == 201
        return str(made.json["id"])

    def write(self, client: str, text: str) -> Reply:
        body = {
            "conditions": [text], "medication": [text], "allergies": [text], "injuries": [{"description": text}], "notes": text,
            "emergency_contact": {"name": text, "phone": PHONE, "relationship": text},
        }  # fmt: skip
        return self.ask("PUT", f"/{client}/health", json=body, headers={"If-Match": "*"})

    def read(self, client: str) -> Reply:
        return self.ask("GET", f"/{client}/health")


def dump(dsn: str) -> str:
    """Everything the database holds, as an operator would copy it."""
    found = subprocess.run([str(binaries() / "pg_dump"), dsn], capture_output=True, text=True, check=True, timeout=120)
    return found.stdout


def hits(text: str, canary: str) -> int:
    """In plain text, and inside bytea."""
    return text.count(canary) + text.count(canary.encode().hex())


def test_p5_a_dump_holds_nothing_readable(local: Api, dsn: str) -> None:
    clinic = Clinic.open(local)
    canary, control = f"zh{uuid.uuid4().hex}", f"zc{uuid.uuid4().hex}"
    client = clinic.client(control)
    for _ in range(2):
        assert canary in clinic.write(client, canary).body.decode()
    assert clinic.read(client).json["notes"] == canary
    found = dump(dsn)
    assert hits(found, canary) == hits(found, PHONE) == 0
    assert hits(found, control) > 1, "the dump is one, and the search does find what is not sealed"
    assert found.count("clients_health") > 3


def test_p5_a_service_that_forgets_to_seal_is_noticed(local: Api, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = Clinic.open(local)
    canary, client = f"zh{uuid.uuid4().hex}", clinic.client()
    monkeypatch.setattr(AesGcmEncryption, "seal", lambda _self, plain, _place: "e1.00000000." + plain.decode())
    clinic.write(client, canary)
    assert hits(dump(dsn), canary) > 0
    with owner_of_database(dsn) as connection:
        connection.execute("delete from clients_health where sealed like 'e1.00000000.%'")


def moved(dsn: str, source: str, target: str) -> None:
    """What somebody with the database in hand would try: the ciphertext of one row in the place of another's."""
    with owner_of_database(dsn) as connection:
        done = connection.execute(
            "update clients_health t set sealed = s.sealed from clients_health s where s.client_id = %s and t.client_id = %s", (source, target)
        )
        assert done.rowcount == 1


def test_p5_ciphertext_moved_between_rows_and_workspaces_is_not_opened(local: Api, dsn: str) -> None:
    here, there = Clinic.open(local), Clinic.open(local)
    one, other, foreign = here.client(), here.client("Dora"), there.client()
    for clinic, client in ((here, one), (here, other), (there, foreign)):
        assert clinic.write(client, f"secret of {client}").status == 200
    for source, clinic, target in ((one, here, other), (one, there, foreign)):
        moved(dsn, source, target)
        refused = clinic.read(target)
        assert (refused.status, refused.json["code"]) == (500, "internal_error")
        assert b"secret" not in refused.body
        assert clinic.write(target, "anew").status == 200, "the record can be written again"
        assert clinic.read(target).json["notes"] == "anew"
    assert here.read(one).status == 200


def test_p5_ciphertext_that_is_not_bound_to_its_row_is_noticed(local: Api, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.local.encryption._associated", lambda _: b"")
    clinic = Clinic.open(local)
    one, other = clinic.client(), clinic.client("Dora")
    for client in (one, other):
        clinic.write(client, f"secret of {client}")
    moved(dsn, one, other)
    assert clinic.read(other).json["notes"] == f"secret of {one}"
    with owner_of_database(dsn) as connection:
        connection.execute("delete from clients_health where client_id = any (%s)", ([one, other],))


def test_p5_the_audit_log_masks_it(local: Api, settings: Settings) -> None:
    clinic = Clinic.open(local)
    client = clinic.client()
    clinic.write(client, "one")
    clinic.write(client, "two")
    with owner_of(settings) as connection:
        rows = connection.execute(
            "select before ->> 'sealed', after ->> 'sealed' from audit_logs where workspace_id = %s and table_name = 'clients_health' order by id",
            (clinic.workspace,),
        ).fetchall()
    assert rows == [(None, "***"), ("***", "***")]


# Keys that change under load -----------------------------------------------------------------------------------------------------------


def many(cluster: Cluster, database: str, settings: Settings, clinic: Clinic, count: int) -> list[str]:
    """Clients with sealed records, as the product would have made them one by one."""
    encryption = AesGcmEncryption(data_keys(settings.secret_key, settings.data_key, settings.known_data_keys))
    workspace, clients = uuid.UUID(clinic.workspace), [new_id() for _ in range(count)]
    with cluster.superuser(database) as connection, connection.transaction(), connection.cursor() as cursor:
        with cursor.copy("copy clients (workspace_id, id, full_name, search_name) from stdin") as copy:
            for client in clients:
                copy.write_row((workspace, client, "Clara", "clara"))
        with cursor.copy("copy clients_consent (workspace_id, id, client_id, purpose, given_by, given_at, recorded_by) from stdin") as copy:
            for client in clients:
                copy.write_row((workspace, new_id(), client, "health", "staff_attested", "2026-01-01T00:00:00Z", uuid.UUID(clinic.owner.id)))
        with cursor.copy("copy clients_health (workspace_id, id, client_id, sealed) from stdin") as copy:
            for client in clients:
                id = new_id()
                plain = packed({**EMPTY, "notes": f"secret of {client}"})
                copy.write_row((workspace, id, client, encryption.seal(plain, Place(workspace, "clients_health", "sealed", id))))
    return [str(client) for client in clients]


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[Installation, Api]]:
    made = install(settings)
    try:
        yield made, Api(web(made))
    finally:
        for pool in (made.container.app_pool, made.container.auth_pool, made.container.relay_pool):
            pool().close()


def drain(made: Installation) -> None:
    """A worker's thread, until nothing is left."""
    leases = OutboxLeases(made.container.relay_pool())
    worker_jobs = jobs(made, lease_s=30)
    worker = Worker(leases, worker_jobs, Heartbeat(leases, lease_s=30), lease_s=30)
    while leases.ready(("default",), 10):
        worker.drain("default")


@dataclass
class Load:
    """Readers and writers that go on while the keys change."""

    clinic: Clinic
    clients: list[str]
    done: threading.Event
    reads: int = 0
    writes: int = 0
    errors: list[str] = dataclasses.field(default_factory=list)

    def read(self, start: int) -> None:
        for client in itertools.islice(itertools.cycle(self.clients), start, None):
            reply = self.clinic.read(client)
            self.reads += 1
            if reply.status != 200 or reply.json["notes"] not in (f"secret of {client}", f"anew of {client}"):
                self.errors.append(f"read {reply.status} {reply.body[:200]!r}")
            if self.done.is_set():
                return

    def write(self) -> None:
        for client in itertools.cycle(reversed(self.clients)):
            tag = self.clinic.read(client).headers.get("ETag", "")
            body = json.dumps({"notes": f"anew of {client}"}).encode()
            reply = self.clinic.ask("PUT", f"/{client}/health", raw=body, headers={"If-Match": tag})
            self.writes += 1
            if reply.status not in (200, 409):
                self.errors.append(f"write {reply.status} {reply.body[:200]!r}")
            if self.done.is_set():
                return


def rotated(cluster: Cluster, name: str, count: int) -> Load:
    """Records under the old key; then a process with the new one that rotates, one still with the old one (which knows the new)."""
    first = cluster.settings(cluster.clone(name), data_key=OLD)
    with serving(first) as (_, api):
        clinic = Clinic.open(api)
        clients = many(cluster, name, first, clinic, count)
        assert clinic.read(clients[0]).json["notes"] == f"secret of {clients[0]}"
    switched = dataclasses.replace(first, data_key=NEW, known_data_keys=(OLD,))
    slow = dataclasses.replace(first, data_key=OLD, known_data_keys=(NEW,))
    with serving(switched) as (made, ahead), serving(slow) as (_, behind):
        assert set(cli_data.counts(switched).values()) == {count}
        load = Load(dataclasses.replace(clinic, api=ahead), clients, threading.Event())
        late = Load(dataclasses.replace(clinic, api=behind), clients, load.done, errors=load.errors)
        threads = [threading.Thread(target=load.read, args=(n * 7,)) for n in range(2)]
        threads += [threading.Thread(target=load.write), threading.Thread(target=late.read, args=(3,))]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        assert cli_data.reseal(switched) == 3  # of clients, of bookings and of settings
        drain(made)
        print(f"P5: {count} records sealed anew in {time.monotonic() - began:.1f} s under load")
        load.done.set()
        for thread in threads:
            thread.join(60)
        load.reads += late.reads
    keys = {key for _, _, key in cli_data.counts(switched)}
    assert keys == {AesGcmEncryption(data_keys(first.secret_key, NEW, ())).prefix.split(".")[1]}
    with serving(dataclasses.replace(first, data_key=NEW)) as (_, api):
        final = dataclasses.replace(clinic, api=api)
        assert [reply.status for reply in map(final.read, clients[::97])] == [200] * len(clients[::97])
    with serving(dataclasses.replace(first, data_key=OLD)) as (_, api):
        assert dataclasses.replace(clinic, api=api).read(clients[0]).status == 500, "the old key opens nothing any more"
    print(f"P5: {load.reads} reads, {load.writes} writes, {len(load.errors)} errors")
    return load


def test_p5_keys_change_under_load_without_a_read_error(cluster: Cluster) -> None:
    load = rotated(cluster, "fitpro_p5", 1_000)
    assert load.errors == []
    assert load.reads > 50
    assert load.writes > 5


@pytest.mark.torture
def test_p5_keys_change_under_load_of_100_000_records_without_a_read_error(cluster: Cluster) -> None:
    load = rotated(cluster, "fitpro_p5_large", 100_000)
    assert load.errors == []
    assert load.reads > 1_000


def test_p5_a_rotation_that_does_not_bind_the_row_is_noticed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded: it seals for the wrong place, and the readers see it."""
    monkeypatch.setattr("plugins.clients.service.resealing.Place", lambda workspace, table, column, _: Place(workspace, table, column, "elsewhere"))
    with pytest.raises(AssertionError):
        assert rotated(cluster, "fitpro_p5_wrong", 50).errors == []


def owner_of_database(dsn: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(dsn)
    connection.execute("set local session_replication_role = replica")
    return connection


@pytest.fixture
def dsn(settings: Settings, cluster: Cluster) -> str:
    """As the superuser, who sees every row."""
    database = (settings.database_url or "").split("/")[-1].split("?")[0]
    return str(cluster.server.dsn("postgres", database))
