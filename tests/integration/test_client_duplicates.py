"""Two records of one person: noticed when the second is made, and listed."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest

from adapters.postgres import work
from config.settings import Settings
from tests.servers import Api, Person, add_member, owner_of, patiently

ANA = {"full_name": "José Álvarez", "email": "jose@example.com", "phone": "+34 600 000 001", "birth_date": "1990-04-17"}


class Studio:
    """A workspace and its owner."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.owner: Person = api.signup()
        self.id = api.workspace(self.owner)

    def post(self, body: dict[str, Any], query: str = "", **headers: str) -> Any:
        return self.api.post(f"/api/v1/clients{query}", json=body, who=self.owner, workspace=self.id, headers=headers)

    def patch(self, client: str, body: dict[str, Any], query: str = "") -> Any:
        return self.api.patch(f"/api/v1/clients/{client}{query}", json=body, who=self.owner, workspace=self.id)

    def get(self, path: str, who: Person | None = None) -> Any:
        return self.api.get(f"/api/v1/clients{path}", who=who or self.owner, workspace=self.id)


@pytest.fixture
def studio(local: Api) -> Studio:
    return Studio(local)


@pytest.mark.parametrize(
    ("body", "matched"),
    [
        ({"full_name": "Pepe", "email": "JOSE@example.com"}, "email"),
        ({"full_name": "Pepe", "phone": "600-000-001"}, "phone"),
        ({"full_name": "Pepe", "phone": "0034600000001"}, "phone"),
        ({"full_name": "jose  alvarez", "birth_date": "1990-04-17"}, "name_and_birth_date"),
        ({"full_name": "jose alvarez", "email": "jose@example.com", "phone": "600000001"}, "email"),
    ],
)
def test_a_second_record_of_somebody_is_refused_with_the_candidates(studio: Studio, body: dict[str, Any], matched: str) -> None:
    first = studio.post(ANA).json
    refused = studio.post(body)
    assert (refused.status, refused.json["code"]) == (409, "duplicate_client")
    assert refused.json["candidates"] == [{"id": first["id"], "full_name": "José Álvarez", "matched": matched}]
    assert len(studio.get("").json["items"]) == 1
    assert studio.post(body, "?allow_duplicate=true").status == 201
    assert len(studio.get("").json["items"]) == 2


@pytest.mark.parametrize(
    "body", [{"full_name": "José Álvarez"}, {"full_name": "Bo", "phone": "1120"}, {"full_name": "Bo", "birth_date": "1990-04-17"}]
)
def test_a_name_alone_is_nobodys_own(studio: Studio, body: dict[str, Any]) -> None:
    studio.post({**ANA, "phone": "1120"})
    assert studio.post(body).status == 201


def test_another_workspaces_clients_are_nobodys_candidates(local: Api) -> None:
    assert Studio(local).post(ANA).status == 201
    assert Studio(local).post(ANA).status == 201


def test_a_changed_record_is_noticed_by_what_it_says_now(studio: Studio) -> None:
    client = studio.post(ANA).json["id"]
    path = f"/api/v1/clients/{client}"
    assert studio.api.patch(path, json={"phone": "+34 700 000 002", "birth_date": None}, who=studio.owner, workspace=studio.id).status == 200
    assert studio.post({"full_name": "Bo", "phone": "600000001"}).status == 201
    assert studio.post({"full_name": "José Álvarez", "birth_date": "1990-04-17"}).status == 201
    assert studio.post({"full_name": "Bo", "phone": "700000002"}).json["candidates"][0]["id"] == client


@pytest.mark.parametrize(
    ("change", "matched"),
    [
        ({"email": "JOSE@example.com"}, "email"),
        ({"phone": "600-000-001"}, "phone"),
        ({"full_name": "jose  alvarez", "birth_date": "1990-04-17"}, "name_and_birth_date"),
        ({"birth_date": "1990-04-17", "email": "jose@example.com"}, "email"),
    ],
)
def test_a_change_to_what_somebody_else_has_is_refused_with_the_candidates(studio: Studio, change: dict[str, Any], matched: str) -> None:
    first = studio.post(ANA).json
    own = {"full_name": "José Alvarez", "email": "own@example.com", "phone": "+34 611 111 111"}
    second = studio.post(own)
    path = f"/{second.json['id']}"
    for method, body, headers in (("PATCH", change, {}), ("PUT", own | change, {"If-Match": second.headers["ETag"]})):
        refused = studio.api.request(method, f"/api/v1/clients{path}", json=body, who=studio.owner, workspace=studio.id, headers=headers)
        assert (refused.status, refused.json["code"]) == (409, "duplicate_client")
        assert refused.json["candidates"] == [{"id": first["id"], "full_name": "José Álvarez", "matched": matched}]
        assert studio.get(path).json == second.json
        assert len(studio.get("?q=jose").json["items"]) == 2
    meant = studio.patch(second.json["id"], change, "?allow_duplicate=true")
    assert (meant.status, meant.json["version"]) == (200, 2)


def test_what_two_records_share_already_does_not_stop_changes_of_either(studio: Studio) -> None:
    studio.post(ANA)
    second = studio.post(ANA, "?allow_duplicate=true").json
    assert studio.patch(second["id"], {"notes": "x"}).status == 200
    assert studio.patch(second["id"], {**ANA, "email": "JOSÉ@example.com".replace("É", "E"), "full_name": "Jose Alvarez"}).status == 200
    assert studio.patch(second["id"], {"phone": "+34 611 111 111"}).status == 200
    assert studio.patch(second["id"], {"phone": ANA["phone"]}).status == 409  # it was given up
    assert studio.patch(second["id"], {"email": None, "phone": None, "birth_date": None}).status == 200


def test_of_two_who_take_the_same_address_at_once_one_does(server: Api) -> None:
    studio = Studio(server)
    for n in range(8):
        made = [studio.post({"full_name": f"{name} {n}"}).json["id"] for name in ("Ana", "Bo")]
        with ThreadPoolExecutor(2) as pool:
            replies = list(pool.map(lambda client, n=n: patiently(lambda: studio.patch(client, {"email": f"one{n}@example.com"})), made))
        assert sorted(reply.status for reply in replies) == [200, 409]


def test_what_was_merged_away_stops_no_change_of_the_survivor(studio: Studio) -> None:
    gone = studio.post(ANA).json["id"]
    kept = studio.post({"full_name": "Pepe", "email": "pepe@example.com"}).json["id"]
    assert studio.post({"from": gone, "fields": {"email": "into"}}, f"/{kept}/merge").status == 200
    assert studio.patch(kept, {"email": ANA["email"]}).status == 200


def test_who_was_merged_is_known_by_both_addresses_and_numbers(studio: Studio) -> None:
    """Also after a second merge and when the survivor says something else; a person with two addresses is why there were two records."""
    second = {"full_name": "Pepe Álvarez", "email": "pepe@example.com", "phone": "+34 611 111 111", "birth_date": "1990-04-17"}
    third = {"full_name": "P", "email": "third@example.com"}
    one, two, three = (studio.post(body).json["id"] for body in (ANA, second, third))
    chosen = {"from": one, "fields": {"email": "from", "phone": "into"}}
    assert studio.post(chosen, f"/{two}/merge").status == 200
    assert studio.post({"from": two}, f"/{three}/merge").status == 200
    assert studio.patch(three, {"email": "fourth@example.com", "full_name": "Paula"}).status == 200
    known = [{"email": each} for each in ("jose@example.com", "PEPE@example.com", "fourth@example.com")]
    known += [{"phone": each["phone"]} for each in (ANA, second)] + [
        {"full_name": each["full_name"], "birth_date": "1990-04-17"} for each in (ANA, second)
    ]
    for body in known:
        refused = studio.post({"full_name": "Bo", **body})
        assert (refused.status, [each["id"] for each in refused.json.get("candidates", ())]) == (409, [three]), body
    assert studio.post({"full_name": "Bo", "email": "third@example.com"}).status == 201, "what it said itself and does not say any more"
    assert [each["id"] for each in studio.get("?q=pepe@example").json["items"]] == [three]
    assert studio.get("?q=alvarez").json["items"] == [], "the names are not theirs"
    assert studio.get("/duplicates").json["items"] == []


def test_who_was_merged_before_is_known_by_both_after_the_migration(studio: Studio, settings: Settings) -> None:
    gone, kept = studio.post(ANA).json["id"], studio.post({"full_name": "Pepe", "email": "pepe@example.com", "phone": "+34 611 111 111"}).json["id"]
    assert studio.post({"from": gone}, f"/{kept}/merge").status == 200
    terms = "select term, merged from clients_term where workspace_id = %s and client_id = %s order by term"
    with owner_of(settings) as connection:
        before = connection.execute(terms, (studio.id, kept)).fetchall()
        connection.execute("delete from clients_term where merged")
        connection.execute("alter table clients_term drop column merged")
        connection.execute(import_module("plugins.clients.migrations.0012_merged_terms")._UPGRADE)
        assert connection.execute(terms, (studio.id, kept)).fetchall() == before
        connection.rollback()
    assert sum(merged for _, merged in before) == 3


def test_another_workspaces_clients_stop_no_change(local: Api) -> None:
    Studio(local).post(ANA)
    other = Studio(local)
    assert other.patch(other.post({"full_name": "Bo"}).json["id"], ANA).status == 200


def test_a_refused_key_may_be_sent_again_for_the_other_person(studio: Studio) -> None:
    studio.post(ANA)
    assert studio.post(ANA, **{"Idempotency-Key": "k"}).status == 409
    assert studio.post(ANA, "?allow_duplicate=true", **{"Idempotency-Key": "k"}).status == 201
    assert studio.post(ANA, "?allow_duplicate=true", **{"Idempotency-Key": "k"}).headers["Idempotent-Replayed"] == "true"


def test_looking_for_duplicates_costs_no_round_trip(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.post({"full_name": "Warm"})
    sent: list[int] = []
    exchange = work.UnitOfWork._exchange
    monkeypatch.setattr(work.UnitOfWork, "_exchange", lambda self, batch, *more: (sent.append(len(batch)), exchange(self, batch, *more))[1])
    assert studio.post(ANA).status == 201
    assert len(sent) == 1


def test_groups_of_the_same_person_are_listed_for_the_staff_alone(studio: Studio, settings: Settings) -> None:
    one = studio.post(ANA).json["id"]
    two = studio.post({"full_name": "Pepe", "email": "jose@example.com"}, "?allow_duplicate=true").json["id"]
    three = studio.post({"full_name": "JOSE ALVAREZ", "birth_date": "1990-04-17"}, "?allow_duplicate=true").json["id"]
    studio.post({"full_name": "Pepe"})
    first = studio.get("/duplicates?limit=1").json
    rest = studio.get(f"/duplicates?cursor={first['next_cursor']}&limit=1").json
    assert rest["next_cursor"] is None
    found = {
        group["matched"]: [(each["id"], each["full_name"], each["status"]) for each in group["clients"]] for group in first["items"] + rest["items"]
    }
    assert found == {
        "email": [(one, "José Álvarez", "active"), (two, "Pepe", "active")],
        "name_and_birth_date": [(one, "José Álvarez", "active"), (three, "JOSE ALVAREZ", "active")],
    }
    cliente = studio.api.signup()
    add_member(settings, studio.id, cliente, "Cliente", one)
    assert studio.get("/duplicates", cliente).status == 403
    asked = studio.api.post("/api/v1/clients", json=ANA, who=cliente, workspace=studio.id)
    assert (asked.status, asked.json["code"], "candidates" in asked.json) == (403, "forbidden", False)


def test_of_sixteen_who_add_the_same_person_at_once_one_does(server: Api) -> None:
    studio = Studio(server)
    for body in (ANA, {"full_name": "Bo", "phone": "+34 611 111 111"}):
        with ThreadPoolExecutor(16) as pool:
            replies = list(pool.map(lambda _, body=body: patiently(lambda: studio.post(body)), range(16)))  # type: ignore[misc]
        assert Counter(reply.status for reply in replies) == {201: 1, 409: 15}
        assert {reply.json["code"] for reply in replies if reply.status == 409} == {"duplicate_client"}
    assert len(studio.get("").json["items"]) == 2
