"""The manifest: what a plugin is, as data. Behaviour hangs off it as hooks, tasks and commands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any, TypeVar, overload
from uuid import UUID

from kernel.context import current
from kernel.hooks import Hook, HookKind
from kernel.roles import Role

API = 1
"""The major of the plugin contract this platform serves."""

ID = re.compile(r"^[a-z][a-z0-9]{1,23}$")

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Listener:
    """A plugin's answer to a hook of another (or its own)."""

    hook: str
    function: Callable[..., Any]
    accepts: tuple[str, ...]
    optional: bool = False
    queue: str = "default"


class Task:
    """Work for later. Calling it stores a job in the current transaction, for the current workspace only.

    A function is one transaction; a generator is `steps`: each `yield` commits what was done and may report progress (a mapping).
    module: what must be on for it to run; empty for a core plugin. outside: it talks to another service, so it has no ambient transaction,
    only `with work():` blocks, and may be repeated from the start: `ctx.job_id` is its idempotency key. mail: its function says what to
    write to whom, and the platform sends that once it is committed.
    """

    mail = False

    def __init__(
        self, owner: str, function: Callable[..., Any], *, module: str, retries: int, cron: str | None, queue: str, outside: bool = False
    ) -> None:
        self.owner = owner
        self.module = module
        self.function = function
        self.name = function.__name__
        self.retries = retries
        self.cron = cron
        self.queue = queue
        self.outside = outside
        self.steps = inspect.isgeneratorfunction(function)
        self.__doc__ = inspect.getdoc(function)

    @property
    def required(self) -> tuple[str, ...]:
        """Arguments without a default."""
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))

    def __call__(self, **arguments: object) -> UUID:
        return self.schedule(arguments)

    def schedule(self, arguments: Mapping[str, object], *, at: datetime | None = None, key: str | None = None, unique: str | None = None) -> UUID:
        """Store the job and return its id. at: not before this instant; key: one after another per key; unique: a second one with
        the same value is dropped. TypeError when the arguments do not fit."""
        inspect.signature(self.function).bind(**arguments)
        return current().open_transaction.enqueue(self, arguments, at=at, key=key, unique=unique)


class Manifest:
    """Everything the platform knows about a plugin before any of its code runs.

    id: `^[a-z][a-z0-9]{1,23}$`, the prefix of its tables, routes, permissions, tasks and hooks. requires: ids that must be on before it. permissions:
    name → roles that hold it. core: cannot be switched off. database: the identity it runs as. mounts, tables: names outside the prefix (bundled).
    """

    def __init__(
        self,
        id: str,
        *,
        api: int,
        title: str = "",
        description: str = "",
        requires: Iterable[str] = (),
        permissions: Mapping[str, tuple[Role, ...]] | None = None,
        settings: type[Any] | None = None,
        hooks: Iterable[Hook[..., Any]] = (),
        mounts: Iterable[str] = (),
        tables: Iterable[str] = (),
        default: bool = False,
        core: bool = False,
        database: str = "app",
    ) -> None:
        self.id = id
        self.api = api
        self.title = title or id.capitalize()
        self.description = description
        self.requires = tuple(requires)
        self.permissions = dict(permissions or {})
        self.settings = settings
        self.mounts = tuple(mounts)
        self.tables = tuple(tables)
        self.default = default
        self.core = core
        self.database = database
        self.hooks: dict[str, Hook[..., Any]] = {hook.name: hook for hook in hooks}
        self.listeners: list[Listener] = []
        self.tasks: dict[str, Task] = {}
        self.version = ""
        self.source: ModuleType | None = None  # the module that made it; the loader knows

    @property
    def module(self) -> str:
        """What must be on in a workspace for this plugin to act there; empty for a core plugin."""
        return "" if self.core else self.id

    def _offer(self, kind: HookKind, function: Callable[..., Any], permission: str | None = None) -> Hook[..., Any]:
        name = function.__name__ if function.__name__.startswith(f"{self.id}_") else f"{self.id}_{function.__name__}"
        hook: Hook[..., Any] = Hook(kind, function, name=name, permission=permission)
        self.hooks[name] = hook
        return hook

    def event(self, function: Callable[..., Any]) -> Hook[..., None]:
        """Declare an event of this plugin; `cancelled` becomes `<id>_cancelled`."""
        return self._offer(HookKind.EVENT, function)

    def check(self, function: Callable[..., Any]) -> Hook[..., None]:
        """Declare a check of this plugin."""
        return self._offer(HookKind.CHECK, function)

    def collect(self, function: Callable[..., Any]) -> Hook[..., Any]:
        """Declare a question of this plugin."""
        return self._offer(HookKind.COLLECT, function)

    def command(self, permission: str) -> Callable[[Callable[..., Any]], Hook[..., Any]]:
        """Declare a command; the function is its implementation, `permission` (one of this plugin's) is checked against the actor."""
        return lambda function: self._offer(HookKind.COMMAND, function, permission)

    @overload
    def hook(self, function: F) -> F: ...
    @overload
    def hook(self, *, optional: bool = ..., queue: str = ...) -> Callable[[F], F]: ...
    def hook(self, function: F | None = None, *, optional: bool = False, queue: str = "default") -> F | Callable[[F], F]:
        """Listen to the hook named like the function; its parameters are a subset of the hook's.

        optional: the hook may not exist (its plugin is not installed)."""

        def mark(function: F) -> F:
            accepts = tuple(inspect.signature(function).parameters)
            self.listeners.append(Listener(function.__name__, function, accepts, optional, queue))
            return function

        return mark if function is None else mark(function)

    @overload
    def task(self, function: Callable[..., Any]) -> Task: ...
    @overload
    def task(self, *, retries: int = ..., cron: str | None = ..., queue: str = ..., outside: bool = ...) -> Callable[[Callable[..., Any]], Task]: ...
    def task(
        self, function: Callable[..., Any] | None = None, *, retries: int = 9, cron: str | None = None, queue: str = "default", outside: bool = False
    ) -> Task | Callable[[Callable[..., Any]], Task]:
        """Declare a task. retries: attempts after the first before it is parked. cron: five fields, in the workspace's zone, once per
        workspace that has the plugin on. outside: it talks to another service (see Task)."""

        def mark(function: Callable[..., Any]) -> Task:
            task = Task(self.id, function, module=self.module, retries=retries, cron=cron, queue=queue, outside=outside)
            self.tasks[task.name] = task
            return task

        return mark if function is None else mark(function)

    def permits(self, permission: str) -> tuple[str, ...]:
        """The roles that hold a permission of this plugin. KeyError when it is not declared."""
        return tuple(str(role) for role in self.permissions[permission])
