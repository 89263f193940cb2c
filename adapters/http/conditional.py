"""Conditional requests (RFC 9110 §13): strong ETags made of a row's version and the projection shown."""

from __future__ import annotations

import enum
import hashlib
import re
from typing import Final, Literal

from kernel.errors import Fault, Malformed, Stale


class AnyVersion(enum.Enum):
    """`If-Match: *`: any version, as long as the record exists."""

    ANY = "*"


ANY: Final = AnyVersion.ANY
ExpectedVersion = int | Literal[AnyVersion.ANY] | None

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST: Final = re.compile(rf"[ \t]*(?:,[ \t]*)*{_TAG}(?:[ \t]*,(?:[ \t]*{_TAG})?)*[ \t]*")
_EACH: Final = re.compile(_TAG)
_MAX_HEADER: Final = 4_096


def etag(version: int, projection: str, *, own: bool = False) -> str:
    """The tag of one record in one projection; a record's address gives its identity.

    projection: the shape of the answer, `[a-z0-9_.]+`. own: as a Cliente sees what is theirs, which may be less than the staff sees.
    """
    return f'"{version}-{projection}.own"' if own else f'"{version}-{projection}"'


def etag_of(body: bytes, version: int | None, projection: str) -> str:
    """The tag of an answer that has no version, or shows more than the record whose version it is."""
    digest = hashlib.sha256(body).hexdigest()[:16]
    return f'"{projection}.{digest}"' if version is None else f'"{version}-{projection}.{digest}"'


def expected_version(if_match: str | None, projection: str) -> ExpectedVersion:
    """The version the caller read: a number, ANY for `*`, None without the header. Of several, the newest.

    Raises Malformed (400), or Stale (412) when no tag can match: weak, of another projection, or not ours.
    """
    if if_match is None:
        return None
    tags = _parse(if_match, "If-Match")
    if tags is None:
        return ANY
    ours = re.compile(rf'"([0-9]{{1,18}})-{re.escape(projection)}(?:\.own|\.[0-9a-f]{{16}})?"')
    versions = [int(found[1]) for tag in tags if (found := ours.fullmatch(tag))]
    if not versions:
        raise Stale()
    return max(versions)


def not_modified(if_none_match: str | None, current: str) -> bool:
    """Whether the reader holds the current tag already (304); compares weakly, since proxies weaken tags.

    Raises Malformed (400).
    """
    if if_none_match is None:
        return False
    if if_none_match == current:
        return True
    tags = _parse(if_none_match, "If-None-Match")
    return tags is None or any(tag.removeprefix("W/") == current for tag in tags)


def _parse(header: str, name: str) -> list[str] | None:
    """The tags listed; None means `*`."""
    if header.strip(" \t") == "*":
        return None
    if len(header) > _MAX_HEADER or not _LIST.fullmatch(header):
        raise Malformed(
            f"{name} is not a list of entity tags.",
            code="malformed_header",
            errors=[Fault(f"{name}:", 'Write `*` or tags such as "7-detail".')],
        )
    return _EACH.findall(header)
