"""Medians, ratios, and what they are worth against acceptance and goal (design §9)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final

from tests.bench.load import Sample

ACCEPTANCE: Final = {"list": 3.0, "get": 4.0, "create": 3.0, "book": 3.0}
GOAL: Final = {"list": 6.0, "get": 8.0, "create": 6.0, "book": 6.0}
GOAL_P99: Final = 0.25
GOAL_MEMORY: Final = 1.6

Samples = Mapping[tuple[str, str], Sequence[Sample]]


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One work on both sides: the medians, and how many times the product is better.

    A ratio is the median of the rounds' own: the machine's mood lasts for longer than the two runs of a round, and not as long as a benchmark.
    """

    work: str
    rounds: Sequence[tuple[Sample, Sample]]

    @property
    def peer(self) -> Sample:
        return _median([peer for peer, _ in self.rounds])

    @property
    def product(self) -> Sample:
        return _median([product for _, product in self.rounds])

    @property
    def cpu(self) -> float:
        return median(peer.cpu_ms / product.cpu_ms for peer, product in self.rounds)

    @property
    def throughput(self) -> float:
        return median(product.rps / peer.rps for peer, product in self.rounds)

    @property
    def p99(self) -> float:
        return median(peer.p99 / product.p99 for peer, product in self.rounds)


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """A whole benchmark. memory: MiB after the load, per side; effects: rows that the creates left, per side."""

    lines: tuple[Line, ...]
    memory: Mapping[str, float]
    effects: Mapping[str, Mapping[str, int]]
    samples: Samples

    @property
    def faults(self) -> list[str]:
        """Why these numbers must not be quoted."""
        found = [
            f"{side} {work}: {bad} answers were not 2xx"
            for (side, work), samples in self.samples.items()
            if (bad := sum(sample.bad for sample in samples))
        ]
        return found + [f"{side}: a create left unequal effects: {rows}" for side, rows in self.effects.items() if len(set(rows.values())) > 1]

    @property
    def accepted(self) -> bool:
        return not self.faults and all(line.cpu >= ACCEPTANCE.get(line.work, 0) for line in self.lines)

    def missed(self) -> list[str]:
        """What the goal asks for beyond what was measured."""
        found = [f"{line.work} {line.cpu:.2f}x < {GOAL[line.work]:.0f}x" for line in self.lines if line.cpu < GOAL.get(line.work, 0)]
        found += [f"{line.work} p99 {1 / line.p99:.2f} > {GOAL_P99}" for line in self.lines if line.work in GOAL and line.p99 * GOAL_P99 < 1]
        if (times := self.memory["product"] / self.memory["peer"]) > GOAL_MEMORY:
            found.append(f"memory {times:.2f}x > {GOAL_MEMORY}x")
        return found

    def text(self) -> Iterator[str]:
        yield f"{'work':8}{'':9}{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'server':>9}{'postgres':>10}{'CPU ms/req':>12}{'others':>8}"
        for line in self.lines:
            for name, it in (("peer", line.peer), ("product", line.product)):
                yield (
                    f"{line.work:8}{name:9}{it.rps:8.0f}{it.p50:8.1f}{it.p99:8.1f}"
                    f"{it.server_ms:9.3f}{it.postgres_ms:10.3f}{it.cpu_ms:12.3f}{it.others:8.0%}"
                )
            yield f"{line.work:8}{'ratio':9}{line.throughput:7.1f}x{'':8}{line.p99:7.1f}x{'':19}{line.cpu:11.1f}x"
        peer, product = self.memory["peer"], self.memory["product"]
        yield f"memory  peer {peer:.0f} MiB, product {product:.0f} MiB: {product / peer:.2f} times the peer's"
        yield from self.faults
        asked = [f"{line.work} {line.cpu:.2f}x of {ACCEPTANCE[line.work]:.0f}x" for line in self.lines if line.work in ACCEPTANCE]
        yield f"Acceptance {'met' if self.accepted else 'MISSED'}: " + (", ".join(asked) or "nothing it asks for was measured")
        yield "Goal met." if not (missed := self.missed()) else "Goal not yet met: " + ", ".join(missed)

    def json(self) -> dict[str, Any]:
        return {
            "accepted": self.accepted,
            "faults": self.faults,
            "missed": self.missed(),
            "memory_mib": dict(self.memory),
            "effects": {side: dict(rows) for side, rows in self.effects.items()},
            "works": {
                line.work: {
                    "cpu_ratio": line.cpu, "throughput_ratio": line.throughput, "p99_ratio": line.p99,
                    **{side: [dataclasses.asdict(sample) for sample in self.samples[side, line.work]] for side in ("peer", "product")},
                }
                for line in self.lines
            },
        }  # fmt: skip


def line(work: str, samples: Samples) -> Line:
    return Line(work, tuple(zip(samples["peer", work], samples["product", work], strict=True)))


def _median(samples: Sequence[Sample]) -> Sample:
    """Field by field."""
    rows = [dataclasses.astuple(sample) for sample in samples]
    return Sample(*(median(column) for column in zip(*rows, strict=True)))
