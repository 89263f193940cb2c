"""T29: a refresh token is good once; one that comes back late ends its family, and of many who present one at once one gets the successor."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from config.databases import connections
from config.settings import Settings
from tests.security.seeded import planted
from tests.servers import Api, Reply, patiently


def test_t29_a_replay_within_ten_seconds_is_refused_and_harms_nobody(server: Api) -> None:
    first = server.signup().refresh
    second = _refresh(server, first).json["refresh_token"]
    assert (_refresh(server, first).status, _refresh(server, first).json["code"]) == (401, "invalid_refresh_token")
    assert _refresh(server, second).status == 200


def test_t29_a_later_replay_revokes_the_whole_family(server: Api, owner: psycopg.Connection[Any]) -> None:
    person = server.signup()
    second = _refresh(server, person.refresh).json
    _used_seconds_ago(owner, person.refresh, 11)
    assert _refresh(server, person.refresh).status == 401
    assert _refresh(server, second["refresh_token"]).status == 401
    gone = server.get("/api/v1/me", who=second["access_token"])
    assert (gone.status, gone.json["code"]) == (401, "session_revoked")


def test_t29_of_64_who_refresh_with_one_token_one_gets_the_new_head(server: Api, owner: psycopg.Connection[Any]) -> None:
    person = server.signup()
    with ThreadPoolExecutor(64) as pool:
        with owner.transaction():
            # Plain reads pass, everything that locks or writes waits: whoever judges before locking has judged too early.
            owner.execute("lock table accounts_refresh_token in exclusive mode")
            answers = [pool.submit(lambda: patiently(lambda: _refresh(Api(server.url), person.refresh))) for _ in range(2)]
            _until_waiting(owner, "accounts_refresh_token", 2)
        answers += [pool.submit(lambda: patiently(lambda: _refresh(Api(server.url), person.refresh))) for _ in range(62)]
        replies = [answer.result() for answer in answers]
    assert Counter(reply.status for reply in replies) == {200: 1, 401: 63}
    family = owner.execute(
        "select count(*), count(*) filter (where t.used_at is null) from accounts_refresh_token t"
        " join sessions s on s.id = t.session_id where s.user_id = %s",
        (person.id,),
    ).fetchone()
    assert family == (2, 1)
    head = next(reply for reply in replies if reply.status == 200).json["refresh_token"]
    assert _refresh(server, head).status == 200


# The seeded fault ------------------------------------------------------------------------------------------------------------------------


def test_t29_a_database_that_forgets_which_tokens_were_used_is_noticed(server: Api, settings: Settings) -> None:
    person = server.signup()
    body = "create function forget() returns trigger language plpgsql as $$ begin new.used_at := null; return new; end $$"
    put_in = f"{body}; create trigger forget before update on accounts_refresh_token for each row execute function forget()"
    with planted(connections(settings).owner, put_in, "drop trigger forget on accounts_refresh_token; drop function forget()"):
        # Even then there is one head per family: the constraint refuses the second, whatever the code believes.
        assert _refresh(server, person.refresh).status == 409
    assert _refresh(server, person.refresh).status == 200


def _refresh(api: Api, token: str) -> Reply:
    return api.post("/auth/refresh", json={"refresh_token": token})


def _until_waiting(owner: psycopg.Connection[Any], table: str, how_many: int) -> None:
    deadline = time.monotonic() + 10
    query = "select count(*) from pg_locks where relation = %s::regclass and not granted"
    while time.monotonic() < deadline:
        found = owner.execute(query, (table,)).fetchone()
        if found is not None and found[0] >= how_many:
            return
        time.sleep(0.005)
    raise AssertionError(f"nobody waits for {table}")


def _used_seconds_ago(owner: psycopg.Connection[Any], token: str, seconds: int) -> None:
    changed = owner.execute(
        "update accounts_refresh_token set used_at = used_at - make_interval(secs => %s) where digest = %s",
        (seconds, hashlib.sha256(token.encode()).digest()),
    )
    assert changed.rowcount == 1


@pytest.fixture
def owner(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, seeing everything; each statement commits."""
    with contextlib.closing(psycopg.connect(connections(settings).owner, autocommit=True)) as connection:
        connection.execute("set app.maintenance = 'on'")
        yield connection
