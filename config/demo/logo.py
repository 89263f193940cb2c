"""The demo's logo: a white N on its green, drawn here so that no file has to be shipped."""

from __future__ import annotations

import zlib
from typing import Final

_SIDE: Final = 96
_GREEN, _WHITE = b"\x0b\x6e\x4f", b"\xff\xff\xff"


def logo() -> bytes:
    """A PNG."""
    rows = b"".join(b"\0" + b"".join(_WHITE if _inked(x, y) else _GREEN for x in range(_SIDE)) for y in range(_SIDE))
    header = _SIDE.to_bytes(4) * 2 + b"\x08\x02\0\0\0"  # 8 bits of red, green and blue
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _inked(x: int, y: int) -> bool:
    """Two posts and what leads from the top of one to the foot of the other."""
    return 20 <= y < 76 and (24 <= x < 34 or 62 <= x < 72 or (24 <= x < 72 and abs((x - 29) * 56 - (y - 20) * 38) < 400))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)
