"""T44: no input becomes SQL. By reading: statements are put together from constants alone. By trying: every GET parameter takes every payload."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from config.settings import Settings
from plugins.clients.repository import register
from plugins.sdk import ctx, sql
from tests.documented import Documented, World, world
from tests.servers import Api, Reply, owner_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("kernel", "ports", "adapters", "plugins", "config", "migrations")
RUNS_SQL = frozenset({"sql", "text", "execute", "exec_driver_sql", "literal_column", "executemany"})
A_STATEMENT = re.compile(
    r"\b(select\s.*\sfrom|insert\s+into|update\s.+\sset|delete\s+from|with\s+\w+\s+as|(create|alter|drop|grant|revoke)\s.+\s(on|to|table|policy|role))\s",
    re.IGNORECASE | re.DOTALL,
)
"""What a text looks like that is meant for the database, wherever it stands. Ruff's S608 looks for the same where it is on: it knows no constants, so
that it is off in the folders whose statements are made of them."""
REVIEWED = {
    ("adapters/postgres/gate.py", "savepoint"): "a name we count ourselves",
    ("adapters/postgres/gate.py", "rollback_to"): "a name we count ourselves",
    ("adapters/postgres/gate.py", "release"): "a name we count ourselves",
    ("adapters/postgres/repoint.py", "_table"): "tables and columns from the live catalogue, quoted by PostgreSQL itself",
    ("plugins/bookings/repository/series.py", ""): "columns, their types and numbers, from tables that the module itself spells out",
    ("plugins/bookings/repository/people.py", "table"): "two tables that the module itself names",
    ("plugins/clients/repository/personal.py", ""): "columns, tables and orders that the module itself spells out",
    ("plugins/clients/migrations/0009_own_imports.py", "table"): "two tables that the migration itself names",
    ("adapters/postgres/migrate.py", "version_table"): "a plugin's id, which has only letters and digits",
}
"""Where a statement is put together from something else than constants, and why no input gets there."""
PAYLOADS = (
    "'", "''", '"', "\\", "`", ";", "--", "/*", "%", "_", "%27", "' or '1'='1", "' or 1=1--", "x' or 'x'='x' /*", "1 or 1=1", "1) or (1=1",
    "') or ('1'='1", "1; select pg_sleep(3)", "'; select pg_sleep(3); --", "' || pg_sleep(3) || '", "(select pg_sleep(3))",
    "1 and pg_sleep(3) is null",
    "' union select null,version()--", "' union all select email from users--", "1 union select 1", "'; drop table clients; --",
    "'; update clients set notes = 'owned'; --", "full_name; drop table clients", "full_name,(select pg_sleep(3))", "-full_name desc nulls last",
    "case when (1=1) then id else full_name end", "created_at'", "id;", "$1", "$$", "$tag$ x $tag$", "E'\\x27'",
    "\\'; select 1", "U&'\\0027'", ":x", "%s",
    "%(id)s", "{0}", "${id}", "' and extractvalue(1,1)--", "' and 1=cast(version() as int)--",
    "' and (select set_config('app.workspace_id','x',true))='x",
    "'||(select current_user)||'", "\u02bc or 1=1", "\uff07 or 1=1", "chr(39)", "0x27", "null", "true", "1e1", "'::text", "a'b\"c\\d;e--f/*g*/h",
    "x') and 1=1 and ('%'='", "1 waitfor delay '0:0:3'", "sleep(3)", "1 procedure analyse()", "';copy (select 1) to program 'id'--",
)  # fmt: skip
TELLING = ("syntax error", "unterminated", "PostgreSQL", "SQLSTATE", "psycopg", "relation ", "fitpro_app")
SLOW_S = 2.0


# By reading -------------------------------------------------------------------------------------------------------------------------


def composed(tree: ast.Module, path: str) -> list[str]:
    """SQL whose text is put together from something that is no constant of a module."""
    found = []
    for owner, text in statements(tree):
        for part in parts(text):
            inserted = ast.unparse(part)
            last = inserted.rpartition(".")[2]
            if not (inserted.isidentifier() and inserted.lstrip("_").isupper()) and not {(path, owner), (path, last)} & set(REVIEWED):
                found.append(f"{path}:{text.lineno} … {inserted} …")
    return found


def statements(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """What is given to whoever runs SQL, and every text that looks like some, with the function it stands in."""

    def inside(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.expr]]:
        for child in ast.iter_child_nodes(node):
            named = child.name if isinstance(child, ast.FunctionDef) else owner
            if isinstance(child, ast.Call) and child.args and _called(child) in RUNS_SQL:
                yield named, child.args[0]
            if isinstance(child, ast.expr) and A_STATEMENT.search(_constant(child)):
                yield named, child
            yield from inside(child, named)

    yield from inside(tree, "")


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _constant(text: ast.expr) -> str:
    """What is there whatever is inserted, with a mark for each insertion; nothing of what is no text put together."""
    if not any(True for _ in parts(text)):
        return ""
    return " ".join(str(each.value) for each in ast.walk(text) if isinstance(each, ast.Constant)) + " "


def parts(text: ast.expr) -> Iterator[ast.expr]:
    """What an expression inserts into a text: the braces of an f-string, the operands of + and %, the arguments of format."""
    if isinstance(text, ast.JoinedStr):
        yield from (each.value for each in text.values if isinstance(each, ast.FormattedValue))
    elif isinstance(text, ast.BinOp) and isinstance(text.op, ast.Add):
        for side in (text.left, text.right):
            yield from parts(side) if isinstance(side, ast.JoinedStr | ast.BinOp | ast.Constant | ast.Call) else (side,)
    elif isinstance(text, ast.BinOp) and isinstance(text.op, ast.Mod) and _is_text(text.left):
        yield text.right
    elif isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute) and text.func.attr in ("format", "join") and _is_text(text.func.value):
        yield from text.args


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_t44_statements_are_put_together_from_constants_alone() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 200
    assert [each for path in files for each in composed(ast.parse(path.read_text()), str(path.relative_to(ROOT)))] == []


@pytest.mark.parametrize(
    "line",
    [
        'work.execute(f"select * from clients order by {sort}")',
        'sql("select * from clients where name = \'" + name + "\'")',
        'sa.text("select %s" % column)',
        'connection.exec_driver_sql("select {}".format(column))',
        'sql(f"select {_COLUMNS} from clients where id = {client_id}")',
        'sa.literal_column(f"{column} desc")',
        'query = f"select * from clients order by {sort}"',
        'return "delete from clients where id = " + client_id',
        'said = "update {} set notes = null".format(table)',
        'rule = "create policy ws on %s using (true)" % table',
    ],
)
def test_t44_an_input_in_a_statement_is_found_by_reading(line: str) -> None:
    assert len(composed(ast.parse(f"def f():\n    {line}"), "plugins/x/repository.py")) >= 1


# By trying --------------------------------------------------------------------------------------------------------------------------


def tries(here: World, payloads: tuple[str, ...]) -> Iterator[tuple[Documented, str, str]]:
    """Every parameter of every GET, in the query and in the path, with every payload."""
    for operation in here.operations:
        if operation.method != "GET":
            continue
        path = here.path(operation)
        for name in (*operation.query, "sort", "order_by", "filter"):
            for payload in payloads:
                yield operation, name, f"{path}?{name}={quote(payload, safe='')}"
        if "{" in operation.path:
            for payload in payloads:
                yield operation, "path", f"{path.rpartition('/')[0]}/{quote(payload, safe='')}"


def verdict(operation: Documented, name: str, reply: Reply, seconds: float) -> str | None:
    """What is wrong with an answer."""
    text = reply.body.decode("utf-8", "replace")
    if reply.status not in (200, 304, 400, 403, 404, 405, 409, 422):
        return f"{operation} {name}: {reply.status} {text[:200]}"
    if reply.status != 200 and (told := [each for each in TELLING if each in text]):
        return f"{operation} {name}: tells {told}"
    return f"{operation} {name}: took {seconds:.1f} s" if seconds > SLOW_S else None


def timed(here: World, operation: Documented, path: str) -> tuple[Reply, float]:
    began = time.monotonic()
    return here.call(operation, path=path), time.monotonic() - began


def attack(here: World, payloads: tuple[str, ...] = PAYLOADS, only: str = "") -> tuple[int, list[str]]:
    tried, wrong = 0, []
    for operation, name, path in tries(here, payloads):
        if only and str(operation) != only:
            continue
        tried += 1
        reply, seconds = timed(here, operation, path)
        if seconds > SLOW_S:  # what sleeps does so each time, a machine that is busy does not
            seconds = min(seconds, timed(here, operation, path)[1])
        if (why := verdict(operation, name, reply, seconds)) is not None:
            wrong.append(f"{why} ({path[-60:]})")
    return tried, wrong


@pytest.fixture(scope="module")
def here(local: Api, settings: Settings) -> World:
    return world(local, settings)


def contents(settings: Settings, workspace: str) -> Any:
    with owner_of(settings) as connection:
        return [
            connection.execute(statement, (workspace,)).fetchone()
            for statement in (
                "select count(*), count(*) filter (where notes = 'owned') from clients where workspace_id = %s",
                "select count(*), max(version) from user_roles where workspace_id = %s",
                "select version, name from workspaces where id = %s",
            )
        ]


@pytest.mark.parametrize("payloads", [PAYLOADS[::5], pytest.param(PAYLOADS, marks=pytest.mark.torture)], ids=["some", "all"])
def test_t44_every_get_parameter_takes_every_payload_for_a_text(here: World, settings: Settings, payloads: tuple[str, ...]) -> None:
    for operation in here.operations:
        here.path(operation)  # makes what is asked for
    before = contents(settings, here.workspace)
    tried, wrong = attack(here, payloads)
    print(f"T44: {tried} requests, {len(wrong)} findings")
    assert wrong == []
    assert tried > 1_000
    assert contents(settings, here.workspace) == before


@pytest.mark.parametrize(
    "sort", ["full_name; drop table clients", "notes", "id", "workspace_id", "-", "full_name,created_at", "(select 1)", "FULL_NAME"]
)
def test_t44_only_listed_orders_sort(here: World, sort: str) -> None:
    reply = here.api.get(f"/api/v1/clients?sort={quote(sort)}", who=here.owner, workspace=here.workspace)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "?sort")


def test_t44_a_search_that_is_put_into_the_statement_is_caught(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(self: Any, search: Any, limit: int, after: Any) -> list[dict[str, Any]]:
        like = search.words[0] if search.words else ""
        found = ctx.work.rows(sql(f"select id from clients where workspace_id = app.ws() and search_name like '{like}%' limit 1"))
        return [dict(row) for row in found][:0]

    owner = next(each for each in vars(register).values() if isinstance(each, type) and "page" in vars(each))
    monkeypatch.setattr(owner, "page", page)
    assert attack(here, only="clients_list_clients")[1] != []
