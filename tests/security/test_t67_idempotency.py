"""T67: a POST with an Idempotency-Key happens once, however often, at whatever moment and after whichever crash it is sent again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from adapters.http import runner
from config.settings import Settings
from tests import packages, servers
from tests.servers import Api, Cluster, Person, Reply, add_member

CODE_REUSED, CODE_RUNNING = "idempotency_key_reused", "idempotency_in_progress"


class Studio:
    """Somebody with a workspace, and what happened in it as the database knows it."""

    def __init__(self, api: Api, settings: Settings) -> None:
        self.api, self.settings = api, settings
        self.owner = api.signup()
        self.workspace = api.workspace(self.owner)

    def add(self, key: str | None, name: str, *, who: Person | None = None, workspace: str | None = None, api: Api | None = None) -> Reply:
        headers = {} if key is None else {"Idempotency-Key": key}
        where = workspace or self.workspace
        return (api or self.api).post("/api/v1/clients", json={"full_name": name}, who=who or self.owner, workspace=where, headers=headers)

    def until_answered(self, send: Any, seconds: float = 30) -> Reply:
        """As a careful client: again while the first request still runs, or the server is away."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                reply: Reply = send()
                if reply.status != 503 and not (reply.status == 409 and reply.json["code"] == CODE_RUNNING):
                    return reply
                assert reply.headers["Retry-After"] == "1"
            except requests.RequestException:
                pass
            assert time.monotonic() < deadline, "no answer in time"
            time.sleep(random.uniform(0.02, 0.1))

    def effects(self, workspace: str | None = None) -> Counter[str]:
        """Clients by name, and events, as the database has them."""
        with owner(self.settings) as connection:
            where = {"w": workspace or self.workspace}
            names = [row[0] for row in connection.execute("select full_name from clients where workspace_id = %(w)s", where)]
            events = connection.execute("select count(*) from outbox where workspace_id = %(w)s and name = 'clients_created'", where).fetchone()
        return Counter(names) + Counter({"events": events[0] if events else 0})


def owner(settings: Settings) -> psycopg.Connection[Any]:
    connection = psycopg.connect(settings.database_owner_url or "")
    connection.execute("set app.maintenance = 'on'")
    connection.commit()
    return connection


def storm(studio: Studio, keys: int, concurrent: int) -> tuple[list[list[Reply]], Counter[str]]:
    """Every key from many clients at once; the replies by key, and the effects."""
    names = {f"Key {number}": str(uuid.uuid4()) for number in range(keys)}
    sessions = threading.local()

    def send(name: str) -> Reply:
        if not hasattr(sessions, "api"):
            sessions.api = Api(studio.api.url)
        return studio.until_answered(lambda: studio.add(names[name], name, api=sessions.api))

    found = []
    with ThreadPoolExecutor(concurrent) as crowd:
        for name in names:
            found.append(list(crowd.map(send, [name] * concurrent)))
    return found, studio.effects()


def check_storm(replies: list[list[Reply]], effects: Counter[str]) -> None:
    for number, each in enumerate(replies):
        assert {reply.status for reply in each} == {201}
        assert len({reply.body for reply in each}) == 1
        assert len({reply.headers["ETag"] for reply in each}) == 1
        assert sum("Idempotent-Replayed" not in reply.headers for reply in each) == 1
        assert {reply.headers["Idempotent-Replayed"] for reply in each if "Idempotent-Replayed" in reply.headers} == {"true"}
        assert len({reply.headers["X-Request-Id"] for reply in each}) == len(each)
        assert effects[f"Key {number}"] == 1
    assert effects["events"] == len(replies)


def test_t67_many_clients_with_one_key_have_one_effect(studio: Studio) -> None:
    check_storm(*storm(studio, 20, 32))


@pytest.mark.torture
def test_t67_200_keys_of_64_clients_have_200_effects(studio: Studio) -> None:
    check_storm(*storm(studio, 200, 64))


def test_t67_another_request_under_a_used_key_is_refused(studio: Studio) -> None:
    key = str(uuid.uuid4())
    assert studio.add(key, "Ana").status == 201
    other_body = studio.add(key, "Bea")
    other_route = studio.api.post("/api/v1/workspaces", json={"name": "x"}, who=studio.owner, headers={"Idempotency-Key": key})
    assert (other_body.status, other_body.json["code"]) == (422, CODE_REUSED)
    assert other_route.status == 201, "a workspace's keys and a person's are apart"
    again = studio.api.post("/api/v1/workspaces", json={"name": "y"}, who=studio.owner, headers={"Idempotency-Key": key})
    assert (again.status, again.json["code"]) == (422, CODE_REUSED)
    assert studio.add(key, "Ana").headers["Idempotent-Replayed"] == "true"
    assert studio.effects() == {"Ana": 1, "events": 1}


def test_t67_the_same_body_spelt_otherwise_is_the_same_request(studio: Studio) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    raw = (b'{"full_name":"Ana","phone":"1"}', b' { "phone" : "1", "full_name" : "A\\u006ea" } ')
    first, second = (studio.api.post("/api/v1/clients", raw=each, who=studio.owner, workspace=studio.workspace, headers=headers) for each in raw)
    assert first.body == second.body
    assert second.headers["Idempotent-Replayed"] == "true"


def test_t67_a_refused_request_leaves_the_key_free(studio: Studio) -> None:
    key = str(uuid.uuid4())
    assert studio.add(key, "").status == 422
    assert studio.add(key, "Ana").status == 201


def test_t67_a_key_is_of_one_person_in_one_workspace(studio: Studio) -> None:
    key, elsewhere, staff = str(uuid.uuid4()), studio.api.workspace(studio.owner), studio.api.signup("Sam")
    add_member(studio.settings, studio.workspace, staff, "Colaborador")
    replies = [studio.add(key, "Ana"), studio.add(key, "Ana", who=staff), studio.add(key, "Ana", workspace=elsewhere)]
    assert [(reply.status, "Idempotent-Replayed" in reply.headers) for reply in replies] == [(201, False)] * 3
    assert len({reply.json["id"] for reply in replies}) == 3
    assert studio.effects()["Ana"] == 2
    assert studio.effects(elsewhere)["Ana"] == 1


@pytest.mark.parametrize("key", ["", "a b", "a\tb", "é", "x" * 256])
def test_t67_a_malformed_key_is_400(studio: Studio, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    got = requests.post(
        studio.api.url + "/api/v1/clients", json={"full_name": "Ana"}, timeout=10,
        headers={"Authorization": f"Bearer {studio.owner.token}", "X-Workspace-Id": studio.workspace, **headers},
    )  # fmt: skip
    assert got.status_code == 400, got.text


def test_t67_an_answer_is_not_replayed_to_who_may_not_see_it(studio: Studio) -> None:
    key, staff = str(uuid.uuid4()), studio.api.signup("Sam")
    add_member(studio.settings, studio.workspace, staff, "Colaborador")
    assert studio.add(key, "Ana", who=staff).status == 201
    assert studio.api.delete(f"/api/v1/users/{staff.id}", who=studio.owner, workspace=studio.workspace).status == 204
    assert studio.add(key, "Ana", who=staff).status == 404


def test_t67_while_the_first_runs_the_second_is_told(charging: Studio, tmp_path: Path) -> None:
    charge = Charge(charging, tmp_path, seconds=1.5)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(charge.send)
        charge.wait_asked()
        second = charge.send()
        assert (second.status, second.json["code"], second.headers["Retry-After"]) == (409, CODE_RUNNING, "1")
        assert charge.send(reference="another").json["code"] == CODE_REUSED
        assert first.result().status == 201
    third = charge.send()
    assert (third.status, third.headers["Idempotent-Replayed"], third.body) == (201, "true", first.result().body)
    assert charge.events() == {"charging_reserved": 1, "charging_made": 1}
    assert charge.lines() == {"asked": 1, "made": 1}


def test_t67_an_outside_operation_that_failed_goes_on_where_it_was(charging: Studio, tmp_path: Path) -> None:
    charge = Charge(charging, tmp_path, refused=True)
    assert [(reply.status, reply.json["code"]) for reply in (charge.send(), charge.send())] == [(409, "card_declined")] * 2
    assert charge.events() == {"charging_reserved": 1}, "the first phase was committed, and is not done again"


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.torture)])
def test_t67_a_web_server_killed_in_the_middle_leaves_one_effect(kills: int, settings: Settings, tmp_path: Path) -> None:
    """Atomic: the row, the event and the answer are one transaction, so it happened or it did not."""
    with killable(settings, tmp_path) as web:
        studio = Studio(web.api, settings)
        for number in range(kills):
            names = [f"Kill {number}.{each}" for each in range(4)]
            keys = {name: str(uuid.uuid4()) for name in names}
            with ThreadPoolExecutor(4) as crowd:
                sent = [crowd.submit(studio.until_answered, partial(studio.add, keys[name], name, api=Api(web.url))) for name in names]
                time.sleep(random.uniform(0, 0.01))
                web.kill()
                web.start()
                replies = dict(zip(names, [each.result() for each in sent], strict=True))
            for name in names:
                again = studio.add(keys[name], name)
                assert (again.status, again.body) == (201, replies[name].body)
                assert again.headers["Idempotent-Replayed"] == "true"
        effects = studio.effects()
    assert effects.pop("events") == 4 * kills
    assert set(effects.values()) == {1}
    assert len(effects) == 4 * kills


def test_t67_an_outside_operation_killed_between_its_phases_has_one_effect(
    settings: Settings, tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site))
    with killable(settings, tmp_path) as web:
        charge = Charge(Studio(web.api, settings), tmp_path, seconds=1)
        with ThreadPoolExecutor(1) as other:
            lost = other.submit(charge.send)
            charge.wait_asked()
            web.kill()
            assert isinstance(lost.exception(), requests.RequestException)
        web.start()
        assert charge.send().json["code"] == CODE_RUNNING, "nobody knows that it is dead until its lease ends"
        charge.pass_lease()
        done = charge.studio.until_answered(charge.send)
        again = charge.send()
    assert (done.status, again.body, again.headers["Idempotent-Replayed"]) == (201, done.body, "true")
    assert charge.events() == {"charging_reserved": 1, "charging_made": 1}
    assert charge.lines() == {"asked": 2, "made": 1}


def test_t67_an_outside_attempt_that_was_taken_over_can_neither_go_on_nor_finish(
    settings: Settings, tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site))
    with killable(settings, tmp_path) as web:
        charge = Charge(Studio(web.api, settings), tmp_path, seconds=2)
        with ThreadPoolExecutor(1) as other:
            slow = other.submit(charge.send)
            charge.wait_asked()
            charge.pass_lease()
            done = charge.send()
            late = slow.result()
    assert done.status == 201, done.body
    assert (late.status, late.json["code"]) == (409, CODE_RUNNING)
    assert charge.events() == {"charging_reserved": 1, "charging_made": 1}


@pytest.mark.parametrize("fault", ["keys are not claimed", "the body is not part of it"])
def test_t67_broken_keys_are_noticed(local: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    studio, key = Studio(local, settings), str(uuid.uuid4())
    claim = runner.Reader.claim

    def wrong(self: Any, operation: Any, environ: Any, scope: Any, inputs: Any) -> Any:
        inputs.fingerprint = "the same"
        return None if fault == "keys are not claimed" else claim(self, operation, environ, scope, inputs)

    monkeypatch.setattr(runner.Reader, "claim", wrong)
    replies = [studio.add(key, "Ana"), studio.add(key, "Ana"), studio.add(key, "Bea")]
    right = [(201, False), (201, True), (422, False)]
    assert [(reply.status, "Idempotent-Replayed" in reply.headers) for reply in replies] != right or studio.effects()["Ana"] != 1


class Charge:
    """One charge under one key, at the service of tests/plugins/charging."""

    def __init__(self, studio: Studio, folder: Path, **options: Any) -> None:
        self.studio, self.key, self.ledger = studio, str(uuid.uuid4()), folder / f"{uuid.uuid4()}.ledger"
        self.body = {"reference": self.key, "ledger": str(self.ledger), **options}

    def send(self, **changes: Any) -> Reply:
        return Api(self.studio.api.url).post(
            "/api/v1/charging/charges", json={**self.body, **changes}, who=self.studio.owner, workspace=self.studio.workspace,
            headers={"Idempotency-Key": self.key},
        )  # fmt: skip

    def wait_asked(self) -> None:
        deadline = time.monotonic() + 10
        while not self.ledger.exists() or not self.ledger.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def lines(self) -> Counter[str]:
        return Counter(line.split()[0] for line in self.ledger.read_text().splitlines())

    def events(self) -> Counter[str]:
        with owner(self.studio.settings) as connection:
            sent = connection.execute("select name from outbox where payload ->> 'reference' = %s", (self.key,))
            return Counter(row[0] for row in sent)

    def pass_lease(self) -> None:
        """As if the lease's minute had passed."""
        with owner(self.studio.settings) as connection:
            connection.execute("update idempotency_keys set locked_until = now() - interval '1 second' where key = %s", (self.key,))


class killable:  # noqa: N801 - reads as a verb where it is used
    """A web server of one worker on a fixed port, to be killed and started again."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.log, self.port = settings, folder / "web.log", servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = Api(self.url)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--workers", "1", "--blocking-threads", "4",
            "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning", "wsgi:app",
        ]  # fmt: skip
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                arguments, env=servers.environ(self.settings), cwd=servers.ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        servers.wait_ready(self.url, self._child, self.log)

    def kill(self) -> None:
        """kill -9, the workers with their parent."""
        assert self._child is not None
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def __enter__(self) -> killable:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture(scope="module")
def studio(server: Api, settings: Settings) -> Studio:
    return Studio(server, settings)


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    """Each test starts with a workspace of its own."""
    if "studio" in request.fixturenames:
        shared: Studio = request.getfixturevalue("studio")
        shared.workspace = shared.api.workspace(shared.owner)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.install(tmp_path_factory.mktemp("charging") / "packages", "charging")


@pytest.fixture(scope="module")
def charging(cluster: Cluster, settings: Settings, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio on a web server that has the charging plugin."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(site))
        with servers.web_server(settings, tmp_path_factory.mktemp("web") / "web.log") as url:
            yield Studio(Api(url), settings)
