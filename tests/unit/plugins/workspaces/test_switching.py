"""What a change of modules would do, and the settings port."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.errors import Conflict, Unavailable
from kernel.manifest import Manifest
from kernel.registry import Candidate, Registry, load
from plugins.sdk import Plugin, Schema, fields, validate
from plugins.workspaces.domain.modules import Plan, initial_modules, page_version, plan, switched
from plugins.workspaces.plugin import MarshmallowSettings


class Secretive(Schema):
    """Settings with something nobody reads back."""

    key = fields.String(load_only=True)
    currency = fields.String(load_default="EUR", validate=validate.Regexp(r"^[A-Z]{3}\Z"))


def test_enabling_brings_requirements_first_when_asked(registry: Registry) -> None:
    assert plan(registry, [], "cc", True, True) == Plan(enables=("aa", "bb", "cc"))
    refused = plan(registry, ["aa"], "cc", True, False)
    assert (refused.enables, refused.blockers[0].modules) == (("bb", "cc"), ("bb",))
    assert refused.blockers[0].error().extra == {"missing": ["bb"]}


def test_core_requirements_are_never_missing(registry: Registry) -> None:
    assert plan(registry, [], "aa", True, False) == Plan(enables=("aa",))


def test_a_module_that_is_on_may_still_get_a_requirement_added_later(registry: Registry) -> None:
    assert plan(registry, ["cc"], "cc", True, True) == Plan(enables=("aa", "bb"))


def test_disabling_lists_only_dependents_that_are_on(registry: Registry) -> None:
    assert plan(registry, ["aa"], "aa", False, False) == Plan(disables=("aa",))
    blocked = plan(registry, ["aa", "cc"], "aa", False, True).blockers[0]
    assert (blocked.modules, blocked.error().extra) == (("cc",), {"required_by": ["cc"]})
    assert plan(registry, [], "aa", False, False) == Plan()


def test_core_and_failed_modules_refuse(registry: Registry) -> None:
    assert plan(registry, [], "kern", True, False) == Plan()
    core, failed = plan(registry, [], "kern", False, False).blockers[0].error(), plan(registry, [], "bad", True, False).blockers[0].error()
    assert isinstance(core, Conflict)
    assert isinstance(failed, Unavailable)
    assert (core.extra, failed.extra) == ({"module": "kern"}, {"module": "bad"})


def test_a_new_workspace_has_the_defaults_and_what_they_require_but_nothing_core(registry: Registry) -> None:
    assert initial_modules(registry) == ["aa", "bb"]


def test_names_of_plugins_not_installed_right_now_survive_a_change() -> None:
    assert switched(["gone", "aa"], Plan(enables=("bb",), disables=("aa",))) == ["gone", "bb"]


def test_the_page_version_moves_with_the_workspace_and_with_what_is_installed(registry: Registry) -> None:
    first = page_version(registry, 1)
    assert page_version(registry, 2) > first
    registry.fail("cc", "broke")
    assert page_version(registry, 1) != first
    assert len(str(page_version(registry, 10**11))) <= 18


def test_secrets_stay_unread_and_a_pattern_means_the_same_in_every_language() -> None:
    port = MarshmallowSettings()
    assert port.filled(Secretive, {"key": "s3cret"}) == ({"currency": "EUR"}, ())
    shape: Any = port.described(Secretive)
    assert shape["properties"]["currency"]["pattern"] == "^[A-Z]{3}$"
    assert shape["properties"]["key"]["writeOnly"] is True


@pytest.mark.parametrize("stored", [{"currency": 1}, {"unknown": 1}])
def test_settings_that_no_longer_fit_are_shown_as_they_are_with_faults(stored: dict[str, Any]) -> None:
    shown, faults = MarshmallowSettings().filled(Secretive, stored)
    assert (shown, [f.pointer for f in faults]) == (stored, [f"/settings/{next(iter(stored))}"])


@pytest.fixture
def registry() -> Registry:
    def offer(id: str, **manifest: Any) -> Candidate:
        made: Manifest = Plugin(id, api=1, **manifest)
        return Candidate(id, "test", lambda: made, bundled=True)

    return load(
        [
            offer("kern", core=True), offer("bad", requires=("missing",)), offer("aa", requires=("kern",)),
            offer("bb", requires=("aa",), default=True), offer("cc", requires=("bb",)),
        ]
    )  # fmt: skip
