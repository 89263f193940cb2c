"""The public booking page: what strangers see under a verified domain, and who can close it."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests.agenda import a_day
from tests.clocks import PLAIN, changes
from tests.integration.domains import name
from tests.integration.pages import PUBLIC, Page
from tests.servers import Api, Reply

EUROS = {"amount": 4500, "currency": "EUR"}


def told(reply: Reply) -> tuple[int, dict[str, Any]]:
    """A problem without what tells one request from another."""
    return reply.status, {**reply.json, "request_id": None}


class TestServices:
    def test_strangers_see_public_services_and_of_them_what_a_client_needs(self, page: Page) -> None:
        shown = page.service(
            name="A public one", description="For everybody.", public=True, price=EUROS, location_kind="in_person", location="Secret street 1",
            capacity=4, free_until_minutes=1440, late_fee={"amount": 1000, "currency": "EUR"}, buffer_after_minutes=15,
        )  # fmt: skip
        page.service(name="Not public")
        gone = page.service(name="Gone", public=True)
        assert page.ask("DELETE", f"/api/v1/bookings/services/{gone['id']}").status == 204
        seen = page.services()
        (one,) = [each for each in seen.json["items"] if each["id"] == shown["id"]]
        assert one == {
            "id": shown["id"], "name": "A public one", "description": "For everybody.", "duration_minutes": 60, "capacity": 4,
            "location_kind": "in_person", "price": EUROS, "needs_approval": False, "self_service": True,
            "cancellation": {"free_until_minutes": 1440, "late_fee": {"amount": 1000, "currency": "EUR"}, "no_show_fee": None},
        }  # fmt: skip
        for absent in (b"Not public", b"Gone", b"Secret street", page.organizer.encode()):
            assert absent not in seen.body

    def test_a_page_after_the_other_by_name_under_the_host_asked_too(self, local: Api, settings: Settings) -> None:
        page = Page.open(local, settings, clients=1)
        for n in (3, 1, 2):
            page.service(name=f"S{n}", public=True)
        first = page.services(limit=2)
        assert [each["name"] for each in first.json["items"]] == ["S1", "S2"]
        assert 'rel="next"' in first.headers["Link"]
        rest = page.services(limit=2, cursor=first.json["next_cursor"])
        assert ([each["name"] for each in rest.json["items"]], rest.json["next_cursor"]) == (["S3"], None)
        by_host = local.get(f"{PUBLIC}/services", headers={"Host": f"{page.domain.upper()}:443"})
        assert by_host.body == page.services().body
        assert page.services(page.domain.upper()).body == by_host.body

    def test_who_books_for_clients_is_told(self, local: Api, settings: Settings) -> None:
        page = Page.open(local, settings, clients=1)
        page.service(name="A", public=True)
        page.service(name="B", public=True, self_service=False)
        assert [each["self_service"] for each in page.services().json["items"]] == [True, False]
        page.configure(public_page=True, self_service=False)
        assert [each["self_service"] for each in page.services().json["items"]] == [False, False]

    def test_it_may_be_kept_by_every_cache_until_it_changes(self, local: Api, settings: Settings) -> None:
        page = Page.open(local, settings, clients=1)
        service = page.service(public=True)
        seen = page.services()
        assert seen.headers["Cache-Control"] == "public, max-age=300"
        path, tag = f"{PUBLIC}/services?domain={page.domain}", seen.headers["ETag"]
        assert local.get(path, headers={"Authorization": "Bearer nonsense"}).headers["ETag"] == tag  # nobody is asked who they are
        unchanged = local.get(path, headers={"If-None-Match": tag})
        assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", tag)
        assert page.ask("PATCH", f"/api/v1/bookings/services/{service['id']}", {"description": "New"}).status == 200
        assert local.get(path, headers={"If-None-Match": tag}).status == 200


class TestTimes:
    def test_slots_are_those_of_all_who_offer_it_and_name_nobody(self, page: Page) -> None:
        eva, day = page.people["Eva"].id, a_day()
        page.hours(opens="09:00", closes="11:00")
        page.hours(eva, opens="10:00", closes="12:00")
        service = page.service(public=True, step_minutes=60, organizer_ids=[page.organizer, eva])["id"]
        reply = page.times(service, day)
        (shown,) = reply.json["items"]
        assert [slot["start_time"][11:] for slot in shown["slots"]] == ["09:00:00+00:00", "10:00:00+00:00", "11:00:00+00:00"]
        assert all(slot.keys() == {"start_time", "end_time", "seats_left", "can_queue"} for slot in shown["slots"])
        assert {(slot["seats_left"], slot["can_queue"]) for slot in shown["slots"]} == {(1, False)}
        page.booked(day.replace(hour=10), client_ids=page.clients[:1])  # the collaborator's; Eva still has that time
        assert page.times(service, day).body == reply.body
        page.booked(day.replace(hour=10), organizer_id=eva, client_ids=page.clients[1:2])
        assert [slot["start_time"][11:13] for slot in page.offered(service, day)] == ["09", "11"]

    def test_the_same_clocks_as_for_members(self, local: Api, settings: Settings) -> None:
        page = Page.open(local, settings, clients=1, timezone="Europe/Lisbon")
        page.hours(opens="00:00", closes="00:00")
        service = page.service(public=True, step_minutes=30, duration_minutes=30, window_days=730)["id"]
        for day, count in zip((*changes("Europe/Lisbon"), PLAIN), (46, 50, 48), strict=True):
            for zone in ("Europe/Lisbon", "Asia/Kolkata"):
                at = datetime.combine(day, time())
                starts = [slot["start_time"] for slot in page.offered(service, at, tz=zone)]
                assert starts == page.slots(service, at, tz=zone)
                assert zone != "Europe/Lisbon" or len(starts) == count

    def test_a_full_class_is_in_sight_and_has_a_queue(self, page: Page) -> None:
        start = a_day()
        service = page.service(public=True, capacity=2)["id"]
        made = page.booked(start, service_id=service, client_ids=page.clients[1:2])
        path = f"/api/v1/bookings/availability?service={service}&from={start:%Y-%m-%d}&to={start:%Y-%m-%d}"

        def seats() -> list[tuple[int, bool]]:
            (day,) = page.get(path, who="Cliente").json["items"]
            (own,) = day["slots"]
            (public,) = page.offered(service, start)
            assert (own["booking_id"], own["organizer_id"]) == (made["id"], page.organizer)
            return [(each["seats_left"], each["can_queue"]) for each in (own, public)]

        assert seats() == [(1, False)] * 2
        assert page.act(made, "join", who="Cliente").status == 200
        assert seats() == [(0, True)] * 2
        assert page.act(made, "queue", {"client_id": page.clients[2]}).status == 201  # as it says
        assert seats() == [(0, True)] * 2
        assert page.act(made, "leave", who="Cliente").status == 204
        assert seats() == [(0, True)] * 2, "the seat is offered to who waits"
        assert page.ask("DELETE", f"/api/v1/bookings/{made['id']}").status == 204
        assert (page.offered(service, start), page.slots(service, start)) == ([], [])

    def test_it_may_be_kept_for_a_minute_and_tagged(self, page: Page) -> None:
        page.hours()
        service, day = page.service(public=True)["id"], a_day()
        seen = page.times(service, day)
        tag = seen.headers["ETag"]
        assert seen.headers["Cache-Control"] == "public, max-age=60"
        assert page.times(service, day, headers={"If-None-Match": tag}).status == 304
        page.booked(day)
        changed = page.times(service, day, headers={"If-None-Match": tag})
        assert (changed.status, changed.headers["ETag"] != tag) == (200, True)

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("from=2027-01-01&to=2027-01-02", "?service"),
            ("service={service}&from=2027-01-02&to=2027-01-01", "?to"),
            ("service={service}&from=2027-01-01&to=2027-03-10", "?to"),
            ("service={service}&from=2027-01-01&to=2027-01-02&tz=Mars/Olympus", "?tz"),
            ("service={service}&from=2027-01-01&to=2027-01-02&organizer=00000000-0000-4000-8000-000000000001", "?organizer"),
            ("service={service}&from=2027-01-01&to=2027-01-02&limit=2", "?limit"),
        ],
    )
    def test_what_is_asked_wrongly_is_said_precisely(self, page: Page, query: str, pointer: str) -> None:
        asked = f"{PUBLIC}/availability?domain={page.domain}&{query.format(service=page.service(public=True)['id'])}"
        reply = page.api.get(asked)
        assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, [pointer]), reply.body

    @pytest.mark.parametrize(
        "domain", ["", "north", "north.example.com.", "https://a.example.com", "a.example.com:80", "nörth.example.com", "a..com"]
    )
    def test_what_is_no_domain_is_said(self, page: Page, domain: str) -> None:
        reply = page.api.get(f"{PUBLIC}/services?{urlencode({'domain': domain})}")
        assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, ["?domain"]), reply.body


class TestClosed:
    def test_whatever_is_not_open_is_the_same_404(self, local: Api, settings: Settings) -> None:
        page = Page.open(local, settings, clients=1)
        page.hours()
        day, pending = a_day(), name()
        service, hidden = page.service(public=True)["id"], page.service()["id"]
        nothing = told(page.services(name()))
        assert nothing[0] == 404

        def closed() -> bool:
            found = [told(each) for each in (page.services(), page.times(service, day))]
            assert [each[0] for each in found] == [200, 200] or found == [nothing, nothing]
            return found == [nothing, nothing]

        assert not closed()
        page.studio.claim(pending)
        assert [told(page.services(pending)), told(page.times(service, day, domain=pending))] == [nothing] * 2
        assert told(local.get(f"{PUBLIC}/services")) == nothing
        for other in (hidden, str(uuid.uuid4())):
            assert told(page.times(other, day)) == nothing
        page.configure(public_page=False)
        assert closed()
        page.configure()
        assert closed(), "it is closed unless somebody opens it"
        page.configure(public_page=True)
        assert not closed()
        page.configure(public_page=True, enabled=False)
        assert closed()
        page.configure(public_page=True)
        assert not closed()
        module = f"/api/v1/workspaces/{page.workspace}/modules/clients"
        assert page.ask("PUT", module, {"enabled": False}).status == 409  # bookings need it
        assert page.ask("PATCH", f"/api/v1/bookings/services/{service}", {"public": False}).status == 200
        assert (page.services().json["items"], told(page.times(service, day))) == ([], nothing)
        assert page.ask("PATCH", f"/api/v1/bookings/services/{service}", {"public": True}).status == 200
        assert not closed()
        assert page.ask("DELETE", f"{page.studio.path}/{page.domain}").status == 204
        assert closed()

    def test_a_domain_shows_its_own_workspace_alone(self, page: Page, local: Api, settings: Settings) -> None:
        other = Page.open(local, settings, clients=1)
        theirs = other.service(name="Theirs", public=True)["id"]
        assert b"Theirs" not in page.services().body
        assert page.times(theirs, a_day()).status == 404
        named = local.get(f"{PUBLIC}/services?domain={page.domain}", who=other.people["Owner"], workspace=other.workspace)
        assert (named.status, named.body) == (200, page.services().body), "the domain says whose page it is, and nothing else does"

    def test_a_domain_that_moves_takes_the_page_along(self, page: Page, local: Api, settings: Settings) -> None:
        first, second = Page.open(local, settings, clients=1), Page.open(local, settings, clients=1)
        services = [each.service(name=title, public=True)["id"] for each, title in ((first, "First"), (second, "Second"))]
        domain = first.domain
        assert b"First" in first.services().body
        assert first.ask("DELETE", f"{first.studio.path}/{domain}").status == 204
        second.studio.verified(domain)
        assert [each["name"] for each in first.services().json["items"]] == ["Second"]
        day = a_day()
        assert [first.times(each, day, domain=domain).status for each in services] == [404, 200]

    def test_only_an_owner_opens_it(self, page: Page) -> None:
        module, body = f"/api/v1/workspaces/{page.workspace}/modules/bookings", {"enabled": True, "settings": {"public_page": True}}
        assert [page.ask("PUT", module, body, who=who).status for who in ("Colaborador", "Cliente")] == [403, 403]
        wrong = page.ask("PUT", module, {"enabled": True, "settings": {"public_page": "perhaps"}})
        assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/settings/public_page")
        assert page.services().status == 200

    def test_nothing_else_is_public(self, page: Page) -> None:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for path in ("services", "availability"):
                assert page.api.request(method, f"{PUBLIC}/{path}?domain={page.domain}").status == 405
        assert page.api.get(f"/api/v1/bookings/services?domain={page.domain}").status == 401

    def test_strangers_have_the_quota_of_their_address(self, page: Page, settings: Settings, tmp_path: Path) -> None:
        installation = install(dataclasses.replace(settings, home=tmp_path, limit_address=10, limit_window_s=3600))
        api = Api(web(installation))
        asked = f"{PUBLIC}/services?domain={page.domain}"
        replies = [api.get(asked) for _ in range(12)]
        installation.container.app_pool().close()
        installation.container.auth_pool().close()
        assert [reply.status for reply in replies] == [200] * 10 + [429] * 2
        assert (replies[0].headers["RateLimit-Policy"], "Retry-After" in replies[-1].headers) == ('"address";q=10;w=3600', True)


@pytest.fixture(scope="module")
def page(local: Api, settings: Settings) -> Page:
    return Page.open(local, settings)
