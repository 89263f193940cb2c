"""Several clients at once, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from requests.structures import CaseInsensitiveDict

from tests.servers import ROOT, mortal


@dataclass(frozen=True)
class Outcome:
    """What they were answered. last: the headers of the last answer of each status. took: seconds of each request."""

    statuses: Counter[str]
    last: Mapping[str, Mapping[str, str]]
    took: list[float]

    def p99(self) -> float:
        return sorted(self.took)[max(0, int(len(self.took) * 0.99) - 1)]


def begin(
    url: str, path: str, *, count: int, clients: int = 1, rate: float = 0, headers: Mapping[str, str] | None = None, nice: int = 0
) -> list[Any]:
    """Start `clients` processes with `count` requests each. rate: per second and client; 0: one after another. nice: 19 when what they take
    of the machine shall disturb as little as if they were elsewhere."""
    told = [f"{name}: {value}" for name, value in (headers or {}).items()]
    command = ["nice", "-n", str(nice), sys.executable, "-m", "tests.security.flood", url, path, str(count), str(rate), *told]
    return [subprocess.Popen(mortal(command), cwd=ROOT, stdout=subprocess.PIPE) for _ in range(clients)]


def end(children: list[Any]) -> Outcome:
    """Wait for them."""
    statuses: Counter[str] = Counter()
    last: dict[str, Mapping[str, str]] = {}
    took: list[float] = []
    for child in children:
        said, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        found = json.loads(said)
        statuses.update(found["statuses"])
        last.update({status: CaseInsensitiveDict(headers) for status, headers in found["last"].items()})
        took += found["took"]
    return Outcome(statuses, last, took)
