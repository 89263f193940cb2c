"""Claiming a domain, proving it, being found under it; and branding, which strangers see there."""

from __future__ import annotations

import dataclasses
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.outbox import OutboxLeases
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.worker import Worker
from config.bootstrap import install, jobs
from config.settings import Settings
from tests.servers import Api, Person, Reply, add_member, owner_of

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SECRETS = ("Clara Secret", "secret note", "owner.secret@example.com")


@dataclass
class Studio:
    """A workspace and its Owner. zone: where its DNS is."""

    api: Api
    zone: Path
    owner: Person
    id: str

    @property
    def path(self) -> str:
        return f"/api/v1/workspaces/{self.id}/domains"

    def claim(self, domain: str) -> dict[str, Any]:
        reply = self.api.post(self.path, json={"domain": domain}, who=self.owner)
        assert reply.status == 201, reply.body
        return reply.json  # type: ignore[no-any-return]

    def publish(self, claimed: dict[str, Any]) -> None:
        with self.zone.open("a") as file:
            file.write(f"{claimed['record']['name']} {claimed['record']['value']}\n")

    def verify(self, domain: str) -> Reply:
        return self.api.post(f"{self.path}/{domain}/verify", who=self.owner)

    def verified(self, domain: str) -> dict[str, Any]:
        self.publish(self.claim(domain))
        reply = self.verify(domain)
        assert (reply.status, reply.json["state"]) == (200, "verified"), reply.body
        return reply.json  # type: ignore[no-any-return]


def name(prefix: str = "studio") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}.example.com"


def silence(settings: Settings, domain: str) -> None:
    """Take a domain's records out of the zone."""
    zone = settings.dns_zone
    assert zone is not None
    zone.write_text("".join(line for line in zone.read_text().splitlines(keepends=True) if f".{domain} " not in line))


def test_a_claim_says_which_record_proves_it_and_waits(studio: Studio) -> None:
    domain = name()
    made = studio.api.post(studio.path, json={"domain": domain.upper()}, who=studio.owner)
    assert made.status == 201
    claimed = made.json
    assert (claimed["domain"], claimed["state"], claimed["reason"], claimed["verified_at"]) == (domain, "pending", None, None)
    assert claimed["record"] == {"type": "TXT", "name": f"_fitpro.{domain}", "value": f"fitpro-verification={claimed['token']}"}
    assert len(claimed["token"]) >= 32
    assert studio.api.get(f"{studio.path}/{domain}", who=studio.owner).json == claimed
    assert studio.api.get(studio.path, who=studio.owner).json["items"] == [claimed]
    again = studio.api.post(studio.path, json={"domain": domain}, who=studio.owner)
    assert (again.status, again.json["code"]) == (409, "domain_exists")


def test_verifying_may_be_repeated_and_says_what_was_found(studio: Studio, settings: Settings) -> None:
    domain = name()
    claimed = studio.claim(domain)
    first = studio.verify(domain)
    assert (first.status, first.json["state"], first.json["reason"]) == (200, "pending", "record_missing")
    studio.publish({**claimed, "record": {**claimed["record"], "value": "fitpro-verification=other"}})
    assert studio.verify(domain).json["reason"] == "record_differs"
    silence(settings, domain)
    studio.publish({**claimed, "record": {**claimed["record"], "value": "!"}})
    assert studio.verify(domain).json["reason"] == "dns_unavailable"
    silence(settings, domain)
    studio.publish(claimed)
    done = [studio.verify(domain) for _ in range(3)]
    assert [(reply.status, reply.json["state"], reply.json["reason"]) for reply in done] == [(200, "verified", None)] * 3
    assert len({reply.json["verified_at"] for reply in done}) == 1
    with owner_of(settings) as connection:
        told = connection.execute(
            "select payload from outbox where workspace_id = %s and name = 'workspaces_domain_verified'", (studio.id,)
        ).fetchall()
    assert told == [({"domain": domain},)]


def test_a_record_that_is_gone_for_a_week_frees_the_domain(studio: Studio, settings: Settings) -> None:
    domain = name()
    studio.verified(domain)
    silence(settings, domain)
    during = studio.verify(domain).json
    assert (during["state"], during["reason"]) == ("verified", "record_missing")
    assert face(studio.api, domain).status == 200
    with owner_of(settings) as connection:
        connection.execute("update workspaces_domain set since = now() - interval '8 days' where domain = %s", (domain,))
    assert run_job(settings, studio.id, "check_domains") == 1
    failed = studio.api.get(f"{studio.path}/{domain}", who=studio.owner).json
    assert (failed["state"], failed["reason"]) == ("failed", "record_missing")
    assert face(studio.api, domain).status == 404
    with owner_of(settings) as connection:
        told = connection.execute("select payload from outbox where workspace_id = %s and name = 'workspaces_domain_failed'", (studio.id,)).fetchall()
    assert told == [({"domain": domain},)]


def test_a_claim_is_looked_at_without_being_asked(studio: Studio, settings: Settings) -> None:
    domain = name()
    studio.publish(studio.claim(domain))
    with owner_of(settings) as connection:
        timers = connection.execute(
            "select arguments, available_at - created_at from outbox_deliveries where workspace_id = %s and handler = 'workspaces:check_domain'",
            (studio.id,),
        ).fetchall()
    assert {row[0]["domain"] for row in timers} == {domain}
    assert sorted(round(row[1].total_seconds() / 60) for row in timers) == [15, 60, 360]
    assert run_job(settings, studio.id, "check_domain") == 3
    assert studio.api.get(f"{studio.path}/{domain}", who=studio.owner).json["state"] == "verified"


def run_job(settings: Settings, workspace: str, task: str) -> int:
    """Have a worker of this process do a task of the plugin now; how many deliveries it did."""
    handler = f"workspaces:{task}"
    with owner_of(settings) as connection:
        if task == "check_domains":  # what the clock would fan out
            connection.execute(
                "insert into outbox_deliveries (workspace_id, id, module, handler, arguments) values (%s, %s, '', %s, '{}')",
                (workspace, uuid.uuid4(), handler),
            )
        connection.execute(
            "update outbox_deliveries set queue = 'domains', available_at = now(), rung_at = now() where workspace_id = %s and handler = %s",
            (workspace, handler),
        )
    installation = install(settings)
    leases = OutboxLeases(installation.container.relay_pool())
    worker = Worker(leases, jobs(installation, lease_s=30), Heartbeat(leases, lease_s=30), lease_s=30)
    worker.drain("domains")
    for pool in (installation.container.app_pool, installation.container.auth_pool, installation.container.relay_pool):
        pool().close()
    with owner_of(settings) as connection:
        done = connection.execute(
            "select count(*) from outbox_deliveries where workspace_id = %s and handler = %s and done_at is not null", (workspace, handler)
        ).fetchone()
    assert done is not None
    return int(done[0])


def test_a_host_selects_the_workspace_only_once_it_is_verified(studio: Studio, settings: Settings) -> None:
    domain, path = name(), "/api/v1/clients"
    second = studio.api.workspace(studio.owner, "Second Studio")
    host = {"Host": f"{domain.upper()}:8443"}
    claimed = studio.claim(domain)
    for pending in (host, {}):
        reply = studio.api.get(path, who=studio.owner, headers=pending)
        assert (reply.status, reply.json["code"]) == (400, "workspace_required")
    studio.publish(claimed)
    studio.verify(domain)
    made = studio.api.post(path, json={"full_name": "Bia Host"}, who=studio.owner, workspace=studio.id)
    found = studio.api.get(path, who=studio.owner, headers=host)
    assert [client["id"] for client in found.json["items"]] == [made.json["id"]]
    assert studio.api.get(path, who=studio.owner, workspace=second, headers=host).json["items"] == []  # the header comes first
    stranger = studio.api.signup()
    assert studio.api.get(path, who=stranger, headers=host).status == 404
    assert studio.api.delete(f"{studio.path}/{domain}", who=studio.owner).status == 204
    assert studio.api.get(path, who=studio.owner, headers=host).json["code"] == "workspace_required"


def test_another_workspace_may_wait_for_a_verified_domain_but_not_take_it(studio: Studio, rival: Studio, settings: Settings) -> None:
    domain = name()
    studio.verified(domain)
    theirs = rival.claim(domain)
    assert theirs["state"] == "pending"
    assert rival.verify(domain).json["reason"] == "record_differs"  # nothing is said about the holder to who proved nothing
    rival.publish(theirs)
    refused = rival.verify(domain)
    assert (refused.status, refused.json["code"]) == (409, "domain_taken")
    assert rival.api.get(f"{rival.path}/{domain}", who=rival.owner).json["reason"] == "taken"
    assert face(studio.api, domain).json["name"] == "North Studio"
    assert studio.api.delete(f"{studio.path}/{domain}", who=studio.owner).status == 204
    assert rival.verify(domain).json["state"] == "verified"
    assert face(studio.api, domain).json["name"] == "Rival Studio"


def test_of_64_workspaces_verifying_at_once_one_gets_the_domain(server: Api, settings: Settings) -> None:
    domain, owner = name(), server.signup()
    assert settings.dns_zone is not None
    studios = [Studio(server, settings.dns_zone, owner, server.workspace(owner, f"Studio {n}")) for n in range(64)]
    for each in studios:
        each.publish(each.claim(domain))
    with ThreadPoolExecutor(64) as crowd:
        replies = list(crowd.map(lambda each: dataclasses.replace(each, api=Api(server.url)).verify(domain), studios))
    assert sorted(reply.status for reply in replies) == [200] + [409] * 63
    assert {reply.json["code"] for reply in replies if reply.status == 409} <= {"domain_taken", "busy"}
    with owner_of(settings) as connection:
        held = connection.execute("select workspace_id from claims where kind = 'domain' and value = %s", (domain,)).fetchall()
        states = connection.execute("select workspace_id from workspaces_domain where domain = %s and state = 'verified'", (domain,)).fetchall()
    assert held == states
    assert len(held) == 1


def test_one_domain_verified_64_times_at_once_is_verified(studio: Studio) -> None:
    domain = name()
    studio.publish(studio.claim(domain))
    with ThreadPoolExecutor(64) as crowd:
        replies = list(crowd.map(lambda _: dataclasses.replace(studio, api=Api(studio.api.url)).verify(domain), range(64)))
    assert {(reply.status, reply.json.get("state")) for reply in replies} == {(200, "verified")}


@pytest.mark.parametrize(
    "domain", ["co.uk", "github.io", "127.0.0.1", "localhost", "studio.com:80", "studio.com.", "x" * 300, "https://a.com", "a b.com", ""]
)
def test_hostile_names_are_refused_where_they_are(studio: Studio, domain: str) -> None:
    refused = studio.api.post(studio.path, json={"domain": domain}, who=studio.owner)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/domain")
    assert studio.api.get(f"{studio.path}/{'x' * 300}", who=studio.owner).status == 404


def test_only_owners_see_and_claim_domains(studio: Studio, settings: Settings) -> None:
    domain = name()
    studio.claim(domain)
    staff = studio.api.signup()
    add_member(settings, studio.id, staff, "Colaborador")
    for method, path in (("GET", studio.path), ("POST", f"{studio.path}/{domain}/verify"), ("DELETE", f"{studio.path}/{domain}")):
        assert studio.api.request(method, path, who=staff).status == 403
        assert studio.api.request(method, path, who=studio.api.signup()).status == 404


def test_a_workspace_claims_twenty_names_at_most(studio: Studio) -> None:
    for _ in range(20):
        studio.claim(name())
    refused = studio.api.post(studio.path, json={"domain": name()}, who=studio.owner)
    assert (refused.status, refused.json["code"]) == (409, "too_many_domains")


def face(api: Api, domain: str | None = None, **headers: str) -> Reply:
    return api.get("/api/v1/branding" + (f"?domain={domain}" if domain else ""), headers=headers)


def test_strangers_see_the_face_of_a_verified_domain_and_nothing_else(studio: Studio) -> None:
    domain = name()
    branding = {
        "display_name": "North",
        "logo": PNG,
        "colors": {"primary": "#0B6E4F", "background": "#ffffff"},
        "colors_dark": {"primary": "#7fd1ae", "background": "#101010", "on_primary": "#000000", "text": "#fafafa"},
    }
    workspace = f"/api/v1/workspaces/{studio.id}"
    changed = studio.api.patch(workspace, json={"branding": branding, "locale": "pt-BR"}, who=studio.owner)
    assert changed.status == 200, changed.body
    studio.api.post("/api/v1/clients", json={"full_name": SECRETS[0], "notes": SECRETS[1]}, who=studio.owner, workspace=studio.id)
    assert face(studio.api, domain).status == 404
    studio.verified(domain)
    seen = face(studio.api, domain)
    assert seen.json == {
        "name": "North",
        "locale": "pt-BR",
        "logo": PNG,
        "logo_dark": None,
        "colors": {"primary": "#0b6e4f", "on_primary": "#ffffff", "background": "#ffffff", "text": "#000000"},
        "colors_dark": {"primary": "#7fd1ae", "on_primary": "#000000", "background": "#101010", "text": "#fafafa"},
    }
    for leak in (*SECRETS, studio.id, studio.owner.id, studio.owner.email, "token", "North Studio"):
        assert leak.encode() not in seen.body
    by_host = face(studio.api, Host=f"{domain}:443")
    assert by_host.body == seen.body
    assert face(studio.api).status == 404
    assert face(studio.api, "co.uk").json["errors"][0]["pointer"] == "?domain"


def test_a_face_may_be_kept_by_every_cache(studio: Studio) -> None:
    domain = name()
    studio.verified(domain)
    seen = face(studio.api, domain, Origin="https://evil.example")
    assert seen.headers["Cache-Control"] == "public, max-age=300"
    tag = seen.headers["ETag"]
    assert face(studio.api, domain, Authorization="Bearer nonsense").headers["ETag"] == tag  # nobody is asked who they are
    unchanged = face(studio.api, domain, **{"If-None-Match": tag})
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", tag)
    studio.api.patch(f"/api/v1/workspaces/{studio.id}", json={"branding": {"display_name": "New"}}, who=studio.owner)
    assert face(studio.api, domain, **{"If-None-Match": tag}).status == 200
    assert face(studio.api, name()).headers["Cache-Control"] == "no-store"


def test_a_profile_is_changed_member_by_member_and_null_takes_away(studio: Studio) -> None:
    path = f"/api/v1/workspaces/{studio.id}"
    empty = {"display_name": None, "logo": None, "logo_dark": None, "colors": None, "colors_dark": None}
    assert studio.api.get(path, who=studio.owner).json["branding"] == empty
    first = {"display_name": "North", "logo": "https://cdn.example.com/a.png"}
    assert studio.api.patch(path, json={"branding": first}, who=studio.owner).json["branding"] == {**empty, **first}
    second = studio.api.patch(path, json={"branding": {"logo": None}, "time_format": "12h", "currency": "JPY"}, who=studio.owner)
    assert second.json["branding"] == {**empty, "display_name": "North"}
    profile = {"timezone": "Asia/Tokyo", "locale": "ja", "week_start": 7}
    third = studio.api.patch(path, json=profile, who=studio.owner).json
    assert {field: third[field] for field in ("time_format", "currency", *profile)} == {"time_format": "12h", "currency": "JPY", **profile}
    assert studio.api.get(path, who=studio.owner).json == third


def test_a_workspace_starts_with_the_profile_it_is_given(server: Api) -> None:
    owner = server.signup()
    body = {"name": "New", "time_format": "12h", "branding": {"display_name": "N", "logo": None}}
    made = server.post("/api/v1/workspaces", json=body, who=owner)
    assert (made.status, made.json["time_format"], made.json["branding"]["display_name"], made.json["version"]) == (201, "12h", "N", 1)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"currency": "XXX"}, "/currency"),
        ({"currency": "eur"}, "/currency"),
        ({"locale": "english"}, "/locale"),
        ({"locale": "pt_BR"}, "/locale"),
        ({"locale": "pt-br"}, "/locale"),
        ({"locale": "en\n"}, "/locale"),
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"week_start": 0}, "/week_start"),
        ({"time_format": "13h"}, "/time_format"),
        ({"branding": {"logo": "http://a.com/x.png"}}, "/branding/logo"),
        ({"branding": {"logo": "data:image/svg+xml;base64,PHN2Zy8+"}}, "/branding/logo"),
        ({"branding": {"logo": "data:image/png;base64," + "A" * 30_000}}, "/branding/logo"),
        ({"branding": {"colors": {"primary": "red", "background": "#ffffff"}}}, "/branding/colors/primary"),
        ({"branding": {"colors": {"primary": "#123456"}}}, "/branding/colors/background"),
        ({"branding": {"colors": {"primary": "#fefefe", "background": "#ffffff"}}}, "/branding/colors/primary"),
        ({"branding": {"colors_dark": {"primary": "#7fd1ae", "background": "#101010", "text": "#222222"}}}, "/branding/colors_dark/text"),
        ({"branding": {"display_name": ""}}, "/branding/display_name"),
        ({"branding": {"css": "x"}}, "/branding/css"),
    ],
)
def test_what_cannot_be_shown_is_refused_where_it_is(studio: Studio, change: dict[str, Any], pointer: str) -> None:
    path = f"/api/v1/workspaces/{studio.id}"
    before = studio.api.get(path, who=studio.owner).body
    refused = studio.api.patch(path, json=change, who=studio.owner)
    assert (refused.status, {fault["pointer"] for fault in refused.json["errors"]}) == (422, {pointer})
    assert studio.api.get(path, who=studio.owner).body == before


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    owner = server.signup()
    assert settings.dns_zone is not None
    return Studio(server, settings.dns_zone, owner, server.workspace(owner))


@pytest.fixture
def rival(server: Api, settings: Settings) -> Studio:
    owner = server.signup("Rita Rival")
    assert settings.dns_zone is not None
    return Studio(server, settings.dns_zone, owner, server.workspace(owner, "Rival Studio"))
