"""One delivery from claim to commit: its effect and its done mark are one transaction, and only while the lease is ours."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum

from adapters.worker.handlers import Handler, NotHere, find
from kernel.context import Current, Dispatcher, Kind, Scope, serving
from kernel.errors import Forbidden
from kernel.registry import Registry
from ports.mail import Letter, Post
from ports.persistence import Database, UnitOfWork
from ports.tasks import PLATFORM, Content, Contents, Delivery, LeaseLost


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
    """Runs deliveries. database: of the app identity, for workspaces; platform: of the auth identity, for what belongs to none.

    lease_s: what each step renews the lease to.
    """

    def __init__(
        self, database: Database, platform: Database, contents: Contents, post: Post, registry: Registry, dispatcher: Dispatcher, *, lease_s: float
    ) -> None:
        self._database = database
        self._platform = platform
        self._contents = contents
        self._post = post
        self._registry = registry
        self._dispatcher = dispatcher
        self._lease_s = lease_s

    def run(self, delivery: Delivery, *, go_on: Callable[[], bool]) -> Outcome:
        """Do it. go_on: asked after every committed step. Raises what the handler raised, with nothing of the last step kept."""
        try:
            handler = find(self._registry, delivery)
            if handler.mail:
                return self._mail(handler, delivery)
            return self._outside(handler, delivery) if handler.outside else self._inside(handler, delivery, go_on)
        except NotHere:
            return Outcome.ELSEWHERE
        except ModuleOff:
            return Outcome.OFF
        except LeaseLost:
            return Outcome.LOST

    def _inside(self, handler: Handler, delivery: Delivery, go_on: Callable[[], bool]) -> Outcome:
        """Each step in a transaction of its own; the last one ends with the done mark."""
        database, scope = self._place(delivery)
        steps: Generator[Mapping[str, object] | None, None, None] | None = None
        current: Current | None = None
        try:
            while True:
                with database.open(scope) as work:
                    content = self._enter(work, delivery)
                    if current is None or steps is None:
                        current = self._current(database, scope, work, delivery, content)
                        steps = handler.steps(content.arguments)
                    current.transaction, current.modules = work, database.modules(work, scope.workspace_id)
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
        database, scope = self._place(delivery)
        with database.open(scope) as work:
            content = self._enter(work, delivery)
            current = self._current(database, scope, work, delivery, content)
            if delivery.module:
                current.modules.enabled(delivery.module)  # read now: later there may be no transaction to ask
            work.commit()
        current.transaction = None
        phase = (content.progress or {}).get("phase")
        current.recovery_point = phase if isinstance(phase, str) else None

        @contextmanager
        def short(phase: str | None) -> Iterator[UnitOfWork]:
            with database.open(scope) as inner:
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
        self._finish(delivery)
        return Outcome.DONE

    def _mail(self, handler: Handler, delivery: Delivery) -> Outcome:
        """Said in one transaction, sent outside any, with the same key in every attempt; done when it is sent, or there was nothing to say."""
        database, scope = self._place(delivery)
        with database.open(scope) as work:
            content = self._enter(work, delivery)
            current = self._current(database, scope, work, delivery, content)
            with serving(current):
                letter: Letter | None = handler.answer(content.arguments)
            head = self._contents.letterhead(work, delivery)
            self._contents.advance(work, delivery, self._lease_s, None)
            work.commit()
        if letter is not None:
            if letter.language is None:
                letter = replace(letter, language=self._language(letter.to, delivery))
            self._post.send(delivery.handler.partition(":")[0], letter, head, key=str(delivery.id))
        self._finish(delivery)
        return Outcome.DONE

    def _language(self, address: str, delivery: Delivery) -> str | None:
        """Only the auth identity knows who has an account, so the plugin that writes is not told."""
        with self._platform.open(Scope(Kind.PUBLIC, delivery.request_id)) as work:
            found = self._contents.language(work, address)
            work.commit()
        return found

    def _finish(self, delivery: Delivery) -> None:
        database, scope = self._place(delivery)
        with database.open(scope) as work:
            self._enter(work, delivery)
            self._contents.finish(work, delivery)
            work.commit()

    def _enter(self, work: UnitOfWork, delivery: Delivery) -> Content:
        try:
            return self._contents.prepare(work, delivery, self._lease_s)
        except Forbidden as error:
            if error.code == "module_disabled":
                raise ModuleOff from error
            raise

    def _current(self, database: Database, scope: Scope, work: UnitOfWork, delivery: Delivery, content: Content) -> Current:
        modules = database.modules(work, scope.workspace_id)
        return Current(scope, self._dispatcher, modules, work, job_id=delivery.id, progress=content.progress)

    def _place(self, delivery: Delivery) -> tuple[Database, Scope]:
        """The workspace is the row's; no argument and no payload can change it."""
        if delivery.workspace_id == PLATFORM:
            return self._platform, Scope(Kind.PUBLIC, delivery.request_id)
        return self._database, Scope(Kind.JOB, delivery.request_id, workspace_id=delivery.workspace_id, module=delivery.module)
