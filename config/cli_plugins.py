"""`fitpro plugin …`: the commands of operators and plugin authors."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol
from uuid import UUID

from config.settings import Settings

Command = Callable[[Settings, argparse.Namespace], int]
Actions = argparse._SubParsersAction  # argparse has no public name for it


class Add(Protocol):
    """Adds one command to a group of them."""

    def __call__(self, commands: Actions[argparse.ArgumentParser], name: str, text: str, command: Command, /) -> argparse.ArgumentParser: ...


def add_commands(actions: Actions[argparse.ArgumentParser], add: Add) -> None:
    """list, hooks, enable, disable, purge, uninstall, check, new."""
    add(actions, "list", "every plugin, its state, and why a broken one is broken", _list).add_argument("--json", action="store_true")
    add(actions, "hooks", "the catalogue of hooks plugins offer", _hooks).add_argument("--md", action="store_true", help="as Markdown")
    enable = _on_workspace(add(actions, "enable", "switch a plugin on for a workspace", _enable))
    enable.add_argument("--with-dependencies", action="store_true", help="switch on what it requires as well")
    _on_workspace(add(actions, "disable", "switch a plugin off for a workspace; its rows stay", _disable))
    purge = _on_workspace(add(actions, "purge", "delete a plugin's rows of a workspace, for good", _purge))
    purge.add_argument("--dry-run", action="store_true", help="only count them")
    add(actions, "uninstall", "drop a plugin's tables before its package is removed", _uninstall).add_argument("id")
    check = add(actions, "check", "what a plugin must satisfy, on a scratch database", _check)
    check.add_argument("path", nargs="?", default=".", help="a folder with a pyproject.toml, or the id of an installed plugin")
    new = add(actions, "new", "write a working plugin package", _new)
    new.add_argument("id", help="two to 24 lower-case letters and digits, a letter first")
    new.add_argument("--folder", type=Path, help="where to; a folder named like it by default")


def _on_workspace(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("id", help="the plugin")
    parser.add_argument("--workspace", type=UUID, required=True, metavar="UUID")
    return parser


def _list(settings: Settings, options: argparse.Namespace) -> int:
    from config import plugin_admin
    from config.databases import existing

    with existing(settings):
        found = plugin_admin.statuses(settings)
    if options.json:
        print(json.dumps([dataclasses.asdict(status) for status in found], indent=2))
        return 0
    rows = [("id", "version", "api", "state", "on in", "schema", "offers", "uses")]
    for each in found:
        on = "all" if each.core else str(each.workspaces)
        offers, uses = str(len(each.offers)), str(len(each.uses))
        rows.append((each.id, each.version or "-", str(each.api or "-"), each.state, on, each.schema, offers, uses))
    print("\n".join(_table(rows)))
    for each in found:
        if each.reason is not None:
            print(f"{each.id}: {each.reason}", file=sys.stderr)
    return 0


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _hooks(settings: Settings, options: argparse.Namespace) -> int:
    from config import plugin_admin

    found = plugin_admin.catalogue(plugin_admin.load(settings))
    for hook in found:
        heard = ", ".join(hook.listeners) or "nobody"
        if options.md:
            print(f"### `{hook.signature}`\n\n*{hook.kind} of {hook.plugin}*. {hook.doc}\n\nHeard by: {heard}.\n")
        else:
            print(f"{hook.kind:8} {hook.signature}\n         {' '.join(hook.doc.split())}\n         heard by {heard}")
    return 0


def _enable(settings: Settings, options: argparse.Namespace) -> int:
    return _switch(settings, options, enabled=True, with_dependencies=options.with_dependencies)


def _disable(settings: Settings, options: argparse.Namespace) -> int:
    return _switch(settings, options, enabled=False, with_dependencies=False)


def _switch(settings: Settings, options: argparse.Namespace, *, enabled: bool, with_dependencies: bool) -> int:
    from config import plugin_admin
    from config.databases import existing

    with existing(settings):
        done = plugin_admin.switch(settings, options.id, options.workspace, enabled=enabled, with_dependencies=with_dependencies)
    print(f"{'on' if enabled else 'off'}: {', '.join(done)}" if done else f"{options.id} was {'on' if enabled else 'off'} already")
    return 0


def _purge(settings: Settings, options: argparse.Namespace) -> int:
    from config import plugin_admin
    from config.databases import existing

    with existing(settings):
        counts = plugin_admin.purge_rows(settings, options.id, options.workspace, dry_run=options.dry_run)
    for table, count in counts.items():
        print(f"{table}: {count} rows {'would go' if options.dry_run else 'deleted'}")
    if not counts:
        print(f"{options.id} has no tables")
    return 0


def _uninstall(settings: Settings, options: argparse.Namespace) -> int:
    from config import plugin_admin
    from config.databases import existing

    with existing(settings):
        distribution = plugin_admin.uninstall(settings, options.id)
    print(f"The tables of {options.id} are gone. Now remove the package:\n  pip uninstall {distribution}")
    return 0


def _check(settings: Settings, options: argparse.Namespace) -> int:
    from config.plugin_check import check

    report = check(settings, options.path)
    for line in report.advice:
        print(f"advice: {line}")
    for problem in report.problems:
        print(problem, file=sys.stderr)
    print(f"{report.id}: {len(report.problems)} problems" if report.problems else f"{report.id}: everything holds")
    return 1 if report.problems else 0


def _new(_: Settings, options: argparse.Namespace) -> int:
    from config import plugins
    from config.plugin_new import write

    if options.id in {candidate.id for candidate in plugins.discover()}:
        raise ValueError(f"{options.id} is the id of a plugin that is here already: choose another one.")
    folder = options.folder or Path(options.id)
    for path in write(options.id, folder):
        print(path)
    print(f"Next: fitpro plugin check {folder}")
    return 0
