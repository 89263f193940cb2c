"""What happens without being asked."""

from __future__ import annotations

from plugins.workspaces.plugin import plugin
from plugins.workspaces.service import Service


@plugin.task(cron="37 4 * * *", outside=True)
def check_domains() -> None:
    """Every day: whether the records of claimed domains are (still) there."""
    _service().domains.check_all()


@plugin.task(outside=True)
def check_domain(domain: str) -> None:
    """Now and then after a claim, so that nobody needs to come back and ask."""
    _service().domains.check(domain)


def _service() -> Service:
    found: Service = plugin.service
    return found
