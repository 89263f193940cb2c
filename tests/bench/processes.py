"""What processes cost, read from /proc."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    cpu_ms: float


def _stats() -> dict[int, _Stat]:
    """Every process. Its time holds that of children it has waited for, so a sum over a tree never shrinks."""
    found = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                found[int(folder.name)] = _Stat(int(fields[1]), sum(map(int, fields[11:15])) * _TICK_MS)
    return found


def _tree(root: int, stats: dict[int, _Stat]) -> set[int]:
    tree: set[int] = set()
    fresh = {root} & stats.keys()
    while fresh:
        tree |= fresh
        fresh = {pid for pid, stat in stats.items() if stat.parent in fresh}
    return tree


def cpu_ms(*roots: int) -> list[float]:
    """CPU time so far of each root's tree, in milliseconds."""
    stats = _stats()
    return [sum(stats[pid].cpu_ms for pid in _tree(root, stats)) for root in roots]


def machine_ms() -> float:
    """CPU time so far of the whole machine, in milliseconds."""
    fields = (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[:7])
    return (user + nice + system + irq + softirq) * _TICK_MS


def memory_mib(root: int) -> float:
    """Proportional set size of a tree in MiB: what is shared counts once among those who share it."""
    total = 0
    for pid in _tree(root, _stats()):
        with contextlib.suppress(OSError):
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
