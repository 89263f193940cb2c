"""Counters and timings of every operation, for Prometheus; across worker processes when PROMETHEUS_MULTIPROC_DIR is set."""

from __future__ import annotations

import os

import prometheus_client as prometheus
from prometheus_client import multiprocess

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


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
