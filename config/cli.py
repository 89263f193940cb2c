"""`fitpro`: the operator's and plugin author's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import psycopg
import sqlalchemy.exc

from adapters.postgres.embedded import EmbeddedError
from config import logging, reports
from config.bootstrap import NotMigrated
from config.settings import Settings, SettingsError
from kernel.errors import DomainError
from kernel.registry import BrokenPlugin

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 done, 1 refused or failed (one sentence on stderr), 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environ()
        logging.configure(json=settings.production, level=settings.log_level)
        reports.start(settings)
        command: Command = options.command
        return command(settings, options)
    except (SettingsError, EmbeddedError, NotMigrated, BrokenPlugin) as error:
        print(error, file=sys.stderr)
    except DomainError as error:
        print(error.detail, file=sys.stderr)
    except (psycopg.OperationalError, sqlalchemy.exc.OperationalError) as error:
        cause = error.orig if isinstance(error, sqlalchemy.exc.OperationalError) else error
        print(f"The database cannot be reached: {str(cause).strip()}", file=sys.stderr)
    except ValueError as error:
        print(error, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fitpro", description="FitPro Hub: run it, migrate it, look after its plugins and jobs.")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add(commands, "run", "everything in the foreground: database, web, worker", _run)
    _add(commands, "check", "migrations match models; the OpenAPI document is complete", _check)
    worker = _add(commands, "worker", "run jobs until a signal", _worker)
    worker.add_argument("--queue", action="append", default=[], metavar="NAME", help="only these queues (repeat or a,b)")
    database = commands.add_parser("db", help="migrations").add_subparsers(required=True, metavar="action")
    roles = _add(database, "prepare", "make the roles and the empty database, once, as a superuser", _db_prepare)
    roles.add_argument("superuser", metavar="URL", help="a superuser's postgresql:// URL; it is not kept")
    _add(database, "upgrade", "run every pending migration", _db_upgrade)
    _add(database, "status", "what is pending", _db_status)
    _add(commands, "sbom", "what this release is made of, as CycloneDX (JSON)", _sbom)
    from config.cli_audit import add_commands as add_audit
    from config.cli_data import add_commands as add_data
    from config.cli_keys import add_commands as add_keys
    from config.cli_outbox import add_commands as add_outbox
    from config.cli_plugins import add_commands as add_plugins

    add_plugins(commands.add_parser("plugin", help="plugins of this installation").add_subparsers(required=True, metavar="action"), _add)
    add_keys(commands.add_parser("keys", help="what signs access tokens").add_subparsers(required=True, metavar="action"), _add)
    add_data(commands.add_parser("data", help="what is sealed at rest").add_subparsers(required=True, metavar="action"), _add)
    add_outbox(commands.add_parser("outbox", help="jobs and deliveries").add_subparsers(required=True, metavar="action"), _add)
    add_audit(commands.add_parser("audit", help="the audit trails").add_subparsers(required=True, metavar="action"), _add)
    return parser


def _add(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, purpose: str, command: Command) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=purpose, description=purpose)
    parser.set_defaults(command=command)
    return parser


def _run(settings: Settings, _: argparse.Namespace) -> int:
    from config.run import run

    return run(settings)


def _check(settings: Settings, _: argparse.Namespace) -> int:
    from config.check import check

    problems = check(settings)
    for problem in problems:
        print(problem, file=sys.stderr)
    print("check: " + (f"{len(problems)} problems" if problems else "migrations match models, the OpenAPI document is complete"))
    return 1 if problems else 0


def _sbom(_: Settings, __: argparse.Namespace) -> int:
    from config.sbom import text

    print(text(), end="")
    return 0


def _worker(settings: Settings, options: argparse.Namespace) -> int:
    from config.databases import existing
    from config.worker import run

    queues = tuple(name for value in options.queue for name in value.split(",") if name)
    with existing(settings):
        return run(settings, queues)


def _db_prepare(settings: Settings, options: argparse.Namespace) -> int:
    from config.databases import make

    make(settings, options.superuser)
    print("roles and database are there; next: fitpro db upgrade")
    return 0


def _db_upgrade(settings: Settings, _: argparse.Namespace) -> int:
    from config import upgrades
    from config.databases import running

    with running(settings):
        failed = upgrades.upgrade(settings)
    for id, reason in failed.items():
        print(f"{id}: {reason}", file=sys.stderr)
    print("the database is up to date" if not failed else f"{len(failed)} plugins were left as they were")
    return 1 if failed else 0


def _db_status(settings: Settings, _: argparse.Namespace) -> int:
    from config import upgrades
    from config.databases import existing

    with existing(settings):
        found = upgrades.status(settings)
    for id, sentence in found.items():
        print(f"{id}: {sentence}")
    if not found:
        print("nothing is pending")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
