"""Secrets among a plugin's settings: taken, sealed, used by the plugin, and shown to nobody, wherever a copy of the database ends up."""

from __future__ import annotations

import dataclasses
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import jsonschema
import psycopg
import pytest

from adapters.local.encryption import AesGcmEncryption
from adapters.postgres.embedded.system import binaries
from config import cli_data, plugins
from config.bootstrap import Installation, install, web
from config.databases import connections
from config.secrets import data_keys
from config.settings import Settings
from kernel.registry import Candidate, Registry
from plugins.sdk import EVERYONE, MethodView, Plugin, Schema, allow, fields
from tests.office import Office
from tests.servers import Api, Cluster, Person, Reply

OLD, NEW = b"the first data key, for tests: 0123456789", b"the second data key, for tests: 987654321"


class PagerSettings(Schema):
    """Settings with a secret that is needed and one that is not."""

    url = fields.String(load_default="https://pager.example")
    token = fields.Secret(required=True, min_length=4, metadata={"description": "From the pager's own settings page."})
    spare = fields.Secret()


class Digest(Schema):
    """What the plugin made of its settings."""

    length = fields.Integer()
    spare = fields.Boolean()


pager = Plugin("pager", api=1, settings=PagerSettings, permissions={"use": EVERYONE})
blp = pager.blueprint()


@blp.route("/digest")
class DigestView(MethodView):
    @blp.response(200, Digest)
    @allow("use")
    def get(self) -> dict[str, Any]:
        """Proof that the plugin reads its secret"""
        return {"length": len(pager.config["token"]), "spare": "spare" in pager.config}


def test_a_secret_is_taken_used_and_never_shown(here: World) -> None:
    canary = secret()
    made = here.put(enabled=True, settings={"url": "https://a.example", "token": canary})
    assert (made.status, made.json["settings"], made.json["secrets"]) == (200, {"url": "https://a.example"}, {"spare": False, "token": True})
    assert here.digest() == {"length": len(canary), "spare": False}
    shown = [here.api.get(f"/api/v1/workspaces/{here.workspace}/modules{path}", who=here.owner).body for path in ("", "/pager")]
    audit = here.api.get("/api/v1/audit", who=here.owner)
    assert all(canary.encode() not in body for body in (*shown, made.body, audit.body))
    entry = next(each for each in audit.json["items"] if each["table"] == "workspace_modules")
    assert (entry["after"]["settings"], entry["after"]["secrets"]) == ({"url": "https://a.example"}, "***")


def test_what_is_left_out_stays_what_is_null_goes_and_what_is_sent_replaces(here: World) -> None:
    here.put(enabled=True, settings={"token": "first secret", "spare": "another"})
    kept = here.put(enabled=True, settings={"url": "https://b.example"})
    assert (kept.json["settings"], kept.json["secrets"]) == ({"url": "https://b.example"}, {"spare": True, "token": True})
    assert here.digest() == {"length": len("first secret"), "spare": True}
    assert here.put(enabled=True, settings={"token": "the second secret", "spare": None}).json["secrets"] == {"spare": False, "token": True}
    assert here.digest() == {"length": len("the second secret"), "spare": False}
    refused = here.put(enabled=True, settings={"token": None})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/settings/token")
    assert here.digest()["length"] == len("the second secret")


def test_a_wrong_or_missing_secret_is_told_by_its_place_and_not_by_its_value(here: World) -> None:
    missing = here.put(enabled=True)
    assert (missing.status, missing.json["errors"][0]["pointer"]) == (422, "/settings/token")
    for wrong in ("abc", 7, {"sealed": "e1"}, ["x"], "x" * 1_001):
        refused = here.put(enabled=True, settings={"token": wrong})
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/settings/token"), wrong
    canary = secret()
    preview = here.put(preview=True, enabled=True, settings={"token": canary})
    assert (preview.json["change"]["faults"], preview.json["secrets"]) == ([], {"spare": False, "token": True})
    assert canary.encode() not in preview.body
    assert here.module()["secrets"] == {"spare": False, "token": False}


def test_the_schema_says_that_it_is_write_only(here: World) -> None:
    schema = here.module()["settings_schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    token = schema["properties"]["token"]
    assert (token["writeOnly"], token["format"], token["description"]) == (True, "password", "From the pager's own settings page.")


def test_a_secret_is_changed_only_by_who_proved_who_they_are_a_short_while_ago(here: World, cluster: Cluster, database: str) -> None:
    assert here.put(enabled=True, settings={"token": "to begin with"}).status == 200
    settings = cluster.settings(database)
    signed_in = here.api.post("/auth/login", json={"email": here.owner.email, "password": "a long enough secret"}).json
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute("update sessions set authenticated_at = now() - interval '11 minutes' where user_id = %s", (here.owner.id,))
    stale = here.api.post("/auth/refresh", json={"refresh_token": signed_in["refresh_token"]}).json["access_token"]
    later = dataclasses.replace(here, owner=dataclasses.replace(here.owner, token=stale))
    for secrets in ({"token": "the thief's"}, {"spare": "the thief's"}):
        refused = later.put(enabled=True, settings=secrets)
        assert (refused.status, refused.json["code"]) == (403, "reauthentication_required")
    assert later.put(enabled=True, settings={"url": "https://d.example"}).status == 200
    assert later.put(enabled=False).status == 200


def test_a_dump_holds_nothing_readable(here: World, dsn: str) -> None:
    canary, control = secret(), secret()
    here.put(enabled=True, settings={"url": f"https://{control}", "token": canary})
    here.put(enabled=True, settings={"url": f"https://{control}", "token": canary + "more"})
    dumped = subprocess.run([str(binaries() / "pg_dump"), dsn], capture_output=True, text=True, check=True, timeout=120).stdout
    assert canary not in dumped
    assert canary.encode().hex() not in dumped
    assert control in dumped


def test_a_secret_opens_only_in_its_own_workspace_and_place(here: World, dsn: str, installed: Api) -> None:
    other = World.open(installed)
    for each in (here, other):
        assert each.put(enabled=True, settings={"token": "of " + each.workspace, "spare": "another"}).status == 200
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "update workspace_modules t set secrets = s.secrets from workspace_modules s where s.workspace_id = %s and t.workspace_id = %s",
            (here.workspace, other.workspace),
        )
        connection.execute(
            "update workspace_modules set secrets = jsonb_build_object('token', secrets -> 'spare', 'spare', secrets -> 'token')"
            " where workspace_id = %s", (here.workspace,),
        )  # fmt: skip
        connection.execute("update workspaces set version = version + 1 where id = any (%s)", ([here.workspace, other.workspace],))
    for each in (here, other):
        assert each.get("/api/v1/pager/digest").status == 500
        assert each.put(enabled=True, settings={"token": "set anew", "spare": None}).status == 200
        assert each.digest() == {"length": 8, "spare": False}


def test_a_setting_that_was_no_secret_before_is_not_shown_and_sealed_with_the_next_change(here: World, dsn: str) -> None:
    canary = secret()
    here.put(enabled=True, settings={"token": "to begin with"})
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "update workspace_modules set settings = jsonb_build_object('token', %s::text), secrets = null where workspace_id = %s",
            (canary, here.workspace),
        )
        connection.execute("update workspaces set version = version + 1 where id = %s", (here.workspace,))
    shown = here.get(f"/api/v1/workspaces/{here.workspace}/modules/pager")
    assert (canary.encode() in shown.body, shown.json["secrets"]["token"]) == (False, True)
    assert here.digest()["length"] == len(canary)
    assert here.put(enabled=True, settings={"url": "https://c.example"}).status == 200
    assert here.digest()["length"] == len(canary)
    with psycopg.connect(dsn) as connection:
        row = connection.execute("select settings::text, secrets ->> 'token' from workspace_modules where workspace_id = %s", (here.workspace,))
        settings, sealed = row.fetchone() or ("", "")
    assert canary not in settings
    assert sealed.startswith("e1.")


def test_secrets_follow_a_change_of_keys(cluster: Cluster, registry: Registry) -> None:
    first = dataclasses.replace(cluster.settings(cluster.clone("fitpro_secret_keys")), data_key=OLD)
    with serving(first, registry) as (_, api):
        here = World.open(api)
        assert here.put(enabled=True, settings={"token": "a secret of old", "spare": "another"}).status == 200
    switched = dataclasses.replace(first, data_key=NEW, known_data_keys=(OLD,))
    with serving(switched, registry) as (_, api):
        here = dataclasses.replace(here, api=api)
        assert here.digest() == {"length": 15, "spare": True}
        assert set(cli_data.counts(switched)) == {("workspace_modules", "secrets", _key(OLD))}
        assert cli_data.reseal(switched) == 3  # clients and bookings have sealed data of their own
        with Office.open(switched) as office:
            office.work()
        assert cli_data.counts(switched) == {("workspace_modules", "secrets", _key(NEW)): 2}
    with serving(dataclasses.replace(first, data_key=NEW), registry) as (_, api):
        assert dataclasses.replace(here, api=api).digest() == {"length": 15, "spare": True}


# The seeded faults -----------------------------------------------------------------------------------------------------------------------


def test_a_field_that_only_looks_secret_is_caught(cluster: Cluster) -> None:
    """A plain text marked load_only is stored and audited as it is: the checks above would see it."""

    class Leaky(Schema):
        token = fields.String(required=True, load_only=True)

    leaky = Plugin("leaky", api=1, settings=Leaky)
    settings = cluster.settings(cluster.clone("fitpro_secret_leaky"))
    with serving(settings, registry_of(leaky)) as (_, api):
        here, canary = World.open(api), secret()
        made = api.put(f"/api/v1/workspaces/{here.workspace}/modules/leaky", json={"enabled": True, "settings": {"token": canary}}, who=here.owner)
        assert made.status == 200
        assert canary.encode() in api.get("/api/v1/audit", who=here.owner).body


@pytest.mark.parametrize(
    "field",
    [fields.Nested(PagerSettings), fields.List(fields.Secret()), fields.Dict(values=fields.Secret()), fields.List(fields.Nested(PagerSettings))],
    ids=["an object", "a list", "names", "a list of objects"],
)
def test_a_secret_inside_another_value_keeps_the_plugin_from_loading(field: Any) -> None:
    deep = Plugin("deep", api=1, settings=Schema.from_dict({"inner": field}, name="DeepSettings"))
    reason = registry_of(deep).failed["deep"]
    assert "settings hold a Secret inside inner" in reason


@dataclasses.dataclass(frozen=True)
class World:
    """A workspace of its own."""

    api: Api
    owner: Person
    workspace: str

    @classmethod
    def open(cls, api: Api) -> World:
        owner = api.signup("Olga Owner")
        return cls(api, owner, api.workspace(owner))

    def get(self, path: str) -> Reply:
        return self.api.get(path, who=self.owner)

    def put(self, *, preview: bool = False, **body: Any) -> Reply:
        path = f"/api/v1/workspaces/{self.workspace}/modules/pager{'?preview=true' if preview else ''}"
        return self.api.put(path, json=body, who=self.owner)

    def module(self) -> Any:
        return self.get(f"/api/v1/workspaces/{self.workspace}/modules/pager").json

    def digest(self) -> Any:
        reply = self.get("/api/v1/pager/digest")
        assert reply.status == 200, reply.body
        return reply.json


def secret() -> str:
    return f"zq{uuid.uuid4().hex}"


def registry_of(*more: Plugin) -> Registry:
    found = (Candidate(each.id, "test", lambda each=each: each, version="1") for each in more)  # type: ignore[misc]
    return plugins.load_all(found=chain(plugins.discover(), found))


@contextmanager
def serving(settings: Settings, registry: Registry) -> Iterator[tuple[Installation, Api]]:
    made = install(settings, registry=registry)
    try:
        yield made, Api(web(made))
    finally:
        for pool in (made.container.app_pool, made.container.auth_pool):
            pool().close()


def _key(data_key: bytes) -> str:
    return AesGcmEncryption(data_keys(b"", data_key, ())).prefix.split(".")[1]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return registry_of(pager)


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return cluster.clone("fitpro_secret_settings")


@pytest.fixture(scope="module")
def installed(cluster: Cluster, database: str, registry: Registry) -> Iterator[Api]:
    with serving(cluster.settings(database), registry) as (_, api):
        yield api


@pytest.fixture
def here(installed: Api) -> World:
    return World.open(installed)


@pytest.fixture
def dsn(cluster: Cluster, database: str) -> str:
    """As the superuser, who sees every row."""
    return str(cluster.server.dsn("postgres", database))
