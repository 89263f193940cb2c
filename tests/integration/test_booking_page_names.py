"""The public booking page names nobody: a canary in every text of a studio and of its people is in no answer."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.http.gateway import Gateway
from config.settings import Settings
from tests.agenda import a_day
from tests.clocks import YEAR
from tests.integration.pages import Page
from tests.security.studios import MEANINGFUL, TEXTS
from tests.servers import Api, Cluster, Reply, owner_of


class TestNobodyIsNamed:
    def test_no_text_of_anybodys_is_in_a_public_answer(self, planted: Planted) -> None:
        assert planted.columns >= PERSONAL
        answers = planted.answers()
        assert [reply.status for reply in answers] == [200] * len(answers)
        assert all(len(reply.json["items"]) >= 1 for reply in answers)
        assert sum(slot["seats_left"] for day in answers[-1].json["items"] for slot in day["slots"]) == 0  # the full class is there
        assert leaked(answers) == set()
        page = planted.page
        people = {person.id for person in page.people.values()} | {*page.clients, page.workspace}
        assert not {each for each in people for reply in answers if each.encode() in reply.body}

    def test_what_is_booked_by_whom_makes_no_difference(self, page: Page) -> None:
        """Two days that are taken at the same times, by a client and by a doctor's appointment, look alike."""
        day, other = a_day(), a_day()
        page.hours()
        service = page.service(public=True)["id"]
        page.booked(day, client_ids=page.clients[:1], title="Physiotherapy", notes="Knee")
        away = {"user_id": page.organizer, "starts_at": other.isoformat(), "ends_at": other.replace(hour=10).isoformat(), "reason": "Doctor"}
        page.made("/api/v1/bookings/time-off", away)
        booked, gone = ([slot["start_time"][10:] for slot in page.offered(service, each)] for each in (day, other))
        assert booked == gone
        assert "T09:00:00+00:00" not in booked

    @pytest.mark.parametrize("column", ["bookings_service.location", "user_roles.full_name"])
    def test_an_answer_that_shows_more_is_noticed(self, planted: Planted, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
        """Seeded: what the schema lets through has one text more."""
        table, name = column.split(".")
        with owner_of(planted.page.settings) as connection:
            query = f"select {name} from {table} where workspace_id = %s limit 1"
            (text,) = connection.execute(query.encode(), (planted.page.workspace,)).fetchone() or ("",)
        compiled = next(each for each in gateway.compiled.values() if each.operation.id == "bookings_list_public_services")
        monkeypatch.setattr(compiled, "dump", lambda item: {**item, "description": text, "name": str(item["name"])})
        assert leaked(planted.answers()) != set()


PERSONAL = {
    "bookings.cancel_reason", "bookings.location", "bookings.notes", "bookings.title", "bookings_room.name", "bookings_service.location",
    "bookings_time_off.reason", "clients.email", "clients.full_name", "clients.notes", "clients.phone", "clients.tags", "clients_notes.body",
    "user_roles.email", "user_roles.full_name", "users.email", "users.full_name", "workspace_modules.settings",
}  # fmt: skip
_SHOWN = {"bookings_service.name", "bookings_service.description"}
_NEEDED = MEANINGFUL | _SHOWN | {"workspaces_domain.domain", "claims.value", "claims.kind", "audit_logs.request_id", "audit_logs.record_id"}
_VALUES = {
    "text": "%(canary)s || gen_random_uuid()", "text[]": "array[%(canary)s]",
    "jsonb": "coalesce({column}, '{{}}') || jsonb_build_object('text', %(canary)s::text)",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Planted:
    """A studio with a canary in every text of it and of its people, but for what a public service says of itself, and a full class."""

    page: Page
    services: tuple[str, str]
    day: datetime
    columns: set[str]

    def answers(self) -> list[Reply]:
        """Everything that strangers can ask for."""
        times = [self.page.times(each, self.day, last=self.day.replace(day=28)) for each in self.services]
        return [self.page.services(), self.page.services(limit=1), *times]


def leaked(answers: list[Reply]) -> set[str]:
    """The canaries in answers."""
    return {found for reply in answers for found in re.findall(r"zp-[a-z_.]+", f"{reply.body!r} {dict(reply.headers)}")}


@pytest.fixture(scope="module")
def page(local: Api, settings: Settings) -> Page:
    return Page.open(local, settings)


@pytest.fixture
def planted(local: Api, settings: Settings, cluster: Cluster) -> Planted:
    page, day = Page.open(local, settings), datetime(YEAR, 6, 1, 9, tzinfo=UTC)
    page.hours()
    room = page.room()
    single = page.service(public=True, name="Single", description="Shown", location="Here", location_kind="in_person", window_days=730)["id"]
    several = page.service(public=True, name="Class", capacity=2, room_ids=[room], window_days=730)["id"]
    page.booked(day, service_id=single, client_ids=page.clients[:1], notes="n", title="t", location="l", location_kind="in_person")
    page.booked(day.replace(day=2), service_id=several, client_ids=page.clients[:2], notes="n", room_id=room)
    for each in page.clients:
        assert page.post(f"/api/v1/clients/{each}/notes", {"body": "n"}).status == 201
    away = {"user_id": page.organizer, "starts_at": f"{YEAR}-06-03T00:00:00Z", "ends_at": f"{YEAR}-06-04T00:00:00Z", "reason": "r"}
    page.made("/api/v1/bookings/time-off", away)
    return Planted(page, (single, several), day, _plant(page, cluster))


def _plant(page: Page, cluster: Cluster) -> set[str]:
    """The columns that carry a canary."""
    found, people = set(), [person.id for person in page.people.values()]
    database = str(conninfo_to_dict(page.settings.database_url or "")["dbname"])
    with psycopg.connect(cluster.server.dsn("postgres", database)) as connection:
        connection.execute("set local session_replication_role = replica")
        columns = [(*each, "id" if each[0] == "workspaces" else "workspace_id", [page.workspace]) for each in connection.execute(TEXTS).fetchall()]
        columns += [("users", column, "text", "id", people) for column in ("email", "full_name")]
        for table, column, kind, key, ids in columns:
            if f"{table}.{column}" not in _NEEDED:
                query = f"update {table} set {column} = {_VALUES[kind].format(column=column)} where {key} = any (%(ids)s::uuid[])"
                if connection.execute(query.encode(), {"canary": f"zp-{table}.{column}-", "ids": ids}).rowcount:
                    found.add(f"{table}.{column}")
    return found
