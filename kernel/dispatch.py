"""Firing hooks: to plugins the workspace has on (to all if it is exhaustive), in topological order, one by one, each kind with its failure policy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from kernel.context import current
from kernel.errors import Conflict, DomainError, Forbidden, Unavailable
from kernel.hooks import Hook, HookKind, subset
from kernel.registry import Registry, Subscription

log = logging.getLogger(__name__)


class Hub:
    """The dispatcher of an installation. services: plugin id → what its `build(ports)` returned for this installation."""

    def __init__(self, registry: Registry, services: Mapping[str, object]) -> None:
        self.registry = registry
        self.services = services

    def fire(self, hook: Hook[..., Any], arguments: Mapping[str, object]) -> object:
        """Run a hook. EVENT and CHECK return None, COLLECT `[(plugin, value)]`, COMMAND its value."""
        if hook.kind is HookKind.COMMAND:
            return self.command(hook.name, arguments)
        subscribers = self.registry.subscriptions.get(hook.name, ())
        if hook.kind is HookKind.EVENT:
            targets = tuple((self.registry.plugins[s.plugin].module, f"{s.plugin}:{hook.name}", s.listener.queue) for s in subscribers)
            current().open_transaction.record(hook, arguments, targets)
            return None
        asked = [each for each in subscribers if hook.exhaustive or self._enabled(each.plugin)]
        if hook.kind is HookKind.CHECK:
            for subscriber in asked:
                subscriber.listener.function(**subset(arguments, subscriber.listener.accepts))
            return None
        return self._collect(hook, asked, arguments)

    def command(self, name: str, arguments: Mapping[str, object]) -> object:
        """Have the one provider of a command do it, in the caller's transaction, with the actor's permission.

        Raises Conflict module_disabled when nobody offers it here, Forbidden when the actor's role does not hold the permission.
        """
        owner, hook = self.registry.hooks.get(name, ("", None))
        if hook is None or hook.kind is not HookKind.COMMAND or not self._enabled(owner):
            raise Conflict(f"{name} is not available in this workspace.", code="module_disabled", extra={"module": owner or None})
        role = current().open_transaction.entered().role
        if hook.permission is not None and role != "system" and role not in self.registry.plugins[owner].permits(hook.permission):
            raise Forbidden(f"Your role does not allow {name}.")
        return hook.function(**arguments)

    def _enabled(self, plugin: str) -> bool:
        manifest = self.registry.plugins.get(plugin)
        return manifest is not None and (manifest.core or current().modules.enabled(plugin))

    @staticmethod
    def _collect(hook: Hook[..., Any], subscribers: list[Subscription], arguments: Mapping[str, object]) -> list[tuple[str, object]]:
        answers: list[tuple[str, object]] = []
        for subscriber in subscribers:
            try:
                with current().open_transaction.savepoint(read_only=True):
                    value = subscriber.listener.function(**subset(arguments, subscriber.listener.accepts))
            except DomainError as error:
                log.info("collect answer dropped", extra={"hook": hook.name, "plugin": subscriber.plugin, "code": error.code})
            except Exception:
                log.exception("collect answer dropped", extra={"hook": hook.name, "plugin": subscriber.plugin})
            else:
                answers.append((subscriber.plugin, value))
        if hook.exhaustive and (silent := [each.plugin for each in subscribers if each.plugin not in dict(answers)]):
            raise Unavailable(f"{', '.join(silent)} cannot tell right now.", code="incomplete_answer", retry_after_s=5, extra={"plugins": silent})
        return answers
