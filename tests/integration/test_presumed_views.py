"""Views that rest on what is presumed of a member: none leaves anything behind, is answered, or loses what it was sent, when that is over."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from config import plugins
from config.bootstrap import install, web
from config.settings import Settings
from kernel.registry import Candidate
from plugins.sdk import EVERYONE, MethodView, Plugin, Schema, allow, ctx, fields, sql
from tests.security.keyed import owner
from tests.servers import Api, Cluster, Person, add_member

CORE = ("accounts", "privacy", "workspaces")
probe = Plugin("probe", api=1, permissions={"use": EVERYONE}, default=True)
blp = probe.blueprint()
AGAIN = sql("insert into user_roles (workspace_id, user_id, role) select $1, $2, 'Owner'", "workspace_id", "actor_id")


class Given(Schema):
    """What is sent and comes back."""

    amount = fields.Integer()


@blp.route("/traces")
class Traces(MethodView):
    @blp.response(200, Given)
    @allow("use")
    def get(self) -> dict[str, Any]:
        """Leaves a trace and reads nothing"""
        ctx.record_read("clients", "x", purpose=f"as {ctx.role}")
        return {"amount": 1}


@blp.route("/refusals")
class Refusals(MethodView):
    @blp.response(201, Given)
    @allow("use")
    def post(self) -> dict[str, Any]:
        """Fails for a collaborator, in the database"""
        if ctx.role == "Colaborador":
            ctx.work.one(AGAIN)
        return {"amount": 1}


@blp.route("/given")
class Takes(MethodView):
    @blp.arguments(Given)
    @blp.response(201, Given)
    @allow("use")
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Changes what it is given"""
        amount = given.pop("amount", 0)
        return {"amount": amount if ctx.role else None}


@pytest.fixture(scope="module")
def there(cluster: Cluster) -> Settings:
    return cluster.settings(cluster.clone("fitpro_presumed"), strict=False)


@pytest.fixture(scope="module")
def api(there: Settings) -> Api:
    core = (candidate for candidate in plugins.discover() if candidate.id in CORE)
    return Api(web(install(there, registry=plugins.load_all(found=chain(core, [Candidate("probe", "test", lambda: probe)])))))


class Promoted:
    """Somebody whom this process knows as a collaborator, and who owns the workspace by now."""

    def __init__(self, api: Api, settings: Settings) -> None:
        ana: Person = api.signup("Ana")
        self.api, self.who, self.studio, self.settings = api, api.signup("Bob"), api.workspace(ana), settings
        add_member(settings, self.studio, self.who, "Colaborador")
        assert self.post("given", {"amount": 1}).status == 201
        self.sql("update user_roles set role = 'Owner' where workspace_id = %s and user_id = %s", self.studio, self.who.id)

    def post(self, path: str, body: Any = None) -> Any:
        return self.api.post(f"/api/v1/probe/{path}", who=self.who, workspace=self.studio, **({} if body is None else {"json": body}))

    def sql(self, text: Any, *values: Any) -> list[Any]:
        with owner(self.settings) as connection:
            found = connection.execute(text, values)
            return found.fetchall() if found.description else []


@pytest.fixture
def promoted(api: Api, there: Settings) -> Promoted:
    return Promoted(api, there)


def test_what_only_leaves_a_trace_leaves_one_that_is_so(promoted: Promoted) -> None:
    assert promoted.api.get("/api/v1/probe/traces", who=promoted.who, workspace=promoted.studio).status == 200
    query = "select after ->> 'purpose' from audit_logs where workspace_id = %s and action = 'read'"
    assert promoted.sql(query, promoted.studio) == [("as Owner",)]


def test_what_fails_for_who_they_were_is_not_told(promoted: Promoted) -> None:
    answer = promoted.post("refusals")
    assert answer.status == 201, answer.body


def test_a_view_that_runs_again_has_all_that_was_sent(promoted: Promoted) -> None:
    answer = promoted.post("given", {"amount": 7})
    assert (answer.status, answer.json) == (201, {"amount": 7})
