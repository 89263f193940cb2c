"""`fitpro audit`: whether the trails are what was sealed, as the operator asks it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from config.databases import connections, existing
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving

if TYPE_CHECKING:
    from config.bootstrap import Installation

Command = Callable[[Settings, argparse.Namespace], int]
Add = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]", str, str, Command], argparse.ArgumentParser]

_PART: Final = 50_000


def add_commands(actions: argparse._SubParsersAction[argparse.ArgumentParser], add: Add) -> None:
    """Declare the actions of `fitpro audit`."""
    verify = add(actions, "verify", "check the sealed trails; names every row that was changed, deleted, inserted or reordered", _verify)
    verify.add_argument("--workspace", type=UUID, metavar="ID", help="this workspace only")
    verify.add_argument("--head", metavar="RECEIPT", help="a receipt somebody kept; needs --workspace")
    erasing = add(actions, "erase", "take the values of entries away, for good, by a record that is signed and sealed", _erase)
    erasing.add_argument("--workspace", type=UUID, metavar="ID", required=True, help="whose entries")
    erasing.add_argument("--reason", metavar="TEXT", required=True, help="why; it stays in the trail, so without a word of what is erased")
    erasing.add_argument("entries", type=UUID, metavar="ENTRY", nargs="+", help="their ids, 1,000 at most")
    sealing = add(actions, "seal", "seal and anchor what waits, now", _seal)
    sealing.add_argument("--workspace", type=UUID, metavar="ID", help="this workspace only")


def _verify(settings: Settings, options: argparse.Namespace) -> int:
    if options.head and not options.workspace:
        raise ValueError("--head is of one workspace: name it with --workspace")
    broken = 0
    with existing(settings):
        for workspace, service, inside in _everywhere(settings, options.workspace):
            found = _report(inside, service, workspace, options.head)
            broken += bool(found)
    print(f"{broken} trails are broken" if broken else "every trail is what was sealed")
    return 1 if broken else 0


def _report(inside: Callable[[Callable[[], Any]], Any], service: Any, workspace: UUID, head: str | None) -> int:
    after: int | None = 0
    entries = erased = 0
    told = set()  # the end of the chain is looked at with every part
    while after is not None:
        report = inside(partial(service.verification.verify, after, _PART, head))
        head, after = None, report.next
        entries += report.entries
        erased += report.erased
        for id in report.erased_entries:
            print(f"{workspace}: erased as recorded: audit_logs entry {id}")
        for one in report.breaks:
            if one in told:
                continue
            told.add(one)
            row = f" {one.table or 'audit_logs'} entry {one.entry_id}" if one.entry_id else ""
            place = "" if one.position is None else f" at position {one.position}"
            print(f"{workspace}: {one.kind}{row}{place}, seal {one.seal}")
    print(f"{workspace}: {entries} entries checked, {report.waiting} wait for their seal, {erased} erased as recorded, head {report.receipt}")
    return len(told)


def _erase(settings: Settings, options: argparse.Namespace) -> int:
    from adapters.postgres.erasure import erase
    from adapters.postgres.migrate import owner

    with existing(settings):
        for workspace, service, _ in _everywhere(settings, options.workspace):
            record, said = service.erasing.record(workspace, options.entries, options.reason)
            with owner(connections(settings).owner) as connection:
                erase(connection, workspace, record, options.entries, said)
            print(f"{len(set(options.entries))} entries erased, recorded by entry {record}")
    return 0


def _seal(settings: Settings, options: argparse.Namespace) -> int:
    sealed = 0
    with existing(settings):
        for _, service, inside in _everywhere(settings, options.workspace):
            while (receipt := inside(service.sealing.seal)) is not None:
                service.sealing.anchor(receipt)
                sealed += 1
    print(f"{sealed} seals made")
    return 0


def _everywhere(settings: Settings, only: UUID | None) -> Iterator[tuple[UUID, Any, Callable[[Callable[[], Any]], Any]]]:
    """Each workspace, the privacy service, and what runs something inside the workspace as the system."""
    from adapters.postgres.migrate import owner
    from config.bootstrap import install

    with owner(connections(settings).owner) as connection:
        found: list[UUID] = list(connection.exec_driver_sql("select id from workspaces order by id").scalars())
    if only is not None and only not in found:
        raise ValueError("there is no such workspace")
    installation = install(settings)
    try:
        for workspace in [only] if only else found:
            yield workspace, installation.hub.services["privacy"], _inside(installation, workspace)
    finally:
        for pool in (installation.container.app_pool, installation.container.auth_pool):
            pool().close()


def _inside(installation: Installation, workspace: UUID) -> Callable[[Callable[[], Any]], Any]:
    database = installation.container.app_database()
    scope = Scope(Kind.JOB, "fitpro audit", workspace)

    def run(what: Callable[[], Any]) -> Any:
        with database.open(scope) as work, serving(Current(scope, installation.hub, database.modules(work, workspace), work)):
            answer = what()
            work.commit()
            return answer

    return run
