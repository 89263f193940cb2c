"""T56: whatever breaks inside, nothing of it shows: no SQL, no path, no version, no name of a library; a problem document and a request id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.http.gateway import Gateway
from adapters.http.problems import MEDIA_TYPE
from adapters.postgres.wire import ServerError
from config.settings import Settings
from tests import servers
from tests.documented import BODIES, World, world
from tests.security.test_t40_t43_input import HOSTILE_BODIES
from tests.servers import Api, Cluster, Reply

TELLING = re.compile(
    r"psycopg|traceback|site-packages|\bselect\b|\binsert into\b|\bupdate \w+ set\b|\brelation\b|\bcolumn (?!\d)|\bconstraint\b|violates|sqlstate|"
    r"postgres|sqlalchemy|marshmallow|werkzeug|flask|python|\.py\b|File \"|line \d+(?!, column)\b|/srv/|/usr/|/tmp/|/root|fitpro_app|42P01|42703|"
    r"0x[0-9a-f]{6,}|canary-secret|Error:|Exception",
    re.IGNORECASE,
)
SECRET = "canary-secret"


def telling(reply: Reply) -> str | None:
    """What an answer gives away. Its request's id is chance, which may look like a code."""
    id = reply.headers.get("X-Request-Id") or "-"
    for text in (reply.body.decode("utf-8", "replace"), *(f"{name}: {value}" for name, value in reply.headers.items())):
        text = text.replace(id, "-")
        if found := TELLING.search(text):
            return f"{found[0]!r} in {text[:300]}"
    return None


def unfit(reply: Reply) -> str | None:
    """What keeps an error from being a problem document that says nothing."""
    if reply.headers["Content-Type"] != MEDIA_TYPE or reply.json["request_id"] != reply.headers["X-Request-Id"]:
        return f"no problem document: {reply.status} {reply.body[:200]!r}"
    if reply.status == 500 and reply.json["detail"] != "Something went wrong on our side.":
        return f"a 500 that talks: {reply.body[:200]!r}"
    return telling(reply)


EXCEPTIONS: dict[str, Callable[[], BaseException]] = {
    "a bare exception": lambda: Exception(SECRET),
    "a key that is missing": lambda: KeyError(SECRET),
    "a value": lambda: ValueError(f'File "/srv/product/x.py", line 3: {SECRET}'),
    "a division": lambda: ZeroDivisionError(SECRET),
    "an assertion": lambda: AssertionError(SECRET),
    "recursion": lambda: RecursionError(SECRET),
    "memory": lambda: MemoryError(SECRET),
    "a file that is missing": lambda: FileNotFoundError(2, "No such file", f"/etc/{SECRET}"),
    "an operating system's error": lambda: OSError(111, f"Connection refused {SECRET}"),
    "bytes that are no text": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, SECRET),
    "a driver's error": lambda: psycopg.errors.UndefinedTable(f'relation "{SECRET}" does not exist'),
    "a driver's lost connection": lambda: psycopg.OperationalError(f"connection to {SECRET} failed"),
    "a statement that is wrong": lambda: ServerError("42601", f"syntax error near {SECRET}", SECRET, None, None),
    "a table that is missing": lambda: ServerError("42P01", f'relation "{SECRET}" does not exist', None, None, SECRET),
    "a column that is missing": lambda: ServerError("42703", f"column {SECRET} does not exist", None, None, SECRET),
    "a duplicate": lambda: ServerError("23505", f"duplicate key {SECRET}", f"Key ({SECRET}) exists", f"uq_{SECRET}", SECRET),
    "a reference": lambda: ServerError("23503", f"violates {SECRET}", f"Key ({SECRET}) is missing", f"fk_{SECRET}", SECRET),
    "a null": lambda: ServerError("23502", f"null in {SECRET}", f"Failing row contains ({SECRET})", None, SECRET),
    "a check": lambda: ServerError("23514", f"check {SECRET}", f"Failing row contains ({SECRET})", f"ck_{SECRET}", SECRET),
    "a policy": lambda: ServerError("42501", f"row-level security for {SECRET}", None, None, SECRET),
    "no context": lambda: ServerError("42501", SECRET, "no_context", None, None),
    "a timeout": lambda: ServerError("57014", f"canceling statement {SECRET}", None, None, None),
    "a deadlock": lambda: ServerError("40P01", f"deadlock {SECRET}", f"Process 1 waits for {SECRET}", None, None),
    "a full disk": lambda: ServerError("53100", f"could not extend file {SECRET}", None, None, None),
    "corruption": lambda: ServerError("XX001", f"invalid page in block 0 of relation {SECRET}", None, None, None),
    "a number that is too large": lambda: ServerError("22003", f"integer out of range {SECRET}", None, None, None),
    "a text of the wrong form": lambda: ServerError("22P02", f"invalid input syntax for {SECRET}", None, None, None),
    "a lost connection": lambda: ServerError("57P01", f"terminating connection {SECRET}", None, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_t56_what_a_view_raises_stays_inside(here: World, gateway: Gateway, name: str) -> None:
    with raising(gateway, "clients_get_client", EXCEPTIONS[name]):
        reply = here.api.get(f"/api/v1/clients/{here.client_id}", who=here.owner, workspace=here.workspace)
    assert reply.status >= 400
    assert unfit(reply) is None


@contextmanager
def raising(gateway: Gateway, operation: str, make: Callable[[], BaseException]) -> Iterator[None]:
    compiled = next(each for each in gateway.compiled.values() if each.operation.id == operation)
    method = compiled.method

    def broken(*_: Any, **__: Any) -> None:
        raise make()

    compiled.method = broken
    try:
        yield
    finally:
        compiled.method = method


BREAKAGES = {
    "a table is gone": "alter table clients rename to clients_gone",
    "a column is gone": "alter table clients rename column full_name to gone",
    "a column has another type": "alter table clients alter column phone type integer using null",
    "the right to read is gone": "revoke select on clients from fitpro_app",
    "the right to write is gone": "revoke insert on clients from fitpro_app",
    "a check nobody knows": f"alter table clients add constraint ck_{SECRET.replace('-', '_')} check (full_name <> 'Ana Souza') not valid",
    "a trigger that raises": "create function public.raise_it() returns trigger language plpgsql as"
    " $$ begin raise exception 'canary-secret %', new; end $$;"
    " create trigger raise_it before insert or update on clients for each row execute function public.raise_it()",
    "the gate is gone": "alter function app.enter rename to enter_gone",
    "the outbox is gone": "alter table outbox rename to outbox_gone",
    "the audit is full": "alter table audit_logs add constraint full_up check (false) not valid",
}


def test_t56_what_breaks_in_the_database_stays_inside(cluster: Cluster, tmp_path: Path) -> None:
    """Over HTTP, on a database broken in one place after the other."""
    settings = cluster.settings(cluster.clone("t56_broken"))
    failed, found = 0, []
    with servers.web_server(settings, tmp_path / "web.log") as url:
        here = world(Api(url), settings)
        for name, statement in BREAKAGES.items():
            undo = broken(cluster, statement)
            try:
                for operation in here.operations:
                    if operation.public or str(operation) == "accounts_create_logout":
                        continue
                    options = {"json": here.body(operation)} if operation.body_schema else {}
                    path = operation.path.replace("{client_id}", here.client_id).replace("{workspace_id}", here.workspace)
                    reply = here.call(operation, path=path, **options)
                    failed += reply.status >= 500
                    if reply.status >= 400 and (what := unfit(reply)):
                        found.append(f"{name}: {operation}: {what}")
            finally:
                undo()
        after = [here.api.get("/api/v1/clients", who=here.owner, workspace=here.workspace).status for _ in range(20)]
        assert set(after) <= {200, 503}, after
        assert after[-5:] == [200] * 5, "statements prepared before a migration must not fail for ever"
    assert not found, found[:10]
    assert failed >= 15
    assert "Traceback" in (tmp_path / "web.log").read_text(), "the operator is told what the client is not"


def broken(cluster: Cluster, statement: str) -> Callable[[], None]:
    """Break it in the way of the statement; the result mends it."""
    mend = {
        "rename to clients_gone": "alter table clients_gone rename to clients",
        "rename column": "alter table clients rename column gone to full_name",
        "alter column phone type integer": "alter table clients alter column phone type text using phone::text",
        "revoke select": "grant select on clients to fitpro_app",
        "revoke insert": "grant insert on clients to fitpro_app",
        "add constraint ck_": f"alter table clients drop constraint ck_{SECRET.replace('-', '_')}",
        "raise_it": "drop trigger raise_it on clients; drop function public.raise_it()",
        "enter_gone": "alter function app.enter_gone rename to enter",
        "outbox_gone": "alter table outbox_gone rename to outbox",
        "full_up": "alter table audit_logs drop constraint full_up",
    }
    undo = next(text for sign, text in mend.items() if sign in statement)

    def run(text: str) -> None:
        with cluster.superuser("t56_broken") as connection:
            connection.execute(text.encode())

    run(statement)
    return lambda: run(undo)


def test_t56_what_a_caller_does_wrong_is_answered_without_more(here: World) -> None:
    tried, found = 0, []
    for operation in here.operations:
        path = here.path(operation)
        replies = [here.api.request(operation.method, path), here.call(operation, path=path + "?x=1"), here.call(operation, path=path + "/%00/x")]
        if operation.method in BODIES:
            replies += [here.call(operation, path=path, raw=body) for body in list(HOSTILE_BODIES.values())[::6]]
        for reply in replies:
            tried += 1
            if reply.status >= 400 and (what := unfit(reply)):
                found.append(f"{operation}: {what}")
    for path in ("/nothing", "/api/v1/", "/docs/assets/..%2f..%2fetc/passwd", "/api/v1/clients/%ff", "/%2e%2e/", "/" + "a" * 5000, "/auth/login"):
        reply = here.api.get(path)
        tried += 1
        if reply.status < 400 or (what := unfit(reply)):
            found.append(f"{path}: {reply.status} {what}")
    assert not found, found[:10]
    assert tried > 100


def test_t56_no_answer_names_a_version(server: Api) -> None:
    for path in ("/", "/health", "/api/v1/clients", "/docs", "/api/v1/openapi.json", "/metrics"):
        reply = server.get(path)
        assert not re.search(r"\d\.\d", reply.headers.get("Server", "")), reply.headers["Server"]
        assert "X-Powered-By" not in reply.headers


@pytest.mark.parametrize("fault", ["the message is shown", "the traceback is shown"])
def test_t56_an_edge_that_talks_is_noticed(here: World, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    problem = gateway.runner.problem

    def talkative(error: Any, request_id: str, cause: Any = None) -> Any:
        answer = problem(error, request_id, cause)
        said = str(cause) if fault == "the message is shown" else "Traceback (most recent call last)"
        answer.body = json.dumps({**json.loads(answer.body), "cause": said}).encode()
        return answer

    monkeypatch.setattr(gateway.runner, "problem", talkative)
    with raising(gateway, "clients_get_client", EXCEPTIONS["a table that is missing"]):
        reply = here.api.get(f"/api/v1/clients/{here.client_id}", who=here.owner, workspace=here.workspace)
    assert unfit(reply) is not None


@pytest.fixture
def here(local: Api, settings: Settings) -> World:
    return world(local, settings)
