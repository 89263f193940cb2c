"""The context: missing is an error, and a transaction never waits for the network."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kernel.context import Current, Kind, NoContext, Scope, current, outbound, serving
from tests.unit.kernel.doubles import NoModules, Recorder, Transcript


def test_there_is_no_context_outside_a_request_or_job() -> None:
    with pytest.raises(NoContext):
        current()


def test_an_outer_context_comes_back_after_an_inner_one() -> None:
    outer, inner = (Current(Scope(Kind.JOB, name, uuid4()), Recorder(), NoModules()) for name in ("outer", "inner"))
    with serving(outer):
        with serving(inner):
            assert current() is inner
        assert current() is outer


def test_between_the_blocks_of_an_outside_operation_there_is_no_transaction() -> None:
    with serving(Current(Scope(Kind.JOB, "r", uuid4()), Recorder(), NoModules())) as value, pytest.raises(NoContext, match="with work"):
        _ = value.open_transaction


def test_another_service_is_not_called_inside_a_transaction() -> None:
    outbound("the mail server")
    with serving(Current(Scope(Kind.JOB, "r", uuid4()), Recorder(), NoModules())):
        outbound("the mail server")
    value = Current(Scope(Kind.JOB, "r", uuid4()), Recorder(), NoModules(), Transcript())
    with serving(value), pytest.raises(RuntimeError, match="the mail server was called inside a transaction"):
        outbound("the mail server")
