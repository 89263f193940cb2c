"""`python -m tests.bench`: the product against the peer, interleaved, on one PostgreSQL. CPU per request is the number to quote.

Exits with 1 when design §9's acceptance is missed or an answer was not 2xx.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench import database, load, peer_side, processes, product_side
from tests.bench.load import WORKS, Sample, Side
from tests.bench.report import Report, line


def main() -> int:
    told = _arguments()
    if shutil.which("wrk") is None:
        print("The benchmark needs wrk (Debian and Ubuntu: apt install wrk).", file=sys.stderr)
        return 2
    if len(told.work) * 2 * (told.rounds * (told.seconds + 1) + 2) > product_side.LIFETIME_S * 0.9:
        print("This would outlive its access tokens: fewer rounds or seconds.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the context managers end what was started
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fitpro-bench-", ignore_cleanup_errors=True)))
        cluster = stack.enter_context(database.cluster(home / "cluster"))
        postgres = cluster.server.pid
        assert postgres is not None
        peer = stack.enter_context(peer_side.running(cluster, home / "peer", told.workers))
        product = stack.enter_context(product_side.running(cluster, home / "product", told.workers, told.threads))
        samples = _samples(told, (peer, product), postgres)
        report = Report(
            tuple(line(work, samples) for work in told.work),
            {side.name: processes.memory_mib(side.pid) for side in (peer, product)},
            {"peer": peer_side.effects(cluster), "product": product_side.effects(cluster), "product's bookings": product_side.booked(cluster)},
            samples,
        )
    print("\n".join(report.text()))
    if told.json:
        about = {"python": platform.python_version(), "cpus": os.cpu_count(), "load": os.getloadavg(), **vars(told), "json": None}
        told.json.write_text(json.dumps({"about": about, **report.json()}, indent=1))
    return 0 if report.accepted else 1


def _samples(told: argparse.Namespace, sides: tuple[Side, Side], postgres: int) -> dict[tuple[str, str], list[Sample]]:
    """A B, B A, A B …: whatever else the machine does meets both alike."""
    samples: dict[tuple[str, str], list[Sample]] = {}
    salt = 0
    for work in told.work:
        for side in sides:
            load.measure(side, work, postgres, seconds=2, connections=told.connections, salt=(salt := salt + 1))
        for turn in range(told.rounds):
            for side in sides if turn % 2 == 0 else sides[::-1]:
                sample = load.measure(side, work, postgres, seconds=told.seconds, connections=told.connections, salt=(salt := salt + 1))
                samples.setdefault((side.name, work), []).append(sample)
                print(f"{work:8}{side.name:9}{sample.rps:8.0f}/s  p99 {sample.p99:7.1f} ms  CPU {sample.cpu_ms:.3f} ms", file=sys.stderr)
    return samples


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="The product against the peer on one PostgreSQL.")
    parser.add_argument("--rounds", type=int, default=5, help="measured runs of each side and work")
    parser.add_argument("--seconds", type=int, default=4, help="length of a run")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2, help="server processes of each side")
    parser.add_argument("--threads", type=int, default=2, help="threads of each process of the product")
    parser.add_argument("--work", type=_works, default=WORKS, help=f"some of {','.join(WORKS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    return parser.parse_args()


def _works(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(WORKS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
