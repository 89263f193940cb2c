"""Argon2id, with a bound on how many hashes run at once, in threads that let everything else go first."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from adapters.local.identity.well_known import is_common
from kernel.errors import Fault, Invalid, Unavailable

SHORTEST = 8
LONGEST = 128
_LENGTH = f"Must be {SHORTEST} to {LONGEST} characters long."
_SALT_BYTES = 16
_HASH_BYTES = 32
_NICE = 10


class Argon2Passwords:
    """`ports.identity.Passwords`. One per process: the bound on memory and processor time is this object's.

    time_cost, memory_kib, parallelism: argon2id's costs; the defaults are OWASP's floor, about 50 ms and 19 MiB a hash. concurrent: hashes at
    once. Who finds no room waits patience_s at most, and only while this is a rush: after `patient` waits others are told at once to come back,
    for whoever waits keeps a thread from requests that need no hash. Once nobody is sent away, so many more may wait each second.
    """

    def __init__(
        self,
        *,
        time_cost: int = 2,
        memory_kib: int = 19_456,
        parallelism: int = 1,
        concurrent: int = 4,
        patience_s: float = 2.0,
        patient: int = 12,
        patient_again_per_s: float = 1.0,
    ) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, parallelism, _HASH_BYTES, _SALT_BYTES, type=Type.ID)
        # Well-formed, and nobody's: finding a password for random output is as hard as for a stolen hash.
        salt, output = (b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (_SALT_BYTES, _HASH_BYTES))
        self._nobodys = f"$argon2id$v=19$m={memory_kib},t={time_cost},p={parallelism}${salt}${output}"
        self._turns = threading.BoundedSemaphore(concurrent)
        self._patience_s = patience_s
        self._waits = _Waits(patient, patient_again_per_s)
        self._mine = threading.local()
        # Threads of their own: the system lets go of their processor whenever a request wants one.
        self._hashing = ThreadPoolExecutor(concurrent, "fitpro-hash", initializer=_step_back)

    def check(self, password: str) -> None:
        """Raises `Invalid` for a password nobody should choose."""
        if _verbatim(password) is None:
            raise _refused(_LENGTH)
        if is_common(password):
            raise _refused("Is one of the passwords that are tried first; choose another.")

    def hash(self, password: str) -> str:
        """A self-describing hash with a fresh salt. Raises `Invalid` or `Unavailable`."""
        raw = _verbatim(password)
        if raw is None:
            raise _refused(_LENGTH)
        with self.turn():
            return self._hashing.submit(self._hasher.hash, raw).result()

    def verify(self, hashed: str, password: str) -> bool:
        """Whether the password made this hash. No password that could not have been set costs a hash."""
        raw = _verbatim(password)
        if raw is None:
            return False
        with self.turn():
            try:
                return self._hashing.submit(self._hasher.verify, hashed, raw).result()
            except (VerificationError, ValueError):  # InvalidHashError is a ValueError
                return False

    def decoy(self) -> str:
        """Nobody's hash, the same as long as the process lives."""
        return self._nobodys

    def needs_rehash(self, hashed: str) -> bool:
        """Whether the costs differ from today's."""
        try:
            return self._hasher.check_needs_rehash(hashed)
        except InvalidHashError:
            return True

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Room for the hashes of the block. Raises `Unavailable`."""
        if getattr(self._mine, "held", False):
            yield
            return
        if not self._turns.acquire(blocking=False) and not (self._waits.allowed() and self._turns.acquire(timeout=self._patience_s)):
            raise Unavailable("Too many people are signing in at this moment; try again.", retry_after_s=1)
        self._mine.held = True
        try:
            yield
        finally:
            self._mine.held = False
            self._turns.release()


def _step_back() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class _Waits:
    """How many may still wait: a bucket that fills again while it is not asked in vain."""

    def __init__(self, most: int, per_s: float) -> None:
        self._most, self._per_s = most, per_s
        self._left, self._at = float(most), time.monotonic()
        self._lock = threading.Lock()

    def allowed(self) -> bool:
        with self._lock:
            now = time.monotonic()
            full = min(self._most, self._left + (now - self._at) * self._per_s)
            self._at = now
            if full < 1:
                return False
            self._left = full
            self._left -= 1
            return True


def _refused(why: str) -> Invalid:
    return Invalid(errors=[Fault("/password", why)])


def _verbatim(password: str) -> bytes | None:
    if not SHORTEST <= len(password) <= LONGEST:
        return None
    try:
        return password.encode()
    except UnicodeEncodeError:  # half a surrogate pair: no keyboard sends one
        return None
