"""Names and titles are one line each, whoever chooses them."""

from __future__ import annotations

import re

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import ValidationError

from adapters.http import fields
from adapters.http.schema import Schema


class Named(Schema):
    name = fields.Line(max_length=20)


CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]


@pytest.mark.parametrize("control", CONTROLS, ids=[f"{ord(each):#x}" for each in CONTROLS])
def test_a_line_has_no_control_characters_anywhere(control: str) -> None:
    for text in (f"Ana{control}Souza", f"{control}Ana", f"Ana{control}", control):
        with pytest.raises(ValidationError) as refused:
            Named().load({"name": text})
        assert set(refused.value.messages_dict) == {"name"}


@pytest.mark.parametrize("text", ["", " ", "\u00a0\u3000"])
def test_a_line_shows_something(text: str) -> None:
    with pytest.raises(ValidationError):
        Named().load({"name": text})


@pytest.mark.parametrize("text", ["Ana", "  Ana  ", "محمد", "e\u0301clair", "👩\u200d👩\u200d👧", "O'Neill & Søn", "a", "\u00a0a"])
def test_a_line_is_kept_as_it_is(text: str) -> None:
    assert Named().load({"name": text}) == {"name": text}


@pytest.mark.parametrize("text", ["a" * 1_000_000 + "\n", " " * 1_000_000, " " * 500_000 + "a" * 500_000 + "\x00\n"])
def test_a_long_line_is_refused_in_one_pass(text: str) -> None:
    """Steps of a pattern that looks back at every character would be 10^12 here."""
    with pytest.raises(ValidationError):
        Named().load({"name": text})


class Called(Schema):
    name = fields.Name(max_length=200)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Unlock it at https://evil.example/x", '"://"'), ("ftp\uff1a\uff0f\uff0fevil.example", '"://"'), ("see www.evil.example", '"www."'),
        ("WWW.EVIL.EXAMPLE", '"www."'), ("\uff57\uff57\uff57\uff0eevil.example", '"www."'), ("Hi\u202ex", "U+202E"), ("\u2066Ana\u2069", "U+2066"),
        ("Ana\u200f", "U+200F"), ("\u061cAna", "U+061C"),
    ],
)  # fmt: skip
def test_a_name_leads_nowhere_and_reads_in_one_direction(text: str, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Called().load({"name": text})
    assert says in str(refused.value.messages_dict["name"])


@pytest.mark.parametrize(
    "text", ["A.B. Sport", "fit.pt", "Awww. Cute Gym", "AC/DC", "Yoga: Body", "مى\u200cخواهم", "שלום", "👩\u200d👩\u200d👧", "क्\u200dष"]
)
def test_what_people_and_studios_are_called_is_a_name(text: str) -> None:
    assert Called().load({"name": text}) == {"name": text}


def test_a_name_is_a_line_and_documented_as_what_it_is() -> None:
    with pytest.raises(ValidationError):
        Called().load({"name": "Ana\nSouza"})
    spec = APISpec("names", "1", "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema("Called", schema=Called)
    pattern = re.compile(spec.to_dict()["components"]["schemas"]["Called"]["properties"]["name"]["pattern"])
    assert [bool(pattern.search(text)) for text in ("Ana", "Ana\n", "Ana\u202e")] == [True, False, False]
