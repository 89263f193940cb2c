"""Pictures that people send: recognised by their bytes, measured, and taken apart and put together again without what is no picture.

Nothing is decoded: what a picture is made of is copied, and all else (positions, comments, thumbnails, whatever hides behind the end) is left out.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 1024 * 1024
MAX_SIDE: Final = 4_096
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"})
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH"})
_ANIMATED, _ALPHA = 0x02, 0x10
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_KEPT: Final = _FRAMES | {0xC4, 0xCC, 0xDA, 0xDB, 0xDD}
"""Frames, tables, scans and the restart interval."""
_COLOURS: Final[Mapping[int, tuple[bytes, int]]] = {0xE0: (b"JFIF\0", 16), 0xEE: (b"Adobe", 14)}
"""Of the applications' own segments the two that say how colours are meant: name, and length without a thumbnail or whatever else follows."""
_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In a JPEG's pixels: a marker that ends them (zeros are stuffed behind an FF of theirs, and restarts belong to them)."""


class NoPicture(ValueError):
    """Why these bytes are not taken. The message is for who sent them."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is kept of a picture. media: its type, by its bytes and not by what anybody said."""

    media: str
    content: bytes
    width: int
    height: int


def picture(content: bytes) -> Picture:
    """Raises NoPicture for anything but one still PNG, JPEG or WebP of MAX_SIDE by MAX_SIDE pixels at most."""
    media = next((media for media, magic in _MAGIC.items() if magic.match(content)), None)
    if media is None:
        raise NoPicture("Send a PNG, JPEG or WebP.")
    try:
        kept, width, height = _READ[media](content)
    except (IndexError, StopIteration):
        raise _broken() from None
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise NoPicture(f"It may be {MAX_SIDE} by {MAX_SIDE} pixels at most.")
    return Picture(media, kept, width, height)


Read = tuple[bytes, int, int]


def _png(content: bytes) -> Read:
    kept, seen = [_PNG], list[bytes]()
    for name, whole in _png_chunks(content):
        if name == b"acTL":
            raise _moving()
        if name in _PNG_KEPT:
            kept.append(whole)
            seen.append(name)
    if seen[0] != b"IHDR" or seen.count(b"IHDR") != 1 or b"IDAT" not in seen or seen[-1] != b"IEND":
        raise _broken()
    header = kept[1][8:]
    return b"".join(kept), int.from_bytes(header[0:4]), int.from_bytes(header[4:8])


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name, and the chunk as it stands; up to the end of the picture."""
    at = len(_PNG)
    while True:
        size = int.from_bytes(content[at : at + 4])
        whole = content[at : at + 12 + size]
        if len(whole) < 12 + size or zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:]):
            raise _broken()
        name = whole[4:8]
        if name == b"IHDR" and size != 13:
            raise _broken()
        yield name, whole
        if name == b"IEND":
            return
        at += len(whole)


def _jpeg(content: bytes) -> Read:
    kept, size, scanned, at = [b"\xff\xd8"], (0, 0), False, 2
    while True:
        while content[at : at + 2] == b"\xff\xff":  # any number of FFs may stand before a marker
            at += 1
        if content[at] != 0xFF:
            raise _broken()
        marker = content[at + 1]
        if marker == 0xD9:
            break
        length = int.from_bytes(content[at + 2 : at + 4])
        segment = content[at : at + 2 + length]
        if length < 2 or len(segment) < 2 + length:
            raise _broken()
        at += len(segment)
        if marker in _FRAMES:
            if size != (0, 0):
                raise _broken()  # readers differ in which of two they believe
            size = int.from_bytes(segment[7:9]), int.from_bytes(segment[5:7])
        if marker in _JPEG_KEPT or _tells_colours(marker, segment):
            kept.append(segment)
        if marker == 0xDA:
            end = _SCAN.search(content, at)
            if end is None or size == (0, 0):
                raise _broken()
            kept.append(content[at : end.start()])
            scanned, at = True, end.start()
    if not scanned:
        raise _broken()
    return b"".join([*kept, b"\xff\xd9"]), *size


def _tells_colours(marker: int, segment: bytes) -> bool:
    name, length = _COLOURS.get(marker, (b"", 0))
    return len(segment) == length + 2 and segment.startswith(name, 4)


def _webp(content: bytes) -> Read:
    if int.from_bytes(content[4:8], "little") + 8 > len(content):
        raise _broken()
    kept, size, at, end = [], (0, 0), 12, int.from_bytes(content[4:8], "little") + 8
    while at < end:
        name, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        whole = content[at : at + 8 + length + length % 2]
        if len(whole) < 8 + length or at + 8 + length > end:
            raise _broken()
        at += len(whole)
        data = whole[8 : 8 + length]
        if name in (b"ANIM", b"ANMF"):
            raise _moving()
        if name == b"VP8X":
            if data[0] & _ANIMATED:
                raise _moving()
            size = int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
            whole = whole[:8] + bytes([data[0] & _ALPHA]) + whole[9:]  # of what is announced only transparency is kept
        elif name in (b"VP8 ", b"VP8L"):
            width, height = _frame(name, data)
            size = max(size[0], width), max(size[1], height)
        if name in _WEBP_KEPT:
            kept.append(whole)
    body = b"WEBP" + b"".join(kept)
    if not any(each[:4] in (b"VP8 ", b"VP8L") for each in kept):
        raise _broken()
    return b"RIFF" + len(body).to_bytes(4, "little") + body, *size


def _frame(name: bytes, data: bytes) -> tuple[int, int]:
    """The size that the pixels themselves have."""
    if name == b"VP8 ":
        if data[3:6] != b"\x9d\x01\x2a":
            raise _broken()
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    if data[0] != 0x2F:
        raise _broken()
    bits = int.from_bytes(data[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


_MAGIC: Final[Mapping[str, re.Pattern[bytes]]] = {
    "image/png": re.compile(re.escape(_PNG)),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
_READ: Final[Mapping[str, Callable[[bytes], Read]]] = {"image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp}


def _broken() -> NoPicture:
    return NoPicture("The picture is broken.")


def _moving() -> NoPicture:
    return NoPicture("Send one that does not move.")
