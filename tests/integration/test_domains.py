"""Claiming a domain, proving it, being found under it."""

from __future__ import annotations

import dataclasses
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.postgres.outbox import OutboxLeases
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.worker import Worker
from config.bootstrap import install, jobs
from config.settings import Settings
from tests.integration.domains import Studio, face, name
from tests.servers import Api, add_member, owner_of


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
