"""Sealing anew what an earlier key sealed, a batch at a time, while everybody goes on working."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from plugins.clients.ports.resealing import SealedRows
from plugins.clients.service.actors import workspace
from ports.encryption import Encryption, Place, Unreadable

BATCH: Final = 200
"""Rows per transaction: few enough that a request hardly waits for one of them."""


class Resealing:
    """The sealed values of the current workspace."""

    def __init__(self, *, rows: SealedRows, encryption: Encryption) -> None:
        self._rows = rows
        self._encryption = encryption

    def steps(self) -> Iterator[Mapping[str, object]]:
        """A batch per step, until nothing is left that the current key did not seal. Reports how many were sealed anew, and how many
        nobody can open: those stay as they are."""
        done = unreadable = 0
        for table, column in self._rows.columns():
            after = UUID(int=0)
            while rows := self._rows.due(table, column, self._encryption.prefix, after, BATCH):
                after = rows[-1]["id"]
                ids, before, anew = [], [], []
                for row in rows:
                    place = Place(workspace(), table, column, row["id"])
                    try:
                        anew.append(self._encryption.seal(self._encryption.open(row["sealed"], place), place))
                    except Unreadable:
                        unreadable += 1
                        continue
                    ids.append(row["id"])
                    before.append(row["sealed"])
                done += self._rows.swap(table, column, ids, before, anew)
                yield {"sealed_anew": done, "unreadable": unreadable}
