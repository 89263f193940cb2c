"""Modules in settings: listed, previewed, switched; with plugins of every kind, against a real database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import jsonschema
import pytest

from config import plugins
from config.bootstrap import install, web
from config.settings import Settings
from kernel.manifest import Manifest
from kernel.registry import Candidate, Registry
from plugins.sdk import EVERYONE, MethodView, Plugin, Refused, Schema, allow, ctx, fields, sql, validate
from tests.servers import Api, Cluster, Person, add_member, patiently

CORE = ("accounts", "privacy", "workspaces")


class Rule(Schema):
    """A nested part of the settings."""

    days = fields.Integer(required=True, validate=validate.Range(1, 7))
    next = fields.Nested(lambda: Rule(), allow_none=True)


class BasisSettings(Schema):
    """Settings with defaults."""

    limit = fields.Integer(load_default=10, validate=validate.Range(1, 100), metadata={"description": "How many at most."})
    rule = fields.Nested(Rule)


class NeedySettings(Schema):
    """Settings without a default."""

    account = fields.String(required=True)


class Limit(Schema):
    """What basis answers."""

    limit = fields.Integer()


basis = Plugin("basis", api=1, title="Basis", description="What others build on.", settings=BasisSettings, permissions={"use": EVERYONE})
upper = Plugin("upper", api=1, requires=("basis",))
tower = Plugin("tower", api=1, requires=("upper",))
needy = Plugin("needy", api=1, settings=NeedySettings)
above = Plugin("above", api=1, requires=("needy",))
starter = Plugin("starter", api=1, default=True)
guard = Plugin("guard", api=1, requires=("workspaces",))
blp = basis.blueprint()


@blp.route("/limit")
class LimitView(MethodView):
    @blp.response(200, Limit)
    @allow("use")
    def get(self) -> dict[str, Any]:
        """The limit in force"""
        return {"limit": basis.config["limit"]}


class Use(Schema):
    """So much of what basis allows."""

    amount = fields.Integer(required=True)


@blp.route("/uses")
class UsesView(MethodView):
    @blp.arguments(Use)
    @blp.response(201, Use)
    @allow("use")
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Use some of it

        It decides by the settings alone, and writes blindly: nothing travels before the end.
        """
        if given["amount"] > basis.config["limit"]:
            raise Refused("That is too much.", code="over_limit")
        ctx.work.write(USED, name=f"used {given['amount']}")
        return given


USED = sql("update workspaces set name = $2 where id = $1", "workspace_id", "name")


@guard.hook
def workspaces_disabling(module: str) -> None:
    ctx.session.connection().exec_driver_sql("update workspaces set name = 'touched by a check'")
    if module == "basis":
        raise Refused("Something still lives on basis.", code="basis_in_use")


@guard.hook
def workspaces_module_enabled(module: str) -> None: ...


def _broken() -> Manifest:
    raise ImportError("no module named nowhere")


FEATURES = (basis, upper, tower, needy, above, starter, guard)


def test_every_plugin_is_listed_with_what_a_settings_page_needs(api: Api, ana: Person, studio: str) -> None:
    listed = {m["name"]: m for m in _pages(api, ana, f"/api/v1/workspaces/{studio}/modules?limit=4")}
    assert list(listed) == sorted([*CORE, *(f.id for f in FEATURES), "broken", "lost"])
    assert listed["basis"] == {
        "name": "basis", "title": "Basis", "description": "What others build on.", "version": "1.2.3", "enabled": False, "core": False,
        "requires": [], "required_by": ["upper"], "settings": {"limit": 10}, "secrets": {},
        "settings_schema": listed["basis"]["settings_schema"],
        "state": "ready", "reason": None, "change": None,
    }  # fmt: skip
    assert [listed[name]["enabled"] for name in ("accounts", "starter", "upper", "broken")] == [True, True, False, False]
    assert listed["workspaces"]["core"] is True
    broken, lost = listed["broken"], listed["lost"]
    assert (broken["state"], broken["reason"], broken["settings_schema"]) == ("failed", "import failed: ImportError: no module named nowhere", None)
    assert (lost["state"], lost["reason"]) == ("failed", "requires nobody, which is not installed")


def test_the_settings_schema_stands_alone_and_says_what_the_server_says(api: Api, ana: Person, studio: str) -> None:
    schema = _module(api, ana, studio, "basis")["settings_schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["limit"]["description"] == "How many at most."
    judge = jsonschema.Draft202012Validator(schema)
    tried: list[dict[str, Any]] = [
        {}, {"limit": 100}, {"limit": 101}, {"limit": "5"}, {"other": 1}, {"rule": {}}, {"rule": {"days": 7}}, {"rule": {"days": 8}},
        {"rule": {"days": 1, "next": {"days": 2, "next": None}}}, {"rule": {"days": 1, "next": {"days": 0}}},
    ]  # fmt: skip
    for settings in tried:
        faults = _put(api, ana, studio, "basis", preview=True, enabled=True, settings=settings).json["change"]["faults"]
        assert judge.is_valid(settings) == (faults == []), settings


def test_a_switched_module_serves_from_the_next_request_in_every_process(api: Api, twin: Api, ana: Person, studio: str) -> None:
    def limits() -> list[tuple[int, Any]]:
        answers = [each.get("/api/v1/basis/limit", who=ana) for each in (api, twin)]
        return [(a.status, a.json.get("limit", a.json.get("code"))) for a in answers]

    assert limits() == [(403, "module_disabled")] * 2
    for number in (3, 4, 5):
        assert _put(api, ana, studio, "basis", enabled=True, settings={"limit": number}).status == 200
        assert limits() == [(200, number)] * 2
        assert _put(twin, ana, studio, "basis", enabled=False).status == 200
        assert limits() == [(403, "module_disabled")] * 2
    assert _put(twin, ana, studio, "basis", enabled=True).json["settings"] == {"limit": 5}
    assert limits() == [(200, 5)] * 2
    assert _put(api, ana, studio, "basis", enabled=True, settings={}).json["settings"] == {"limit": 10}
    assert limits() == [(200, 10)] * 2


def test_a_decision_by_settings_that_just_changed_elsewhere_is_made_again(api: Api, twin: Api, ana: Person, studio: str) -> None:
    """What a process knows of a workspace is presumed to be so until the database answers, for yes and for no."""

    def use(amount: int, who: Person = ana) -> Any:
        return twin.post("/api/v1/basis/uses", who=who, workspace=studio, json={"amount": amount})

    def limit(number: int) -> None:
        assert _put(api, ana, studio, "basis", enabled=True, settings={"limit": number}).status == 200

    def name() -> str:
        return str(api.get(f"/api/v1/workspaces/{studio}", who=ana).json["name"])

    limit(5)
    assert (use(5).status, name()) == (201, "used 5")
    assert (use(4).status, name()) == (201, "used 4")
    limit(3)
    assert (use(4).json["code"], name()) == ("over_limit", "used 4")  # the twin still knew 5
    limit(9)
    assert (use(8).status, name()) == (201, "used 8")  # and now 3
    assert _put(api, ana, studio, "basis", enabled=False).status == 200
    assert [use(amount).json["code"] for amount in (1, 99)] == ["module_disabled"] * 2
    limit(5)
    assert [use(amount).json["code"] for amount in (99, 99)] == ["over_limit"] * 2
    # Whether somebody may at all comes before what the settings say.
    stranger = api.signup("Nobody Here")
    assert [use(amount, stranger).json["code"] for amount in (1, 99)] == ["not_found"] * 2
    assert name() == "used 8"


def test_another_workspace_is_not_touched(api: Api, ana: Person, studio: str) -> None:
    other = api.workspace(ana, "Other")
    _put(api, ana, studio, "basis", enabled=True, settings={"limit": 3})
    assert _module(api, ana, other, "basis")["enabled"] is False
    assert _module(api, ana, other, "basis")["settings"] == {"limit": 10}


def test_requirements_come_first_or_along(api: Api, ana: Person, studio: str) -> None:
    refused = _put(api, ana, studio, "tower", enabled=True)
    assert (refused.status, refused.json["code"], refused.json["missing"]) == (409, "missing_requirements", ["basis", "upper"])
    assert _on(api, ana, studio) == ["starter"]
    made = _put(api, ana, studio, "tower", enabled=True, with_dependencies=True).json
    assert made["change"]["enables"] == ["basis", "upper", "tower"]
    assert _on(api, ana, studio) == ["starter", "basis", "upper", "tower"]


def test_what_others_need_stays_on(api: Api, ana: Person, studio: str) -> None:
    _put(api, ana, studio, "tower", enabled=True, with_dependencies=True)
    for options in ({}, {"with_dependencies": True}):
        refused = _put(api, ana, studio, "basis", enabled=False, **options)
        assert (refused.status, refused.json["code"], refused.json["required_by"]) == (409, "required_by_others", ["tower", "upper"])
    for name in ("tower", "upper", "basis"):
        assert _put(api, ana, studio, name, enabled=False).status == 200
    assert _on(api, ana, studio) == ["starter"]


def test_core_failed_and_unknown_modules_cannot_be_switched(api: Api, ana: Person, studio: str) -> None:
    answers = [_put(api, ana, studio, name, enabled=on) for name, on in (("privacy", False), ("broken", True), ("broken", False), ("nowhere", True))]
    assert [(a.status, a.json["code"]) for a in answers] == [
        (409, "module_core"), (503, "module_failed"), (503, "module_failed"), (404, "not_found"),
    ]  # fmt: skip
    assert api.get(f"/api/v1/workspaces/{studio}/modules/nowhere", who=ana).status == 404
    assert _put(api, ana, studio, "privacy", enabled=True).status == 200


@pytest.mark.parametrize(
    ("settings", "pointers"),
    [
        ({"limit": 0}, ["/settings/limit"]),
        ({"limit": "3", "other": 1}, ["/settings/limit", "/settings/other"]),
        ({"rule": {"days": 9}}, ["/settings/rule/days"]),
        ({"rule": []}, ["/settings/rule"]),
    ],
)
def test_wrong_settings_are_refused_where_they_are_wrong(api: Api, ana: Person, studio: str, settings: dict[str, Any], pointers: list[str]) -> None:
    refused = _put(api, ana, studio, "basis", enabled=True, settings=settings)
    assert (refused.status, sorted(e["pointer"] for e in refused.json["errors"])) == (422, pointers)
    shown = _put(api, ana, studio, "basis", preview=True, enabled=True, settings=settings).json["change"]
    assert sorted(f["pointer"] for f in shown["faults"]) == pointers
    assert _module(api, ana, studio, "basis")["enabled"] is False


def test_a_module_that_needs_settings_is_not_on_without_them(api: Api, ana: Person, studio: str) -> None:
    refused = _put(api, ana, studio, "needy", enabled=True)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/settings/account")
    through = _put(api, ana, studio, "above", enabled=True, with_dependencies=True)
    assert (through.status, through.json["code"], through.json["module"]) == (409, "settings_required", "needy")
    assert _put(api, ana, studio, "needy", enabled=True, settings={"account": "a"}).status == 200
    assert _put(api, ana, studio, "above", enabled=True).status == 200


def test_a_preview_says_everything_and_changes_nothing(api: Api, ana: Person, studio: str) -> None:
    _put(api, ana, studio, "guard", enabled=True)
    _put(api, ana, studio, "basis", enabled=True)
    path = f"/api/v1/workspaces/{studio}"
    before = (api.get(path, who=ana).json, api.get("/api/v1/audit", who=ana).json)
    shown = _put(api, ana, studio, "tower", preview=True, enabled=True).json
    assert shown["change"] == {
        "applied": False, "enables": ["upper", "tower"], "disables": [], "faults": [],
        "blockers": [{"code": "missing_requirements", "detail": "tower needs upper.", "modules": ["upper"]}],
    }  # fmt: skip
    assert shown["enabled"] is True
    vetoed = _put(api, ana, studio, "basis", preview=True, enabled=False, settings={"limit": 1}).json
    assert (vetoed["enabled"], vetoed["settings"], vetoed["change"]["disables"]) == (False, {"limit": 1}, ["basis"])
    assert [b["code"] for b in vetoed["change"]["blockers"]] == ["basis_in_use"]
    free = _put(api, ana, studio, "starter", preview=True, enabled=False).json["change"]
    assert (free["disables"], free["blockers"]) == (["starter"], [])
    assert (api.get(path, who=ana).json, api.get("/api/v1/audit", who=ana).json) == before


def test_another_module_may_veto(api: Api, ana: Person, studio: str) -> None:
    _put(api, ana, studio, "guard", enabled=True)
    _put(api, ana, studio, "basis", enabled=True)
    refused = _put(api, ana, studio, "basis", enabled=False)
    assert (refused.status, refused.json["code"]) == (409, "basis_in_use")
    assert api.get(f"/api/v1/workspaces/{studio}", who=ana).json["name"] == "North Studio"
    assert _put(api, ana, studio, "guard", enabled=False).status == 200
    assert _put(api, ana, studio, "basis", enabled=False).status == 200


def test_switching_tells_subscribers_that_are_on(api: Api, cluster: Cluster, database: str, ana: Person, studio: str) -> None:
    _put(api, ana, studio, "basis", enabled=True)
    _put(api, ana, studio, "guard", enabled=True)
    _put(api, ana, studio, "basis", enabled=True)
    _put(api, ana, studio, "starter", enabled=False)
    with cluster.superuser(database) as connection:
        told = connection.execute("select name, payload from outbox where workspace_id = %s order by id", (studio,)).fetchall()
        heard = connection.execute(
            "select o.payload ->> 'module', d.module from outbox_deliveries d join outbox o on o.id = d.event_id where d.workspace_id = %s", (studio,)
        ).fetchall()
    assert told == [
        ("workspaces_module_enabled", {"module": "basis"}),
        ("workspaces_module_enabled", {"module": "guard"}),
        ("workspaces_module_disabled", {"module": "starter"}),
    ]
    assert heard == [("guard", "guard")]


def test_another_setting_is_told_and_the_same_is_not(api: Api, cluster: Cluster, database: str, ana: Person, studio: str) -> None:
    for limit in (3, 3, 4):
        assert _put(api, ana, studio, "basis", enabled=True, settings={"limit": limit}).status == 200
    assert _put(api, ana, studio, "basis", enabled=True).status == 200
    with cluster.superuser(database) as connection:
        told = connection.execute(
            "select name, payload -> 'changed' from outbox where workspace_id = %s and payload ->> 'module' = 'basis' order by id", (studio,)
        ).fetchall()
    assert [changed for name, changed in told if name == "workspaces_module_configured"] == [["limit"], ["limit"]]
    assert [name for name, _ in told].count("workspaces_module_enabled") == 1


def test_an_etag_held_is_honoured_and_none_is_needed(api: Api, ana: Person, studio: str) -> None:
    path = f"/api/v1/workspaces/{studio}/modules/basis"
    first = api.get(path, who=ana)
    assert api.get(path, who=ana, headers={"If-None-Match": first.headers["ETag"]}).status == 304
    made = api.put(path, who=ana, json={"enabled": True}, headers={"If-Match": first.headers["ETag"]})
    assert made.status == 200
    assert made.headers["ETag"] == api.get(path, who=ana).headers["ETag"] != first.headers["ETag"]
    assert api.put(path, who=ana, json={"enabled": False}, headers={"If-Match": first.headers["ETag"]}).status == 412
    assert api.put(path, who=ana, json={"enabled": False}, headers={"If-Match": "*"}).status == 200


def test_saying_what_is_so_already_changes_nothing(api: Api, ana: Person, studio: str) -> None:
    _put(api, ana, studio, "basis", enabled=True, settings={"limit": 3})
    before = api.get(f"/api/v1/workspaces/{studio}", who=ana).json
    again = _put(api, ana, studio, "basis", enabled=True, settings={"limit": 3}).json
    assert (again["change"]["enables"], again["change"]["applied"]) == ([], True)
    assert api.get(f"/api/v1/workspaces/{studio}", who=ana).json == before


def test_only_an_owner_switches_and_a_cliente_does_not_look(api: Api, settings_here: Settings, ana: Person, studio: str) -> None:
    for role, looks in (("Colaborador", 200), ("Cliente", 403)):
        member = api.signup(role)
        add_member(settings_here, studio, member, role)
        assert api.get(f"/api/v1/workspaces/{studio}/modules", who=member).status == looks
        assert _put(api, member, studio, "basis", enabled=True).status == 403
        assert _put(api, member, studio, "basis", preview=True, enabled=True).status == 403


def test_a_switch_is_in_the_audit(api: Api, ana: Person, studio: str) -> None:
    _put(api, ana, studio, "basis", enabled=True, settings={"limit": 3})
    by_table = {e["table"]: e for e in api.get("/api/v1/audit?limit=2", who=ana).json["items"]}
    assert by_table["workspaces"]["after"]["modules"] == ["starter", "basis"]
    assert (by_table["workspace_modules"]["record_id"], by_table["workspace_modules"]["after"]["settings"]) == ("basis", {"limit": 3})


def test_concurrent_switches_of_different_modules_all_hold(api: Api, ana: Person, studio: str) -> None:
    names = ["basis", "guard", "needy"]

    def switch(name: str) -> int:
        settings = {"account": "a"} if name == "needy" else {}
        return int(patiently(lambda: _put(api, ana, studio, name, enabled=True, settings=settings)).status)

    with ThreadPoolExecutor(3) as crowd:
        assert list(crowd.map(switch, names)) == [200, 200, 200]
    assert sorted(_on(api, ana, studio)) == sorted([*names, "starter"])


def _put(api: Api, who: Person, workspace: str, name: str, *, preview: bool = False, **body: Any) -> Any:
    return api.put(f"/api/v1/workspaces/{workspace}/modules/{name}{'?preview=true' if preview else ''}", who=who, json=body)


def _module(api: Api, who: Person, workspace: str, name: str) -> Any:
    return api.get(f"/api/v1/workspaces/{workspace}/modules/{name}", who=who).json


def _on(api: Api, who: Person, workspace: str) -> list[str]:
    found: list[str] = api.get(f"/api/v1/workspaces/{workspace}", who=who).json["modules"]
    return found


def _pages(api: Api, who: Person, path: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(path + (f"&cursor={cursor}" if cursor else ""), who=who).json
        yield from page["items"]
        cursor = page["next_cursor"]


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return cluster.clone("fitpro_modules")


@pytest.fixture(scope="module")
def settings_here(cluster: Cluster, database: str) -> Settings:
    return cluster.settings(database, strict=False)


@pytest.fixture(scope="module")
def registry() -> Registry:
    core = (candidate for candidate in plugins.discover() if candidate.id in CORE)
    features = (Candidate(f.id, "test", lambda f=f: f, version="1.2.3") for f in FEATURES)  # type: ignore[misc]
    failing = (
        Candidate("broken", "test", _broken),
        Candidate("lost", "test", lambda: Plugin("lost", api=1, requires=("nobody",))),
    )
    return plugins.load_all(found=chain(core, features, failing))


@pytest.fixture(scope="module")
def installed(settings_here: Settings, registry: Registry) -> tuple[Api, Api]:
    """Two applications with caches of their own, as two processes have them."""
    return Api(web(install(settings_here, registry=registry))), Api(web(install(settings_here, registry=registry)))


@pytest.fixture
def api(installed: tuple[Api, Api]) -> Api:
    return installed[0]


@pytest.fixture
def twin(installed: tuple[Api, Api]) -> Api:
    return installed[1]


@pytest.fixture
def ana(api: Api) -> Person:
    return api.signup("Ana Souza")


@pytest.fixture
def studio(api: Api, ana: Person) -> str:
    return api.workspace(ana)
