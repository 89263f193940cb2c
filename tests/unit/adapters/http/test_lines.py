"""Names and titles are one line each, whoever chooses them."""

from __future__ import annotations

import pytest
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
