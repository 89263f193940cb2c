"""Counters and timings of every operation, for Prometheus; across worker processes when PROMETHEUS_MULTIPROC_DIR is set."""

from __future__ import annotations

import hmac
import ipaddress
import os

import prometheus_client as prometheus
from prometheus_client import multiprocess

from adapters.http.addresses import canonical
from adapters.http.exchange import Environ
from kernel.errors import NotFound, Unauthenticated

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


def admit(environ: Environ, *, token: str, everybody: bool) -> None:
    """Whether this caller may read the metrics: with the token, when there is one; else everybody, or this machine alone.

    Raises Unauthenticated, or NotFound to whoever need not know. A request that came through a proxy is not this machine's.
    """
    if token:
        given: str = environ.get("HTTP_AUTHORIZATION", "")
        if given[:7].lower() != "bearer " or not hmac.compare_digest(given[7:].encode("utf-8", "replace"), token.encode()):
            raise Unauthenticated("Metrics need their own token.")
        return
    passed_on = "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ or "HTTP_VIA" in environ
    if not everybody and (passed_on or not _is_here(environ.get("REMOTE_ADDR", ""))):
        raise NotFound()


def _is_here(address: str) -> bool:
    known = canonical(address)
    return known is not None and ipaddress.ip_address(known).is_loopback


class Metrics:
    """Requests by operation and status class, and how long they took. Children are looked up once: labels are dear."""

    def __init__(self) -> None:
        self._registry = prometheus.CollectorRegistry()
        self._seconds = prometheus.Histogram(
            "fitpro_request_seconds", "Time to answer, by operation and status class.", ("operation", "status"),
            buckets=_BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._children: dict[tuple[str, int], prometheus.Histogram] = {}

    def observe(self, operation: str, status: int, seconds: float) -> None:
        key = (operation, status // 100)
        child = self._children.get(key)
        if child is None:
            child = self._children.setdefault(key, self._seconds.labels(operation, f"{status // 100}xx"))
        child.observe(seconds)

    def text(self) -> bytes:
        """The exposition, of all worker processes together."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = prometheus.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return prometheus.generate_latest(registry)
        return prometheus.generate_latest(self._registry)
