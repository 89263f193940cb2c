"""Limits without a server: counted in memory, shared by the processes of one machine where a file can be mapped."""

from adapters.local.limits.limiter import LocalLimiter
from adapters.local.limits.postage import MeteredPostage
from adapters.local.limits.table import Table

__all__ = ["LocalLimiter", "MeteredPostage", "Table"]
