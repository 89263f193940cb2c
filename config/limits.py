"""Who counts requests, and how many there may be."""

from __future__ import annotations

import logging

from adapters.http.throttle import Quotas
from adapters.http.turns import Turns
from adapters.local.limits import LocalLimiter, MeteredPostage, Table
from config.databases import nearby
from config.settings import Settings
from ports.limits import METERED, Limiter, Meter, Postage, Quota

_HOUR_S = 3_600
log = logging.getLogger(__name__)


def limiter_of(settings: Settings) -> Limiter:
    """In Redis for all machines together; else in a file that the processes of this machine map; else each process has its share.

    A share alone would not do: connections do not spread evenly over processes, so a client on one connection would get half of its quota.
    """
    alone = LocalLimiter(Table(), share=settings.workers)
    if settings.redis_url:
        from adapters.redis.limiter import RedisLimiter  # as in container.py: not for those that have none

        return RedisLimiter(settings.redis_url, meanwhile=alone)
    try:
        return LocalLimiter(Table(settings.home / "limits"))
    except OSError as error:
        log.warning("limits are counted by each process alone", extra={"error": str(error)})
        return alone


def quotas_of(settings: Settings) -> Quotas:
    metered = {name: Quota(name, getattr(settings, f"limit_{name}"), _HOUR_S) for name in METERED}
    person, key, workspace, address = (
        Quota(name, getattr(settings, f"limit_{name}"), settings.limit_window_s) for name in ("person", "key", "workspace", "address")
    )
    return Quotas(person, key, workspace, address, metered)


def postage_of(settings: Settings, meter: Meter) -> Postage:
    return MeteredPostage(
        meter, Quota("invitations", settings.invitations_person, _HOUR_S), Quota("invitations_to", settings.invitations_address, _HOUR_S)
    )


def turns_of(settings: Settings) -> Turns:
    """What one workspace may occupy of a process: a thread is left for others at any time wherever there are three, and else after a while.

    Half of the threads are a reserve where the database competes for the same processors; for one on another machine all of them wait.
    """
    at_work = max(1, settings.threads // 2) if nearby(settings) else settings.threads
    return Turns(settings.limit_at_once or max(2, settings.threads - 1), settings.threads, settings.limit_share / 100, at_work=at_work)
