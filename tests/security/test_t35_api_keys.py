"""T35: API keys of a workspace. Only a digest is kept; scopes bind; a revoked key is refused with its next request."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests import servers
from tests.security import seeded
from tests.servers import Api, Cluster


class Shop:
    """A workspace with an Owner, who makes keys."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.owner = api.signup()
        self.id = api.workspace(self.owner)
        self.path = f"/api/v1/workspaces/{self.id}/keys"

    def key(self, *scopes: str, **more: Any) -> dict[str, Any]:
        reply = self.api.post(self.path, json={"name": "A program", "scopes": scopes or ("clients:read",), **more}, who=self.owner)
        assert reply.status == 201, reply.body
        return dict(reply.json)


@pytest.fixture
def shop(local: Api) -> Shop:
    return Shop(local)


def test_a_key_does_what_its_scopes_say_and_no_more(shop: Shop) -> None:
    key = shop.key("clients:read")["key"]
    assert shop.api.get("/api/v1/clients", who=key).status == 200, "the key knows its workspace"
    refused = shop.api.post("/api/v1/clients", json={"full_name": "X"}, who=key)
    assert (refused.status, refused.json["code"], refused.json["scope"]) == (403, "scope_required", "clients:write")
    assert shop.api.post("/api/v1/clients", json={"full_name": "X"}, who=shop.key("clients:write")["key"]).status == 201
    people_only = shop.api.get("/api/v1/me", who=key)
    assert (people_only.status, people_only.json["code"]) == (403, "person_required")


def test_every_operation_refuses_a_key_without_its_scope(shop: Shop) -> None:
    """403 to a key that may only read the workspace, on everything that is not public; 401 to the same key once it is revoked."""
    made = shop.key("workspaces:read")
    document = shop.api.get("/api/v1/openapi.json").json
    for status in (403, 401):
        for path, method, operation in _operations(document):
            if operation["security"] == [] or operation.get("x-scope") == "workspaces:read":
                continue
            reply = shop.api.request(
                method.upper(), _filled(path, operation, shop.id), who=made["key"], json={} if method in ("post", "put", "patch") else None
            )
            assert reply.status == status, (method, path, reply.body)
        shop.api.delete(f"{shop.path}/{made['id']}", who=shop.owner)


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "x-plugin" in operation:
                found.append((path, method, {**operation, "parameters": [*item.get("parameters", []), *operation.get("parameters", [])]}))
    return found


def _filled(path: str, operation: dict[str, Any], workspace: str) -> str:
    path = path.replace("{workspace_id}", workspace)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            shape = parameter["schema"]
            value = "1" if shape["type"] == "integer" else "019a8d2e-7c10-7cc3-98c4-dc0c0c07398f" if shape.get("format") == "uuid" else "x"
            path = path.replace("{%s}" % parameter["name"], value)  # noqa: UP031
    return path


def test_a_revoked_key_is_refused_with_its_next_request(shop: Shop) -> None:
    for _ in range(20):
        made = shop.key()
        assert shop.api.get("/api/v1/clients", who=made["key"]).status == 200
        assert shop.api.delete(f"{shop.path}/{made['id']}", who=shop.owner).status == 204
        after = shop.api.get("/api/v1/clients", who=made["key"])
        assert (after.status, after.json["code"]) == (401, "key_revoked")


def test_a_process_that_never_saw_a_revoked_key_says_the_same(shop: Shop, settings: Settings) -> None:
    made = shop.key()
    assert shop.api.delete(f"{shop.path}/{made['id']}", who=shop.owner).status == 204
    for api in (shop.api, Api(web(install(settings)))):
        reply = api.get("/api/v1/clients", who=made["key"])
        assert (reply.status, reply.json["code"]) == (401, "key_revoked")


def test_the_harness_sees_a_gate_that_forgets_to_ask(shop: Shop, cluster: Cluster, settings: Settings) -> None:
    made = shop.key()
    assert shop.api.get("/api/v1/clients", who=made["key"]).status == 200
    shop.api.delete(f"{shop.path}/{made['id']}", who=shop.owner)
    superuser = cluster.server.dsn("postgres", psycopg.conninfo.conninfo_to_dict(settings.database_url or "")["dbname"])
    with seeded.rewritten(superuser, "app.enter", lambda text: text.replace("k.revoked_at is null and (", "true or (")):
        assert shop.api.get("/api/v1/clients", who=made["key"]).status == 200
    assert shop.api.get("/api/v1/clients", who=made["key"]).status == 401


def test_a_key_ends_with_the_membership_of_who_made_it(shop: Shop, settings: Settings) -> None:
    other = shop.api.signup()
    servers.add_member(settings, shop.id, other, "Owner")
    made = shop.api.post(shop.path, json={"name": "Theirs", "scopes": ["clients:read", "workspaces:change"]}, who=other).json
    assert shop.api.get("/api/v1/clients", who=made["key"]).status == 200
    role = {"role": "Colaborador"}
    assert shop.api.put(f"/api/v1/users/{other.id}/role", json=role, who=shop.owner, workspace=shop.id).status == 200
    assert shop.api.patch(f"/api/v1/workspaces/{shop.id}", json={"name": "X"}, who=made["key"]).status == 403, "never more than the person may"
    assert shop.api.delete(f"/api/v1/users/{other.id}", who=shop.owner, workspace=shop.id).status == 204
    assert shop.api.get("/api/v1/clients", who=made["key"]).status == 401
    with servers.owner_of(settings) as connection:
        connection.execute("update user_roles set ended_at = null where user_id = %s", (other.id,))
    assert shop.api.get("/api/v1/clients", who=made["key"]).status == 401, "nor does it come back with them"


def test_a_key_opens_no_other_workspace(shop: Shop) -> None:
    key = shop.key()["key"]
    elsewhere = shop.api.workspace(shop.owner)
    assert shop.api.get("/api/v1/clients", who=key, workspace=elsewhere).status == 404
    assert shop.api.get("/api/v1/clients", who=key, workspace=shop.id).status == 200
    assert shop.api.get(f"{shop.path.replace(shop.id, elsewhere)}/{shop.key()['id']}", who=shop.owner).status == 404


def test_a_rotated_key_lives_on_for_its_grace(shop: Shop, settings: Settings) -> None:
    old = shop.key()
    new = shop.api.post(f"{shop.path}/{old['id']}/rotate", json={"grace_s": 600}, who=shop.owner).json
    assert (new["replaces"], new["scopes"], new["name"]) == (old["id"], old["scopes"], old["name"])
    both = [shop.api.get("/api/v1/clients", who=key["key"]).status for key in (old, new)]
    assert both == [200, 200]
    with servers.owner_of(settings) as connection:
        connection.execute("update api_keys set expires_at = expires_at - interval '10 minutes' where id = %s", (old["id"],))
    assert [shop.api.get("/api/v1/clients", who=key["key"]).status for key in (old, new)] == [401, 200]
    again = shop.api.post(f"{shop.path}/{old['id']}/rotate", json={}, who=shop.owner)
    assert (again.status, again.json["code"]) == (409, "key_over")


def test_a_key_is_rotated_as_it_was_read_or_not_at_all(shop: Shop) -> None:
    old = shop.key()
    path = f"{shop.path}/{old['id']}"
    tag = shop.api.get(path, who=shop.owner).headers["ETag"]

    def rotate(tag: str) -> tuple[int, str | None]:
        reply = shop.api.post(f"{path}/rotate", json={}, who=shop.owner, headers={"If-Match": tag})
        return reply.status, reply.json.get("code")

    assert rotate(re.sub(r'^"\d+', '"99', tag)) == (412, "stale_version")
    unchanged = shop.api.get(path, who=shop.owner)
    assert (unchanged.headers["ETag"], unchanged.json["rotated_at"]) == (tag, None)
    assert len(shop.api.get(shop.path, who=shop.owner).json["items"]) == 1
    assert rotate(tag)[0] == 201
    assert rotate(tag)[0] == 412, "that was the version before"
    assert rotate("*") == (409, "key_over")


def test_a_key_ends_when_it_was_told_to(shop: Shop, settings: Settings) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    made = shop.key(expires_at=soon)
    assert shop.api.get("/api/v1/clients", who=made["key"]).status == 200
    with servers.owner_of(settings) as connection:
        connection.execute("update api_keys set expires_at = expires_at - interval '10 minutes' where id = %s", (made["id"],))
    assert shop.api.get("/api/v1/clients", who=made["key"]).status == 401


def test_only_owners_make_keys_and_only_of_what_they_may(shop: Shop, settings: Settings) -> None:
    staff = shop.api.signup()
    servers.add_member(settings, shop.id, staff, "Colaborador")
    assert shop.api.post(shop.path, json={"name": "X", "scopes": ["clients:read"]}, who=staff).status == 403
    assert shop.api.get(shop.path, who=staff).status == 403
    wrong = shop.api.post(shop.path, json={"name": "X", "scopes": ["clients:read", "workspaces:manage_keys", "clients:fly"]}, who=shop.owner)
    assert (wrong.status, [error["pointer"] for error in wrong.json["errors"]]) == (422, ["/scopes/1", "/scopes/2"])
    past = shop.api.post(shop.path, json={"name": "X", "scopes": ["clients:read"], "expires_at": "2020-01-01T00:00:00Z"}, who=shop.owner)
    assert [error["pointer"] for error in past.json["errors"]] == ["/expires_at"]
    offered = [item["scope"] for item in shop.api.get(f"/api/v1/workspaces/{shop.id}/key-scopes?limit=200", who=shop.owner).json["items"]]
    assert "clients:read" in offered
    assert "workspaces:manage_keys" not in offered


def test_no_key_makes_keys(shop: Shop) -> None:
    offered = [item["scope"] for item in shop.api.get(f"/api/v1/workspaces/{shop.id}/key-scopes?limit=200", who=shop.owner).json["items"]]
    everything = shop.key(*offered)["key"]
    made = shop.api.post(shop.path, json={"name": "X", "scopes": ["clients:read"]}, who=everything)
    assert (made.status, made.json["code"]) == (403, "scope_required")


def test_making_one_needs_a_recent_proof_of_identity(shop: Shop, gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """T34."""
    now = time.time
    monkeypatch.setattr("adapters.http.proof.time.time", lambda: now() + 601)
    refused = shop.api.post(shop.path, json={"name": "X", "scopes": ["clients:read"]}, who=shop.owner)
    assert (refused.status, refused.json["code"]) == (403, "reauthentication_required")


def test_the_secret_is_shown_once_and_kept_nowhere(shop: Shop, cluster: Cluster, settings: Settings) -> None:
    headers = {"Idempotency-Key": "make-it"}
    body = {"name": "A program", "scopes": ["clients:read"]}
    made = shop.api.post(shop.path, json=body, who=shop.owner, headers=headers).json
    again = shop.api.post(shop.path, json=body, who=shop.owner, headers=headers)
    assert (again.json["key"], again.headers["Idempotent-Replayed"]) == (made["key"], "true")
    shop.api.get("/api/v1/clients", who=made["key"])
    for path in (shop.path, f"{shop.path}/{made['id']}"):
        assert made["key"].encode() not in shop.api.get(path, who=shop.owner).body
    secret = made["key"].rpartition("_")[2] if made["key"].count("_") == 2 else made["key"][36:]
    database = psycopg.conninfo.conninfo_to_dict(settings.database_url or "")["dbname"]
    digest = hashlib.sha256(made["key"].encode()).hexdigest()
    found = {"secret": 0, "digest": 0}
    with cluster.superuser(database) as connection:
        tables = [row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'public'")]
        for table in tables:
            for name, needle in {"secret": secret, "digest": digest}.items():
                [(count,)] = connection.execute(f'select count(*) from "{table}" t where t::text like %s', (f"%{needle}%",)).fetchall()
                found[name] += count
    assert found == {"secret": 0, "digest": 1}


def test_the_app_role_cannot_read_a_digest(settings: Settings) -> None:
    with psycopg.connect(settings.database_url or "", autocommit=True) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select digest from api_keys")


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key[:3] + "0" * 32 + key[35:],
        lambda key: key + "A",
        lambda key: key[:-1],
        lambda key: key.upper(),
        lambda key: key[:3],
        lambda key: key.replace("fp_", "fp_\u0661"),
    ],
)
def test_what_is_nearly_a_key_is_none(shop: Shop, change: Callable[[str], str]) -> None:
    key = change(shop.key()["key"]).encode().decode("latin-1")
    assert shop.api.get("/api/v1/clients", who=key).status == 401


def test_its_last_use_is_told_within_ten_minutes(shop: Shop) -> None:
    made = shop.key()
    assert made["last_used_at"] is None
    shop.api.get("/api/v1/clients", who=made["key"])
    listed = shop.api.get(shop.path, who=shop.owner).json["items"]
    assert [item["last_used_at"] is not None for item in listed if item["id"] == made["id"]] == [True]


def test_what_a_key_does_is_audited_as_its_doing(shop: Shop) -> None:
    made = shop.key("clients:write")
    client = shop.api.post("/api/v1/clients", json={"full_name": "X"}, who=made["key"]).json["id"]
    [entry] = shop.api.get(f"/api/v1/audit?record_id={client}", who=shop.owner, workspace=shop.id).json["items"]
    assert (entry["actor"], entry["actor_id"]) == (f"key {made['id']}", shop.owner.id)
    [born] = shop.api.get(f"/api/v1/audit?table=api_keys&record_id={made['id']}", who=shop.owner, workspace=shop.id).json["items"]
    assert (born["actor"], born["after"]["digest"]) == ("Owner", "***")


def test_a_key_has_a_quota_of_its_own(shop: Shop) -> None:
    reply = shop.api.get("/api/v1/clients", who=shop.key()["key"])
    assert reply.headers["RateLimit"].startswith('"key";')
