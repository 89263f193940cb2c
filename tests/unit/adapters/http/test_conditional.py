"""ETags and conditional requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.conditional import ANY, etag, expected_version, not_modified
from kernel.errors import Malformed, Stale


@given(st.integers(1, 2**53), st.sampled_from(["detail", "coach", "v2.cliente"]))
def test_a_tag_gives_its_version_back_to_the_projection_that_made_it(version: int, projection: str) -> None:
    tag = etag(version, projection)
    assert expected_version(tag, projection) == version
    assert not_modified(tag, tag)
    with pytest.raises(Stale):
        expected_version(tag, "other")


def test_no_header_expects_nothing_and_a_star_any_version() -> None:
    assert expected_version(None, "detail") is None
    assert expected_version("*", "detail") is ANY
    assert expected_version(" * ", "detail") is ANY


@pytest.mark.parametrize("header", ['"3-detail", "5-detail"', '"5-detail","3-detail"', ', "5-detail" ,, W/"9-detail"'])
def test_of_several_tags_the_newest_strong_one_counts(header: str) -> None:
    assert expected_version(header, "detail") == 5


@pytest.mark.parametrize("header", ['W/"7-detail"', '"7-list"', '""', '"abc"', '"-7-detail"', '"٧-detail"', '"7-detail "x"'])
def test_a_tag_that_cannot_match_is_stale_or_malformed(header: str) -> None:
    with pytest.raises((Stale, Malformed)):
        expected_version(header, "detail")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "7-detail",
        '"7-detail',
        '7-detail"',
        'w/"7-detail"',
        '"a" "b"',
        '"a";"b"',
        "**",
        '*, "a"',
        '"a\x00"',
        "x" * 9000,
    ],
)
def test_a_malformed_header_is_400_for_both(header: str) -> None:
    with pytest.raises(Malformed) as refused:
        expected_version(header, "detail")
    assert refused.value.errors[0].pointer == "If-Match:"
    with pytest.raises(Malformed):
        not_modified(header, '"1-detail"')


def test_a_hostile_list_is_read_in_linear_time() -> None:
    with pytest.raises(Malformed):
        not_modified('"a",' + "," * 4000 + "x", '"1-detail"')
    with pytest.raises(Malformed):
        not_modified(" ,\t" * 1300 + "x", '"1-detail"')


@pytest.mark.parametrize("header", ['"7-detail"', 'W/"7-detail"', '"1-detail", "7-detail"', "*", ' W/"7-detail" , "x"'])
def test_a_reader_with_the_current_tag_gets_304(header: str) -> None:
    assert not_modified(header, etag(7, "detail"))


@pytest.mark.parametrize("header", [None, '"6-detail"', 'W/"77-detail"', '"7-list", "8-detail"'])
def test_a_reader_with_another_tag_gets_the_answer(header: str | None) -> None:
    assert not not_modified(header, etag(7, "detail"))
