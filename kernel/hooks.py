"""Hooks: what a plugin offers to others. The declared function is the documentation, the type and the emitter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar, cast, get_type_hints

from kernel.context import current

P = ParamSpec("P")
R = TypeVar("R")


class HookKind(Enum):
    """When a hook runs and what a failure does."""

    EVENT = "after commit, one retried delivery per subscriber; others unaffected"
    CHECK = "inside the transaction; `Refused` vetoes with 409, anything else rolls back"
    COLLECT = "inside the request, read-only; an answer that raises is dropped and logged"
    COMMAND = "in the caller's transaction, one provider, permission checked; fails closed"


class Hook(Generic[P, R]):
    """A declared hook. Calling it fires it for the workspace of the current request or job.

    Every argument is passed by keyword; payloads are JSON values, UUIDs, dates and times, so that they can be stored.
    """

    def __init__(self, kind: HookKind, function: Callable[P, R], *, name: str | None = None, permission: str | None = None) -> None:
        self.kind = kind
        self.function = function
        self.name = name or function.__name__
        self.permission = permission
        self.exhaustive = False
        self.doc = inspect.getdoc(function) or ""
        self.signature = inspect.signature(function)
        self.arguments = tuple(self.signature.parameters)
        self._names = self.signature.parameters.keys()
        update_wrapper(self, function)

    def hints(self) -> dict[str, object]:
        """Resolved annotations of the arguments."""
        return {name: hint for name, hint in get_type_hints(self.function).items() if name != "return"}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        arguments: Mapping[str, object] = kwargs
        if args or kwargs.keys() != self._names:
            bound = self.signature.bind(*args, **kwargs)
            bound.apply_defaults()
            arguments = bound.arguments
        return cast(R, current().dispatcher.fire(cast("Hook[..., object]", self), arguments))

    def problems(self) -> list[str]:
        """What is wrong with the declaration; empty when nothing is."""
        found = []
        if not self.doc:
            found.append(f"hook {self.name} has no docstring")
        if self.exhaustive and self.kind not in (HookKind.CHECK, HookKind.COLLECT):
            found.append(f"hook {self.name}: only a check or a collect can be exhaustive")
        for name, parameter in self.signature.parameters.items():
            if parameter.annotation is inspect.Parameter.empty:
                found.append(f"hook {self.name}: argument {name} has no type")
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                found.append(f"hook {self.name}: *args and **kwargs cannot be documented")
        return found


def event(function: Callable[P, None]) -> Hook[P, None]:
    """Declare an event: something that happened, told to every enabled subscriber after the commit."""
    return Hook(HookKind.EVENT, function)


def check(function: Callable[P, None]) -> Hook[P, None]:
    """Declare a check: others may veto by raising `Refused`."""
    return Hook(HookKind.CHECK, function)


def collect(function: Callable[P, R]) -> Hook[P, list[tuple[str, R]]]:
    """Declare a question; the answer is `[(plugin id, value), …]` of the plugins that know something."""
    return Hook(HookKind.COLLECT, cast("Callable[P, list[tuple[str, R]]]", function))


def exhaustive(hook: Hook[P, R]) -> Hook[P, R]:
    """Have a check or a question reach every plugin that is installed, on or off, as it is about data that will be back; a question which one
    of them fails to answer raises Unavailable incomplete_answer (extra `plugins`)."""
    hook.exhaustive = True
    return hook


def subset(arguments: Mapping[str, object], accepted: tuple[str, ...]) -> dict[str, object]:
    """The arguments a listener asked for: a listener may declare fewer than the hook offers."""
    return {name: arguments[name] for name in accepted}
