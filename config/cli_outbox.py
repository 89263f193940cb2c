"""`fitpro outbox`: what waits, what died, once more."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from typing import cast
from uuid import UUID

from adapters.postgres.outbox.letters import OutboxLetters, State
from adapters.postgres.pool import Pool
from config.databases import connections, existing
from config.settings import Settings

Command = Callable[[Settings, argparse.Namespace], int]
Add = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]", str, str, Command], argparse.ArgumentParser]


def add_commands(actions: argparse._SubParsersAction[argparse.ArgumentParser], add: Add) -> None:
    """Declare the actions of `fitpro outbox`."""
    listing = add(actions, "list", "undone work: counts per queue, then the newest in a state", _list)
    listing.add_argument("--state", choices=("pending", "dead", "skipped"), default="dead")
    listing.add_argument("--limit", type=_limit, default=50, metavar="N")
    listing.add_argument("--json", action="store_true", help="one JSON document")
    retry = add(actions, "retry", "once more from attempt one", _retry)
    what = retry.add_mutually_exclusive_group(required=True)
    what.add_argument("id", nargs="?", type=UUID, help="one delivery, dead or skipped")
    what.add_argument("--dead", action="store_true", help="every dead one")
    add(actions, "purge", "delete every dead delivery", _purge)


def _limit(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("from 1 to 10,000")
    return number


def _with(settings: Settings, work: Callable[[OutboxLetters], int]) -> int:
    with existing(settings):
        pool = Pool(connections(settings).relay, size=1, prepare=False, name="relay")
        pool.open()
        with closing(pool):
            return work(OutboxLetters(pool))


def _list(settings: Settings, options: argparse.Namespace) -> int:
    def work(letters: OutboxLetters) -> int:
        counts, listed = letters.counts(), letters.listed(cast("State", options.state), options.limit)
        if options.json:
            print(json.dumps({"counts": counts, "items": listed}))
            return 0
        for row in counts:
            print(f"{row['state']:<8} {row['queue']:<12} {row['handler']:<40} {row['count']:>7}  since {row['oldest']}")
        if not counts:
            print("nothing waits")
        for row in listed:
            print(f"{row['id']}  {row['handler']}  {row['attempts']}/{row['max_attempts']}  {row['last_error'] or ''}")
        return 0

    return _with(settings, work)


def _retry(settings: Settings, options: argparse.Namespace) -> int:
    def work(letters: OutboxLetters) -> int:
        if options.dead:
            print(f"{letters.retry_dead()} deliveries are due again")
            return 0
        done = letters.retry(options.id)
        print("due again" if done else "there is no such undone delivery, or a worker holds it")
        return 0 if done else 1

    return _with(settings, work)


def _purge(settings: Settings, _: argparse.Namespace) -> int:
    def work(letters: OutboxLetters) -> int:
        print(f"{letters.purge_dead()} dead deliveries deleted")
        return 0

    return _with(settings, work)
