"""The plugin of the design, word for word, as a third party's package: installed, migrated, switched on, used, off, purged, gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import packages, servers
from tests.conftest import SHARED
from tests.e2e.sites import Site, Worker, until
from tests.servers import Api

WAITLIST = packages.SOURCES / "waitlist" / "fitpro_waitlist" / "__init__.py"


@pytest.mark.external("shared")
def test_the_package_is_the_designs_own_text() -> None:
    found = re.search(r'```python\n("""Waitlist.*?)```', (SHARED / "design.md").read_text(), re.DOTALL)
    assert found is not None
    assert WAITLIST.read_text() == found[1]


def test_it_serves_the_workspace_that_switched_it_on_and_no_other(site: Site) -> None:
    on, off = site.studio(), site.studio(waitlist=False)
    assert on.queue(on.booking(), on.client("Bia")).status == 201
    refused = off.queue(off.booking(), off.client("Bia"))
    assert (refused.status, refused.json["code"]) == (403, "module_disabled")
    assert off.entries() == []


def test_switching_it_on_needs_what_it_requires(site: Site) -> None:
    owner = site.api.signup()
    workspace = site.api.workspace(owner)
    assert site.switch(owner, workspace, "bookings", enabled=False).status == 200
    refused = site.switch(owner, workspace, "waitlist", enabled=True)
    assert (refused.status, refused.json["code"], refused.json["missing"]) == (409, "missing_requirements", ["bookings"])
    done = site.switch(owner, workspace, "waitlist", enabled=True, with_dependencies=True)
    assert done.status == 200, done.body
    assert done.json["change"]["enables"] == ["bookings", "waitlist"]


def test_the_limit_comes_from_the_workspaces_settings(site: Site) -> None:
    studio = site.studio(settings={"limit": 2})
    booking = studio.booking()
    answers = [studio.queue(booking, studio.client(f"Client {n}")) for n in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert (answers[2].json["code"], answers[2].json["detail"]) == ("refused", "waitlist is full")
    assert len(studio.entries()) == 2, "the refused one was rolled back"
    changed = site.switch(studio.owner, studio.workspace, "waitlist", enabled=True, settings={"limit": 3})
    assert changed.status == 200, changed.body
    assert studio.queue(booking, studio.client("Last")).status == 201, "the next request knows"


def test_a_cancelled_booking_promotes_the_first_in_the_queue_of_that_workspace_only(site: Site) -> None:
    here, there = site.studio(), site.studio()
    booking, other = here.booking(), there.booking()
    first, second = here.client("First"), here.client("Second")
    for client in (first, second):
        assert here.queue(booking, client).status == 201
    elsewhere = here.booking()
    assert here.queue(elsewhere, first).status == 201
    assert there.queue(other, there.client("Third")).status == 201
    assert site.api.delete(f"/api/v1/bookings/{booking}", who=here.owner, workspace=here.workspace).status == 204
    until(lambda: [entry["client_id"] for entry in here.entries(booking)] == [second])
    assert len(here.entries(elsewhere)) == 1, "another booking's queue stays"
    assert len(there.entries()) == 1, "another workspace's queue stays"
    assert here.deliveries() == {"waitlist:bookings_cancelled": "done", "waitlist:promote": "done"}
    assert there.deliveries() == {}


def test_a_cliente_queues_and_sees_only_themselves(site: Site) -> None:
    studio = site.studio()
    booking, mine, other = studio.booking(), studio.client("Me"), studio.client("Other")
    me = site.api.signup("Me")
    servers.add_member(site.settings, studio.workspace, me, "Cliente", mine)
    assert studio.queue(booking, other).status == 201
    assert studio.queue(booking, mine, who=me).status == 201
    assert studio.queue(booking, other, who=me).status == 403
    assert studio.as_client(mine, "select client_id::text from waitlist_entry") == [mine]
    assert studio.as_client(other, "select client_id::text from waitlist_entry") == [other]
    assert studio.as_client(mine, "with d as (delete from waitlist_entry returning 1) select count(*) from d") == [1]


def test_a_booking_of_another_workspace_cannot_be_queued_for(site: Site) -> None:
    here, there = site.studio(), site.studio()
    answer = here.queue(there.booking(), here.client("Bia"))
    assert 400 <= answer.status < 500, answer.body
    assert here.entries() == []


def test_switched_off_it_refuses_and_skips_and_keeps_its_rows(site: Site) -> None:
    studio = site.studio()
    booking, client = studio.booking(), studio.client("Bia")
    assert studio.queue(booking, client).status == 201
    blocked = site.switch(studio.owner, studio.workspace, "bookings", enabled=False)
    assert (blocked.status, blocked.json["required_by"]) == (409, ["waitlist"])
    with site.worker_paused():
        assert site.api.delete(f"/api/v1/bookings/{booking}", who=studio.owner, workspace=studio.workspace).status == 204
        assert site.switch(studio.owner, studio.workspace, "waitlist", enabled=False).status == 200
    refused = studio.queue(booking, client)
    assert (refused.status, refused.json["code"]) == (403, "module_disabled")
    until(lambda: studio.deliveries() == {"waitlist:bookings_cancelled": "skipped"})
    assert len(studio.entries()) == 1


def test_the_command_line_switches_lists_and_purges(site: Site) -> None:
    studio = site.studio(waitlist=False)
    place = ("--workspace", studio.workspace)
    assert site.fitpro("plugin", "disable", "bookings", *place).stdout == "off: bookings\n"
    missing = site.fitpro("plugin", "enable", "waitlist", *place)
    assert (missing.returncode, missing.stderr.strip()) == (1, "waitlist needs bookings.")
    assert site.fitpro("plugin", "enable", "bookings", *place).stdout == "on: bookings\n"
    assert site.fitpro("plugin", "enable", "waitlist", *place).stdout == "on: waitlist\n"
    assert studio.queue(studio.booking(), studio.client("Bia")).status == 201
    refused = site.fitpro("plugin", "purge", "waitlist", *place)
    assert (refused.returncode, refused.stderr.strip()) == (1, "waitlist is on in this workspace: disable it first")
    assert site.fitpro("plugin", "disable", "bookings", *place).returncode == 1
    assert site.fitpro("plugin", "disable", "waitlist", *place).stdout == "off: waitlist\n"
    assert site.fitpro("plugin", "purge", "waitlist", *place, "--dry-run").stdout == "waitlist_entry: 1 rows would go\n"
    assert len(studio.entries()) == 1
    audited = studio.audits()
    assert site.fitpro("plugin", "purge", "waitlist", *place).stdout == "waitlist_entry: 1 rows deleted\n"
    assert studio.entries() == []
    assert studio.deliveries() == {}
    assert studio.audits()[len(audited) :] == [("purge", "waitlist")], "one summary row, whatever was deleted"

    listed = {each["id"]: each for each in json.loads(site.fitpro("plugin", "list", "--json").stdout)}
    assert listed["waitlist"]["version"] == "1.0.0"
    assert (listed["waitlist"]["state"], listed["waitlist"]["schema"], listed["waitlist"]["uses"]) == ("ready", "at head", ["bookings_cancelled"])
    assert "bookings_cancelled" in listed["bookings"]["offers"]
    assert listed["workspaces"]["core"] is True
    hooks = site.fitpro("plugin", "hooks").stdout
    assert "event    bookings_cancelled(booking_id: UUID)\n         After a booking was cancelled or declined; its row stays.\n" in hooks
    assert "heard by waitlist" in hooks


def test_uninstalled_it_leaves_nothing_and_everything_else_goes_on(
    cluster: servers.Cluster, installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = cluster.settings(cluster.clone("fitpro_uninstall"))
    with_it, without = {"PYTHONPATH": packages.path(installed)}, {"PYTHONPATH": packages.path()}
    assert packages.fitpro(settings, with_it, "db", "upgrade").returncode == 0
    log = tmp_path_factory.mktemp("uninstall") / "web.log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(installed))
        with servers.web_server(settings, log) as url:
            site = Site(Api(url), settings, installed, log, lambda: None)
            studio = site.studio()
            assert studio.queue(studio.booking(), studio.client("Bia")).status == 201
    refused = packages.fitpro(settings, with_it, "plugin", "uninstall", "waitlist")
    assert (refused.returncode, refused.stderr.strip()) == (1, "waitlist is on in 1 workspace: disable it there first.")
    refused = packages.fitpro(settings, with_it, "plugin", "uninstall", "clients")
    assert (refused.returncode, "part of the platform" in refused.stderr) == (1, True)
    off = packages.fitpro(settings, with_it, "plugin", "disable", "waitlist", "--workspace", studio.workspace)
    assert off.returncode == 0, off.stderr
    refused = packages.fitpro(settings, with_it, "plugin", "uninstall", "bookings")
    assert (refused.returncode, "part of the platform" in refused.stderr) == (1, True)
    done = packages.fitpro(settings, with_it, "plugin", "uninstall", "waitlist")
    assert (done.returncode, "pip uninstall fitpro-waitlist" in done.stdout) == (0, True), done.stderr
    with servers.owner_of(settings) as connection:
        left = connection.execute("select relname from pg_class where relname like '%waitlist%'").fetchall()
        assert left == []
        assert connection.execute("select count(*) from workspace_modules where module = 'waitlist'").fetchone() == (0,)
        assert connection.execute("select to_regclass('bookings') is not null").fetchone() == (True,)
    # The package is off the path: nobody misses anything.
    for command in (("db", "status"), ("db", "upgrade"), ("plugin", "list"), ("plugin", "hooks")):
        answer = packages.fitpro(settings, without, *command)
        assert answer.returncode == 0, (command, answer.stderr)
    # Installed again, it starts afresh.
    again = packages.fitpro(settings, with_it, "db", "upgrade")
    assert again.returncode == 0, again.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a folder."""
    return packages.install(tmp_path_factory.mktemp("site") / "packages", "waitlist")


@pytest.fixture(scope="module")
def site(cluster: servers.Cluster, installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Web server and worker of an installation with the package, migrated by the command."""
    settings = cluster.settings(cluster.clone("fitpro_waitlist"), poll_ms=50)
    upgraded = packages.fitpro(settings, {"PYTHONPATH": packages.path(installed)}, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    folder = tmp_path_factory.mktemp("waitlist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(installed))
        worker = Worker(settings, folder / "worker.log")
        with servers.web_server(settings, folder / "web.log") as url:
            worker.start()
            try:
                yield Site(Api(url), settings, installed, folder / "worker.log", worker.paused)
            finally:
                worker.stop()
