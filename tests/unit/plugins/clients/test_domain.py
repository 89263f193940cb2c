"""How names compare and what a client is found by."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.clients.domain.register import MAX_WORDS, WORD, normalise, terms_of, unique_tags, words_of


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text())
def test_the_spelling_of_a_letter_does_not_matter(text: str) -> None:
    forms = {normalise(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1


@pytest.mark.parametrize(
    ("text", "same"),
    [("  Ána\tMaría ", "ana maria"), ("STRASSE", "Straße"), ("İstanbul", "istanbul"), ("Łódź", "lodz"), ("ﬁt", "fit"), ("Ｆｕｌｌ", "full")],
)
def test_two_spellings_of_a_name_are_equal(text: str, same: str) -> None:
    assert normalise(text) == normalise(same)


def test_different_names_stay_different() -> None:
    assert len({normalise(name) for name in ("Ana", "Anna", "An a", "Hana", "Ann", "山田", "山口", "Иван", "Ивана")}) == 9


@given(st.text(min_size=1, max_size=60))
def test_every_beginning_of_every_word_finds_the_name(name: str) -> None:
    terms = terms_of(name, None, ())
    for word in normalise(name).split():
        assert any(term.startswith(WORD + word) for term in terms)


def test_a_client_is_found_by_words_inner_words_address_and_tags() -> None:
    found = terms_of("Anna-Mária O'Neil", "Anna@Example.com", ["VIP"])
    assert found == ["t:vip", "w:anna-maria", "w:anna@example.com", "w:maria", "w:neil", "w:o'neil"]


def test_the_longest_words_of_a_search_count() -> None:
    assert words_of(" b aaa  cc B ") == ("aaa", "cc", "b")
    assert len(words_of("a b c d e f g")) == MAX_WORDS
    assert words_of(" ̀ ") == ()


def test_of_equal_tags_the_first_stays_in_its_place() -> None:
    assert unique_tags(["b", "Água", "agua", "B", "c"]) == ["b", "Água", "c"]


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_the_short_way_for_ascii_names_equals_the_long_one(text: str) -> None:
    # A letter that normalises to nothing visible takes the long way and leaves no trace.
    assert normalise(text) == normalise(text + " \u0301")
