"""The demo studio: made once, by the public API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from config import demo
from config.bootstrap import install, web
from config.demo import calendar, people
from config.demo.logo import logo as picture
from config.settings import Settings
from config.testing.hub import Hub
from tests.servers import Api, Cluster, Reply


@dataclass(frozen=True)
class Seen:
    """The demo as one of its people sees it."""

    api: Api
    token: str

    @classmethod
    def of(cls, api: Api, email: str) -> Seen:
        return cls(api, api.post("/auth/login", json={"email": email, "password": demo.PASSWORD}).json["access_token"])

    def by(self, email: str) -> Seen:
        """As somebody else sees it."""
        return Seen.of(self.api, email)

    def read(self, path: str) -> Reply:
        return self.api.get(path, who=self.token)

    def items(self, path: str) -> list[dict[str, Any]]:
        reply = self.read(path)
        assert reply.status == 200, reply.body
        return list(reply.json["items"])

    def client(self, email: str) -> str:
        (found,) = [each["id"] for each in self.items("/api/v1/clients?limit=200") if each["email"] == email]
        return str(found)


def test_the_demo_is_made_once_and_its_people_see_what_is_theirs(empty: Settings) -> None:
    application = web(install(empty))
    logins = demo.ensure(application, empty)
    assert demo.ensure(application, empty) == logins
    api = Api(application)
    seen = {}
    for role, email, password in logins:
        signed_in = api.post("/auth/login", json={"email": email, "password": password})
        assert signed_in.status == 200
        token = signed_in.json["access_token"]
        (workspace,) = api.get("/api/v1/workspaces", who=token).json["items"]
        assert (workspace["name"], workspace["role"]) == (demo.STUDIO, role)
        listed = [api.get(f"/api/v1/clients?limit=200&status={status}", who=token).json["items"] for status in ("active", "inactive", "archived")]
        seen[role] = sum(map(len, listed))
    assert seen == {"Owner": 42, "Colaborador": 42, "Cliente": 1}


def test_the_demo_shows_a_file_that_came_in_a_merge_and_a_duplicate_that_was_allowed(empty: Settings) -> None:
    installation = install(empty)
    api = Api(web(installation))
    for _ in range(2):
        demo.ensure(web(installation), empty)
    owner = api.post("/auth/login", json={"email": demo.OWNER, "password": demo.PASSWORD}).json["access_token"]

    def read(path: str) -> Any:
        reply = api.get(f"/api/v1/clients{path}", who=owner)
        assert reply.status == 200, reply.body
        return reply.json

    (waiting,) = read("/imports")["items"]
    assert (waiting["state"], waiting["total"]) == ("waiting", 5)
    Hub(installation).drain()
    done = read(f"/imports/{waiting['id']}")
    assert [done[name] for name in ("state", "added", "duplicates", "invalid")] == ["done", 2, 1, 2]
    assert [(each["row"], each["column"], each["matched"]) for each in done["problems"]] == [
        (4, None, "email"), (5, "Data de nascimento", None), (6, "Goal", None),
    ]  # fmt: skip
    assert done["file"]["ignored_columns"] == []
    beatriz = read("?q=beatriz")["items"][0]
    assert (beatriz["custom_fields"], beatriz["lifecycle_stage"], beatriz["birth_date"]) == ({"goal": "Weight"}, "lead", "1992-04-03")
    assert [each["kind"] for each in read(f"/{beatriz['id']}/timeline")["items"]] == ["clients.imported", "clients.created"]
    (gone,) = [each for each in read("?status=archived&limit=200")["items"] if each["merged_into"]]
    survivor = read(f"/{gone['merged_into']}")
    assert ("online" in survivor["tags"], survivor["full_name"]) == (True, "João Ferreira")
    twins = {each["full_name"] for group in read("/duplicates")["items"] for each in group["clients"]}
    assert twins == {"Lucía Ferreira", "Luca Ferreira"}
    assert len(read("/tags")["items"]) == 8
    assert {each["kind"] for each in read(f"/{survivor['id']}/timeline")["items"]} >= {"clients.merged", "clients.created"}


def test_a_demo_cut_short_is_finished_at_the_next_start(empty: Settings) -> None:
    application = web(install(empty))

    class Cut(Exception):
        """The process was killed here."""

    opened: list[UUID] = []
    open_letter = people.letters(empty)

    def cut_at_the_second(workspace: UUID, invitation: UUID) -> str:
        if opened:
            raise Cut
        opened.append(invitation)
        return open_letter(workspace, invitation)

    with pytest.raises(Cut):
        demo.ensure(application, empty, cut_at_the_second)
    demo.ensure(application, empty)
    api = Api(application)
    token = api.post("/auth/login", json={"email": demo.CLIENT, "password": demo.PASSWORD}).json["access_token"]
    assert len(api.get("/api/v1/clients", who=token).json["items"]) == 1
    owner = api.post("/auth/login", json={"email": demo.OWNER, "password": demo.PASSWORD}).json["access_token"]
    assert len(api.get("/api/v1/users", who=owner).json["items"]) == 5
    asked = api.get("/api/v1/invitations?limit=200", who=owner).json["items"]
    assert Counter(each["status"] for each in asked) == {"accepted": 4, "revoked": 1, "pending": 1}


def test_the_demos_people_were_invited_and_one_sees_only_their_own_clients(seen: Seen) -> None:
    members = {each["email"]: (each["role"], each["client_scope"]) for each in seen.items("/api/v1/users?limit=200")}
    assert members == {
        demo.OWNER: ("Owner", "all"),
        demo.PARTNER: ("Owner", "all"),
        demo.COLLABORATOR: ("Colaborador", "all"),
        demo.LIMITED: ("Colaborador", "own"),
        demo.CLIENT: ("Cliente", "all"),
    }
    asked = {each["email"]: each["status"] for each in seen.items("/api/v1/invitations?limit=200")}
    assert asked == {**dict.fromkeys(members.keys() - {demo.OWNER}, "accepted"), "noor@demo.fitpro.test": "pending"}
    limited = seen.by(demo.LIMITED)
    (davi,) = [each["id"] for each in seen.items("/api/v1/users?limit=200") if each["email"] == demo.LIMITED]
    own = [each for status in ("active", "inactive", "archived") for each in limited.items(f"/api/v1/clients?limit=200&status={status}")]
    assert ({each["assigned_to"] for each in own}, len(own)) == ({davi}, 4)
    assert limited.read(f"/api/v1/clients/{seen.client(demo.CLIENT)}").status == 404
    joined = seen.items("/api/v1/audit?limit=200&table=user_roles&action=insert")
    assert sorted(each["actor_id"] for each in joined) == sorted(each["id"] for each in seen.items("/api/v1/users?limit=200"))  # each by themself


def test_the_demo_shows_its_logo_and_why_its_domain_waits(seen: Seen) -> None:
    (workspace,) = seen.items("/api/v1/workspaces")
    branding = seen.read(f"/api/v1/workspaces/{workspace['id']}").json["branding"]
    logo = seen.api.get(branding["logo"][branding["logo"].index("/api/") :])
    assert (logo.status, logo.body) == (200, picture())
    (domain,) = seen.items(f"/api/v1/workspaces/{workspace['id']}/domains")
    assert (domain["state"], domain["record"]["type"]) == ("pending", "TXT")
    assert seen.api.get(f"/api/v1/branding?domain={domain['domain']}").status == 404


def test_the_demos_key_was_used_and_replaced(seen: Seen) -> None:
    (workspace,) = seen.items("/api/v1/workspaces")
    old, new = seen.items(f"/api/v1/workspaces/{workspace['id']}/keys")
    assert (old["name"], new["name"], new["replaces"]) == ("Website form", "Website form", old["id"])
    assert datetime.fromisoformat(old["expires_at"]) > datetime.now(UTC)
    assert None not in (old["rotated_at"], old["last_used_at"], new["last_used_at"])


def test_the_demo_knows_a_holiday_that_is_over_and_an_injury_of_today(seen: Seen) -> None:
    path, today = f"/api/v1/clients/{seen.client(demo.CLIENT)}/exclusions", calendar.today()
    injury, holiday = seen.items(path)
    assert (injury["kind"], holiday["kind"]) == ("injury", "holiday")
    assert date.fromisoformat(holiday["ends_on"]) < today
    assert [each["id"] for each in seen.items(f"{path}?on={today}")] == [injury["id"]]
    assert injury["reason"] == "Sprained ankle"


def test_the_demo_knows_every_kind_of_consent(seen: Seen) -> None:
    clients = {each["email"]: each["id"] for status in ("active", "inactive") for each in seen.items(f"/api/v1/clients?limit=200&status={status}")}
    (own,) = seen.items(f"/api/v1/clients/{clients[demo.CLIENT]}/consents")
    marta = seen.by(demo.CLIENT)
    assert (own["given_by"], own["withdrawn_at"], own["recorded_by"]) == ("self", None, marta.read("/api/v1/users/me").json["id"])
    assert seen.read(f"/api/v1/clients/{clients[demo.CLIENT]}/health").json["injuries"]
    (paper,) = seen.items(f"/api/v1/clients/{clients['client05@demo.fitpro.test']}/consents")
    assert (paper["given_by"], paper["withdrawn_at"]) == ("staff_attested", None)
    (gone,) = seen.items(f"/api/v1/clients/{clients['client35@demo.fitpro.test']}/consents")
    assert (gone["given_by"], gone["withdrawn_by"]) == ("staff_attested", "staff")
    refused = seen.read(f"/api/v1/clients/{clients['client35@demo.fitpro.test']}/health")
    assert (refused.status, refused.json["code"]) == (403, "consent_required")
    (ill,) = seen.items(f"/api/v1/clients/{clients['client35@demo.fitpro.test']}/exclusions")
    assert (ill["kind"], ill["reason"]) == ("other", None), "what it was is withheld"


def test_the_demo_has_lively_weeks(empty: Settings) -> None:
    application = web(install(empty))
    for _ in range(2):
        demo.ensure(application, empty)
    seen = _calendar(Api(application))
    assert (seen["rooms"], seen["services"]) == (2, 5)
    assert {status for status, count in seen["bookings"].items() if count} == {"pending", "booked", "cancelled", "completed", "no_show"}
    assert (seen["series"], seen["time-off"], seen["online"] > 0) == (1, 2, True)
    monday = calendar.today() - timedelta(calendar.today().weekday())
    weeks = [[each for each in seen["all"] if 7 * n <= (date.fromisoformat(each["start_time"][:10]) - monday).days < 7 * n + 7] for n in (-1, 0, 1)]
    assert all(len(each) >= least for each, least in zip(weeks, (10, 26, 13), strict=True)), list(map(len, weeks))
    assert all(sum(each["capacity"] > 1 for each in week) >= least for week, least in zip(weeks, (2, 6, 5), strict=True))
    now = datetime.now(UTC)
    over = [each for each in weeks[1] if each["capacity"] > 1 and datetime.fromisoformat(each["end_time"]) < now]
    assert {each["status"] for each in over} <= {"completed"}
    (full,) = [each for each in seen["classes"] if each["waiting"]]
    assert (full["capacity"], full["seats_taken"], full["waiting"]) == (4, 4, 2)
    assert seen["domains"] == ["pending"]
    assert seen["keys"] == ["Website form", "Website form"]


_LATER = {"_settle": 1, "_read_with": 1, "_ask_about_health": 7}
"""Which time a step is cut, where it is not the first."""


@pytest.mark.parametrize("step", ["_consent", "_ask_about_health", "_read_with", "_open", "_settle", "_crowd", "fill", "ask_for_approval"])
def test_a_demo_cut_short_anywhere_is_finished_without_doubles(empty: Settings, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    application = web(install(empty))
    where = demo if hasattr(demo, step) else calendar
    whole, turns = getattr(where, step), iter(range(100))

    def cut(*given: Any) -> Any:
        if next(turns) == _LATER.get(step, 0):
            raise KeyboardInterrupt
        return whole(*given)

    with monkeypatch.context() as patched:
        patched.setattr(where, step, cut)
        with pytest.raises(KeyboardInterrupt):
            demo.ensure(application, empty)
    demo.ensure(application, empty)
    seen = _calendar(Api(application))
    bookings = seen["bookings"]
    assert (bookings["pending"], bookings["booked"] + bookings["completed"], bookings["cancelled"], bookings["no_show"]) == (1, 55, 2, 1)
    assert (seen["rooms"], seen["services"], seen["series"], seen["time-off"], len(seen["classes"])) == (2, 5, 1, 2, 14)
    assert sorted(each["waiting"] for each in seen["classes"])[-2:] == [0, 2]
    assert (seen["keys"], seen["invitations"]) == (["Website form"] * 2, {"accepted": 4, "pending": 1})
    assert seen["consents"] == {("self", None): 1, ("staff_attested", None): 6, ("staff_attested", "staff"): 1}
    assert seen["exclusions"] == {"injury": 1, "holiday": 1}


def _calendar(api: Api) -> dict[str, Any]:
    """What there is of everything, as the Owner sees it."""
    owner = api.post("/auth/login", json={"email": demo.OWNER, "password": demo.PASSWORD}).json["access_token"]

    def items(path: str) -> list[dict[str, Any]]:
        reply = api.get(path, who=owner)
        assert reply.status == 200, reply.body
        return list(reply.json["items"])

    bookings = [*items("/api/v1/bookings?limit=200"), *items("/api/v1/bookings?limit=200&status=cancelled")]
    statuses = ("pending", "booked", "cancelled", "completed", "no_show")
    (workspace,) = items("/api/v1/workspaces")
    classes = [each for each in bookings if each["capacity"] > 1]
    clients = [each for status in ("active", "inactive", "archived") for each in items(f"/api/v1/clients?limit=200&status={status}")]
    (marta,) = [each["id"] for each in clients if each["email"] == demo.CLIENT]
    consents = [each for client in clients for each in items(f"/api/v1/clients/{client['id']}/consents")]
    return {
        **{kind: len(items(f"/api/v1/bookings/{kind}")) for kind in ("rooms", "services", "series", "time-off")},
        "bookings": {status: sum(each["status"] == status for each in bookings) for status in statuses},
        "all": bookings,
        "online": sum(each["location_kind"] == "online" for each in bookings),
        "classes": [{**each, "waiting": len(items(f"/api/v1/bookings/{each['id']}/queue"))} for each in classes],
        "domains": [each["state"] for each in items(f"/api/v1/workspaces/{workspace['id']}/domains")],
        "keys": [each["name"] for each in items(f"/api/v1/workspaces/{workspace['id']}/keys")],
        "invitations": Counter(each["status"] for each in items("/api/v1/invitations?limit=200")),
        "consents": Counter((each["given_by"], each["withdrawn_by"]) for each in consents),
        "exclusions": Counter(each["kind"] for each in items(f"/api/v1/clients/{marta}/exclusions")),
    }  # fmt: skip


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Settings]:
    """An installation nobody has used yet."""
    yield cluster.settings(cluster.clone("fitpro_demo"))
    cluster.drop("fitpro_demo")


@pytest.fixture(scope="module")
def seen(cluster: Cluster) -> Iterator[Seen]:
    """The demo after two starts, as its Owner sees it."""
    settings = cluster.settings(cluster.clone("fitpro_demo_seen"))
    application = web(install(settings))
    for _ in range(2):
        demo.ensure(application, settings)
    yield Seen.of(Api(application), demo.OWNER)
    cluster.drop("fitpro_demo_seen")
