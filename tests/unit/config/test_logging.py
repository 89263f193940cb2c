"""What the logs show, and what they never show."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from config.logging import bound, configure

# Every one of these holds the word hush where a secret or personal datum would be.
SECRETS: list[tuple[str, dict[str, object]]] = [
    ("signed in", {"password": "hush", "refresh_token": "hush", "secret_key": b"hush", "dsn": "host=x password=hush"}),
    ("request", {"authorization": "Bearer hush", "cookie": "a=hush", "body": "hush", "query": "name=hush"}),
    ("request", {"headers": {"Authorization": "Bearer hush-hush-hush"}, "path": "/api/v1/clients?name=hush"}),
    ("request", {"urls": ["https://x.example/a?token=hush&b=hush"]}),
    ("got Bearer hush.hush.hush", {}),
    ("cannot reach postgresql://app:hush@db/fitpro", {}),
    ("GET /api/v1/clients?search=hush HTTP/1.1", {}),
    ("conninfo: host=db password=hush dbname=x", {}),
    ("token eyJhbGciOiJFUzI1NiJ9.hush.hush refused", {}),
    ("duplicate key value\nDETAIL:  Key (email)=(hush) already exists.", {}),
]


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(("event", "fields"), SECRETS)
def test_no_secret_is_shown(capsys: pytest.CaptureFixture[str], event: str, fields: dict[str, object], as_json: bool) -> None:
    configure(json=as_json)
    structlog.get_logger("ours").info(event, **fields)
    logging.getLogger("theirs").warning("%s", event)
    shown = capsys.readouterr().err
    assert event.split()[0] in shown
    assert "hush" not in shown


def test_what_libraries_say_of_their_everyday_work_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True)
    for chatty in ("alembic.runtime.migration", "alembic.runtime.plugins", "botocore", "urllib3"):
        logging.getLogger(chatty).info("Context impl")
        logging.getLogger(chatty).warning("went wrong")
    logging.getLogger("theirs").info("something else")
    assert [line["event"] for line in read(capsys)] == ["went wrong"] * 4 + ["something else"]


def test_an_exceptions_text_is_cleaned_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True)
    message = "duplicate key\nDETAIL:  Key (email)=(" + "hu" + "sh) already exists."
    try:
        raise ValueError(message)
    except ValueError:
        structlog.get_logger("ours").exception("write failed", workspace_id="w1")
    (line,) = read(capsys)
    assert "ValueError: duplicate key" in line["exception"]
    assert "hush" not in line["exception"]
    assert line["workspace_id"] == "w1"


def test_what_is_harmless_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True)
    structlog.get_logger("ours").info("request served", path="/api/v1/clients", status=200, ms=1.5, keyed=False)
    (line,) = read(capsys)
    assert {key: line[key] for key in ("path", "status", "ms", "keyed", "level", "logger", "event")} == {
        "path": "/api/v1/clients", "status": 200, "ms": 1.5, "keyed": False,
        "level": "info", "logger": "ours", "event": "request served",
    }  # fmt: skip


def test_ids_are_bound_for_ours_and_for_libraries_and_end_with_the_block(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True)
    with bound(request_id="r1"):
        structlog.get_logger("ours").info("inside")
        logging.getLogger("theirs").warning("inside")
    structlog.get_logger("ours").info("outside")
    assert [line.get("request_id") for line in read(capsys)] == ["r1", "r1", None]


def test_the_level_is_kept_to(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True, level="warning")
    structlog.get_logger("ours").info("quiet")
    logging.getLogger("theirs").info("quiet")
    structlog.get_logger("ours").warning("loud")
    assert [line["event"] for line in read(capsys)] == ["loud"]


def read(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
