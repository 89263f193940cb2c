"""T67: an operation that talks to the outside world happens once under its key, through refusals, kills and attempts that were taken over."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from config.settings import Settings
from tests import packages, servers
from tests.security.keyed import CODE_REUSED, CODE_RUNNING, Studio, killable, owner
from tests.servers import Api, Cluster, Reply


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


def test_t67_an_outside_operation_under_an_old_key_is_another(charging: Studio, tmp_path: Path) -> None:
    charge = Charge(charging, tmp_path)
    assert charge.send().status == 201
    charging.age(hours=25)
    again = charge.send()
    assert (again.status, "Idempotent-Replayed" in again.headers) == (201, False)
    assert charge.events() == {"charging_reserved": 2, "charging_made": 2}


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
