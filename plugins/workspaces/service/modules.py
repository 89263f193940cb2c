"""Which modules a workspace has on and how they are set. A change takes effect with the next request in every process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from kernel.context import current
from kernel.errors import Conflict, Fault, Invalid, NotFound, Stale
from kernel.hooks import Hook
from kernel.manifest import Manifest
from kernel.registry import Registry
from plugins.workspaces import events
from plugins.workspaces.domain.modules import Blocker, Change, Module, Plan, page_version, plan, switched
from plugins.workspaces.ports import Installed, Modules, Proved, Settings, Workspaces
from plugins.workspaces.service.vault import Vault
from ports.clock import Clock


class _Store(Workspaces, Modules, Protocol):
    """Modules, and the lock of their workspace."""


class _Undo(Exception):
    """Leaves a savepoint without keeping what happened in it."""


class ModulesService:
    """The modules of the current workspace."""

    def __init__(self, *, store: _Store, settings: Settings, registry: Registry, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._registry = registry
        self._vault = vault
        self._clock = clock

    def page(self, after: str | None, limit: int) -> list[Module]:
        """Every plugin of this installation by name, those that failed to load included."""
        found = self._store.installed()
        names = sorted(name for name in (*self._registry.plugins, *self._registry.failed) if after is None or name > after)
        return [self._module(name, found) for name in names[:limit]]

    def read(self, name: str) -> Module:
        self._known(name)
        return self._module(name, self._store.installed())

    def change(
        self, name: str, *, enabled: bool, settings: Mapping[str, Any] | None, with_dependencies: bool, preview: bool, proved: Proved
    ) -> Module:
        """Switch a module and, unless None, replace its settings. preview: only say what would happen. proved: asked before a secret changes.

        Raises Invalid (pointers below /settings), Conflict module_core, missing_requirements (extra `missing`), required_by_others
        (extra `required_by`) or what a check says, Unavailable module_failed, Stale when If-Match named another version.
        """
        self._known(name)
        if not preview:
            self._store.lock()
        found = self._store.installed()
        if current().expected_version not in (None, -1, page_version(self._registry, found.version)):
            raise Stale()
        planned = plan(self._registry, found.modules, name, enabled, with_dependencies)
        wanted = found if settings is None else self._set(name, found, settings)
        faults, unset = self._faults(name, planned, wanted, settings)
        blockers = (*planned.blockers, *unset)
        if preview:
            blockers = (*blockers, *self._vetoes(planned))
            would = wanted if faults else replace(wanted, modules=switched(found.modules, planned))
            return self._module(name, would, Change(False, planned.enables, planned.disables, faults, blockers))
        if faults:
            raise Invalid(errors=faults)
        if blockers:
            raise blockers[0].error()
        if wanted.secrets.get(name, {}) != found.secrets.get(name, {}):
            proved()
        for hook, module in _checks(planned):
            hook(module=module)
        return self._apply(name, found, planned, wanted)

    def reseal(self) -> Mapping[str, object]:
        """Seal anew the secrets that an earlier key sealed."""
        self._store.lock()
        done = unreadable = 0
        for module, secrets in self._store.installed().secrets.items():
            anew, failed = self._vault.resealed(module, secrets)
            unreadable += failed
            if anew != secrets:
                done += sum(anew[name] != secret for name, secret in secrets.items())
                self._store.reseal(module, anew)
        return {"sealed_anew": done, "unreadable": unreadable}

    def _apply(self, name: str, found: Installed, planned: Plan, wanted: Installed) -> Module:
        now = self._clock.now()
        after = found
        settings, secrets = wanted.settings.get(name), wanted.secrets.get(name, {})
        configured = settings is not None and (settings, secrets) != (found.settings.get(name), found.secrets.get(name, {}))
        if settings is not None and configured:
            self._store.configure(name, settings, self._vault.sealed(name, secrets), now)
            after = replace(wanted, version=found.version + 1)
        if planned.enables or planned.disables:
            after = replace(after, modules=switched(found.modules, planned), version=found.version + 1)
        if after is not found:
            self._store.switch(after.modules, now)
        for id in planned.enables:
            events.workspaces_module_enabled(module=id)
        if configured:
            # After it is on: what waited for that is done by the new settings.
            events.workspaces_module_configured(module=name, changed=_changed(name, found, wanted))
        for id in planned.disables:
            events.workspaces_module_disabled(module=id)
        return self._module(name, after, Change(True, planned.enables, planned.disables, (), ()))

    def _secret(self, name: str) -> frozenset[str]:
        manifest = self._registry.plugins.get(name)
        return frozenset() if manifest is None else self._settings.secrets(manifest.settings)

    def _set(self, name: str, found: Installed, sent: Mapping[str, Any]) -> Installed:
        """What the module shall be set to: secrets stay unless they are sent, and go where they are null."""
        hidden = self._secret(name)
        secrets = {**self._kept(name, found), **{each: value for each, value in sent.items() if each in hidden}}
        return replace(
            found,
            settings={**found.settings, name: {each: value for each, value in sent.items() if each not in hidden}},
            secrets={**found.secrets, name: {each: value for each, value in secrets.items() if value is not None}},
        )

    def _kept(self, name: str, found: Installed) -> dict[str, object]:
        """The module's secrets, also one that was none when it was stored: it is sealed with the next change."""
        stored = found.settings.get(name, {})
        return {**{each: stored[each] for each in self._secret(name) & stored.keys()}, **found.secrets.get(name, {})}

    def _known(self, name: str) -> None:
        if name not in self._registry.plugins and name not in self._registry.failed:
            raise NotFound()

    def _faults(self, name: str, planned: Plan, wanted: Installed, sent: Mapping[str, Any] | None) -> tuple[tuple[Fault, ...], tuple[Blocker, ...]]:
        """What is wrong with the settings sent, or missing before the module can be on; and which others need settings first."""
        faults: Sequence[Fault] = ()
        if name in self._registry.plugins and (sent is not None or name in planned.enables):
            faults = self._filled(name, wanted)[1]
        others = [id for id in planned.enables if id != name and self._filled(id, wanted)[1]]
        return tuple(faults), tuple(Blocker("settings_required", f"{id} needs settings before it can be on.", (id,)) for id in others)

    def _filled(self, name: str, found: Installed) -> tuple[Mapping[str, object], Sequence[Fault]]:
        stored = {each: value for each, value in found.settings.get(name, {}).items() if each not in self._secret(name)}
        opened = self._vault.opened(name, self._kept(name, found))
        shown, faults = self._settings.filled(self._registry.plugins[name].settings, {**stored, **opened})
        return (stored if faults else shown), faults

    @staticmethod
    def _vetoes(planned: Plan) -> list[Blocker]:
        """What the checks would say; anything they did is undone."""
        vetoes = []
        for hook, module in _checks(planned):
            try:
                with current().open_transaction.savepoint():
                    hook(module=module)
                    raise _Undo
            except _Undo:
                continue
            except Conflict as veto:
                vetoes.append(Blocker(veto.code, veto.detail, (module,)))
        return vetoes

    def _module(self, name: str, found: Installed, change: Change | None = None) -> Module:
        manifest = self._registry.plugins.get(name)
        if manifest is None:
            return Module(
                name=name, title=name.capitalize(), description="", release="", enabled=name in found.modules, core=False, requires=(),
                required_by=(), settings=found.settings.get(name, {}), secrets=dict.fromkeys(found.secrets.get(name, {}), True),
                settings_schema=None, state="failed",
                reason=self._registry.failed[name], version=page_version(self._registry, found.version), change=change,
            )  # fmt: skip
        return Module(
            name=name, title=manifest.title, description=manifest.description, release=manifest.version,
            enabled=manifest.core or name in found.modules, core=manifest.core, requires=manifest.requires,
            required_by=self._required_by(manifest), settings=self._filled(name, found)[0],
            secrets={each: each in self._kept(name, found) for each in sorted(self._secret(name))},
            settings_schema=self._settings.described(manifest.settings), state="ready", reason=None,
            version=page_version(self._registry, found.version), change=change,
        )  # fmt: skip

    def _required_by(self, manifest: Manifest) -> tuple[str, ...]:
        return tuple(id for id, other in self._registry.plugins.items() if manifest.id in other.requires)


def _checks(planned: Plan) -> Iterator[tuple[Hook[..., None], str]]:
    yield from ((events.workspaces_enabling, id) for id in planned.enables)
    yield from ((events.workspaces_disabling, id) for id in planned.disables)


def _changed(name: str, before: Installed, after: Installed) -> list[str]:
    """The settings of a module that are not what they were; what is not said is as the module has it by itself."""
    was, now = ({**each.settings.get(name, {}), **each.secrets.get(name, {})} for each in (before, after))
    return sorted(each for each in was.keys() | now.keys() if (each in was, was.get(each)) != (each in now, now.get(each)))
