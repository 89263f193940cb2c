"""Where every family's routes go."""

from __future__ import annotations

from typing import cast

from plugins.bookings.plugin import plugin
from plugins.bookings.service import Service

blp = plugin.blueprint()


def service() -> Service:
    """The use cases, in the installation that serves this request."""
    return cast("Service", plugin.service)
