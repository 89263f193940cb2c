"""The register found again: searched, ordered, filtered, paged, its tags counted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from config.settings import Settings
from tests.integration.registers import Studio
from tests.servers import Api


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ana", {"Ána María Núñez", "Björn Ananda"}),
        ("MARIA", {"Ána María Núñez", "Anna-Mária O'Neil"}),
        ("nunez ana", {"Ána María Núñez"}),
        ("neil", {"Anna-Mária O'Neil"}),
        ("bjorn", {"Björn Ananda"}),
        ("smorgas", {"Søren Smørgås"}),
        ("strasse", {"Groß Straße"}),
        ("soren@", {"Søren Smørgås"}),
        ("SOREN@EXAMPLE.com", {"Søren Smørgås"}),
        ("example.com", set()),
        ("ria", set()),
        ("ana%", set()),
        ("an_", set()),
        ("ana zzz", set()),
    ],
)
def test_search_begins_words_of_the_name_or_the_address_without_accents_and_case(named: Studio, q: str, found: set[str]) -> None:
    assert {each["full_name"] for each in named.find(q=q)} == found


def test_search_follows_a_changed_name_and_address(studio: Studio) -> None:
    made = studio.post({"full_name": "Old Name", "email": "old@example.com", "tags": ["one"]}).json
    studio.patch(made["id"], {"full_name": "New Name"})
    studio.patch(made["id"], {"email": None, "tags": ["Two"]})
    finds = {key: len(studio.find(**{key[0]: key[1]})) for key in [("q", "old"), ("q", "new"), ("q", "old@"), ("tag", "one"), ("tag", "two")]}
    assert finds == {("q", "old"): 0, ("q", "new"): 1, ("q", "old@"): 0, ("tag", "one"): 0, ("tag", "two"): 1}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("sort", ["created_at", "-created_at", "full_name", "-full_name"])
def test_every_order_pages_through_everything_once(named: Studio, sort: str, limit: int) -> None:
    walked = named.walk(limit=limit, sort=sort)
    in_order = ["Ána María Núñez", "Anna-Mária O'Neil", "Björn Ananda", "Björn Ananda", "Groß Straße", "Søren Smørgås"]
    if sort.endswith("created_at"):
        in_order = ["Søren Smørgås", "Björn Ananda", "Ána María Núñez", "Groß Straße", "Anna-Mária O'Neil", "Björn Ananda"]
    assert [each["full_name"] for each in walked] == (in_order[::-1] if sort.startswith("-") else in_order)
    assert len({each["id"] for each in walked}) == 6


def test_filters_combine(studio: Studio) -> None:
    for n in range(12):
        studio.post(
            {
                "full_name": f"Client {n:02}", "status": ("active", "inactive", "archived")[n % 3], "tags": ["even"] if n % 2 == 0 else ["odd"],
                "assigned_to": studio.owner.id if n < 6 else None,
            }
        )  # fmt: skip

    def names(**query: Any) -> list[int]:
        return [int(each["full_name"][-2:]) for each in studio.walk(limit=2, **query)]

    assert names(sort="created_at") == [n for n in range(12) if n % 3 != 2]
    assert names(status="archived") == [11, 8, 5, 2]
    assert names(tag="EVEN") == [10, 6, 4, 0]
    assert names(assigned_to=studio.owner.id, sort="full_name") == [0, 1, 3, 4]
    assert names(assigned_to=studio.owner.id, tag="odd", status="inactive", q="cli 0", sort="-full_name") == [1]
    assert names(assigned_to=str(uuid.uuid4())) == []


def test_a_cursor_opens_no_other_list(studio: Studio, other: Studio) -> None:
    for n in range(3):
        studio.post({"full_name": f"C{n}"})
    cursor = studio.api.get("/api/v1/clients?limit=1", **studio.staff).json["next_cursor"]
    for path, where in [("?limit=1&sort=full_name", studio), ("?q=c", studio), ("?limit=1", other)]:
        refused = studio.api.get(f"/api/v1/clients{path}&cursor={cursor}", **where.staff)
        assert (refused.status, refused.json["code"]) == (400, "invalid_cursor")


def test_tags_in_use_are_counted_without_the_archived(studio: Studio) -> None:
    for tags, status in [(["yoga", "Arms"], "active"), (["yoga"], "inactive"), (["yoga", "gone"], "archived")]:
        studio.post({"full_name": "A", "tags": tags, "status": status})
    first = studio.api.get("/api/v1/clients/tags?limit=1", **studio.staff).json
    rest = studio.api.get(f"/api/v1/clients/tags?limit=1&cursor={first['next_cursor']}", **studio.staff).json
    assert first["items"] + rest["items"] == [{"tag": "Arms", "clients": 1}, {"tag": "yoga", "clients": 2}]
    assert rest["next_cursor"] is None


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    return Studio.new(server, settings)


@pytest.fixture
def other(server: Api, settings: Settings) -> Studio:
    return Studio.new(server, settings)


@pytest.fixture(scope="module")
def named(server: Api, settings: Settings) -> Studio:
    """Six clients whose names test the alphabet."""
    made = Studio.new(server, settings)
    for name in ("Søren Smørgås", "Björn Ananda", "Ána María Núñez", "Groß Straße", "Anna-Mária O'Neil", "Björn Ananda"):
        email = "soren@example.com" if name.startswith("S") else None
        assert made.post({"full_name": name, "email": email}).status == 201
    return made
