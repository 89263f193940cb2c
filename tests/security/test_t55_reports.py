"""T55 for the error tracker: a report says which kind of error it was, where and in which request, and nothing of what was in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from adapters.http import inputs
from config import reports
from config.settings import Settings
from tests.security.canaries import CANARY
from tests.servers import Api

BODY = {"email": f"{CANARY}@example.com", "password": f"{CANARY} and more"}
Start = Callable[[], list[str]]


def test_t55_a_report_names_the_error_the_place_and_the_request(local: Api, start: Start, broken: None) -> None:
    sent = start()
    reply = local.post("/auth/login", json=BODY, headers={"X-Request-Id": "r-1"})
    assert reply.status == 500
    (report,) = sent
    assert "RuntimeError" in report
    assert "parse_json" in report
    assert '"request_id":"r-1"' in report.replace(" ", "")
    assert "request failed" in report
    assert CANARY not in report


def test_t55_what_others_log_is_reported_without_their_words(start: Start) -> None:
    sent = start()
    logging.getLogger("a.library").error(f"could not send to {CANARY}@example.com")
    logging.getLogger("a.library").error("could not send to %s", f"{CANARY}@example.com", extra={"address": CANARY})
    logging.getLogger("adapters.http.runner").error("request %s failed", CANARY, extra={"job_id": "j", "email": CANARY, "body": CANARY})
    assert len(sent) == 3
    assert "an error of a.library" in sent[0]
    assert all(CANARY not in report for report in sent)


def test_t55_warnings_are_no_reports_and_without_a_tracker_nothing_is(settings: Settings, start: Start) -> None:
    sent = start()
    logging.getLogger("adapters.http.runner").warning("something odd")
    assert sent == []
    reports.start(replace(settings, sentry_dsn=None), transport=_kept([]))


# The seeded faults -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["all that the SDK gathered", "the text of the exception", "local variables"])
def test_t55_a_report_that_tells_more_is_caught(local: Api, start: Start, broken: None, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    strict, init = reports.shown, sentry_sdk.init

    def looser(event: Any, hint: Mapping[str, Any]) -> Any:
        if fault == "the text of the exception":
            return {**strict(event, hint), "message": event["exception"]["values"][0]["value"]}
        return event

    monkeypatch.setattr(reports, "shown", looser)
    if fault == "local variables":
        monkeypatch.setattr(sentry_sdk, "init", lambda **options: init(**{**options, "include_local_variables": True}))
    sent = start()
    assert local.post("/auth/login", json=BODY).status == 500
    assert CANARY in sent[0]
    assert ("vars" in sent[0]) is (fault == "local variables")


def _kept(sent: list[str]) -> type[Transport]:
    class Kept(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            sent.append(envelope.serialize().decode())

    return Kept


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Begin to report; what is sent from then on."""

    def begin() -> list[str]:
        sent: list[str] = []
        reports.start(replace(settings, sentry_dsn="http://key@127.0.0.1:1/1"), transport=_kept(sent))
        return sent

    yield begin
    sentry_sdk.init()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that break the product inside, where their text is at hand."""

    def parse_json(raw: bytes, *_: Any, **__: Any) -> Any:
        body = raw.decode()
        raise RuntimeError(f"cannot read {body}")

    monkeypatch.setattr(inputs, "parse_json", parse_json)
