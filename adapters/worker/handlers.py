"""Which function a delivery means, in this process."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.worker.arguments import converted, hints
from kernel.manifest import Task
from kernel.registry import Registry
from ports.tasks import Delivery


class NotHere(Exception):
    """The plugin, or what it should do, is missing in this process: another version or another process may have it."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A function and the types of its arguments. outside: it must not run inside a transaction. mail: it says what to write."""

    function: Callable[..., Any]
    types: Mapping[str, object]
    accepts: frozenset[str] | None
    outside: bool = False
    mail: bool = False

    def steps(self, arguments: Mapping[str, object]) -> Generator[Mapping[str, object] | None, None, None]:
        """Run it piece by piece: one piece for a function, one per `yield` for a generator."""
        values = self._values(arguments)
        if inspect.isgeneratorfunction(self.function):
            yield from self.function(**values)
        else:
            self.function(**values)

    def answer(self, arguments: Mapping[str, object]) -> Any:
        """What it returns."""
        return self.function(**self._values(arguments))

    def _values(self, arguments: Mapping[str, object]) -> dict[str, object]:
        given = {name: value for name, value in arguments.items() if self.accepts is None or name in self.accepts}
        return converted(given, self.types)


def find(registry: Registry, delivery: Delivery) -> Handler:
    """Raises NotHere."""
    plugin, _, name = delivery.handler.partition(":")
    manifest = registry.plugins.get(plugin)
    if manifest is None:
        raise NotHere(f"plugin {plugin} is not loaded here: {registry.failed.get(plugin, 'not installed')}")
    if delivery.is_event:
        listener = next((one for one in manifest.listeners if one.hook == name), None)
        _, hook = registry.hooks.get(name, ("", None))
        if listener is None or hook is None:
            raise NotHere(f"{plugin} does not listen to {name} here")
        return Handler(listener.function, hints(hook.function), frozenset(listener.accepts))
    task: Task | None = manifest.tasks.get(name)
    if task is None:
        raise NotHere(f"{plugin} has no task {name} here")
    return Handler(task.function, hints(task.function), None, task.outside, task.mail)
