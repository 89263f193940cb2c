"""Strict JSON bodies."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.bodies import MAX_CONTAINERS, MAX_DEPTH, parse_json
from kernel.errors import Invalid, Malformed, TooLarge, UnsupportedMedia

LIMIT = 1 << 20

# No surrogates and no NUL: what the platform stores. Finite numbers and int64.
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_leaf = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _text
    | st.sampled_from(['"', "\\", '\\"', ":", "{", "}", "[[[[", '":"', "\\u0000", "1" * 25])
)
_value = st.recursive(_leaf, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_text, inner, max_size=5))
_object = st.dictionaries(_text, _value, max_size=6)


@given(_object, st.booleans(), st.sampled_from([None, 1]))
def test_a_valid_document_reads_as_the_standard_library_reads_it(document: dict[str, Any], ascii_only: bool, indent: int | None) -> None:
    raw = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    read = parse(raw)
    assert read == json.loads(raw)
    assert repr(read) == repr(json.loads(raw))  # 1, 1.0 and True are equal, not the same


@given(_object, st.text(st.sampled_from('ab"\\:{}é'), min_size=1, max_size=4), _leaf, _leaf, st.booleans())
def test_a_name_given_twice_is_refused_wherever_it_is(document: dict[str, Any], name: str, first: Any, second: Any, ascii_only: bool) -> None:
    def dump(value: object) -> str:
        return json.dumps(value, ensure_ascii=ascii_only)

    twice = f"{{{dump(name)}: {dump(first)}, {dump(name)}: {dump(second)}}}"
    raw = f'{{"rest": {dump(document)}, "inner": [{twice}]}}'.encode()
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert refused.value.code == "malformed_json"
    assert "same name twice" in refused.value.detail


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"a":1,"\u0061":2}',  # two spellings of one name
        rb'{"x":"\u003a","a":1,"a":2}',  # an escaped colon must not make up for the lost one
        rb'{"x":"\":","a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"":1,"":1}',
    ],
)
def test_a_repeated_name_hides_behind_no_escape(raw: bytes) -> None:
    with pytest.raises(Malformed, match="same name twice"):
        parse(raw)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_a_domain_error(raw: bytes) -> None:
    try:
        parse(raw)
    except (Malformed, Invalid, TooLarge):
        return
    assert isinstance(json.loads(raw), dict)


@given(st.text(st.sampled_from('{}[]":,\\u0d8e1-+. \n'), max_size=40))
def test_what_is_accepted_is_json_to_the_standard_library_too(text: str) -> None:
    try:
        read = parse(text.encode())
    except (Malformed, Invalid, TooLarge):
        return
    assert read == json.loads(text)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a":"\xff"}', "not UTF-8 (byte 6)"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8"),
        ('{"a":1}'.encode("utf-16-le"), "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"1", "must be a JSON object"),
        (b'"a"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"a":NaN}', "(line 1, column 6)"),
        (b'{"a":Infinity}', "not valid JSON"),
        (b'{"a":-Infinity}', "not valid JSON"),
        (b'{"a":01}', "not valid JSON"),
        (b'{"a":1,}', "not valid JSON"),
        (b'{"a":1} {}', "not valid JSON"),
        (b"{'a':1}", "not valid JSON"),
        (b'{"a":"\n"}', "not valid JSON"),
        (b'{"a":"\x00"}', "not valid JSON"),
        (rb'{"a":"\u0000"}', "NUL"),
        (rb'{"\u0000":1}', "NUL"),
        (rb'{"a":"\\\u0000"}', "NUL"),
        (rb'{"a":"\ud800"}', "not valid JSON"),
        (rb'{"a":"\udc00"}', "not valid JSON"),
        (rb'{"a":"\ud800\u0041"}', "not valid JSON"),
        (rb'{"a":"\x41"}', "not valid JSON"),
    ],
)
def test_an_unreadable_body_is_refused_with_its_reason(raw: bytes, sentence: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert refused.value.code == "malformed_json"
    assert sentence in refused.value.detail


def test_an_escaped_backslash_before_u0000_is_text() -> None:
    assert parse(rb'{"a":"\\u0000"}') == {"a": "\\u0000"}


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse(rb'{"a":"\ud83d\ude00"}') == {"a": "😀"}


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'{"a":9223372036854775808}', "/a"),
        (b'{"a":-9223372036854775809}', "/a"),
        (b'{"a":18446744073709551615}', "/a"),
        (b'{"a":18446744073709551616}', "/a"),
        (b'{"a":1e400}', "/a"),
        (b'{"a":-1e400}', "/a"),
        (b'{"a":1e999999}', "/a"),
        (b'{"a":[0,{"b/c~":99999999999999999999}]}', "/a/1/b~1c~0"),
        (b'{"a":' + b"1" * 5000 + b"}", "/a"),
    ],
)
def test_a_number_out_of_range_is_422_and_pointed_at(raw: bytes, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(raw)
    assert [fault.pointer for fault in refused.value.errors] == [pointer]


@pytest.mark.parametrize("number", ["9223372036854775807", "-9223372036854775808", "0.12345678901234567890123", "1e308"])
def test_a_number_at_the_edge_of_the_range_is_read(number: str) -> None:
    assert parse(f'{{"a":{number}}}'.encode()) == {"a": json.loads(number)}


def test_digits_inside_a_text_are_no_number() -> None:
    assert parse(b'{"iban":"99999999999999999999999999"}') == {"iban": "9" * 26}


def test_nesting_is_read_to_its_limit_and_refused_beyond() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert parse(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))
    with pytest.raises(Malformed, match="deeper than 32"):
        parse(nested(MAX_DEPTH + 1))


def test_brackets_in_texts_are_no_nesting_and_many_siblings_are_fine() -> None:
    document = {"a": "[{" * 500 + '"', "b": [[i, {"c": i}] for i in range(500)]}
    assert parse(orjson.dumps(document)) == document


def test_too_many_containers_are_too_large() -> None:
    with pytest.raises(TooLarge):
        parse(b'{"a":[' + b"[]," * MAX_CONTAINERS + b"[]]}")


def test_the_size_limit_is_exact() -> None:
    raw = b'{"a":"' + b"x" * 92 + b'"}'
    assert parse_json(raw, "application/json", None, max_bytes=len(raw))
    with pytest.raises(TooLarge, match="99 bytes"):
        parse_json(raw, "application/json", None, max_bytes=len(raw) - 1)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
    ],
)
def test_json_in_utf8_is_read(content_type: str) -> None:
    assert parse_json(b"{}", content_type, None, max_bytes=10) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/json",
        "application/jsonp",
        "application/json-patch+json",
        "application/problem+json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json, text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json\x00",
        " application/json",
        "application/ json",
        "application/json\n",
        "applicatıon/json",
    ],
)
def test_another_media_type_is_415(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMedia):
        parse_json(b"{}", content_type, None, max_bytes=10)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "x"])
def test_a_compressed_body_is_415(encoding: str) -> None:
    with pytest.raises(UnsupportedMedia):
        parse_json(b"{}", "application/json", encoding, max_bytes=10)


def test_no_encoding_may_be_said_aloud() -> None:
    assert parse_json(b"{}", "application/json", "identity", max_bytes=10) == {}


def parse(raw: bytes) -> dict[str, object]:
    return parse_json(raw, "application/json", None, max_bytes=LIMIT)
