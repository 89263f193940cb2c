"""Sealing: what was done since the last seal becomes a link of the workspace's chain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from kernel.context import current
from plugins.privacy.domain import START, Seal
from plugins.privacy.ports import Chain
from ports.anchors import Anchors, Head, Notary, Receipt

BATCH: Final = 2_000
"""Entries a seal has at most."""


class Sealing:
    """Makes seals, and anchors them outside the database. now: the time, aware, in UTC."""

    def __init__(self, *, chain: Chain, notary: Notary, anchors: Anchors, now: Callable[[], datetime]) -> None:
        self._chain = chain
        self._notary = notary
        self._anchors = anchors
        self._now = now

    def seal(self) -> Receipt | None:
        """Seal up to BATCH entries in this transaction. None when there is nothing to say; else go on until there is not."""
        self._chain.hold()
        standing = self._chain.standing()
        last = standing.last or Seal(0, 1, START, 0, 0, self._now(), b"")
        entries = self._chain.unsealed(last.settled, standing.top, BATCH)
        through = max(last.through, standing.top if len(entries) < BATCH else entries[-1].seq)
        settled = through if standing.quiet else min(through, max(last.settled, standing.over))
        if not entries and settled == last.settled:
            return None
        seal = Seal(
            last.number + 1, standing.position + 1, standing.head, through, settled, self._now(), b"".join(entry.proof() for entry in entries)
        )
        workspace = current().scope.workspace_id
        assert workspace is not None
        digest = seal.hash(workspace, [entry.id for entry in entries])
        receipt = self._notary.sign(Head(workspace, seal.number, standing.position + len(entries), seal.sealed_at, digest))
        self._chain.add(seal, receipt, entries, standing.horizon)
        return receipt

    def newest(self) -> Receipt | None:
        """The last seal's receipt; a worker that died before anchoring it left that to the next."""
        return self._chain.receipt(None)

    def anchor(self, receipt: Receipt) -> None:
        """Keep a committed receipt outside the database."""
        self._anchors.keep(receipt)
