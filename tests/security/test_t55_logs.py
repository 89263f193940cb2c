"""T55: no name, address, note, password or token reaches a log or an error tracker: not from any writable field, file, query, path or header, not
when requests are bad, when constraints speak or when the database breaks, not from the worker that does what was left to do."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.http import inputs
from config import logging as product_logging
from config.settings import Settings
from tests import servers
from tests.documented import PASSWORD, world
from tests.security.canaries import CANARY, Campaign, hits
from tests.security.tracker import tracker
from tests.servers import Api, Cluster


@pytest.fixture
def apart(cluster: Cluster) -> Iterator[Settings]:
    """An installation that tells all it does, on a database that may break."""
    yield cluster.settings(cluster.clone("fitpro_t55"), log_level="debug")
    cluster.drop("fitpro_t55")


def test_t55_a_canary_put_everywhere_is_in_no_log_and_no_report(apart: Settings, cluster: Cluster, tmp_path: Path) -> None:
    log = tmp_path / "product.log"
    with tracker() as reports:
        told = replace(apart, sentry_dsn=reports.url)
        with servers.web_server(told, log) as url:
            here = world(Api(url), told)
            campaign = Campaign(here)
            campaign.headers()
            campaign.conflicts()
            campaign.everywhere()
            broken = campaign.breakage(cluster.server.dsn("postgres", "fitpro_t55"))
            with servers.process([sys.executable, "-m", "config.cli", "worker"], servers.environ(told), log) as worker:
                time.sleep(3)
                assert worker.poll() is None
    written, private = log.read_text(), (here.owner.token, here.owner.refresh, here.owner.email, PASSWORD)
    print(
        f"T55: {campaign.sent} requests, {len(campaign.fields)} fields, {broken} broken inside, {len(written.splitlines())} lines of log,"
        f" {len(reports.items())} reports, {len(hits(written))} + {len(hits(reports.text))} hits"
    )
    assert hits(written, *private) == []
    assert hits(reports.text, *private) == []
    assert campaign.sent > 500
    assert campaign.missed() == set()
    # What says nothing would hold no canary either.
    assert broken >= 1
    assert "request failed" in written
    assert "Traceback" in written
    assert {kind for kind, _ in reports.items()} == {"event"}  # no trace, no session, no log
    failed = [content for _, content in reports.items() if content.get("message") == "request failed"]
    assert len(failed) >= broken
    assert all(content["tags"]["request_id"] and content["exception"]["values"][0]["stacktrace"]["frames"] for content in failed)


@pytest.fixture
def captured(tmp_path: Path) -> Iterator[Path]:
    """This process's records as the product writes them, in a file."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    path = tmp_path / "captured.log"
    product_logging.configure(json=True, level="debug")
    handler = logging.FileHandler(path)
    handler.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [handler]
    yield path
    handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_t55_a_body_that_is_logged_is_caught(local: Api, captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault, of the kind that helps to find a bug and then stays."""
    right = inputs.parse_json

    def talkative(raw: bytes, *rest: Any, **options: Any) -> Any:
        logging.getLogger("adapters.http.inputs").debug("read %s", raw)
        return right(raw, *rest, **options)

    monkeypatch.setattr(inputs, "parse_json", talkative)
    local.post("/auth/login", json={"email": f"{CANARY}@example.com", "password": "whatever it is"})
    assert hits(captured.read_text()) != []


@pytest.mark.parametrize(
    "told",
    [
        {"password": CANARY}, {"token": CANARY}, {"authorization": f"Bearer {CANARY}{CANARY}"}, {"cookie": CANARY}, {"body": {"full_name": CANARY}},
        {"query_string": f"q={CANARY}"}, {"url": f"/api/v1/clients?q={CANARY}"}, {"dsn": f"postgresql://u:{CANARY}@db/x"},
    ],
)  # fmt: skip
def test_t55_fields_that_hold_secrets_are_hidden_whoever_logs_them(captured: Path, told: dict[str, Any]) -> None:
    logging.getLogger("a.plugin").warning("something happened", extra=told)
    written = captured.read_text()
    assert "something happened" in written
    assert hits(written) == []
