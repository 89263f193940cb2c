"""`make run` without its database and its patience: the same programs under the same supervisor, with a second worker."""

from __future__ import annotations

import sys

from config import run, supervisor
from config.settings import Settings


def main() -> int:
    # A child that dies young ends `make run`; here the young are killed as well.
    supervisor.INFANCY_S = 0.0  # type: ignore[misc]
    settings = Settings.from_environ()
    commands = run._commands(settings)
    commands["worker 2"] = commands["worker"]
    return supervisor.Supervisor(commands, environ=run._environ(settings)).run()


if __name__ == "__main__":
    sys.exit(main())
