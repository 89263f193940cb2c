"""Pictures that people send: what is taken, what is left out of it, and what is no picture. Nothing breaks what reads them."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.workspaces.domain.pictures import MAX_SIDE, NoPicture, picture
from tests.pictures import HIDDEN, JPEG, LOSSLESS, MOVING_PNG, MOVING_WEBP, PNG, PROGRESSIVE, WEBP, WIDE

TAKEN = {"png": PNG, "jpeg": JPEG, "progressive jpeg": PROGRESSIVE, "webp": WEBP, "lossless webp": LOSSLESS}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_picture_is_recognised_and_measured(kind: str) -> None:
    found = picture(TAKEN[kind])
    assert (found.media, found.width, found.height) == (f"image/{kind.rpartition(' ')[2]}", 3, 2)


@pytest.mark.parametrize("kind", TAKEN)
def test_what_is_no_picture_in_it_is_left_out_and_once_is_enough(kind: str) -> None:
    hidden = b"<script>alert(document.domain)</script>PK\x03\x04"
    kept = picture(TAKEN[kind] + hidden).content
    assert HIDDEN not in kept
    assert hidden not in kept
    assert picture(kept).content == kept
    assert kept == picture(TAKEN[kind]).content


def test_its_pixels_are_copied_to_the_byte() -> None:
    assert picture(LOSSLESS).content == LOSSLESS
    for whole, begin, end in ((PNG, b"IDAT", 27), (JPEG, b"\xff\xda", 40), (WEBP, b"VP8 ", 76)):
        at = whole.index(begin)
        assert whole[at : at + end] in picture(whole).content


@pytest.mark.parametrize(("content", "why"), [(MOVING_PNG, "move"), (MOVING_WEBP, "move"), (WIDE, "pixels")], ids=["png", "webp", "wide"])
def test_one_that_moves_or_is_too_large_is_not_taken(content: bytes, why: str) -> None:
    with pytest.raises(NoPicture, match=why):
        picture(content)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"GIF89a" + bytes(40), b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"<!doctype html><script>1</script>", b"%PDF-1.7",
        b"BM" + bytes(60), b"II*\x00" + bytes(60), b"\x00\x00\x00 ftypavif" + bytes(60), b"PK\x03\x04" + PNG, b" " + PNG, b"<!--" + PNG,
    ],
)  # fmt: skip
def test_other_kinds_are_not_taken_whatever_stands_in_front_or_behind(content: bytes) -> None:
    with pytest.raises(NoPicture, match="PNG, JPEG or WebP"):
        picture(content)


@pytest.mark.parametrize("kind", TAKEN)
def test_one_that_was_cut_is_broken_wherever(kind: str) -> None:
    whole = picture(TAKEN[kind]).content
    for end in range(12, len(whole) - 2):
        with pytest.raises(NoPicture):
            picture(whole[:end])


def test_a_png_whose_sums_or_chunks_are_wrong_is_broken() -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0))
    pixels, end = chunk(b"IDAT", zlib.compress(bytes(20))), chunk(b"IEND", b"")
    magic = PNG[:8]
    assert picture(magic + head + chunk(b"tEXt", b"x") + pixels + end).content == magic + head + pixels + end
    for wrong in (head + end, pixels + end, pixels + head + end, head + head + pixels + end, head + pixels, head[:-1] + b"\0" + pixels + end):
        with pytest.raises(NoPicture):
            picture(magic + wrong)
    for side in (0, MAX_SIDE + 1, 2**32 - 1):
        with pytest.raises(NoPicture):
            picture(magic + chunk(b"IHDR", struct.pack(">IIBBBBB", side, 2, 8, 2, 0, 0, 0)) + pixels + end)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(sorted(TAKEN)), st.lists(st.tuples(st.integers(8, 600), st.binary(max_size=6), st.integers(0, 40)), max_size=4))
def test_bytes_changed_anywhere_are_a_picture_or_none_and_nothing_else(kind: str, changes: list[tuple[int, bytes, int]]) -> None:
    content = TAKEN[kind]
    for at, put, taken in changes:
        content = content[:at] + put + content[at + taken :]
    try:
        found = picture(content)
    except NoPicture:
        return
    assert 0 < found.width <= MAX_SIDE
    assert picture(found.content).content == found.content
