"""Importing files over HTTP with a worker beside: looked at first, added once, also by a worker that was killed on the way."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.settings import Settings
from tests import servers
from tests.servers import Api, Person, add_member, owner_of

FILE = (
    "Nombre;Correo electrónico;Teléfono;Nacimiento;Etiquetas;Entrenador;Talla\r\n"
    "José Álvarez;jose@example.com;600 000 001;03/04/1990;fuerza, mañana;;M\r\n"
    "Ana Souza;ana@;;17/13/1990;;nadie;S\r\n"
    "Otro José;JOSE@example.com;;;;;L\r\n"
    "Bo;;;;;;\r\n"
    "Bo;;;;;;\r\n"
)


@dataclass
class Studio:
    """A workspace, its owner, and a worker that may be killed."""

    api: Api
    settings: Settings
    owner: Person
    id: str

    def send(self, content: bytes | str, query: str = "", **headers: str) -> servers.Reply:
        raw = content.encode() if isinstance(content, str) else content
        sent = {"Content-Type": "text/csv", **headers}
        return self.api.post(f"/api/v1/clients/import{query}", raw=raw, headers=sent, who=self.owner, workspace=self.id)

    def get(self, path: str) -> Any:
        reply = self.api.get(f"/api/v1/clients{path}", who=self.owner, workspace=self.id)
        assert reply.status == 200, reply.body
        return reply.json

    def outcome(self, reply: servers.Reply, seconds: float = 60) -> Any:
        """What became of an import, once it is over."""
        assert reply.status == 200, reply.body
        deadline = time.monotonic() + seconds
        while (found := self.get(f"/imports/{reply.json['id']}"))["state"] != "done":
            assert time.monotonic() < deadline, found
            assert found["state"] in ("waiting", "running"), found
            time.sleep(0.02)
        return found

    def count(self, table: str = "clients") -> int:
        with owner_of(self.settings) as connection:
            found = connection.execute(f"select count(*) from {table} where workspace_id = %s".encode(), (self.id,)).fetchone()
        return int(found[0]) if found else 0


def test_a_dry_run_says_what_would_happen_and_stores_nothing(studio: Studio) -> None:
    reply = studio.send(FILE, "?dry_run=true")
    assert reply.status == 200, reply.body
    told = reply.json
    assert (told["id"], told["state"]) == (None, "checked")
    assert told["file"] == {
        "encoding": "utf-8", "separator": ";", "ignored_columns": ["Talla"], "date_order": "dmy",
        "columns": {
            "full_name": "Nombre", "email": "Correo electrónico", "phone": "Teléfono", "birth_date": "Nacimiento", "tags": "Etiquetas",
            "assigned_to": "Entrenador",
        },
    }  # fmt: skip
    assert [told[name] for name in ("total", "done", "added", "present", "duplicates", "invalid")] == [5, 5, 2, 0, 2, 1]
    assert [(each["row"], each["column"], each["matched"]) for each in told["problems"]] == [
        (3, "Nacimiento", None), (3, "Correo electrónico", None), (3, "Entrenador", None), (4, None, "email"), (6, None, None),
    ]  # fmt: skip
    assert [studio.count(table) for table in ("clients", "clients_import", "clients_imported", "outbox_deliveries")] == [0, 0, 0, 0]


def test_a_file_adds_its_good_rows_and_the_same_file_adds_nothing(studio: Studio) -> None:
    first = studio.outcome(studio.send(FILE))
    assert [first[name] for name in ("total", "done", "added", "present", "duplicates", "invalid")] == [5, 5, 2, 0, 2, 1]
    assert [each["row"] for each in first["problems"]] == [3, 3, 3, 4, 6]
    made = {each["full_name"]: each for each in studio.get("?sort=full_name")["items"]}
    assert set(made) == {"José Álvarez", "Bo"}
    jose = made["José Álvarez"]
    assert (jose["email"], jose["phone"], jose["birth_date"], jose["tags"]) == ("jose@example.com", "600 000 001", "1990-04-03", ["fuerza", "mañana"])
    assert [each["id"] for each in studio.get("?q=alva")["items"]] == [jose["id"]]
    again = studio.outcome(studio.send(FILE.encode("cp1252")))
    assert [again[name] for name in ("added", "present", "duplicates", "invalid")] == [0, 2, 2, 1]
    assert studio.count() == 2
    assert studio.count("clients_import_file") == 0
    assert [each["added"] for each in studio.get("/imports")["items"]] == [0, 2]


def test_an_import_brings_custom_fields_and_stages_and_is_part_of_the_past(studio: Studio) -> None:
    asked = {"type": "object", "properties": {"goal": {"type": "string", "enum": ["Weight"]}, "visits": {"type": "integer"}}, "required": ["goal"]}
    module = f"/api/v1/workspaces/{studio.id}/modules/clients"
    assert studio.api.put(module, json={"enabled": True, "settings": {"custom_fields": asked}}, who=studio.owner).status == 200
    sent = studio.send("name;goal;visits;stage\nAna;weight;3;prospect\nBo;;3;\nCy;Weight;many;\n")
    outcome = studio.outcome(sent)
    assert ([outcome[name] for name in ("added", "invalid")], [(each["row"], each["column"]) for each in outcome["problems"]]) == (
        [1, 2], [(3, "goal"), (4, "visits")],
    )  # fmt: skip
    (ana,) = studio.get("")["items"]
    assert (ana["custom_fields"], ana["lifecycle_stage"]) == ({"goal": "Weight", "visits": 3}, "lead")
    assert ana["lifecycle_since"] == ana["created_at"]
    past = studio.get(f"/{ana['id']}/timeline")["items"]
    assert [(each["kind"], each["reference"]) for each in past] == [("clients.imported", sent.json["id"]), ("clients.created", ana["id"])]
    assert {each["at"] for each in past} == {ana["created_at"]}


def test_a_corrected_file_adds_what_was_missing(studio: Studio) -> None:
    studio.outcome(studio.send(FILE))
    mended = FILE.replace("ana@;;17/13/1990;;nadie", f"ana@example.com;;17/12/1990;;{studio.owner.email}")
    outcome = studio.outcome(studio.send(mended))
    assert [outcome[name] for name in ("added", "present", "duplicates", "invalid")] == [1, 2, 2, 0]
    assert studio.get("?q=ana")["items"][0]["assigned_to"] == studio.owner.id


def test_all_or_nothing_adds_nobody_while_a_row_is_wrong(studio: Studio) -> None:
    refused = studio.outcome(studio.send(FILE, "?mode=all"))
    assert [refused[name] for name in ("done", "added", "invalid")] == [5, 0, 1]
    assert studio.count() == 0
    assert studio.send(FILE, "?mode=all&dry_run=true").json["added"] == 0
    good = "\r\n".join(line for line in FILE.splitlines() if "Ana" not in line)
    assert studio.outcome(studio.send(good, "?mode=all"))["added"] == 2


def test_people_who_are_here_are_reported_unless_told_otherwise(studio: Studio) -> None:
    known = studio.api.post("/api/v1/clients", json={"full_name": "Pepe", "phone": "+34 600 000 001"}, who=studio.owner, workspace=studio.id).json[
        "id"
    ]
    outcome = studio.outcome(studio.send(FILE))
    twin = next(each for each in outcome["problems"] if each["row"] == 2)
    assert (twin["matched"], twin["client_id"], twin["column"]) == ("phone", known, None)
    added = studio.outcome(studio.send(FILE, "?allow_duplicate=true"))
    assert [added[name] for name in ("added", "present", "duplicates", "invalid")] == [2, 2, 0, 1]


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"PK\x03\x04", {}, 422, "unreadable_file"),
        (b"email\na@example.com\n", {}, 422, "unreadable_file"),
        (b"", {}, 422, "unreadable_file"),
        (b"name\nAna\n", {"Content-Type": "application/json"}, 415, "unsupported_media_type"),
        (b"name\nAna\n", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "unsupported_media_type"),
        (b"name\nAna\n", {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
        (b"name\n" + b"a" * 3_000_000, {}, 413, "too_large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(studio: Studio, content: bytes, headers: dict[str, str], status: int, code: str) -> None:
    reply = studio.send(content, **headers)
    assert (reply.status, reply.json["code"]) == (status, code)


def test_an_idempotency_key_sends_the_same_import_back(studio: Studio) -> None:
    first = studio.send(FILE, **{"Idempotency-Key": "once"})
    again = studio.send(FILE, **{"Idempotency-Key": "once"})
    assert (again.json["id"], again.headers["Idempotent-Replayed"]) == (first.json["id"], "true")
    assert studio.send(FILE + "Eva\r\n", **{"Idempotency-Key": "once"}).json["code"] == "idempotency_key_reused"


def test_phone_numbers_are_checked_and_kept_as_elsewhere(studio: Studio) -> None:
    told = studio.outcome(studio.send("name,phone\r\nAna,+34 600-000-001\r\nBia,call me\r\nEva,\r\nIda,'+34 600 000 002\r\nLia,600.000.003\r\n"))
    assert [(each["row"], each["column"]) for each in told["problems"]] == [(3, "phone")]
    assert "digits" in told["problems"][0]["message"]
    kept = {each["full_name"]: each["phone"] for each in studio.get("")["items"]}
    assert kept == {"Ana": "+34600000001", "Eva": None, "Ida": "+34600000002", "Lia": "600.000.003"}


def test_who_may_not_see_every_client_may_not_import(studio: Studio) -> None:
    cliente, limited = studio.api.signup(), studio.api.signup()
    add_member(studio.settings, studio.id, cliente, "Cliente")
    add_member(studio.settings, studio.id, limited, "Colaborador")
    with owner_of(studio.settings) as connection:
        connection.execute("update user_roles set client_scope = 'own' where workspace_id = %s and user_id = %s", (studio.id, limited.id))
    for who, code in ((cliente, "forbidden"), (limited, "limited_to_own_clients")):
        studio.owner = who
        for query in ("", "?dry_run=true"):
            assert studio.send(FILE, query).json["code"] == code


def test_who_is_limited_sees_their_own_imports_and_in_them_their_own_clients(studio: Studio) -> None:
    limited = studio.api.signup()
    add_member(studio.settings, studio.id, limited, "Colaborador")
    owner, twins = studio.owner, "full_name,email\r\nAna,ana@example.com\r\nBia,bia@example.com\r\n"
    ids = {each["email"]: each["id"] for each in studio.get("")["items"]}
    assert ids == {}
    for name in ("ana", "bia"):
        made = studio.api.post("/api/v1/clients", json={"full_name": name, "email": f"{name}@example.com"}, who=owner, workspace=studio.id)
        ids[name] = made.json["id"]
    theirs = studio.outcome(studio.send(twins))
    studio.owner = limited
    own = studio.outcome(studio.send(twins + "Eva,nonsense\r\n"))
    assert [each["client_id"] for each in own["problems"]] == [ids["ana"], ids["bia"], None]
    assert {each["id"] for each in studio.get("/imports")["items"]} == {own["id"], theirs["id"]}
    assert studio.get(f"/imports/{theirs['id']}")["problems"] == theirs["problems"]
    with owner_of(studio.settings) as connection:
        connection.execute("update user_roles set client_scope = 'own' where workspace_id = %s and user_id = %s", (studio.id, limited.id))
        connection.execute("update clients set assigned_to = %s where workspace_id = %s and id = %s", (limited.id, studio.id, ids["bia"]))
    assert [each["id"] for each in studio.get("/imports")["items"]] == [own["id"]]
    asked = [studio.api.get(f"/api/v1/clients/imports/{id}", who=limited, workspace=studio.id) for id in (theirs["id"], ids["ana"])]
    assert [(reply.status, reply.json["code"]) for reply in asked] == [(404, "not_found")] * 2
    shown = studio.get(f"/imports/{own['id']}")
    assert [(each["row"], each["client_id"]) for each in shown["problems"]] == [(3, ids["bia"]), (4, None)]
    assert {**shown, "problems": []} == {**own, "problems": []}
    studio.owner = owner
    assert {each["id"] for each in studio.get("/imports")["items"]} == {own["id"], theirs["id"]}
    assert studio.get(f"/imports/{own['id']}") == own


def test_the_database_hides_imports_of_others_even_from_a_query_that_forgets_to(studio: Studio) -> None:
    limited = studio.api.signup()
    add_member(studio.settings, studio.id, limited, "Colaborador")
    with owner_of(studio.settings) as connection:
        for by, digit in ((studio.owner, "1"), (limited, "2")):
            values = {"ws": studio.id, "id": f"{digit * 8}-0000-7000-8000-000000000000", "by": by.id}
            connection.execute(
                "insert into clients_import (workspace_id, id, job_id, created_by, mode, allow_duplicate, file)"
                " values (%(ws)s, %(id)s, %(id)s, %(by)s, 'rows', false, '{}')",
                values,
            )
            connection.execute("insert into clients_import_file (workspace_id, import_id, content) values (%(ws)s, %(id)s, '')", values)
    with psycopg.connect(studio.settings.database_url or "") as connection:
        for own, seen in ((limited.id, ["22222222"]), ("", ["11111111", "22222222"])):
            connection.execute("select set_config('app.workspace_id', %s, true), set_config('app.own', %s, true)", (studio.id, own))
            for table, column in (("clients_import", "id"), ("clients_import_file", "import_id")):
                found = connection.execute(f"select {column}::text from {table} order by 1".encode()).fetchall()
                assert [row[0][:8] for row in found] == seen


def test_the_same_file_twice_at_once_adds_each_client_once(studio: Studio) -> None:
    rows = people(1_500)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(studio.send, [rows] * 4))
    outcomes = [studio.outcome(reply) for reply in replies]
    assert sum(each["added"] for each in outcomes) == 1_500
    assert all(each["added"] + each["present"] == 1_500 for each in outcomes)
    assert studio.count() == 1_500
    assert names_twice(studio) == []


def test_a_worker_killed_on_the_way_leaves_no_row_out_and_none_twice(studio: Studio, worker: Worker) -> None:
    reply = studio.send(people(4_000))
    kills = 0
    deadline = time.monotonic() + 60
    seen = 0
    while (found := studio.get(f"/imports/{reply.json['id']}"))["state"] != "done" and time.monotonic() < deadline:
        if kills < 3 and found["done"] > seen:
            seen = found["done"]
            worker.kill()
            kills += 1
        time.sleep(0.01)
    outcome = studio.outcome(reply)
    assert kills >= 1
    assert [outcome[name] for name in ("total", "done", "added", "present", "duplicates", "invalid")] == [4_000, 4_000, 4_000, 0, 0, 0]
    assert studio.count() == 4_000
    assert names_twice(studio) == []
    with owner_of(studio.settings) as connection:
        events = connection.execute("select count(*) from outbox where workspace_id = %s and name = 'clients_created'", (studio.id,)).fetchone()
    assert events == (4_000,)


def test_ten_thousand_rows_take_seconds_and_tell_how_far_they_are(studio: Studio) -> None:
    started = time.monotonic()
    reply = studio.send(people(10_000))
    seen = set()
    while (found := studio.get(f"/imports/{reply.json['id']}"))["state"] != "done":
        seen.add(found["done"])
        assert time.monotonic() - started < 240, found
        time.sleep(0.05)
    took = time.monotonic() - started
    print(f"10,000 rows imported in {took:.1f} s, progress seen {len(seen)} times")
    assert found["added"] == 10_000
    assert len(seen) > 3
    started = time.monotonic()
    again = studio.send(people(10_000), "?dry_run=true")
    print(f"and looked at in {time.monotonic() - started:.1f} s")
    assert (again.json["present"], again.json["added"]) == (10_000, 0)


def people(number: int) -> str:
    rows = (f'Person {n},p{n}@example.com,+34 6{n:08},{1950 + n % 50}-0{1 + n % 9}-1{n % 10},"strength; group {n % 7}"\n' for n in range(number))
    return "name,email,phone,birthday,tags\n" + "".join(rows)


def names_twice(studio: Studio) -> list[Any]:
    with owner_of(studio.settings) as connection:
        query = "select full_name from clients where workspace_id = %s group by full_name having count(*) > 1"
        return connection.execute(query, (studio.id,)).fetchall()


class Worker:
    """A worker process that is started again when it was killed."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings, self._log = settings, log
        self._start()

    def _start(self) -> None:
        self._context = servers.process([sys.executable, "-m", "config.cli", "worker"], servers.environ(self._settings), self._log)
        self._child = self._context.__enter__()

    def kill(self) -> None:
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._start()

    def stop(self) -> None:
        self._context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def installed(cluster: servers.Cluster) -> Settings:
    return cluster.settings(cluster.clone("fitpro_imports"), lease_s=2, poll_ms=50, max_upload_bytes=2_000_000)


@pytest.fixture(scope="module")
def worker(installed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    made = Worker(installed, tmp_path_factory.mktemp("worker") / "worker.log")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def api(installed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with servers.web_server(installed, tmp_path_factory.mktemp("web") / "web.log") as url:
        yield Api(url)


@pytest.fixture
def studio(api: Api, installed: Settings, worker: Worker) -> Studio:
    owner = api.signup()
    return Studio(api, installed, owner, api.workspace(owner))
