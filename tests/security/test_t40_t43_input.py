"""T40, T42, T43: hostile bodies, numbers, dates and parameters end in a 4xx, quickly."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import pytest
from marshmallow import ValidationError, validate

from adapters.http import bodies, fields
from adapters.http.bodies import parse_json
from adapters.http.cursors import Cursors
from adapters.http.fields import moments
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


BAD_DAYS = ["2026-02-30", "0000-01-01", "0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31", "10000-01-01", "٢٠٢٦-٠١-٠١"]
BAD_INT64S = ["9223372036854775808", "-9223372036854775809", "1e400", "1e2", "1.5", "1.0", '"1"', '"٠"', "true", "null", "[]"]


@pytest.mark.parametrize("text", BAD_LIMITS)
def test_t42_a_limit_out_of_its_range_is_422(text: str) -> None:
    assert taken_limits(text) == []


@pytest.mark.parametrize("text", BAD_MOMENTS)
def test_t42_a_moment_out_of_the_calendar_is_422_in_body_and_query(text: str) -> None:
    assert taken_moments(text) == []


@pytest.mark.parametrize("text", BAD_DAYS)
def test_t42_a_day_out_of_the_calendar_is_422(text: str) -> None:
    assert taken_days(text) == []


@pytest.mark.parametrize("value", BAD_INT64S)
def test_t42_a_number_that_is_no_int64_is_422_wherever_money_is(value: str) -> None:
    assert taken_numbers(value) == []


def test_t42_a_tampered_cursor_is_400() -> None:
    assert taken_cursors() == []


def taken_limits(*texts: str) -> list[str]:
    return [text for text in texts if asked({"limit": text}) != 422]


def taken_moments(*texts: str) -> list[str]:
    """Those that some way in takes."""
    return [
        text for text in texts if {send(json.dumps({"at": text}).encode()), send(json.dumps({"day": text}).encode()), asked({"since": text})} != {422}
    ]


def taken_days(*texts: str) -> list[str]:
    return [text for text in texts if send(json.dumps({"day": text}).encode()) != 422]


def taken_numbers(*values: str) -> list[str]:
    bodies = '{{"amount":{0}}}', '{{"price":{{"amount":{0},"currency":"EUR"}}}}'
    return [value for value in values if {send(body.format(value).encode()) for body in bodies} != {422}]


def taken_cursors() -> list[str]:
    cursors = Cursors([b"k" * 32])
    text = cursors.encode([1], workspace=None, fingerprint="f")
    found = []
    for hostile in (text[:-1], text + "A", text.swapcase(), "٠" * 20, "../..", "", "A" * 10_000):
        try:
            cursors.decode(hostile, workspace=None, fingerprint="f")
        except DomainError as error:
            if render(error, "r")[0] == 400:
                continue
        except ValueError:  # what the signature lets through is nothing else's to refuse
            pass
        found.append(hostile)
    return found


def any_value(_: object, value: Any) -> Any:
    return value


def loosely(field: fields.Integer, value: Any) -> int:
    """An integer made of whatever gives one."""
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        raise field.make_error("invalid") from None


def test_t42_open_ranges_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate.Range, "__call__", any_value)
    assert taken_limits(*BAD_LIMITS) == ["0", "-1", "201", str(2**31), str(2**63)]


def test_t42_numbers_that_are_made_of_other_values_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields.Integer, "_validated", loosely)
    assert {"1.5", "1.0", '"1"', '"٠"', "true"} <= set(taken_numbers(*BAD_INT64S))
    assert {"1e2", "٠", "1.0", "+5", " 5"} - set(taken_limits(*BAD_LIMITS)) == {"٠"}  # which is 0, and so out of the range


def test_t42_an_open_calendar_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "EARLIEST", dt.datetime.min.replace(tzinfo=dt.UTC))
    monkeypatch.setattr(moments, "LATEST", dt.datetime.max.replace(tzinfo=dt.UTC))
    assert {"1899-12-31T23:59:59Z", "2201-01-01T00:00:00Z"} <= set(taken_moments(*BAD_MOMENTS))
    assert {"1899-12-31", "2201-01-01"} <= set(taken_days(*BAD_DAYS))


def test_t42_moments_of_every_notation_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "_RFC3339", re.compile(".*"))
    assert "2026-01-01T00:00:00" in taken_moments(*BAD_MOMENTS)


def test_t42_cursors_that_are_not_signed_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hmac, "compare_digest", lambda *_: True)
    assert taken_cursors() != []


# T43: parameters and content types ---------------------------------------------------------------------------------


POLLUTED = [
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
]
STRANGE_TYPES = [
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
]


@pytest.mark.parametrize("raw", POLLUTED)
def test_t43_a_polluted_query_is_422(raw: str) -> None:
    assert taken_queries(raw) == []


@pytest.mark.parametrize(("content_type", "encoding"), STRANGE_TYPES)
def test_t43_another_content_type_or_coding_is_415(content_type: str | None, encoding: str | None) -> None:
    assert taken_types((content_type, encoding)) == []


def taken_queries(*raws: str, read: Callable[[str, Collection[str]], object] = parse_query) -> list[str]:
    fields_of = Page().load_fields
    return [raw for raw in raws if status_of(partial(read, raw, fields_of)) != 422]


def taken_types(*pairs: tuple[str | None, str | None]) -> list[tuple[str | None, str | None]]:
    return [pair for pair in pairs if status_of(partial(parse_json, b"{}", *pair, max_bytes=MEBIBYTE)) != 415]


def last_wins(raw: str, declared: Collection[str]) -> object:
    return {name: value for name, value in parse_qsl(raw, keep_blank_values=True) if name in declared}


def others_pass(raw: str, declared: Collection[str]) -> object:
    return parse_query(raw, declared, others=True)


def test_t43_queries_read_leniently_are_noticed() -> None:
    assert taken_queries(*POLLUTED, read=last_wins) == POLLUTED
    assert taken_queries(*POLLUTED, read=others_pass) == ["limit=1&LIMIT=2", "limit[]=1", "limit[0]=1", "limit=1&workspace_id=x", "_method=DELETE"]


def test_t43_bodies_of_any_type_or_coding_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bodies, "_JSON_TYPE", re.compile(".*application/json.*"))
        found = ["text/plain; application/json", "application/json; charset=utf-7", "application/json; charset=utf-16"]
        assert [each for each, _ in taken_types(*STRANGE_TYPES)] == [*found, "application/json,application/json", "application/json\x0b"]
    monkeypatch.setattr(bodies, "_plain", lambda _: True)
    assert [each for _, each in taken_types(*STRANGE_TYPES)] == ["gzip", "br", "identity, gzip"]


def status_of(read: Callable[[], object]) -> int:
    """The status of the refusal; 200 without one."""
    try:
        read()
    except ValidationError as error:
        return render(invalid(error), "r")[0]
    except DomainError as error:
        return render(error, "r")[0]
    return 200


def asked(query: dict[str, str]) -> int:
    """What a list says to these parameters."""
    return status_of(lambda: Page().load(query))


def send(body: bytes) -> int:
    """The status a write with this body gets from parsing and validation; 200 when it would reach the service."""
    return status_of(lambda: Write().load(parse_json(body, "application/json", None, max_bytes=MEBIBYTE)))
