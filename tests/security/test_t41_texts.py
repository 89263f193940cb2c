"""T41: text with strange characters reads back exactly, or is refused; addresses that look the same are the same."""

from __future__ import annotations

import json

import orjson
import pytest
from marshmallow import ValidationError

from adapters.http import fields
from adapters.http.bodies import parse_json
from adapters.http.fields.texts import normalise_email
from adapters.http.schema import Schema
from kernel.errors import Malformed

LIMIT = 1 << 20


class Write(Schema):
    name = fields.String()
    email = fields.Email()


CONTROLS = [chr(code) for code in (*range(1, 32), *range(127, 160))]
INVISIBLE = [f"a{chr(code)}b" for code in (0xAD, 0x34F, 0x61C, 0x115F, 0x180E, 0x3164, 0xFEFF, *range(0x200B, 0x2010), *range(0x2028, 0x2030))] + [
    f"a{chr(code)}b" for code in (*range(0x2060, 0x2070), *range(0xFE00, 0xFE10), 0xE0001, 0xE0020, 0xE007F)
]
EDGES = [chr(code) for code in (0xA0, 0xD7FF, 0xE000, 0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE, 0x10FFFF)]
MARKED = [f"{letter}{mark}" for letter in "aeiou" for mark in "\u0300\u0301\u0308\u0327\u20e3\ufe0f"]
WORDS = [
    "é",
    "é",
    "Å",
    "Å",
    "ﬁ",
    "ｆｉｔ",
    "ß",
    "ẞ",
    "İ",
    "ı",
    "Ǆ",
    "½",
    "٣",
    "१",
    "一",
    "ไทย",
    "हिन्दी",
    "עברית",
    "العربية",
    "👩\u200d👩\u200d👧\u200d👦",
    "🏳️\u200d🌈",
    "🇪🇸",
    "👍🏽",
    "Ꭺna",
    "раураl",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${7*7}",
    "%s%n",
    "../../etc/passwd",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\\",
    '"',
    "'",
    "\\u0000",
    "null",
    "undefined",
    "NaN",
    "true",
    "0",
    "1e400",
    "%00",
    "%0d%0a",
    "O'Brien",
    "--",
]
PHRASES = [
    "",
    " ",
    "  a  ",
    "\r\nSet-Cookie: a=b",
    "' OR 1=1 --",
    "x'; DROP TABLE clients; --",
    "a" * 10_000,
    "😀" * 10_000,
]
STORED_EXACTLY = [*CONTROLS, *INVISIBLE, *EDGES, *MARKED, *WORDS, *PHRASES]
REFUSED = ["\x00", "a\x00b", "\x00\x00", "\ud800", "a\udc00b", "\udfff\ud800", "😀\ud83d"]


def test_t41_the_corpus_has_its_size() -> None:
    assert len(set(STORED_EXACTLY)) + len(REFUSED) >= 200


@pytest.mark.parametrize("ascii_only", [True, False])
def test_t41_every_storable_text_reads_back_exactly(ascii_only: bool) -> None:
    for text in STORED_EXACTLY:
        loaded = Write().load(read({"name": text}, ascii_only))
        assert loaded == {"name": text}
        assert orjson.loads(orjson.dumps(Write().dump(loaded))) == {"name": text}


@pytest.mark.parametrize("text", REFUSED)
def test_t41_nul_and_lone_surrogates_are_refused_on_every_way_in(text: str) -> None:
    with pytest.raises(Malformed):
        read({"name": text})
    with pytest.raises(ValidationError):
        Write().load({"name": text})


def test_t41_whatever_passes_as_an_address_is_in_its_one_form() -> None:
    accepted = []
    for text in [*STORED_EXACTLY, *REFUSED]:
        for address in (text, f"{text}@example.com", f"ana@{text}.com", f"ana@{text}"):
            try:
                accepted.append(Write().load({"email": address})["email"])
            except ValidationError:
                continue
    assert len(accepted) > 50
    for address in accepted:
        assert address == normalise_email(address)
        assert len(address) <= 254
        assert not any(character.isspace() or not character.isprintable() for character in address)


def test_t41_an_address_compares_by_its_compatibility_form() -> None:
    forms = [
        "ana@example.com",
        "ANA@EXAMPLE.COM",
        "ａｎａ@example.com",
        "ᵃna@example.com",
        "ana@ｅxample.com",
        "ana@ℯxample.com",
    ]
    assert {Write().load({"email": form})["email"] for form in forms} == {"ana@example.com"}


def read(body: dict[str, str], ascii_only: bool = True) -> dict[str, object]:
    raw = json.dumps(body, ensure_ascii=ascii_only).encode()
    return parse_json(raw, "application/json", None, max_bytes=LIMIT)
