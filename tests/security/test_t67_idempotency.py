"""T67: a POST with an Idempotency-Key happens once, however often, at whatever moment and after whichever crash it is sent again."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.http import runner
from config.settings import Settings
from tests.security.keyed import CODE_REUSED, Studio, killable
from tests.servers import Api, Reply, add_member


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
    raw = (b'{"full_name":"Ana","phone":"1001"}', b' { "phone" : "1001", "full_name" : "A\\u006ea" } ')
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


def test_t67_a_key_is_kept_for_a_day_and_then_free_before_anybody_swept_it(studio: Studio) -> None:
    key = str(uuid.uuid4())
    first = studio.add(key, "Ana")
    studio.age(hours=23)
    assert studio.add(key, "Ana").body == first.body
    studio.age(hours=2)
    second = studio.add(key, "Ana Maria")
    assert (second.status, "Idempotent-Replayed" in second.headers) == (201, False)
    assert studio.add(key, "Ana Maria").headers["Idempotent-Replayed"] == "true"
    assert studio.effects() == {"Ana": 1, "Ana Maria": 1, "events": 2}


def test_t67_of_many_who_use_an_old_key_again_at_once_one_has_an_effect(studio: Studio) -> None:
    key = str(uuid.uuid4())
    assert studio.add(key, "Ana").status == 201
    studio.age(hours=25)
    with ThreadPoolExecutor(16) as crowd:
        replies = list(crowd.map(lambda _: studio.until_answered(lambda: studio.add(key, "Bea", api=Api(studio.api.url))), range(16)))
    assert [reply.status for reply in replies] == [201] * 16
    assert sum("Idempotent-Replayed" not in reply.headers for reply in replies) == 1
    assert studio.effects() == {"Ana": 1, "Bea": 1, "events": 2}


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


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.torture)])
def test_t67_a_web_server_killed_in_the_middle_leaves_one_effect(kills: int, settings: Settings, tmp_path: Path) -> None:
    """Atomic: the row, the event and the answer are one transaction, so it happened or it did not."""
    with killable(settings, tmp_path) as web:
        studio = Studio(web.api, settings)
        for number in range(kills):
            studio.owner = studio.api.again(studio.owner)
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


@pytest.fixture(scope="module")
def studio(server: Api, settings: Settings) -> Studio:
    return Studio(server, settings)


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    """Each test starts with a workspace of its own."""
    if "studio" in request.fixturenames:
        shared: Studio = request.getfixturevalue("studio")
        shared.workspace = shared.api.workspace(shared.owner)
