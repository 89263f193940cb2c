"""T41: text with strange characters reads back exactly, or is refused; addresses that look the same are the same."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from marshmallow import ValidationError

from adapters.http import bodies, fields
from adapters.http.bodies import parse_json
from adapters.http.fields import texts
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
    assert changed_texts(ascii_only) == []


def changed_texts(ascii_only: bool) -> list[str]:
    """Those that are refused, loaded as others, or shown as others."""
    found = []
    for text in STORED_EXACTLY:
        try:
            loaded = Write().load(read({"name": text}, ascii_only))
        except (Malformed, ValidationError):
            found.append(text)
            continue
        if loaded != {"name": text} or orjson.loads(orjson.dumps(Write().dump(loaded))) != {"name": text}:
            found.append(text)
    return found


@pytest.mark.parametrize("text", REFUSED)
def test_t41_nul_and_lone_surrogates_are_refused_on_every_way_in(text: str) -> None:
    assert taken_texts(text) == []


def taken_texts(*given: str) -> list[str]:
    """Those that the reader of bodies or the field takes: either is to refuse them, whatever the other does."""
    found = []
    for text in given:
        try:
            read({"name": text})
            found.append(f"read: {text!r}")
        except Malformed:
            pass
        try:
            Write().load({"name": text})
            found.append(f"loaded: {text!r}")
        except ValidationError:
            pass
    return found


def test_t41_whatever_passes_as_an_address_is_in_its_one_form() -> None:
    assert odd_addresses() == []


def odd_addresses() -> list[str]:
    """The addresses that pass in a form of which there may be another, or with what nobody sees."""
    accepted = []
    for text in [*STORED_EXACTLY, *REFUSED]:
        for address in (text, f"{text}@example.com", f"ana@{text}.com", f"ana@{text}"):
            try:
                accepted.append(Write().load({"email": address})["email"])
            except ValidationError:
                continue
    assert len(accepted) > 50
    return [
        address
        for address in accepted
        if address != normalise_email(address) or len(address) > 254 or any(each.isspace() or not each.isprintable() for each in address)
    ]


def test_t41_an_address_compares_by_its_compatibility_form() -> None:
    assert forms_of_one_address() == {"ana@example.com"}


def forms_of_one_address() -> set[str]:
    forms = [
        "ana@example.com",
        "ANA@EXAMPLE.COM",
        "ａｎａ@example.com",
        "ᵃna@example.com",
        "ana@ｅxample.com",
        "ana@ℯxample.com",
    ]
    return {Write().load({"email": form})["email"] for form in forms}


def _changed(change: Callable[[str], str]) -> Callable[..., str]:
    real = fields.String._deserialize

    def changed(self: fields.String, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return change(real(self, value, attr, data, **kwargs))

    return changed


FAULTS = {
    "trimmed": _changed(str.strip),
    "composed": _changed(lambda text: unicodedata.normalize("NFC", text)),
    "decomposed": _changed(lambda text: unicodedata.normalize("NFD", text)),
    "without the invisible": _changed(lambda text: "".join(each for each in text if unicodedata.category(each) != "Cf")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_t41_a_text_that_is_tidied_up_is_noticed(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(fields.String, "_deserialize", FAULTS[fault])
    assert len(changed_texts(ascii_only=True)) >= 2


def test_t41_a_field_that_takes_nul_and_lone_surrogates_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields.String, "_deserialize", lambda _, value, *__, **___: value)
    assert taken_texts(*REFUSED) == [f"loaded: {text!r}" for text in REFUSED]


def test_t41_a_reader_that_takes_nul_and_lone_surrogates_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "orjson", SimpleNamespace(loads=json.loads, dumps=lambda value: json.dumps(value).encode()))
    assert taken_texts(*REFUSED) == [f"read: {text!r}" for text in REFUSED if "\x00" not in text]


@pytest.mark.parametrize(
    "form", [str.strip, str.casefold, lambda text: unicodedata.normalize("NFKC", text)], ids=["as sent", "any width", "any case"]
)
def test_t41_addresses_of_several_forms_are_noticed(monkeypatch: pytest.MonkeyPatch, form: Callable[[str], str]) -> None:
    monkeypatch.setattr(texts, "normalise_email", form)
    assert odd_addresses() != []
    assert len(forms_of_one_address()) > 1


def read(body: dict[str, str], ascii_only: bool = True) -> dict[str, object]:
    raw = json.dumps(body, ensure_ascii=ascii_only).encode()
    return parse_json(raw, "application/json", None, max_bytes=LIMIT)
