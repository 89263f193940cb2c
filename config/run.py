"""`make run`: database, migrations, demo, web and worker under one foreground process."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from adapters.postgres.embedded import EmbeddedError
from config import demo, upgrades
from config.bootstrap import install, web
from config.databases import running
from config.settings import GENEROUS, Settings
from config.supervisor import Supervisor, port_problem, unwound

ROOT = Path(__file__).parent.parent


def run(settings: Settings) -> int:
    """Serve until a signal; the exit code to leave with."""
    if settings.signup is None and not settings.production:
        settings = dataclasses.replace(settings, signup="open")  # who tries it out reads no mail
    if problem := port_problem(settings.host, settings.port):
        print(problem, file=sys.stderr)
        return 1
    try:
        with unwound(), running(settings) as server:  # a signal that comes before the supervisor leaves no database behind
            if failed := upgrades.upgrade(settings):
                for id, reason in failed.items():
                    print(f"plugin {id}: {reason}", file=sys.stderr)
            logins = demo.ensure(web(install(dataclasses.replace(settings, signup="open", **GENEROUS))), settings) if settings.demo else []
            _announce(settings, logins)
            return Supervisor(_commands(settings), environ=_environ(settings), tend=server.ensure if server else None).run()
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1


def _commands(settings: Settings) -> dict[str, list[str]]:
    """Web first: it is stopped first, so that what it accepted still finds a worker and a database."""
    python = sys.executable
    return {
        "web": [
            python, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws",
            "--workers", str(settings.workers), "--blocking-threads", str(settings.threads),
            "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10",
            "--host", settings.host, "--port", str(settings.port), "--log-level", "warning", "wsgi:app",
        ],
        "worker": [python, "-m", "config.cli", "worker"],
    }  # fmt: skip


def _environ(settings: Settings) -> Mapping[str, str]:
    metrics = settings.home / "metrics" / str(settings.port)  # the port is ours alone; the home may serve two
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    chosen = {"FITPRO_HOME": str(settings.home), **({"FITPRO_SIGNUP": settings.signup} if settings.signup else {})}
    return {**os.environ, **chosen, "PROMETHEUS_MULTIPROC_DIR": str(metrics), "PYTHONPATH": path}


def _announce(settings: Settings, logins: list[tuple[str, str, str]]) -> None:
    url = f"http://{settings.host}:{settings.port}"
    print(f"\nFitPro Hub  {url}\nDocs        {url}/docs", file=sys.stderr)
    for role, email, password in logins:
        print(f"{role:<12}{email}  {password}", file=sys.stderr)
    if settings.signup == "open" and not settings.supabase_url:
        print("Signing up is open, and says who has an account; FITPRO_SIGNUP=confirmed, as in a deployment, does not.", file=sys.stderr)
    print("Ctrl-C stops everything.\n", file=sys.stderr, flush=True)
