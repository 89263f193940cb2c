"""Request bodies: strict JSON (RFC 8259, I-JSON), so that every reader of the same bytes sees the same object."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, cast

import orjson

from kernel.errors import Fault, Invalid, Malformed, TooLarge, UnsupportedMedia

MAX_DEPTH: Final = 32
MAX_CONTAINERS: Final = 20_000

_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_SUSPECT_DIGITS: Final = b"0" * 19
_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
# Opening counts 1 and closing 255, which is -1 in a signed byte.
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_LONG_INTEGER: Final = re.compile(rb"(?<![0-9.eE+-])-?[0-9]{19,}(?![0-9.eE])")
# Larger bodies get the refusal without the place: looking for it would cost more than they are worth.
_MAX_SEARCHED: Final = 65_536
_JSON_TYPE: Final = re.compile(r'application/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?', re.IGNORECASE | re.ASCII)

_MEDIA: Final = re.compile(r'([\w.+-]+/[\w.+-]+)[ \t]*(?:;[ \t]*charset=(?:([\w.:-]+)|"([\w.:-]+)")[ \t]*)?', re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent. charset: what the Content-Type says of it, in lower case, None without."""

    content: bytes
    media: str
    charset: str | None


def read_upload(raw: bytes, content_type: str | None, content_encoding: str | None, media: Collection[str]) -> Upload:
    """The file in a request body. Raises UnsupportedMedia for another type, or a content encoding."""
    found = _MEDIA.fullmatch(content_type or "")
    if found is None or found[1].lower() not in media or not _plain(content_encoding):
        raise UnsupportedMedia(f"Send the file itself as {' or '.join(media)}, without a content encoding.")
    charset = found[2] or found[3]
    return Upload(raw, found[1].lower(), charset.lower() if charset else None)


def _plain(content_encoding: str | None) -> bool:
    return content_encoding is None or content_encoding.strip().lower() in ("", "identity")


def parse_json(raw: bytes, content_type: str | None, content_encoding: str | None, *, max_bytes: int) -> dict[str, object]:
    """The object in a request body.

    Refuses what parsers disagree about: duplicate names, NaN, lone surrogates, NUL, other encodings, a byte order mark,
    nesting deeper than 32, more than 20,000 lists and objects, numbers outside int64 or binary64.
    Raises UnsupportedMedia (415), TooLarge (413), Malformed (400), Invalid (422, a number out of range).
    """
    if content_type != "application/json" and (content_type is None or not _JSON_TYPE.fullmatch(content_type)):
        raise UnsupportedMedia()
    if not _plain(content_encoding):
        raise UnsupportedMedia()
    if len(raw) > max_bytes:
        raise TooLarge(f"The body is larger than {max_bytes} bytes.")
    if _containers(raw) > MAX_DEPTH:
        # Before parsing: the refusal of a body made of brackets must not cost what building it would.
        _check_shape(_outside_strings(raw))
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unreadable(raw, error) from None
    if not isinstance(value, dict):
        raise _malformed("The body must be a JSON object.")
    outside = raw
    if b"\\" in raw:
        unescaped = raw.replace(b"\\\\", b"")
        if b"\\u0000" in unescaped:
            raise _malformed("A string holds the NUL character (\\u0000).")
        outside = _outside_strings(raw)
    if _repeats_a_name(outside, value):
        raise _malformed("An object has the same name twice.")
    if _SUSPECT_DIGITS in raw.translate(_DIGITS_TO_ZERO) and _has_wide_integer(_outside_strings(raw)):
        raise _out_of_range(raw)
    return cast(dict[str, object], value)


def _outside_strings(raw: bytes) -> bytes:
    """Valid JSON without the contents of its strings; every step runs at C speed."""
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(raw.split(b'"')[::2])


def _containers(outside: bytes) -> int:
    return outside.count(b"{") + outside.count(b"[")


def _check_shape(outside: bytes) -> None:
    if _containers(outside) > MAX_CONTAINERS:
        raise TooLarge(f"The body holds more than {MAX_CONTAINERS} lists and objects.")
    steps = memoryview(outside.translate(_STEPS, _NOT_BRACKETS)).cast("b")
    if max(accumulate(steps), default=0) > MAX_DEPTH:
        raise _malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _repeats_a_name(outside: bytes, value: dict[str, object]) -> bool:
    """Writing the parsed value gives one colon per name kept; the source had one per name written.

    Without escapes both texts also hold the same strings, so their colons can be counted as they are.
    """
    written = orjson.dumps(value)
    kept = written if b'"' in outside else _outside_strings(written)
    return outside.count(b":") != kept.count(b":")


def _has_wide_integer(outside: bytes) -> bool:
    """Decided over all of them at once, at C speed: a body may hold 50,000."""
    found = _LONG_INTEGER.findall(outside)
    if not found or len(max(found, key=len)) > 20:
        return bool(found)
    numbers = list(map(int, found))
    return min(numbers) < _INT64_MIN or max(numbers) > _INT64_MAX


def _is_wide(number: str) -> bool:
    return len(number) > 20 or not _INT64_MIN <= int(number) <= _INT64_MAX


def _unreadable(raw: bytes, error: orjson.JSONDecodeError) -> Malformed | Invalid:
    if not raw.strip():
        return _malformed("The body is empty; send a JSON object.")
    if raw.startswith(b"\xef\xbb\xbf"):
        return _malformed("The body starts with a byte order mark; send plain UTF-8.")
    try:
        raw.decode()
    except UnicodeDecodeError as undecodable:
        return _malformed(f"The body is not UTF-8 (byte {undecodable.start}).")
    if "infinity" in error.msg:
        return _out_of_range(raw)
    return _malformed(f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno}).")


def _malformed(detail: str) -> Malformed:
    return Malformed(detail, code="malformed_json")


class _OutOfRange:
    """Stands for a number that no field can hold, while its place is looked for."""


def _out_of_range(raw: bytes) -> Invalid | Malformed:
    """The 422 that points at the numbers out of range. The depth is known to be bounded."""
    if len(raw) > _MAX_SEARCHED:
        return Invalid(errors=[Fault("", "A number is out of range.")])

    def integer(text: str) -> object:
        return _OutOfRange() if _is_wide(text) else 0

    def real(text: str) -> object:
        return _OutOfRange() if float(text) in (float("inf"), float("-inf")) else 0.0

    try:
        tree = json.loads(raw, parse_int=integer, parse_float=real)
    except ValueError:
        return _malformed("The body is not valid JSON.")
    found = [Fault(pointer, "The number is out of range.") for pointer in _places(tree, "")]
    return Invalid(errors=found[:20] or [Fault("", "A number is out of range.")])


def _places(tree: object, pointer: str) -> list[str]:
    if isinstance(tree, _OutOfRange):
        return [pointer]
    if isinstance(tree, dict):
        return [p for name, item in tree.items() for p in _places(item, f"{pointer}/{escape_pointer(name)}")]
    if isinstance(tree, list):
        return [p for index, item in enumerate(tree) for p in _places(item, f"{pointer}/{index}")]
    return []


def escape_pointer(name: str) -> str:
    """One segment of an RFC 6901 pointer."""
    return name.replace("~", "~0").replace("/", "~1")
