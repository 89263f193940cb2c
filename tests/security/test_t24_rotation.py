"""T24, the built-in issuer's part: its signing key is rotated under load, in several processes, and no valid token is refused."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from adapters.local.clock import SystemClock
from adapters.local.identity import Es256Issuer, JwtVerifier, KeyRing, own_issuer
from adapters.postgres.database import PostgresDatabase
from config import signing
from config.cli import main
from config.container import Container
from config.databases import connections
from config.secrets import derive_key
from config.settings import Settings
from config.signing import StoredKeyRing
from kernel.errors import Unauthenticated
from tests.servers import Cluster, environ

ISS = "us"


@dataclass
class Process:
    """What a process of the product knows of the keys."""

    ring: StoredKeyRing
    issuer: Es256Issuer
    verifier: JwtVerifier


CHECKED = 1_000


@dataclass
class Fleet:
    """Several processes on one database."""

    settings: Settings
    database: PostgresDatabase

    def process(self, *, reads_again: bool = True) -> Process:
        key = derive_key(self.settings.secret_key, "signing keys")
        ring = StoredKeyRing(self.database, key, SystemClock())
        again = ring.again if reads_again else None
        return Process(ring, Es256Issuer(ring, SystemClock(), iss=ISS), JwtVerifier([own_issuer(ring, iss=ISS, again=again)], SystemClock()))

    def age(self, minutes: int) -> None:
        """As if every key had been in its state for so long."""
        with psycopg.connect(connections(self.settings).auth) as auth:
            auth.execute("update accounts_signing_key set since = since - make_interval(mins => %s)", (minutes,))

    def states(self) -> Counter[str]:
        with psycopg.connect(connections(self.settings).auth) as auth:
            return Counter(row[0] for row in auth.execute("select state from accounts_signing_key"))


def test_t24_rotations_under_load_reject_no_valid_token(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_REFRESH_S", 0.2)  # processes learn of a rotation at different moments
    refused, checked = run(fleet, [fleet.process() for _ in range(4)], rotations=5)
    print(f"T24: {checked} tokens over 5 rotations in 4 processes, {refused} refused")
    assert (refused, checked > CHECKED) == (0, True)
    assert fleet.states()["current"] == fleet.states()["standby"] == 1


def test_t24_a_key_that_signs_before_it_is_published_is_noticed(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault: no standby, and nobody reads the ring again for a key they do not know."""
    monkeypatch.setattr(KeyRing, "rotated", lambda _, at, **__: KeyRing.start(at))
    refused, _ = run(fleet, [fleet.process(reads_again=False) for _ in range(4)], rotations=2)
    assert refused > 0


def test_t24_the_next_key_must_be_published_for_twenty_minutes(fleet: Fleet) -> None:
    process = fleet.process()
    process.ring()
    with pytest.raises(ValueError, match="20 minutes"):
        process.ring.rotate()


def test_t24_after_an_incident_every_token_ends_and_new_ones_hold_everywhere(fleet: Fleet) -> None:
    here, there = fleet.process(), fleet.process()
    old = there.issuer.issue(uuid.uuid4(), uuid.uuid4()).token
    there.verifier.verify(old)
    here.ring.rotate(at_once=True)
    there.ring._read_at -= 6
    there.verifier.verify(here.issuer.issue(uuid.uuid4(), uuid.uuid4()).token)
    for process in (here, there):
        with pytest.raises(Unauthenticated):
            process.verifier.verify(old)


def test_t24_after_an_incident_no_process_remembers_a_token(fleet: Fleet) -> None:
    """What the product verifies with: tokens are kept there, whichever key they were verified with."""
    here, there = Container(settings=fleet.settings), Container(settings=fleet.settings)
    old = here.issuer().issue(uuid.uuid4(), uuid.uuid4()).token
    for each in (here, there):
        each.verifier().verify(old)
        each.verifier().verify(old)
    here.key_ring().rotate(at_once=True)
    with pytest.raises(Unauthenticated):
        here.verifier().verify(old)
    there.verifier().verify(old)  # for a minute at most
    there.key_ring()._read_at -= 60
    with pytest.raises(Unauthenticated):
        there.verifier().verify(old)
    fresh = here.issuer().issue(uuid.uuid4(), uuid.uuid4()).token
    for each in (here, there):
        each.verifier().verify(fresh)
        each.auth_pool().close()


def test_t24_unknown_keys_make_the_ring_be_read_twice_at_most(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    process, stranger = fleet.process(), KeyRing.start(SystemClock().now())
    process.ring()
    foreign = Es256Issuer(lambda: stranger, SystemClock(), iss=ISS).issue(uuid.uuid4(), uuid.uuid4()).token
    reads: list[float] = []
    current = process.ring._current
    monkeypatch.setattr(process.ring, "_current", lambda: reads.append(time.monotonic()) or current())
    for _ in range(1_000):
        with pytest.raises(Unauthenticated):
            process.verifier.verify(foreign)
    assert len(reads) <= 2


def test_t24_a_year_later_the_key_is_another_by_itself_and_the_old_one_goes_when_its_tokens_have(fleet: Fleet) -> None:
    first = fleet.process().ring()
    fleet.age(365 * 24 * 60)
    second = fleet.process().ring()
    assert second.current.kid == (first.standby.kid if first.standby else "")
    assert [key.kid for key in second.previous] == [first.current.kid]
    fleet.age(60 + 16)
    assert fleet.process().ring().previous == ()
    assert fleet.states() == {"current": 1, "standby": 1}


def test_t24_the_command_line_lists_and_rotates(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in environ(fleet.settings).items():
        monkeypatch.setenv(name, value)
    assert main(["keys", "list"]) == 0
    before = capsys.readouterr().out.split()
    assert main(["keys", "rotate"]) == 1
    assert "20 minutes" in capsys.readouterr().err
    fleet.age(21)
    assert main(["keys", "rotate"]) == 0
    after = capsys.readouterr().out
    assert "previous" in after
    assert before[1] in after


def run(fleet: Fleet, processes: list[Process], rotations: int) -> tuple[int, int]:
    """Tokens refused and checked, while each process signs, all check what any signed in the last moments, and one rotates."""
    recent: list[str] = []
    refused, checked = [0], [0]
    ended = threading.Event()
    for process in processes:
        process.ring()

    def work(process: Process) -> None:
        while not ended.is_set():
            recent.append(process.issuer.issue(uuid.uuid4(), uuid.uuid4()).token)
            for token in recent[-8:]:
                checked[0] += 1
                try:
                    process.verifier.verify(token)
                except Unauthenticated:
                    refused[0] += 1

    threads = [threading.Thread(target=work, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    for number in range(rotations):
        time.sleep(0.4)
        fleet.age(21)
        processes[number % len(processes)].ring._read_at = 0
        processes[number % len(processes)].ring.rotate()
    time.sleep(0.4)
    enough = time.monotonic() + 30
    while checked[0] <= CHECKED and time.monotonic() < enough:
        time.sleep(0.1)
    ended.set()
    for thread in threads:
        thread.join()
    return refused[0], checked[0]


@pytest.fixture
def fleet(cluster: Cluster) -> Iterator[Fleet]:
    name = cluster.clone(f"keys_{uuid.uuid4().hex[:8]}")
    container = Container(settings=cluster.settings(name))
    yield Fleet(container.settings(), container.auth_database())
    container.auth_pool().close()
    cluster.drop(name)
