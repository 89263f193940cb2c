"""Points in time, days and zones, in the range where every date arithmetic of the platform stays valid."""

from __future__ import annotations

import datetime as dt
import functools
import re
import zoneinfo
from typing import Any, Final

import marshmallow as ma
import orjson

from adapters.http.fields.texts import String

EARLIEST: Final = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(2200, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)

_RFC3339: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK: Final = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")


class DateTime(ma.fields.DateTime):
    """An RFC 3339 timestamp with its offset, years 1900 to 2200; loads as UTC, digits after the microsecond are cut."""

    default_error_messages = {  # noqa: RUF012 - marshmallow's own convention
        "invalid": "Not a valid timestamp: write it as 2026-01-31T09:30:00Z or with an offset.",
        "range": "Must be in the years 1900 to 2200.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.datetime:
        if type(value) is not str or not _RFC3339.fullmatch(value):
            raise self.make_error("invalid")
        try:
            moment = dt.datetime.fromisoformat(value.upper()).astimezone(dt.UTC)
        except OverflowError:
            raise self.make_error("range") from None
        except ValueError:
            raise self.make_error("invalid") from None
        if not EARLIEST <= moment <= LATEST:
            raise self.make_error("range")
        return moment

    def _serialize(self, value: dt.datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else moment_text(value)


class Date(ma.fields.Date):
    """A day (`2026-01-31`), years 1900 to 2200."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Not a valid day: write it as 2026-01-31.",
        "range": "Must be in the years 1900 to 2200.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.date:
        if type(value) is not str or not _DAY.fullmatch(value):
            raise self.make_error("invalid")
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None
        if not EARLIEST.year <= day.year <= LATEST.year:
            raise self.make_error("range")
        return day


class Time(ma.fields.Time):
    """A time on the wall clock, without a zone (`09:30` or `09:30:00`)."""

    default_error_messages = {"invalid": "Not a valid time: write it as 09:30."}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.time:
        if type(value) is not str or not _CLOCK.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return dt.time.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None


class Timezone(String):
    """The IANA name of a time zone (`Europe/Madrid`)."""

    default_error_messages = {"invalid": "Not a time zone name, such as Europe/Madrid."}  # noqa: RUF012

    def __init__(self, *, max_length: int = 64, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name not in _zone_names():
            raise self.make_error("invalid")
        return name


def moment_text(value: dt.datetime) -> str:
    """The one spelling of a timestamp in answers: what orjson writes with OPT_UTC_Z.

    Raises ValueError on a naive datetime: it would name another instant in every reader's zone.
    """
    if value.tzinfo is None:
        raise ValueError("a timestamp in an answer needs an offset")
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)[1:-1].decode()


@functools.cache
def _zone_names() -> frozenset[str]:
    """Read once: listing the database walks the disk. It also names this machine's zone, and one that says that none is set."""
    return frozenset(zoneinfo.available_timezones()) - {"localtime", "Factory"}
