"""Letters that people have us send to others: counted for who sends them, and for whom they reach."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from math import ceil
from typing import Final
from uuid import UUID

from kernel.errors import RateLimited
from ports.limits import Asked, Meter, Quota

_64_BITS: Final = (1 << 64) - 1


class MeteredPostage:
    """Implements ports.limits.Postage. of_one: what somebody sends; to_one: what an address gets, whoever sends it."""

    def __init__(self, meter: Meter, of_one: Quota, to_one: Quota) -> None:
        self._meter = meter
        self._of_one = of_one
        self._to_one = to_one

    def pay(self, sender: UUID, address: str) -> None:
        own = self._of_one, sender.int & _64_BITS
        self._take(own)
        try:
            self._take((self._to_one, int.from_bytes(hashlib.blake2b(address.encode(), digest_size=8).digest(), "big")))
        except BaseException:
            with suppress(Exception):  # then it stays counted
                self._meter.give_back(*own)
            raise

    def _take(self, asked: Asked) -> None:
        found = self._meter.take(*asked)
        if not found.allowed:  # the same words for both: whether others write to an address is nobody's to know
            raise RateLimited(
                "Many letters were sent by you, or to this address; wait a little.", code="too_many_letters", retry_after_s=max(1, ceil(found.wait_s))
            )
