"""T52, exports: five an hour for each person or API key, exactly, whichever process they ask; uncounted is unserved, and what fails is free."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import http_sf
import pytest

from adapters.http.operation import allow, build, metered
from adapters.local.limits import LocalLimiter, Table
from config.bootstrap import install, web
from config.settings import Settings
from kernel.roles import Access
from plugins.sdk import MethodView, Plugin
from ports.limits import METERED, Quota, Standing
from tests import servers
from tests.security import floods
from tests.servers import Api, Person, Reply, add_member, owner_of

QUOTA = 5
EXPORT, AUDIT = "/api/v1/clients/export", "/api/v1/audit/export"


@pytest.fixture
def limited(settings: Settings, tmp_path: Path) -> Api:
    """The product in this process, with the default quota of exports."""
    return Api(web(install(changed(settings, tmp_path))))


def changed(settings: Settings, home: Path) -> Settings:
    assert Settings.__dataclass_fields__["limit_exports"].default == QUOTA
    return dataclasses.replace(settings, home=home, workers=2, limit_exports=QUOTA)


def studio(api: Api) -> tuple[Person, str]:
    owner = api.signup()
    return owner, api.workspace(owner)


def exported(api: Api, who: Person, workspace: str, path: str = EXPORT) -> Reply:
    return api.get(path, who=who, workspace=workspace)


def left(reply: Reply) -> int:
    return int(dict(http_sf.parse(reply.headers["RateLimit"].encode(), tltype="list"))["exports"]["r"])


def test_eight_processes_export_five_times_from_two_servers(settings: Settings, tmp_path: Path) -> None:
    with servers.web_server(changed(settings, tmp_path), tmp_path / "web.log", workers=2) as url:
        owner, workspace = studio(Api(url))
        headers = {"Authorization": f"Bearer {owner.token}", "X-Workspace-Id": workspace}
        got = floods.end(floods.begin(url, EXPORT, count=8, clients=8, headers=headers))
    assert got.statuses == {"200": QUOTA, "429": 64 - QUOTA}
    served, refused = got.last["200"], got.last["429"]
    policy = dict(http_sf.parse(served["RateLimit-Policy"].encode(), tltype="list"))
    assert policy["exports"] == {"q": QUOTA, "w": 3_600}
    assert set(policy) >= {"person", "exports"}
    told = dict(http_sf.parse(refused["RateLimit"].encode(), tltype="list"))["exports"]
    assert told == {"r": 0, "t": int(refused["Retry-After"])}
    assert 600 < int(refused["Retry-After"]) <= 720, "one more each twelve minutes"
    with owner_of(settings) as connection:
        reads = connection.execute("select count(*) from audit_logs where workspace_id = %s and action = 'read'", (workspace,)).fetchone()
    assert reads == (QUOTA,), "what was refused exported nothing"


def test_every_export_counts_together_and_each_person_alone(limited: Api, settings: Settings) -> None:
    owner, workspace = studio(limited)
    colleague = limited.signup()
    add_member(settings, workspace, colleague, "Owner")
    for n, path in enumerate((EXPORT, AUDIT, EXPORT, f"{AUDIT}?format=jsonl", EXPORT)):
        reply = exported(limited, owner, workspace, path)
        assert (reply.status, left(reply)) == (200, QUOTA - 1 - n)
    for path in (EXPORT, AUDIT):
        refused = exported(limited, owner, workspace, path)
        assert (refused.status, refused.json["code"], refused.json["violated_policies"]) == (429, "rate_limited", ["exports"])
    other_workspace = limited.workspace(owner)
    assert exported(limited, owner, other_workspace).status == 429, "a person, wherever they are"
    assert left(exported(limited, colleague, workspace)) == QUOTA - 1
    assert limited.get("/api/v1/clients", who=owner, workspace=workspace).status == 200, "everything else goes on"


def test_a_key_has_a_quota_of_its_own(limited: Api) -> None:
    owner, workspace = studio(limited)
    made = limited.post(f"/api/v1/workspaces/{workspace}/keys", json={"name": "sheet", "scopes": ["clients:write"]}, who=owner, workspace=workspace)
    assert made.status == 201, made.body
    sent = {"Authorization": f"Bearer {made.json['key']}"}
    assert [limited.get(EXPORT, headers=sent).status for _ in range(QUOTA + 1)] == [200] * QUOTA + [429]
    assert exported(limited, owner, workspace).status == 200


def test_what_is_refused_or_wrong_uses_nothing_up(limited: Api, settings: Settings) -> None:
    owner, workspace = studio(limited)
    cliente = limited.signup()
    add_member(settings, workspace, cliente, "Cliente")
    for _ in range(QUOTA + 1):
        assert exported(limited, owner, workspace, f"{EXPORT}?format=pdf").status == 422
        assert exported(limited, owner, workspace, f"{EXPORT}?filter={uuid.uuid4()}").status == 422, "found out while it ran: given back"
        assert exported(limited, owner, str(uuid.uuid4())).status == 404
        assert exported(limited, cliente, workspace).status == 403
    assert left(exported(limited, owner, workspace)) == QUOTA - 1
    with owner_of(settings) as connection:
        connection.execute("update user_roles set role = 'Owner' where workspace_id = %s and user_id = %s", (workspace, cliente.id))
    assert left(exported(limited, cliente, workspace)) == QUOTA - 1


def test_time_gives_back_one_after_another_and_what_is_unused_is_swept(limited: Api, settings: Settings) -> None:
    with owner_of(settings) as connection:
        connection.execute("delete from quota_uses")  # others use things up here too, and each use sweeps a few rows alone
    owner, workspace = studio(limited)
    for _ in range(QUOTA):
        exported(limited, owner, workspace)
    assert exported(limited, owner, workspace).status == 429
    with later(settings, "12 minutes"):
        assert [exported(limited, owner, workspace).status for _ in range(2)] == [200, 429]
    with later(settings, "2 hours") as connection_rows:
        other, elsewhere = studio(limited)
        exported(limited, other, elsewhere)
        assert connection_rows() == 1, "only of who has something used up a row is kept"


def test_where_nothing_can_be_counted_nothing_is_exported(limited: Api, settings: Settings) -> None:
    owner, workspace = studio(limited)
    with owner_of(settings) as connection:
        connection.execute("alter table quota_uses rename to quota_hidden")
    try:
        reply = exported(limited, owner, workspace)
        assert reply.status >= 500
        assert b"full_name" not in reply.body
    finally:
        with owner_of(settings) as connection:
            connection.execute("alter table quota_hidden rename to quota_uses")
    assert exported(limited, owner, workspace).status == 200


def test_a_meter_that_each_process_keeps_for_itself_is_noticed(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Alone:
        """Counts for one process."""

        def __init__(self) -> None:
            self._limiter = LocalLimiter(Table())

        def take(self, quota: Quota, subject: int) -> Standing:
            return self._limiter.take(((quota, subject),))[0]

        def give_back(self, quota: Quota, subject: int) -> None:
            raise NotImplementedError

    installed = [install(changed(settings, tmp_path / name)) for name in "ab"]
    for each in installed:
        monkeypatch.setattr(each.container.throttle(), "_meter", Alone())
    two = [Api(web(each)) for each in installed]
    owner, workspace = studio(two[0])
    served = sum(exported(api, owner, workspace).status == 200 for api in two for _ in range(QUOTA + 1))
    assert served == 2 * QUOTA, "twice what it should be"


@pytest.mark.parametrize(("quota", "who"), [("unknown", Access.SIGNED_IN), ("exports", Access.PUBLIC)])
def test_an_operation_metered_as_nothing_or_for_nobody_does_not_load(quota: str, who: Access) -> None:
    class View(MethodView):
        @metered(quota)
        @allow(who)
        def get(self) -> None:
            """Nothing"""

    with pytest.raises(ValueError, match="metered"):
        build(Plugin("some", api=1), "GET", "/some", "some", View, "app")
    assert {"exports"} == METERED


@contextmanager
def later(settings: Settings, interval: str) -> Iterator[object]:
    """As if so much time had passed: what is used up was used so much earlier."""

    def rows() -> int:
        with owner_of(settings) as connection:
            found = connection.execute("select count(*) from quota_uses").fetchone()
        return int(found[0]) if found else 0

    with owner_of(settings) as connection:
        connection.execute("update quota_uses set free_at = free_at - %s::interval", (interval,))
    yield rows
