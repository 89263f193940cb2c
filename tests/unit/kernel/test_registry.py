"""Loading: in order, each in quarantine, and a broken plugin says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.hooks import event
from kernel.manifest import Manifest
from kernel.registry import BrokenPlugin, Candidate, Registry, load


def candidate(id: str, *, bundled: bool = False, make: Callable[[], Manifest] | None = None, **manifest: Any) -> Candidate:
    return Candidate(id, f"package {id}", make or (lambda: Manifest(id, **{"api": 1, **manifest})), bundled)


def crash() -> Manifest:
    raise ImportError("no module named stars")


def test_plugins_load_after_what_they_require() -> None:
    registry = load([candidate("alpha", requires=("beta",)), candidate("beta", requires=("gamma",)), candidate("gamma")])
    assert list(registry.plugins) == ["gamma", "beta", "alpha"]
    assert registry.failed == {}


@given(data=st.data(), count=st.integers(1, 8))
def test_every_order_of_discovery_gives_the_same_order_of_loading(data: st.DataObject, count: int) -> None:
    names = [f"p{n}" for n in range(count)]
    needs = {name: data.draw(st.sets(st.sampled_from(names[:n]))) if n else set() for n, name in enumerate(names)}
    found = [candidate(name, requires=sorted(needs[name])) for name in names]
    first = load(found)
    second = load(data.draw(st.permutations(found)))
    order = list(first.plugins)
    assert order == list(second.plugins)
    assert all(order.index(needed) < order.index(name) for name in names for needed in needs[name])
    for name in names:
        assert set(first.requirements(name)) == {other for other in names if name in first.dependents(other)}


def test_a_plugin_that_fails_at_import_stops_its_dependents_alone() -> None:
    registry = load([candidate("stars", make=crash), candidate("sky", requires=("stars",)), candidate("earth")])
    assert list(registry.plugins) == ["earth"]
    assert registry.failed == {
        "stars": "import failed: ImportError: no module named stars",
        "sky": "requires stars, which failed",
    }
    assert registry.mounted("/api/v1/stars/anything") == "stars", "its routes must answer 503, not 404"


def test_strict_mode_raises_and_names_the_reason() -> None:
    with pytest.raises(BrokenPlugin, match="stars: import failed: ImportError: no module named stars"):
        load([candidate("stars", make=crash)], strict=True)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (candidate("future", api=2), "speaks plugin api 2, this platform serves 1"),
        (candidate("Big"), "must match"),
        (candidate("alias", make=lambda: Manifest("other", api=1)), "entry point is named 'alias' but the plugin's id is 'other'"),
        (candidate("greedy", mounts=("/users",)), "for bundled plugins only"),
        (candidate("greedy", tables=("messages",)), "for bundled plugins only"),
        (candidate("greedy", core=True), "for bundled plugins only"),
        (candidate("needy", requires=("ghost",)), "requires ghost, which is not installed"),
        (candidate("selfish", requires=("selfish",)), "requires itself"),
    ],
)
def test_a_wrong_manifest_is_quarantined_with_its_reason(broken: Candidate, reason: str) -> None:
    registry = load([broken, candidate("fine")])
    assert list(registry.plugins) == ["fine"]
    assert reason in registry.failed[broken.id]


def test_bundled_plugins_may_name_mounts_and_tables_of_their_own() -> None:
    registry = load([candidate("workspaces", bundled=True, core=True, mounts=("/api/v1/users",), tables=("user_roles",))])
    assert registry.failed == {}
    assert registry.mounted("/api/v1/users/7/role") == "workspaces"


def test_every_mount_of_a_broken_plugin_is_known_so_that_it_answers_503() -> None:
    registry = load([candidate("chat", bundled=True, mounts=("/api/v1/messages",), requires=("ghost",))])
    assert registry.mounted("/api/v1/messages/1") == registry.mounted("/api/v1/chat") == "chat"


def test_plugins_that_require_each_other_both_fail_and_say_how() -> None:
    registry = load([candidate("egg", requires=("hen",)), candidate("hen", requires=("egg",)), candidate("fox")])
    assert list(registry.plugins) == ["fox"]
    assert set(registry.failed) == {"egg", "hen"}
    assert "requires itself" in registry.failed["egg"]


def test_one_id_from_two_packages_is_nobodys() -> None:
    registry = load([candidate("twin"), candidate("twin"), candidate("only")])
    assert list(registry.plugins) == ["only"]
    assert "two packages" in registry.failed["twin"]


def test_a_package_cannot_take_the_id_of_a_bundled_plugin_nor_disturb_it() -> None:
    ours = Manifest("clients", api=1)
    registry = load([candidate("clients", bundled=True, make=lambda: ours), candidate("clients")])
    assert registry.plugins["clients"] is ours
    assert registry.failed == {}


def test_validators_speak_and_may_themselves_crash_on_what_they_see() -> None:
    def picky(manifest: Manifest) -> list[str]:
        if manifest.id == "strange":
            raise AttributeError("no tables")
        return ["is ugly"] if manifest.id == "ugly" else []

    registry = load([candidate("ugly"), candidate("strange"), candidate("nice")], validators=(picky,))
    assert registry.failed == {"ugly": "is ugly", "strange": "cannot be validated: AttributeError: no tables"}


def test_validation_waits_until_every_plugin_is_imported() -> None:
    imported = []

    def importing(id: str) -> Candidate:
        def make() -> Manifest:
            imported.append(id)
            return Manifest(id, api=1)

        return candidate(id, make=make)

    def knows_the_last(manifest: Manifest) -> list[str]:
        return [] if "zeta" in imported else ["zeta is not there yet"]

    assert load([importing("alpha"), importing("zeta")], validators=(knows_the_last,)).failed == {}


def test_a_subset_and_a_block_list_leave_the_rest_unimported() -> None:
    candidates = [candidate("alpha"), candidate("beta"), candidate("stars", make=crash)]
    assert list(load(candidates, only=frozenset({"alpha"})).plugins) == ["alpha"]
    assert load(candidates, blocked=frozenset({"stars"})).failed == {}


def test_the_longest_mount_owns_a_path_and_only_whole_segments_count() -> None:
    registry = load([candidate("clients"), candidate("health", bundled=True, mounts=("/api/v1/clients/health",))])
    assert registry.mounted("/api/v1/clients/1") == "clients"
    assert registry.mounted("/api/v1/clients/health/1") == "health"
    assert registry.mounted("/api/v1/clientsx") is None
    assert registry.mounted("/") is None


def test_a_plugin_set_aside_later_takes_its_dependents_and_listeners_with_it() -> None:
    registry = chain()
    registry.fail("beta", "pending migration")
    assert list(registry.plugins) == ["alpha"]
    assert registry.failed == {"beta": "pending migration", "gamma": "requires beta, which failed"}
    assert registry.subscriptions["alpha_done"] == ()


def test_listeners_are_called_in_topological_order() -> None:
    registry = chain()
    assert [s.plugin for s in registry.subscriptions["alpha_done"]] == ["beta", "gamma"]


@event
def alpha_done(id: str, reason: str) -> None:
    """After it is done."""


def listener(id: str, function: Callable[..., object], *, requires: tuple[str, ...] = (), optional: bool = False) -> Candidate:
    def make() -> Manifest:
        manifest = Manifest(id, api=1, requires=requires)
        manifest.hook(optional=optional)(function)
        return manifest

    return candidate(id, make=make)


def chain() -> Registry:
    """gamma > beta > alpha, the first two listening to the last."""

    def heard() -> Callable[..., object]:
        def alpha_done(id: str) -> None: ...

        return alpha_done

    return load(
        [
            listener("gamma", heard(), requires=("alpha", "beta")),
            listener("beta", heard(), requires=("alpha",)),
            candidate("alpha", hooks=(alpha_done,)),
        ]
    )


def _nobody(id: str) -> None: ...


_nobody.__name__ = "ghost_seen"


def _wrong(colour: str) -> None: ...


_wrong.__name__ = "alpha_done"


def _right(id: str) -> None: ...


_right.__name__ = "alpha_done"


@pytest.mark.parametrize(
    ("function", "requires", "optional", "reason"),
    [
        (_nobody, (), False, "listens to ghost_seen, which nobody offers"),
        (_nobody, (), True, None),
        (_wrong, ("alpha",), False, "alpha_done has no argument colour; it offers id, reason"),
        (_right, (), False, "of alpha, which is not in requires"),
        (_right, (), True, None),
        (_right, ("alpha",), False, None),
    ],
)
def test_a_listener_must_fit_a_hook_that_exists(
    function: Callable[..., object], requires: tuple[str, ...], optional: bool, reason: str | None
) -> None:
    registry = load([candidate("alpha", hooks=(alpha_done,)), listener("listener", function, requires=requires, optional=optional)])
    if reason is None:
        assert registry.failed == {}
    else:
        assert reason in registry.failed["listener"]


def test_a_hook_belongs_to_its_plugin_by_name_and_has_words() -> None:
    @event
    def done(id: str) -> None: ...

    registry = load([candidate("alpha", hooks=(done,))])
    assert "hook done must start with alpha_" in registry.failed["alpha"]
    assert "has no docstring" in registry.failed["alpha"]


def test_a_command_has_one_provider_and_a_declared_permission() -> None:
    def make() -> Manifest:
        manifest = Manifest("alpha", api=1)

        @manifest.command("assign")
        def assign(id: str) -> None:
            """Assign."""

        return manifest

    assert "undeclared permission 'assign'" in load([candidate("alpha", make=make)]).failed["alpha"]
