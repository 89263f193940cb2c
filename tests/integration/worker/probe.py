"""A plugin that leaves a row for everything it does, so that a test can count effects. Its processes are started by `harness`."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from types import ModuleType

from adapters.postgres.outbox import OutboxContents, OutboxLeases
from adapters.worker.handlers import Handler
from adapters.worker.job import Jobs, Outcome
from adapters.worker.periodic import Periodic
from adapters.worker.worker import Backoff
from config import bootstrap, logging, worker
from config.bootstrap import install
from config.settings import Settings
from kernel.context import Kind, Scope, serving
from kernel.hooks import event
from kernel.registry import Candidate, Registry, load
from plugins.sdk import Plugin, ctx, new_id, sql, work
from ports.persistence import UnitOfWork
from ports.tasks import Delivery

DDL = """
create table probe_effect (
  workspace_id uuid not null, id uuid not null, mark text not null, detail text not null default '',
  at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, id)
);
select app.protect('probe_effect');
"""
EFFECT = sql("insert into probe_effect (workspace_id, id, mark, detail) values ($1, $2, $3, $4)", "workspace_id", "id", "mark", "detail")


@event
def probe_happened(thing_id: uuid.UUID, at: datetime, day: date, note: str | None) -> None:
    """Something happened."""


plugin = Plugin("probe", api=1, hooks=(probe_happened,))
core = Plugin("probecore", api=1, core=True, requires=("probe",))


def effect(mark: str, detail: str = "") -> None:
    ctx.work.write(EFFECT, id=new_id(), mark=mark, detail=detail)


def _listen() -> None:
    """In a scope of their own: listeners are named like the hook."""

    @plugin.hook
    def probe_happened(day: date, thing_id: uuid.UUID, at: datetime) -> None:
        effect("heard", f"{type(day).__name__} {type(thing_id).__name__} {type(at).__name__} {thing_id}")


def _listen_too() -> None:
    @core.hook
    def probe_happened(note: str | None) -> None:
        effect("core heard", repr(note))


_listen()
_listen_too()


@plugin.task
def mark(name: str, pause_s: float = 0.0) -> None:
    """An effect, with time to be killed on both sides of it."""
    time.sleep(pause_s / 2)
    effect(name)
    ctx.work.rows(sql("select 1"))  # send it now
    time.sleep(pause_s / 2)


@plugin.task(queue="mail")
def mail(name: str) -> None:
    effect(name)


@core.task
def core_mark(name: str) -> None:
    effect(name)


@plugin.task(retries=2)
def fails(name: str) -> None:
    effect(name)
    raise ValueError("it never works\nsecond line with a secret")


@plugin.task
def poison(cured: str) -> None:
    """Kills its worker until there is a file of this name."""
    if not Path(cured).exists():
        os._exit(9)
    effect("cured")


@plugin.task
def fails_once(flag: str) -> None:
    if not Path(flag).exists():
        Path(flag).touch()
        raise RuntimeError("the first time it fails")
    effect("worked in the end")


@plugin.task
def count(upto: int, pause_s: float = 0.0, go_on: str = "") -> Iterator[dict[str, object]]:
    """Goes on from where a killed attempt was. go_on: a file without which there is no fourth step."""
    start = int((ctx.progress or {}).get("done", 0))  # type: ignore[call-overload]
    for number in range(start, upto):
        while go_on and number > 2 and not Path(go_on).exists():
            time.sleep(0.05)
        effect(f"step {number}")
        time.sleep(pause_s)
        yield {"done": number + 1, "of": upto}


@plugin.task
def forged(name: str, workspace_id: str) -> None:
    effect(name, str(ctx.workspace_id))


@plugin.task(retries=0)
def trespass(target: uuid.UUID) -> None:
    """A buggy plugin: it writes into a workspace that an argument names."""
    write = sql("insert into probe_effect (workspace_id, id, mark) values ($1, $2, 'trespass') returning id", "target", "id")
    ctx.work.rows(write, target=target, id=new_id())


@plugin.task(outside=True)
def sends(name: str, log: str) -> None:
    with Path(log).open("a") as file:
        file.write(f"{ctx.job_id} {ctx.recovery_point}\n")
    if ctx.recovery_point is None:
        with work("sent"):
            effect(name)
        raise RuntimeError("after the first phase")
    with work():
        effect(f"{name} again")


@plugin.task(outside=True)
def charges(name: str, provider: str, pause_s: float, keyed: bool = True) -> None:
    """Asks a provider that takes a key twice for the same charge; then there is time to be killed before it is written down."""
    with Path(provider).open("a") as asked:
        asked.write(f"{ctx.job_id if keyed else new_id()} {name}\n")
    time.sleep(pause_s)
    with work():
        effect(name)


@plugin.task(cron="7 3 * * *")
def every_night() -> None:
    effect("tick")


@core.task(cron="0 6 * * *")
def at_six() -> None:
    effect("six")


def registry() -> Registry:
    return load([Candidate("probe", "tests", lambda: plugin, bundled=True), Candidate("probecore", "tests", lambda: core, bundled=True)], strict=True)


class AckFirst(Jobs):
    """A seeded fault: done is committed before the effect."""

    def _inside(self, handler: Handler, delivery: Delivery, go_on: Callable[[], bool]) -> Outcome:
        scope = Scope(Kind.JOB, delivery.request_id, delivery.workspace_id)
        with self._database.open(scope) as work:
            content = self._contents.prepare(work, delivery, self._lease_s)
            self._contents.finish(work, delivery)
            work.commit()
        with self._database.open(scope) as work:
            with serving(self._current(self._database, scope, work, delivery, content)):
                for _ in handler.steps(content.arguments):
                    pass
            work.commit()
        return Outcome.DONE


class Unfenced(OutboxContents):
    """A seeded fault: whoever finishes has done it, lease or no lease."""

    def finish(self, work: UnitOfWork, delivery: Delivery) -> None:
        work.change(sql("update outbox_deliveries set done_at = now() where workspace_id = $1 and id = $2", "workspace_id", "id"), id=delivery.id)


class Uncounted(OutboxLeases):
    """A seeded fault: an attempt is counted when it ends, so one that ends its process never is."""

    _BACK = sql("update outbox_deliveries set attempts = attempts - 1 where workspace_id = $1 and id = $2", "workspace", "id")
    _COUNT = sql("update outbox_deliveries set attempts = attempts + 1 where workspace_id = $1 and id = $2", "workspace", "id")

    def claim(self, queue: str, after: uuid.UUID, lease_s: float) -> Delivery | None:
        delivery = super().claim(queue, after, lease_s)
        if delivery is not None:
            self._control.run(self._BACK, workspace=delivery.workspace_id, id=delivery.id)
        return delivery

    def retry(self, delivery: Delivery, in_s: float, error: str | None = None) -> bool:
        self._control.run(self._COUNT, workspace=delivery.workspace_id, id=delivery.id)
        return super().retry(delivery, in_s, error)


FAULTS: dict[str, tuple[ModuleType, str, object]] = {
    "ack_first": (bootstrap, "Jobs", AckFirst),
    "unfenced": (bootstrap, "OutboxContents", Unfenced),
    "uncounted": (worker, "OutboxLeases", Uncounted),
    "impatient": (worker, "PATIENCE_S", 0.0),  # whoever is told to stop goes at once, and leaves what is at hand
}
"""Where something else is put, by the names in PROBE_FAULT, which commas separate."""


def _no_clock(_: Registry) -> list[Periodic]:
    return []


def main(queues: Sequence[str] = ()) -> int:
    """A worker process of this plugin."""
    logging.configure(json=False)
    if "PROBE_CLOCK" not in os.environ:
        worker.periodics = _no_clock  # whose time comes while a test runs would be one more effect in it
    for fault in filter(None, os.environ.get("PROBE_FAULT", "").split(",")):
        setattr(*FAULTS[fault])
    return worker.work(install(Settings.from_environ(), registry=registry()), queues, backoff=Backoff(first_s=0.05, longest_s=0.5))
