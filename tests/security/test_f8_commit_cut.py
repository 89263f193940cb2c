"""F8: the connection to the database breaks around the COMMIT. With an Idempotency-Key a request is sent again until it is answered, and was
done once; without one the answer says that nobody knows."""

from __future__ import annotations

import dataclasses
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.work import UnitOfWork
from config.bootstrap import install, web
from config.settings import Settings
from tests import servers
from tests.security.keyed import Studio
from tests.security.proxies import CommitCutter, cutting
from tests.servers import Api, Reply

CLIENTS = 4


@pytest.fixture(scope="module")
def proxy(settings: Settings) -> Iterator[CommitCutter]:
    with cutting(settings.database_url or "") as made:
        yield made


@pytest.fixture(scope="module")
def studio(settings: Settings, proxy: CommitCutter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Somebody whose web server reaches the database through the proxy."""
    through = dataclasses.replace(settings, database_url=proxy.url)
    with servers.web_server(through, tmp_path_factory.mktemp("web") / "web.log", workers=2) as url:
        yield Studio(Api(url), settings)


def cut(studio: Studio, proxy: CommitCutter, times: int) -> tuple[list[tuple[Reply, Reply]], Counter[str]]:
    """So many requests with a key, each broken once or twice, sent by a few clients; their answers, each with the answer to one more try."""
    dice = random.Random(times)
    plan = {f"Cut {uuid.uuid4()}": [True, *(dice.random() < 0.5 for _ in range(dice.randrange(2)))] for _ in range(times)}
    for replies in plan.values():
        dice.shuffle(replies)

    def send(name: str) -> tuple[Reply, Reply]:
        key, api = str(uuid.uuid4()), Api(studio.api.url)
        proxy.arm(name, *plan[name])
        reply = studio.until_answered(lambda: studio.add(key, name, api=api))
        return reply, studio.add(key, name, api=api)

    with ThreadPoolExecutor(CLIENTS) as crowd:
        answers = list(crowd.map(send, plan))
    return answers, studio.effects()


@pytest.mark.parametrize("times", [12, pytest.param(100, marks=pytest.mark.torture)])
def test_f8_with_a_key_nothing_is_done_twice_and_nothing_is_lost(studio: Studio, proxy: CommitCutter, times: int) -> None:
    studio.workspace, before = studio.api.workspace(studio.owner), proxy.cuts[True]
    answers, effects = cut(studio, proxy, times)
    assert proxy.cuts[True] - before >= times, "every one of them lost the answer to its COMMIT"
    assert {(first.status, again.status, again.headers.get("Idempotent-Replayed")) for first, again in answers} == {(201, 201, "true")}
    assert all(first.body == again.body for first, again in answers)
    assert effects.pop("events") == times
    assert len(effects) == times
    assert set(effects.values()) == {1}


@pytest.mark.parametrize(("key", "done", "advice"), [(None, 1, "Look before"), ("k", 1, "it is done once"), (None, 0, "Look before")])
def test_f8_the_answer_says_that_nobody_knows(studio: Studio, proxy: CommitCutter, key: str | None, done: int, advice: str) -> None:
    studio.workspace = studio.api.workspace(studio.owner)
    name = f"Unknown {uuid.uuid4()}"
    proxy.arm(name, bool(done))
    reply = studio.add(key and str(uuid.uuid4()), name)
    assert (reply.status, reply.json["code"], reply.headers["Retry-After"]) == (503, "outcome_unknown", "1")
    assert advice in reply.json["detail"]
    assert studio.effects()[name] == done


def test_f8_what_was_lost_before_its_commit_is_sent_again_by_the_server(studio: Studio, proxy: CommitCutter) -> None:
    """Nothing of it can be stored, so nobody needs to hear of it; only a lost COMMIT is told."""
    studio.workspace = studio.api.workspace(studio.owner)
    path = f"/api/v1/clients/{studio.add(None, 'Before').json['id']}"
    for number, (reply, told) in enumerate([(False, (200, None)), (True, (503, "outcome_unknown"))], 2):
        name = f"After {uuid.uuid4()}"
        proxy.arm(name, reply)
        answer = studio.api.patch(path, json={"notes": name}, who=studio.owner, workspace=studio.workspace)
        assert (answer.status, answer.json.get("code")) == told
        now = studio.api.get(path, who=studio.owner, workspace=studio.workspace).json
        assert (now["notes"], now["version"]) == (name, number)


def test_f8_a_key_kept_by_another_transaction_is_noticed(
    settings: Settings, proxy: CommitCutter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault: the work is committed first, and the key with the answer after it."""
    commit = UnitOfWork.commit

    def in_two_steps(self: Any) -> None:
        claim, self._claim = self._claim, None
        commit(self)
        if claim is not None:
            with UnitOfWork(self._pool, self.scope, claim=claim) as later:
                later.reply = self.reply
                commit(later)

    monkeypatch.setattr(UnitOfWork, "commit", in_two_steps)
    installation = install(dataclasses.replace(settings, home=tmp_path, database_url=proxy.url))
    try:
        studio = Studio(Api(web(installation)), settings)
        name, key = f"Twice {uuid.uuid4()}", str(uuid.uuid4())
        proxy.arm(name, True)
        studio.until_answered(lambda: studio.add(key, name))
        assert studio.effects()[name] == 2
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()
