"""Hooks: declared once, documented by their declaration, fired by calling them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from kernel.context import Current, Kind, NoContext, Scope, serving
from kernel.hooks import HookKind, check, collect, event, exhaustive, subset
from tests.unit.kernel.doubles import NoModules, Recorder


@event
def studio_opened(room_id: UUID, seats: int = 1) -> None:
    """After a room opened."""


def test_calling_a_hook_fires_it_with_every_argument_by_name() -> None:
    recorder, room = Recorder(), uuid4()
    with serving(Current(Scope(Kind.JOB, "r", uuid4()), recorder, NoModules())):
        studio_opened(room)
    assert recorder.fired == [(studio_opened, {"room_id": room, "seats": 1})]


def test_a_wrong_argument_is_a_type_error_at_the_call() -> None:
    with serving(Current(Scope(Kind.JOB, "r", uuid4()), Recorder(), NoModules())), pytest.raises(TypeError):
        studio_opened(room=uuid4())  # type: ignore[call-arg]


def test_firing_outside_a_request_or_job_is_an_error() -> None:
    with pytest.raises(NoContext):
        studio_opened(room_id=uuid4())


def test_the_declaration_is_the_documentation() -> None:
    assert studio_opened.doc == "After a room opened."
    assert studio_opened.arguments == ("room_id", "seats")
    assert studio_opened.hints() == {"room_id": UUID, "seats": int}
    assert studio_opened.kind is HookKind.EVENT
    assert studio_opened.problems() == []


def test_a_declaration_without_words_or_types_is_a_problem() -> None:
    @check
    def studio_closing(room_id, *rest: int): ...  # type: ignore[no-untyped-def]

    assert studio_closing.problems() == [
        "hook studio_closing has no docstring",
        "hook studio_closing: argument room_id has no type",
        "hook studio_closing: *args and **kwargs cannot be documented",
    ]


def test_a_collect_is_a_question() -> None:
    @collect
    def studio_seats(room_id: UUID) -> int:
        """How many seats a room has."""
        raise NotImplementedError

    assert studio_seats.kind is HookKind.COLLECT


def test_only_a_check_or_a_question_is_exhaustive() -> None:
    @exhaustive
    @event
    def studio_left(room_id: UUID) -> None:
        """After somebody left."""

    assert studio_left.problems() == ["hook studio_left: only a check or a collect can be exhaustive"]


def test_a_listener_gets_only_what_it_asks_for() -> None:
    assert subset({"a": 1, "b": 2}, ("b",)) == {"b": 2}
