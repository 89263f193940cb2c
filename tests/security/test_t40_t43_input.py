"""T40, T42, T43: hostile bodies, numbers, dates and parameters end in a 4xx, quickly."""

from __future__ import annotations

import json

import pytest
from marshmallow import ValidationError, validate

from adapters.http import fields
from adapters.http.bodies import parse_json
from adapters.http.cursors import Cursors
from adapters.http.problems import render
from adapters.http.queries import parse_query
from adapters.http.schema import QuerySchema, Schema, invalid
from kernel.errors import DomainError
from tests.yardstick import budget_s, cpu_s

MEBIBYTE = 1 << 20
BUDGET_S = 0.050


class Write(Schema):
    name = fields.String()
    amount = fields.Integer()
    price = fields.Money()
    weight = fields.Decimal(places=2)
    at = fields.DateTime()
    day = fields.Date()


class Page(QuerySchema):
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    q = fields.String(max_length=200)
    since = fields.DateTime()


# T40: bodies -------------------------------------------------------------------------------------------------------

HOSTILE_BODIES: dict[str, bytes] = {
    "deep lists": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "unclosed depth": b'{"a":' + b"[" * (MEBIBYTE - 5),
    "33 levels": b'{"a":' * 33 + b"1" + b"}" * 33,
    "wide": b'{"a":[' + b"[]," * 340_000 + b"[]]}",
    "wide and deep": b'{"a":[' + (b"[" * 30 + b"]" * 30 + b",") * 17_000 + b"[]]}",
    "too many bytes": b'{"a":"' + b"x" * MEBIBYTE + b'"}',
    "array": b"[]",
    "array of the object": b'[{"name":"a"}]',
    "number": b"1",
    "text": b'"name"',
    "null": b"null",
    "true": b"true",
    "nothing": b"",
    "blanks": b" \t\r\n",
    "NaN": b'{"amount":NaN}',
    "Infinity": b'{"amount":Infinity}',
    "-Infinity": b'{"amount":-Infinity}',
    "1e400": b'{"weight":1e400}',
    "1e999999": b'{"weight":1e999999}',
    "a million 1e400": b'{"a":[' + b"1e400," * 170_000 + b"1]}",
    "2^63": b'{"amount":9223372036854775808}',
    "many 2^64": b'{"a":[' + b"18446744073709551616," * 49_000 + b"1]}",
    "a million digits": b'{"amount":' + b"9" * 1_000_000 + b"}",
    "same name twice": b'{"name":"a","name":"b"}',
    "same name, other spelling": rb'{"name":"a","n\u0061me":"b"}',
    "same name inside": b'{"price":{"amount":1,"amount":2,"currency":"EUR"}}',
    "UTF-16 LE": '{"name":"a"}'.encode("utf-16-le"),
    "UTF-16 BE": '{"name":"a"}'.encode("utf-16-be"),
    "UTF-16 with mark": '{"name":"a"}'.encode("utf-16"),
    "UTF-32": '{"name":"a"}'.encode("utf-32"),
    "UTF-8 with mark": '{"name":"a"}'.encode("utf-8-sig"),
    "Latin-1": '{"name":"é"}'.encode("latin-1"),
    "overlong": b'{"name":"\xc0\xaf"}',
    "surrogate bytes": b'{"name":"\xed\xa0\x80"}',
    "beyond Unicode": b'{"name":"\xf4\x90\x80\x80"}',
    "cut character": b'{"name":"\xf0\x9f\x98"}',
    "lone high": rb'{"name":"\ud800"}',
    "lone low": rb'{"name":"\udfff"}',
    "reversed pair": rb'{"name":"\ude00\ud83d"}',
    "lone surrogate as a name": rb'{"\ud800":1}',
    "NUL escaped": rb'{"name":"a\u0000b"}',
    "NUL as a name": rb'{"\u0000":1}',
    "NUL raw": b'{"name":"\x00"}',
    "newline raw": b'{"name":"a\nb"}',
    "trailing comma": b'{"name":"a",}',
    "comment": b'{"name":"a"} // b',
    "two documents": b'{"name":"a"}{"name":"b"}',
    "single quotes": b"{'name':'a'}",
    "unquoted": b"{name:1}",
    "leading zero": b'{"amount":01}',
    "plus": b'{"amount":+1}',
    "hexadecimal": b'{"amount":0x10}',
    "bare fraction": b'{"weight":.5}',
    "unterminated": b'{"name":"a',
    "form": b"name=a&email=b",
    "XML": b"<?xml version='1.0'?><a/>",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "pickle": b"\x80\x04\x95\x00\x00",
    "unknown name": b'{"workspace_id":"x"}',
    "prototype": b'{"__proto__":{"role":"Owner"}}',
}


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_t40_a_hostile_body_is_a_4xx_within_its_time(name: str) -> None:
    body = HOSTILE_BODIES[name]
    assert send(body) in (400, 413, 422)
    assert cpu_s(lambda: send(body)) < budget_s(BUDGET_S)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"' + b"x" * (MEBIBYTE - 11) + b'"}',
        b'{"name":"' + rb"\\" * (MEBIBYTE // 2 - 6) + b'"}',
        b'{"a":[' + b'"",' * 340_000 + b'""]}',
        b'{"a":[' + b"1234567890123456789," * 52_000 + b"1]}",
        b'{"name":"' + b"[{" * 500_000 + b'"}',
    ],
)
def test_t40_the_largest_body_allowed_is_read_within_its_time(body: bytes) -> None:
    def read() -> None:
        assert parse_json(body, "application/json", None, max_bytes=MEBIBYTE)

    assert cpu_s(read) < budget_s(BUDGET_S)


# T42: numbers, dates, cursors --------------------------------------------------------------------------------------

BAD_LIMITS = [
    "0",
    "-1",
    "201",
    str(2**31),
    str(2**63),
    "1e400",
    "1e2",
    "٠",
    "١",
    "１",
    "³",
    "1.0",
    "+5",
    "0x1",
    "NaN",
    "",
    " 5",
]
BAD_MOMENTS = [
    "2026-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "10000-01-01T00:00:00Z",
    "-2026-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "2201-01-01T00:00:00Z",
    "2026-01-01T00:00:00",
    "٢٠٢٦-٠١-٠١T00:00:00Z",
    "now",
    "infinity",
    "epoch",
]


@pytest.mark.parametrize("text", BAD_LIMITS)
def test_t42_a_limit_out_of_its_range_is_422(text: str) -> None:
    with pytest.raises(ValidationError):
        Page().load({"limit": text})


@pytest.mark.parametrize("text", BAD_MOMENTS)
def test_t42_a_moment_out_of_the_calendar_is_422_in_body_and_query(text: str) -> None:
    assert send(json.dumps({"at": text}).encode()) == 422
    assert send(json.dumps({"day": text}).encode()) == 422
    with pytest.raises(ValidationError):
        Page().load({"since": text})


@pytest.mark.parametrize(
    "value",
    ["9223372036854775808", "-9223372036854775809", "1e400", "1e2", "1.5", "1.0", '"1"', '"٠"', "true", "null", "[]"],
)
def test_t42_a_number_that_is_no_int64_is_422_wherever_money_is(value: str) -> None:
    assert send(f'{{"amount":{value}}}'.encode()) == 422
    assert send(f'{{"price":{{"amount":{value},"currency":"EUR"}}}}'.encode()) == 422


def test_t42_a_tampered_cursor_is_400() -> None:
    cursors = Cursors([b"k" * 32])
    text = cursors.encode([1], workspace=None, fingerprint="f")
    for hostile in (text[:-1], text + "A", text.swapcase(), "٠" * 20, "../..", "", "A" * 10_000):
        with pytest.raises(DomainError) as refused:
            cursors.decode(hostile, workspace=None, fingerprint="f")
        assert render(refused.value, "r")[0] == 400


# T43: parameters and content types ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "limit=1&limit=2",
        "limit=1&limit=1",
        "limit=1&%6Cimit=2",
        "limit=1&LIMIT=2",
        "limit[]=1",
        "limit[0]=1",
        "limit=1&workspace_id=x",
        "q=%00",
        "q=a%0d%0aSet-Cookie:x",
        "q=%ED%A0%80",
        "q=%C0%AE",
        "q=%",
        "_method=DELETE",
    ],
)
def test_t43_a_polluted_query_is_422(raw: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse_query(raw, Page().load_fields)
    assert render(refused.value, "r")[0] == 422


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        (None, None),
        ("text/plain", None),
        ("text/plain; application/json", None),
        ("application/x-www-form-urlencoded", None),
        ("multipart/form-data; boundary=a", None),
        ("application/json; charset=utf-7", None),
        ("application/json; charset=utf-16", None),
        ("application/json,application/json", None),
        ("application/json\x0b", None),
        ("application/xml", None),
        ("application/json", "gzip"),
        ("application/json", "br"),
        ("application/json", "identity, gzip"),
    ],
)
def test_t43_another_content_type_or_coding_is_415(content_type: str | None, encoding: str | None) -> None:
    with pytest.raises(DomainError) as refused:
        parse_json(b"{}", content_type, encoding, max_bytes=MEBIBYTE)
    assert render(refused.value, "r")[0] == 415


def send(body: bytes) -> int:
    """The status a write with this body gets from parsing and validation; 200 when it would reach the service."""
    try:
        Write().load(parse_json(body, "application/json", None, max_bytes=MEBIBYTE))
    except ValidationError as error:
        return render(invalid(error), "r")[0]
    except DomainError as error:
        return render(error, "r")[0]
    return 200
