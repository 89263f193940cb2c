"""Verification: is the trail what was sealed, and does it reach as far as it once did?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from kernel.context import current
from kernel.errors import Fault, Invalid
from plugins.privacy.domain import START, Break, Kind, judge
from plugins.privacy.ports import Chain, Sealed
from plugins.privacy.service.erasing import Erasures
from plugins.privacy.service.times import Times
from ports.anchors import Anchors, Notary, Receipt

MOST: Final = 100
"""Breaks told at once."""

MOST_NAMED: Final = 1_000
"""Erased entries named at once."""

_CHUNK: Final = 5_000


@dataclass(slots=True)
class Report:
    """What was looked at and what is wrong with it. erased: entries whose values are gone, as recorded; erased_entries: the first of them.

    next: the seal to go on after; None when everything was looked at.
    """

    seals: int = 0
    entries: int = 0
    erased: int = 0
    erased_entries: list[str] = field(default_factory=list)
    waiting: int = 0
    position: int = 0
    breaks: list[Break] = field(default_factory=list)
    receipt: Receipt | None = None
    next: int | None = None

    @property
    def ok(self) -> bool:
        return not self.breaks


@dataclass(frozen=True, slots=True)
class _Walk:
    """What is carried along the chain."""

    times: Times
    erasures: Erasures


class Verification:
    """Checks the current workspace's chain. anchors: what is known outside the database."""

    def __init__(self, *, chain: Chain, notary: Notary, anchors: Anchors) -> None:
        self._chain = chain
        self._notary = notary
        self._anchors = anchors

    def verify(self, after: int, at_least: int, shown: str | None = None) -> Report:
        """Check the seals after a number, until this many entries were checked or the end. shown: a receipt somebody kept.

        Raises Invalid for a receipt that is not ours or of another workspace.
        """
        workspace = current().scope.workspace_id
        assert workspace is not None
        report = Report()
        self._compare(workspace, shown, report)
        before = self._chain.receipt(after) if after else None
        if after and before is None:
            raise Invalid(errors=[Fault("?after", "There is no such seal.")])
        previous = START if before is None else before.head.hash
        last = self._chain.receipt(None)
        standing = self._chain.standing().last
        settled = standing.settled if standing is not None else 0
        begin = self._chain.after(after - 1, 1)[0].seal if after else None
        through = begin.through if begin else 0
        walk = _Walk(
            Times(begin.settled if begin else 0, through, self._chain.times(after) if after else ()), Erasures(self._chain, self._notary, workspace)
        )
        number = after
        while chunk := self._chain.after(number, _CHUNK):
            for sealed in chunk:
                previous = self._link(workspace, number, previous, sealed, report, walk)
                number = sealed.seal.number
            above, through = through, max(through, chunk[-1].seal.through)
            strangers = self._chain.intruders(above, through, settled, chunk[0].seal.number - 1)
            report.breaks += [Break(Kind.INSERTED, number, None, entry.id, entry.table) for entry in strangers]
            if not self._notary.signed(chunk[-1].receipt):
                report.breaks.append(Break(Kind.UNSIGNED, number, chunk[-1].receipt.head.position))
            if report.entries >= at_least:
                break
        report.receipt = last
        report.next = number if last is not None and number < last.head.number else None
        report.waiting = self._chain.waiting(settled)
        del report.breaks[MOST:]
        return report

    def _link(self, workspace: UUID, number: int, previous: bytes, sealed: Sealed, report: Report, walk: _Walk) -> bytes:
        seal, head = sealed.seal, sealed.receipt.head
        if seal.number != number + 1:
            report.breaks.append(Break(Kind.SEAL_MISSING, number + 1))
        elif seal.previous != previous:
            report.breaks.append(Break(Kind.SEAL_CHANGED, number, report.position))
        if seal.hash(workspace, [entry.id for entry in sealed.entries]) != head.hash:
            report.breaks.append(Break(Kind.SEAL_CHANGED, seal.number, head.position))
        judged = judge(seal, sealed.entries)
        unaccounted = walk.erasures.unaccounted(judged.erased)
        found = judged.breaks + [Break(Kind.ERASED, seal.number, one.position, one.entry_id, one.table) for one in unaccounted]
        for late in walk.times.backdated(seal, judged.standing)[:MOST]:
            found.append(Break(Kind.BACKDATED, seal.number, seal.first + sealed.entries.index(late), late.id, late.table))
        report.breaks += found[: max(0, MOST - len(report.breaks))]  # a trail that is all wrong must not fill the memory
        erased = {one.entry_id for one in judged.erased} - {one.entry_id for one in unaccounted}
        report.erased += len(erased)
        report.erased_entries += sorted(erased)[: max(0, MOST_NAMED - len(report.erased_entries))]
        report.seals += 1
        report.entries += len(sealed.entries)
        report.position = head.position
        return head.hash

    def _compare(self, workspace: UUID, shown: str | None, report: Report) -> None:
        """Whether the chain still reaches, unchanged, as far as it is known to have reached."""
        known = [self._anchors.newest(workspace)]
        if shown is not None:
            known.append(self._read(workspace, shown))
        last = self._chain.receipt(None)
        reached = None
        for receipt in known:
            if receipt is None or not self._notary.signed(receipt):
                continue
            head = receipt.head
            if last is None or last.head.number < head.number:
                reached = head if reached is None or reached.number < head.number else reached
            elif ((now := self._chain.receipt(head.number)) is None or now.head != head) and not any(
                one.seal == head.number for one in report.breaks
            ):
                report.breaks.append(Break(Kind.REWRITTEN, head.number, head.position))
        if reached is not None:  # an end is cut off once, whoever remembers it
            report.breaks.append(Break(Kind.TRUNCATED, reached.number, reached.position))

    def _read(self, workspace: UUID, shown: str) -> Receipt:
        try:
            receipt = Receipt.parse(shown)
        except ValueError:
            raise Invalid(errors=[Fault("?head", "Not a receipt of an audit head.")]) from None
        if receipt.head.workspace_id != workspace or not self._notary.signed(receipt):
            raise Invalid(errors=[Fault("?head", "Not a receipt that this installation signed for this workspace.")])
        return receipt
