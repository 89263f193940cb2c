"""Firing hooks: only where they are on, in order, each kind with its own policy for failure."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any
from uuid import uuid4

import pytest

from kernel.context import Current, Kind, Scope, current, serving
from kernel.dispatch import Hub
from kernel.errors import Conflict, Forbidden, Refused, Unavailable
from kernel.hooks import check, collect, event, exhaustive
from kernel.manifest import Manifest
from kernel.registry import Candidate, load
from kernel.roles import Role
from tests.unit.kernel.doubles import SomeModules, Transcript


@event
def alpha_done(id: str, reason: str) -> None:
    """After it is done."""


@check
def alpha_deleting(id: str) -> None:
    """Before it goes."""


@exhaustive
@check
def alpha_purging(id: str) -> None:
    """Before it goes for good."""


@exhaustive
@collect
def alpha_holds(id: str) -> int:  # type: ignore[empty-body]
    """How many there are, on or off."""


@collect
def alpha_counts(id: str) -> int:
    """How many you know of."""
    raise NotImplementedError


def test_an_event_is_recorded_once_with_a_delivery_per_listener_in_order(world: World) -> None:
    world.plugins["gamma"].hook(named("alpha_done", lambda: None))
    world.plugins["beta"].hook(queue="mail")(named("alpha_done", lambda: None))
    with world.serving(on=("alpha", "beta", "gamma")) as transcript:
        assert alpha_done(id="1", reason="x") is None
    targets = (("beta", "beta:alpha_done", "mail"), ("gamma", "gamma:alpha_done", "default"))
    assert transcript.recorded == [("alpha_done", {"id": "1", "reason": "x"}, targets)]


def test_a_core_plugin_hears_events_whatever_the_workspace_has_on(world: World) -> None:
    world.plugins["core"].hook(named("alpha_done", lambda: None))
    with world.serving(on=()) as transcript:
        alpha_done(id="1", reason="x")
    assert transcript.recorded[0][2] == (("", "core:alpha_done", "default"),)


def test_a_check_may_veto_and_those_after_it_are_not_asked(world: World) -> None:
    asked = []

    def alpha_deleting_1(id: str) -> None:
        asked.append("beta")
        raise Refused("not while booked")

    def alpha_deleting_2(id: str) -> None:
        asked.append("gamma")

    world.plugins["beta"].hook(named("alpha_deleting", alpha_deleting_1))
    world.plugins["gamma"].hook(named("alpha_deleting", alpha_deleting_2))
    with world.serving(on=("alpha", "beta", "gamma")), pytest.raises(Refused, match="not while booked"):
        alpha_deleting(id="1")
    assert asked == ["beta"]


def test_a_check_that_crashes_fails_closed(world: World) -> None:
    def crash(id: str) -> None:
        raise ZeroDivisionError

    world.plugins["beta"].hook(named("alpha_deleting", crash))
    with world.serving(on=("alpha", "beta")), pytest.raises(ZeroDivisionError):
        alpha_deleting(id="1")


def test_a_check_is_not_asked_of_a_plugin_that_is_off(world: World) -> None:
    def veto(id: str) -> None:
        raise Refused("never")

    world.plugins["beta"].hook(named("alpha_deleting", veto))
    with world.serving(on=("alpha",)):
        assert alpha_deleting(id="1") is None


@pytest.mark.parametrize("on", [("alpha",), ("alpha", "beta")])
def test_an_exhaustive_check_is_asked_of_a_plugin_that_is_off_too(world: World, on: Collection[str]) -> None:
    def veto(id: str) -> None:
        raise Refused("never")

    world.plugins["beta"].hook(named("alpha_purging", veto))
    with world.serving(on=on), pytest.raises(Refused, match="never"):
        alpha_purging(id="1")


def test_an_exhaustive_question_is_answered_by_everybody_or_not_at_all(world: World) -> None:
    def crash(id: str) -> int:
        raise ZeroDivisionError

    world.plugins["beta"].hook(named("alpha_holds", lambda: 3))
    with world.serving(on=("alpha",)):
        assert alpha_holds(id="1") == [("beta", 3)]
    world.plugins["gamma"].hook(named("alpha_holds", crash))
    with world.serving(on=("alpha", "beta", "gamma")), pytest.raises(Unavailable) as caught:
        alpha_holds(id="1")
    assert (caught.value.code, caught.value.extra) == ("incomplete_answer", {"plugins": ["gamma"]})


def test_a_plugin_that_is_off_and_asked_all_the_same_sees_that_it_is_off(world: World) -> None:
    def counts(id: str) -> bool:
        return current().modules.enabled("beta")

    world.plugins["beta"].hook(named("alpha_holds", counts))
    with world.serving(on=("alpha",)):
        assert alpha_holds(id="1") == [("beta", False)]


def test_a_collect_drops_the_answer_that_raises_and_keeps_the_others(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def crash(id: str) -> int:
        raise ZeroDivisionError

    world.plugins["beta"].hook(named("alpha_counts", crash))
    world.plugins["gamma"].hook(named("alpha_counts", lambda: 7))
    with world.serving(on=("alpha", "beta", "gamma")) as transcript, caplog.at_level(logging.ERROR):
        assert alpha_counts(id="1") == [("gamma", 7)]
    assert transcript.savepoints == ["read only, undone", "read only"]
    assert [record.plugin for record in caplog.records] == ["beta"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("role", "on", "answer"),
    [
        ("Owner", ("alpha",), "assigned 1"),
        ("system", ("alpha",), "assigned 1"),
        ("Cliente", ("alpha",), Forbidden),
        ("Owner", (), Conflict),
    ],
)
def test_a_command_asks_for_its_permission_and_for_its_plugin(world: World, role: str, on: Collection[str], answer: Any) -> None:
    with world.serving(on=on, role=role):
        if isinstance(answer, str):
            assert world.hub.command("alpha_assign", {"id": "1"}) == answer
            return
        with pytest.raises(answer) as caught:
            world.hub.command("alpha_assign", {"id": "1"})
    if answer is Conflict:
        assert (caught.value.code, caught.value.extra) == ("module_disabled", {"module": "alpha"})


@pytest.mark.parametrize("name", ["nobody_knows", "alpha_done"])
def test_what_is_no_command_is_not_available(world: World, name: str) -> None:
    with world.serving(on=("alpha",)), pytest.raises(Conflict) as caught:
        world.hub.command(name, {"id": "1"})
    assert caught.value.code == "module_disabled"


def named(name: str, function: Any) -> Any:
    """A listener to the hook `name`: pluggy and ours go by the function's name."""
    function.__name__ = name
    return function


class World:
    """Four plugins: alpha offers hooks, beta and gamma require it, core is always on. Listeners are added before serving."""

    def __init__(self) -> None:
        alpha = Manifest(
            "alpha", api=1, hooks=(alpha_done, alpha_deleting, alpha_counts, alpha_purging, alpha_holds), permissions={"assign": (Role.OWNER,)}
        )

        @alpha.command("assign")
        def assign(id: str) -> str:
            """Assign it."""
            return f"assigned {id}"

        self.plugins = {
            "alpha": alpha,
            "beta": Manifest("beta", api=1, requires=("alpha",)),
            "gamma": Manifest("gamma", api=1, requires=("beta", "alpha")),
            "core": Manifest("core", api=1, requires=("alpha",), core=True),
        }

    @property
    def hub(self) -> Hub:
        registry = load([Candidate(id, id, lambda m=manifest: m, bundled=True) for id, manifest in self.plugins.items()], strict=True)  # type: ignore[misc]
        return Hub(registry, {})

    def serving(self, *, on: Collection[str], role: str = "Owner") -> Any:
        return _Serving(self.hub, on, role)


class _Serving:
    def __init__(self, hub: Hub, on: Collection[str], role: str) -> None:
        self.transcript = Transcript(role)
        self._block = serving(Current(Scope(Kind.JOB, "r", uuid4()), hub, SomeModules(on), self.transcript))

    def __enter__(self) -> Transcript:
        self._block.__enter__()
        return self.transcript

    def __exit__(self, *error: Any) -> None:
        self._block.__exit__(*error)


@pytest.fixture
def world() -> World:
    return World()
