"""Cursors hold their values, and nothing but what we signed for this list is a cursor."""

from __future__ import annotations

import base64
import datetime as dt
import string
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.cursors import Cursors, Value
from kernel.errors import Malformed

WORKSPACE = uuid.UUID(int=7)
ALPHABET = string.ascii_letters + string.digits + "-_"

_values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.integers(-(2**63), 2**63 - 1),
    st.uuids(),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.dates(),
)


@given(st.lists(_values, min_size=1, max_size=4), st.none() | st.uuids(), st.text(st.characters(codec="utf-8")))
def test_values_come_back_as_they_were(values: list[Value], workspace: uuid.UUID | None, fingerprint: str) -> None:
    cursors = Cursors([b"k" * 32])
    text = cursors.encode(values, workspace=workspace, fingerprint=fingerprint)
    read = cursors.decode(text, workspace=workspace, fingerprint=fingerprint)
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]
    assert set(text) <= set(ALPHABET)


def test_no_single_changed_character_is_accepted(cursors: Cursors) -> None:
    text = cursors.encode(["Ana", uuid.UUID(int=1)], workspace=WORKSPACE, fingerprint="name")
    for place in range(len(text)):
        for other in "A_z9":
            if text[place] != other:
                refuse(cursors, text[:place] + other + text[place + 1 :])
        refuse(cursors, text[:place])
        refuse(cursors, text[:place] + "=" + text[place:])


@pytest.mark.parametrize("name", ["a", "ab", "abc"])
def test_the_spare_bits_of_the_last_character_are_no_second_spelling(cursors: Cursors, name: str) -> None:
    text = cursors.encode([name], workspace=WORKSPACE, fingerprint="name")
    for other in set(ALPHABET) - {text[-1]}:
        refuse(cursors, text[:-1] + other)


@pytest.mark.parametrize("text", ["", "A", "AA", "====", "eyJhIjoxfQ", "é", "a b", "a\n", "%00", "٠١", "x" * 5000, "A" * 400, "\ud800"])
def test_other_text_is_400(cursors: Cursors, text: str) -> None:
    refuse(cursors, text)


def test_a_cursor_opens_no_other_workspace_list_or_deployment(cursors: Cursors) -> None:
    text = cursors.encode([1], workspace=WORKSPACE, fingerprint="name:asc")
    assert cursors.decode(text, workspace=WORKSPACE, fingerprint="name:asc") == [1]
    refuse(cursors, text, workspace=uuid.UUID(int=8), fingerprint="name:asc")
    refuse(cursors, text, workspace=None, fingerprint="name:asc")
    refuse(cursors, text, fingerprint="name:desc")
    refuse(Cursors([b"other" * 8]), text, fingerprint="name:asc")


def test_the_border_between_fingerprint_and_values_cannot_move(cursors: Cursors) -> None:
    payload = cursors.encode(["b"], workspace=WORKSPACE, fingerprint="name")
    moved = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    shorter = base64.urlsafe_b64encode(moved[:16] + moved[17:]).decode().rstrip("=")
    refuse(cursors, shorter, fingerprint="name[")


def test_a_previous_key_still_verifies_and_the_first_signs() -> None:
    old, new = b"o" * 32, b"n" * 32
    text = Cursors([old]).encode([1], workspace=None, fingerprint="f")
    assert Cursors([new, old]).decode(text, workspace=None, fingerprint="f") == [1]
    fresh = Cursors([new, old]).encode([1], workspace=None, fingerprint="f")
    assert Cursors([new]).decode(fresh, workspace=None, fingerprint="f") == [1]


@pytest.mark.parametrize("keys", [[], [b"short"], [b"k" * 32, b""]])
def test_a_weak_key_is_refused_at_start(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Cursors(keys)


@pytest.mark.parametrize("value", [1.5, b"x", [1], dt.datetime(2026, 1, 1)])  # noqa: DTZ001 - naive on purpose
def test_a_value_that_is_no_sort_key_is_refused(cursors: Cursors, value: Any) -> None:
    with pytest.raises(TypeError):
        cursors.encode([value], workspace=None, fingerprint="f")


def refuse(cursors: Cursors, text: str, *, workspace: uuid.UUID | None = WORKSPACE, fingerprint: str = "name") -> None:
    with pytest.raises(Malformed) as refused:
        cursors.decode(text, workspace=workspace, fingerprint=fingerprint)
    assert refused.value.code == "invalid_cursor"


@pytest.fixture
def cursors() -> Cursors:
    return Cursors([b"k" * 32])
