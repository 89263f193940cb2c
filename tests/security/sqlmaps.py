"""sqlmap, aimed at a server of ours: what it is told, what it tried, and what it says can be injected."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.documented import Documented, World
from tests.servers import Reply, mortal

UNLISTED = "sort"
"""Asked of every operation, whether it is documented or not."""
_TRIED = re.compile(r"testing for SQL injection on URI parameter '#(\d+)\*'")
_SAMPLES = {"uuid": "01a2235b-8a83-7b65-80a2-90c62f154386", "date": "2031-01-01", "date-time": "2031-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Target:
    """A URL with a star behind everything that is to be tried. names: what these are."""

    operation: Documented
    path: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What a run says of a target. tried and found: names of parameters."""

    tried: tuple[str, ...]
    found: tuple[str, ...]
    said: str


def targets(here: World, operation: Documented) -> Iterator[Target]:
    """What to aim at so that every parameter is tried: those in the path, with all of the query that goes together, and each of the rest alone.

    Of those together each is tried while the others are right and leave something to show: a request that is refused, or finds nothing, for
    another's sake would try little.
    """
    path = here.path(operation)
    starred, placed = [], []
    for documented, real in zip(operation.path.split("/"), path.split("/"), strict=True):
        placed += [documented] if "{" in documented else []
        starred.append(f"{real}*" if "{" in documented else real)
    values = {name: _sample(schema) for name, schema in operation.query.items()}
    values |= {name: value for name, value in _known(here).items() if name in values}
    right = {each["name"]: values[each["name"]] for each in operation.described["parameters"] if each["in"] == "query" and each["required"]}
    together, alone = dict(right), [] if UNLISTED in values else [UNLISTED]
    for name in values.keys() - right.keys():
        if _shows(here.call(operation, path=_asked(path, {**together, name: values[name]}))):
            together[name] = values[name]
        else:
            alone.append(name)
    if placed or together:
        yield Target(operation, _asked("/".join(starred), together, "*"), (*placed, *together))
    for name in alone:
        yield Target(operation, f"{_asked(path, {**right, name: values.get(name, 'full_name')})}*", (name,))


def attack(here: World, target: Target, token: str, folder: Path, *, seconds: float = 900) -> Verdict:
    """Try every star. It speaks to nobody but the server, is asked nothing, and keeps what it learns in the folder."""
    headers = {"Authorization": f"Bearer {token}", "X-Workspace-Id": here.workspace, "Accept": "application/json"}
    folder.mkdir()
    report = folder / "report.json"
    command = [
        str(Path(sys.executable).with_name("sqlmap")), "-u", here.api.url + target.path, "--headers", "\n".join(map(": ".join, headers.items())),
        "--level", "3", "--risk", "2", "--technique", "BEUST", "--dbms", "PostgreSQL", "--time-sec", "2",
        "--batch", "--flush-session", "--ignore-code", "*", "--ignore-redirects", "--ignore-proxy", "--ignore-stdin", "--skip-waf",
        "--timeout", "20", "--retries", "1", "--disable-coloring", "--output-dir", str(folder / "output"), "--report-json", str(report),
    ]  # fmt: skip
    done = subprocess.run(
        mortal(command), cwd=folder, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    said: dict[str, Any] = json.loads(report.read_text())
    found = [each["parameter"] for part in said["data"] for each in part["value"] if part["type_name"] == "TECHNIQUES"]
    assert done.returncode == 0, done.stdout[-4000:]
    assert found or not said["error"], said["error"]  # after a finding it goes on to look around, and may fail
    return Verdict(_named(target, _TRIED.findall(done.stdout)), _named(target, re.findall(r"#(\d+)\*", " ".join(found))), done.stdout)


def answered(here: World) -> int:
    """How many requests the server has answered so far; one process of it is asked."""
    counted = re.findall(r"^fitpro_request_seconds_count\S* ([0-9.]+)$", here.api.get("/metrics").body.decode(), re.MULTILINE)
    return sum(int(float(each)) for each in counted)


def _known(here: World) -> dict[str, str]:
    """Values that find something."""
    staff = dict.fromkeys(("user_id", "organizer_id", "assigned_to"), here.staff.id)
    return {"q": "clara", "client_id": here.client_id, "service_id": here.bookable()["service_id"], **staff}


def _shows(reply: Reply) -> bool:
    return reply.status == 200 and not reply.body.startswith(b'{"items":[]')


def _named(target: Target, stars: list[str]) -> tuple[str, ...]:
    return tuple(target.names[int(star) - 1] for star in dict.fromkeys(stars))


def _asked(path: str, query: Mapping[str, str], star: str = "") -> str:
    return path + "?" * bool(query) + "&".join(f"{name}={value}{star}" for name, value in query.items())


def _sample(schema: Mapping[str, Any]) -> str:
    """A value that is right by the document."""
    for told in (schema.get("example"), schema.get("default"), *schema.get("enum", ())):
        if told is not None:
            return str(told).lower() if isinstance(told, bool) else str(told)
    return _SAMPLES.get(schema.get("format", ""), "ana")
