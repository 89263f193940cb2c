"""One delivery from claim to commit: its effect and its done mark are one transaction, and only while the lease is ours."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

from adapters.worker.handlers import Handler, NotHere, find
from kernel.context import Current, Dispatcher, Kind, Scope, serving
from kernel.errors import Forbidden
from kernel.registry import Registry
from ports.persistence import Database, UnitOfWork
from ports.tasks import Content, Contents, Delivery, LeaseLost


class Outcome(Enum):
    """What became of an attempt that did not fail."""

    DONE = "done"
    OFF = "its module is off"
    PAUSED = "stopped between two steps"
    LOST = "another worker has it"
    ELSEWHERE = "its plugin is not in this process"


class ModuleOff(Exception):
    """The workspace switched the module off."""


class Jobs:
    """Runs deliveries of one database identity. lease_s: what each step renews the lease to."""

    def __init__(self, database: Database, contents: Contents, registry: Registry, dispatcher: Dispatcher, *, lease_s: float) -> None:
        self._database = database
        self._contents = contents
        self._registry = registry
        self._dispatcher = dispatcher
        self._lease_s = lease_s

    def run(self, delivery: Delivery, *, go_on: Callable[[], bool]) -> Outcome:
        """Do it. go_on: asked after every committed step. Raises what the handler raised, with nothing of the last step kept."""
        try:
            handler = find(self._registry, delivery)
            return self._outside(handler, delivery) if handler.outside else self._inside(handler, delivery, go_on)
        except NotHere:
            return Outcome.ELSEWHERE
        except ModuleOff:
            return Outcome.OFF
        except LeaseLost:
            return Outcome.LOST

    def _inside(self, handler: Handler, delivery: Delivery, go_on: Callable[[], bool]) -> Outcome:
        """Each step in a transaction of its own; the last one ends with the done mark."""
        scope = _scope(delivery)
        steps: Generator[Mapping[str, object] | None, None, None] | None = None
        current: Current | None = None
        try:
            while True:
                with self._database.open(scope) as work:
                    content = self._enter(work, delivery)
                    if current is None or steps is None:
                        current = self._current(scope, work, delivery, content)
                        steps = handler.steps(content.arguments)
                    current.transaction, current.modules = work, self._database.modules(work, delivery.workspace_id)
                    with serving(current):
                        try:
                            progress = next(steps)
                        except StopIteration:
                            self._contents.finish(work, delivery)
                            work.commit()
                            return Outcome.DONE
                        self._contents.advance(work, delivery, self._lease_s, progress)
                        work.commit()
                        current.progress = progress if progress is not None else current.progress
                    current.transaction = None
                if not go_on():
                    return Outcome.PAUSED
        finally:
            if steps is not None and current is not None:
                current.transaction = None
                with serving(current):
                    steps.close()

    def _outside(self, handler: Handler, delivery: Delivery) -> Outcome:
        """No ambient transaction: the handler opens short ones, each fenced, and the done mark comes last."""
        scope = _scope(delivery)
        with self._database.open(scope) as work:
            content = self._enter(work, delivery)
            current = self._current(scope, work, delivery, content)
            current.modules.enabled(delivery.module)  # read now: later there may be no transaction to ask
            work.commit()
        current.transaction = None
        phase = (content.progress or {}).get("phase")
        current.recovery_point = phase if isinstance(phase, str) else None

        @contextmanager
        def short(phase: str | None) -> Iterator[UnitOfWork]:
            with self._database.open(scope) as inner:
                self._enter(inner, delivery)
                current.transaction = inner
                try:
                    yield inner
                    self._contents.advance(inner, delivery, self._lease_s, None if phase is None else {"phase": phase})
                    inner.commit()
                finally:
                    current.transaction = None

        current.transactions = short
        with serving(current):
            for _ in handler.steps(content.arguments):
                raise TypeError("a task marked outside commits with `with work():`, it does not yield")
        with self._database.open(scope) as work:
            self._enter(work, delivery)
            self._contents.finish(work, delivery)
            work.commit()
        return Outcome.DONE

    def _enter(self, work: UnitOfWork, delivery: Delivery) -> Content:
        try:
            return self._contents.prepare(work, delivery, self._lease_s)
        except Forbidden as error:
            if error.code == "module_disabled":
                raise ModuleOff from error
            raise

    def _current(self, scope: Scope, work: UnitOfWork, delivery: Delivery, content: Content) -> Current:
        modules = self._database.modules(work, delivery.workspace_id)
        return Current(scope, self._dispatcher, modules, work, job_id=delivery.id, progress=content.progress)


def _scope(delivery: Delivery) -> Scope:
    """The workspace is the row's; no argument and no payload can change it."""
    return Scope(Kind.JOB, delivery.request_id, workspace_id=delivery.workspace_id, module=delivery.module)
