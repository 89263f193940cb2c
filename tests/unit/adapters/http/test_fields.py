"""Fields mean one thing each, and refuse the rest."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import uuid
import zoneinfo
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, validate

from adapters.http import fields
from adapters.http.fields.moments import EARLIEST, LATEST, moment_text
from adapters.http.fields.texts import normalise_email
from adapters.http.schema import QuerySchema, Schema
from kernel.money import Money


class Level(enum.Enum):
    OWNER = "Owner"
    CLIENT = "Cliente"


class Everything(Schema):
    text = fields.String()
    whole = fields.Integer()
    real = fields.Float()
    weight = fields.Decimal(places=2)
    flag = fields.Boolean()
    id = fields.UUID()
    at = fields.DateTime()
    day = fields.Date()
    clock = fields.Time()
    email = fields.Email()
    level = fields.Enum(Level)
    tags = fields.List(fields.String(max_length=20), max_items=3)
    rows = fields.List(fields.Nested(lambda: Inner()))
    labels = fields.Dict(values=fields.Integer(), max_items=2)
    price = fields.Money(minimum=0)
    site = fields.Url()
    zone = fields.Timezone()


class Inner(Schema):
    name = fields.String(required=True)


class Search(QuerySchema):
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    real = fields.Float()
    weight = fields.Decimal(places=2)
    active = fields.Boolean()
    ids = fields.DelimitedList(fields.UUID(), max_items=3)
    numbers = fields.DelimitedList(fields.Integer())
    q = fields.String(max_length=100)
    since = fields.DateTime()
    level = fields.Enum(Level)


def each(name: str, *values: object) -> list[tuple[str, object]]:
    return [(name, value) for value in values]


ID = "018f7c1e-5b5c-7b1a-8f00-0123456789ab"


@pytest.mark.parametrize(
    ("name", "value", "loaded"),
    [
        ("text", "", ""),
        ("text", "  padded\t\n", "  padded\t\n"),
        ("text", "e\u0301 \u202e \u200d 😀 \x7f", "e\u0301 \u202e \u200d 😀 \x7f"),
        ("whole", -(2**63), -(2**63)),
        ("whole", 2**63 - 1, 2**63 - 1),
        ("real", 1, 1.0),
        ("real", -1.5e300, -1.5e300),
        ("weight", 72.35, decimal.Decimal("72.35")),
        ("weight", 80, decimal.Decimal(80)),
        ("flag", True, True),
        ("flag", False, False),
        ("id", ID, uuid.UUID(ID)),
        ("id", ID.upper(), uuid.UUID(ID)),
        ("at", "2026-01-31T09:30:00Z", dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)),
        ("at", "2026-01-31t09:30:00.5+02:00", dt.datetime(2026, 1, 31, 7, 30, 0, 500_000, tzinfo=dt.UTC)),
        ("at", "2026-01-31T09:30:00.123456789-00:00", dt.datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=dt.UTC)),
        ("at", "1900-01-01T00:00:00Z", EARLIEST),
        ("at", "2200-12-31T23:59:59.999999Z", LATEST),
        ("day", "2028-02-29", dt.date(2028, 2, 29)),
        ("clock", "09:30", dt.time(9, 30)),
        ("clock", "23:59:59", dt.time(23, 59, 59)),
        ("email", " Ana.García@EXAMPLE.com ", "ana.garcía@example.com"),
        ("email", "ana@example.com", "ana@example.com"),
        ("level", "Cliente", Level.CLIENT),
        ("tags", ["a", "b"], ["a", "b"]),
        ("labels", {"a": 1}, {"a": 1}),
        ("price", {"amount": 4900, "currency": "EUR"}, Money(4900, "EUR")),
        ("site", "https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("zone", "Europe/Madrid", "Europe/Madrid"),
    ],
)
def test_a_good_value_loads_as_its_type(name: str, value: Any, loaded: Any) -> None:
    result = Everything().load({name: value})[name]
    assert result == loaded
    assert type(result) is type(loaded)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *each("text", None, 1, True, b"x", [], {}, "a\x00b", "\ud800", "x" * 10_001),
        *each("whole", None, True, False, 1.0, 1.5, "1", "٣", 2**63, -(2**63) - 1, [], float("nan")),
        *each("real", True, "1.5", float("nan"), float("inf"), 10**400, []),
        *each("weight", True, "1.5", 1.234, 1e300, 1e-300, float("nan"), float("-inf"), 10**400),
        *each("weight", 12345678901234.56, None, {}),
        *each("flag", 0, 1, "true", "yes", 1.0, None, [], {}),
        *each("id", ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}"),
        *each("id", ID + " ", ID[:-1] + "g", 7, b"x" * 16),
        *each("id", ID.replace("0", "٠"), ID[:9] + ID[8:], ""),
        *each("at", "2026-01-31T09:30:00", "2026-01-31", "2026-01-31 09:30:00Z", "2026-1-31T09:30:00Z"),
        *each("at", "2026-02-30T00:00:00Z", "2026-01-31T09:30:60Z", "2026-01-31T25:00:00Z", 1760000000),
        *each("at", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
        *each("at", "1899-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "1900-01-01T00:00:00+00:01"),
        *each("at", "٢٠٢٦-01-31T09:30:00Z", "2026-01-31T09:30:00+24:00", "2026-W05-6T09:30:00Z", None),
        *each("day", "2026-02-30", "2027-02-29", "1899-12-31", "2201-01-01"),
        *each("day", "20260131", "2026-1-1", 1, ""),
        *each("clock", "9:30", "24:01", "09:60", "09:30Z", "093000", 930, "٠٩:30"),
        *each("email", "", "ana", "ana@"),
        *each("email", "@example.com", "a b@example.com", "ana@localhost@x", "a\x00@b.co"),
        *each("email", '"a b"@example.com', "ana@[127.0.0.1]"),
        *each("email", "x" * 250 + "@example.com", "a\n@b.co", 1),
        *each("level", "owner", "OWNER", "", 1, None, ["Owner"], {"a": 1}),
        *each("tags", "a", {"a": 1}, [1], ["a", "b", "c", "d"], ["x" * 21], None),
        *each("labels", [], "a", {"a": "1"}, {"a": 1, "b": 2, "c": 3}),
        *each("price", 4900, "49 EUR", {}, {"amount": 1}, {"currency": "EUR"}, []),
        *[("price", {"amount": bad, "currency": "EUR"}) for bad in (-1, 1.5, "1", True, 2**63, None)],
        *[("price", {"amount": 1, "currency": bad}) for bad in ("eur", "EU", "EURO", "E1R", "ÉUR", "EUR\n", 978, None, "XYZ", "XAU", "XXX", "DEM")],
        ("price", {"amount": 1, "currency": "EUR", "scale": 2}),
        *each("site", "example.com", "ftp://example.com", "javascript:alert(1)"),
        *each("site", "https://", "//a.b", ""),
        *each("site", "https://a.b/\n", "https://a b.co", "https://example.com/" + "x" * 2048, 1),
        *each("zone", "Madrid", "", "europe/madrid", "../../etc/passwd", "UTC+1", "/etc/localtime", "localtime", "Factory", 1),
    ],
)  # fmt: skip
def test_a_bad_value_is_a_validation_error_of_that_field(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Everything().load({name: value})
    assert list(refused.value.messages) == [name]


@pytest.mark.parametrize(
    ("name", "text", "loaded"),
    [
        ("limit", "200", 200),
        ("real", "-1.5e3", -1500.0),
        ("real", "7", 7.0),
        ("weight", "72.35", decimal.Decimal("72.35")),
        ("active", "true", True),
        ("active", "false", False),
        ("ids", ID, [uuid.UUID(ID)]),
        ("ids", "", []),
        ("numbers", "1,-2,3", [1, -2, 3]),
        ("q", "Ana, 7", "Ana, 7"),
        ("since", "2026-01-31T09:30:00+01:00", dt.datetime(2026, 1, 31, 8, 30, tzinfo=dt.UTC)),
        ("level", "Owner", Level.OWNER),
    ],
)
def test_a_query_reads_its_text(name: str, text: str, loaded: Any) -> None:
    assert Search().load({name: text})[name] == loaded


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *each("limit", "0", "201", "-1", "1.0", "1e2", "+1", " 1"),
        *each("limit", "1 ", "", "٣", "１", "0x10", "1_0", "null"),
        *each("limit", str(2**31), str(2**63), "9" * 5000, 5, None, True),
        *each("real", "nan", "inf", "-Infinity", "1e400", "1e9999"),
        *each("real", "", "1.", ".5", "1_0.0", "0x1p3", "٣"),
        *each("weight", "NaN", "1.234", "1e99", "", "1,5", "sNaN"),
        *each("active", "True", "1", "0", "yes", "", "on", True),
        *each("ids", f"{ID},", f"{ID};{ID}", ",", "x", ",".join([ID] * 4), [ID]),
        *each("numbers", "1,,2", "1, 2", "a", "1,٣", str(2**63)),
        ("q", "x" * 101),
        ("level", "owner"),
    ],
)  # fmt: skip
def test_a_query_refuses_other_text(name: str, text: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Search().load({name: text})
    assert list(refused.value.messages) == [name]


def test_reading_text_in_a_query_does_not_change_the_field_of_a_body() -> None:
    shared = fields.Integer()
    body = Schema.from_dict({"n": shared})
    query = QuerySchema.from_dict({"n": shared})
    assert query().load({"n": "5"}) == {"n": 5}
    assert body().load({"n": 5}) == {"n": 5}
    with pytest.raises(ValidationError):
        body().load({"n": "5"})


@given(st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(dt.UTC)))
def test_a_timestamp_comes_back_and_is_written_as_orjson_writes_it(moment: dt.datetime) -> None:
    text = Everything().dump({"at": moment})["at"]
    assert text == json.loads(orjson.dumps(moment, option=orjson.OPT_UTC_Z))
    assert text.endswith("Z")
    assert Everything().load({"at": text})["at"] == moment


def test_a_timestamp_of_another_zone_keeps_its_offset_and_a_naive_one_never_leaves() -> None:
    madrid = dt.datetime(2026, 7, 1, 9, tzinfo=zoneinfo.ZoneInfo("Europe/Madrid"))
    assert moment_text(madrid) == "2026-07-01T09:00:00+02:00"
    with pytest.raises(ValueError, match="needs an offset"):
        moment_text(dt.datetime(2026, 7, 1))  # noqa: DTZ001 - naive on purpose


@given(st.decimals(-9_999_999_999_999, 9_999_999_999_999, places=2))
def test_a_decimal_survives_the_way_out_and_back(value: decimal.Decimal) -> None:
    written = orjson.dumps(Everything().dump({"weight": value}))
    assert Everything().load(orjson.loads(written))["weight"] == value


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50))
def test_any_storable_text_comes_back_exactly(text: str) -> None:
    assert Everything().load({"text": text}) == {"text": text}


@given(st.emails())
def test_an_address_has_one_form(address: str) -> None:
    once = normalise_email(address)
    assert normalise_email(once) == once
    assert normalise_email(address.upper()) == once or not address.isascii()


def test_spellings_that_look_the_same_are_one_address() -> None:
    spellings = ["josé@example.com", "jose\u0301@example.com", "JOSÉ@Example.COM", "ｊｏｓé@example.com"]
    assert {Everything().load({"email": each})["email"] for each in spellings} == {"josé@example.com"}


def test_everything_dumps_as_json() -> None:
    row = {
        "id": uuid.UUID(ID),
        "level": Level.OWNER,
        "price": Money(4900, "EUR"),
        "weight": decimal.Decimal("72.50"),
        "day": dt.date(2026, 1, 31),
        "clock": dt.time(9, 30),
        "tags": ["a"],
        "at": None,
    }
    assert Everything().dump(row) == {
        "id": ID,
        "level": "Owner",
        "price": {"amount": 4900, "currency": "EUR"},
        "weight": 72.5,
        "day": "2026-01-31",
        "clock": "09:30:00",
        "tags": ["a"],
        "at": None,
    }
    assert Everything().dump({"level": "Owner"}) == {"level": "Owner"}


def test_money_is_whole_even_in_a_partial_update() -> None:
    with pytest.raises(ValidationError):
        Everything(partial=True).load({"price": {"amount": 1}})
