"""Stand-ins for what a transaction and a dispatcher do, where the kernel is tested alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from kernel.context import Entered


class NoModules:
    """Nothing is on."""

    def enabled(self, module: str) -> bool:
        return False

    def names(self) -> frozenset[str]:
        return frozenset()

    def settings(self, module: str) -> Mapping[str, object]:
        return {}


class SomeModules(NoModules):
    """These are on."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)

    def enabled(self, module: str) -> bool:
        return module in self._names

    def names(self) -> frozenset[str]:
        return self._names


class Recorder:
    """A dispatcher that only remembers."""

    def __init__(self) -> None:
        self.fired: list[tuple[object, Mapping[str, object]]] = []
        self.services: Mapping[str, object] = {}

    def fire(self, hook: Any, arguments: Mapping[str, object]) -> object:
        self.fired.append((hook, arguments))
        return None

    def command(self, name: str, arguments: Mapping[str, object]) -> object:
        raise NotImplementedError


class Transcript:
    """A transaction that writes down what it is asked for."""

    def __init__(self, role: str = "Owner") -> None:
        self.role = role
        self.recorded: list[tuple[str, Mapping[str, object], Any]] = []
        self.queued: list[tuple[str, Mapping[str, object]]] = []
        self.savepoints: list[str] = []

    def entered(self) -> Entered:
        return Entered(self.role, None, 1)

    def record(self, hook: Any, payload: Mapping[str, object], subscribers: Any) -> None:
        self.recorded.append((hook.name, payload, subscribers))

    def enqueue(self, task: Any, arguments: Mapping[str, object], *, at: Any, key: Any, unique: Any) -> UUID:
        self.queued.append((task.name, arguments))
        return uuid4()

    @contextmanager
    def savepoint(self, *, read_only: bool = False) -> Iterator[None]:
        self.savepoints.append("read only" if read_only else "writing")
        try:
            yield
        except BaseException:
            self.savepoints[-1] += ", undone"
            raise
