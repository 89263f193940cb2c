"""Dates as people write them. Which of 03/04 is the month is a rule for the whole file, never a guess per cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

from plugins.clients.domain.register import normalise


class DateOrder(StrEnum):
    """What comes first in a date of numbers alone."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?", re.ASCII)
_RUN_TOGETHER: Final = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NUMBERS: Final = re.compile(r"(\d{1,2})\s*[-/. ]\s*(\d{1,2})\s*[-/. ]\s*(\d{4}|\d{2})(?: \d{1,2}:\d{2}.*)?", re.ASCII)
_NAMED: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th|o)?[-. /]*(?:de |of )?([a-z]{3,12})\.?[-, /]*(?:de |del )?(\d{4}|\d{2})")
_NAME_FIRST: Final = re.compile(r"([a-z]{3,12})\.?[- /]*(\d{1,2})(?:st|nd|rd|th)?[-, /]+(\d{4}|\d{2})")
_MONTHS: Final = tuple(
    frozenset(names.split())
    for names in (
        "jan january ene enero janeiro", "feb february febrero fev fevereiro", "mar march marzo marco", "apr april abr abril",
        "may mayo mai maio", "jun june junio junho", "jul july julio julho", "aug august ago agosto",
        "sep sept september septiembre setiembre set setembro", "oct october octubre out outubro",
        "nov november noviembre novembro", "dec december dic diciembre dez dezembro",
    )
)  # fmt: skip


def order_of(cells: Iterable[str], locale: str) -> DateOrder:
    """The order the cells themselves prove (some number is above 12), else that of the locale: month first in the United States alone."""
    habit = DateOrder.MDY if locale.replace("_", "-").lower() in ("en-us", "en-ph") else DateOrder.DMY
    proven = {
        DateOrder.DMY if int(found[1]) > 12 else DateOrder.MDY
        for cell in cells
        if (found := _NUMBERS.fullmatch(cell.strip())) and (int(found[1]) > 12) != (int(found[2]) > 12)
    }
    return proven.pop() if len(proven) == 1 else habit


def read_date(cell: str, order: DateOrder, today: date) -> date | None:
    """The day a cell names, None when it names none. Of two digits for a year, this century's only when that is not to come."""
    text = cell.strip()
    if found := _YEAR_FIRST.fullmatch(text) or _RUN_TOGETHER.fullmatch(text):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMBERS.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), found[3]
        if order is DateOrder.YMD:  # 90/04/17
            return _day(_year(found[1], today), second, int(year)) if len(year) == 2 else None
        day, month = (second, first) if order is DateOrder.MDY else (first, second)
        return _day(_year(year, today), month, day)
    plain = normalise(text)
    if found := _NAMED.fullmatch(plain):
        return _day(_year(found[3], today), _month(found[2]), int(found[1]))
    if found := _NAME_FIRST.fullmatch(plain):
        return _day(_year(found[3], today), _month(found[1]), int(found[2]))
    return None


def _month(name: str) -> int:
    return next((number for number, names in enumerate(_MONTHS, 1) if name in names), 0)


def _year(text: str, today: date) -> int:
    if len(text) == 4:
        return int(text)
    year = today.year // 100 * 100 + int(text)
    return year if year <= today.year else year - 100


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year >= 1880 else None
    except ValueError:
        return None
