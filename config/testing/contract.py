"""What holds for every plugin, whoever wrote it, as tests that need nothing but its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from adapters.http.operation import Operation
    from config.testing.hub import Hub, Member, Studio
    from config.testing.rows import Rows


class PluginContract:
    """Subclass it as `class TestContract(PluginContract): plugin = "waitlist"`.

    values: table → column → value, for columns whose values cannot be made up (a check constraint, an enumeration).
    """

    plugin: ClassVar[str]
    values: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def test_switched_off_every_route_answers_403(self, hub: Hub, workspace: Studio) -> None:
        workspace.switch_off(self.plugin)
        wrong = {}
        for operation, path in _routes(hub, self.plugin):
            if operation.access is None:
                answer = workspace.owner.request(operation.method, path)
                if (answer.status, answer.json.get("code")) != (403, "module_disabled"):
                    wrong[operation.id] = answer.status
        assert wrong == {}

    def test_without_a_token_every_route_answers_401(self, hub: Hub, workspace: Studio) -> None:
        from kernel.roles import Access

        answers = {
            operation.id: hub.request(operation.method, path, headers={"X-Workspace-Id": workspace.id}).status
            for operation, path in _routes(hub, self.plugin)
            if operation.access is not Access.PUBLIC
        }
        assert {id: status for id, status in answers.items() if status != 401} == {}

    def test_another_role_is_answered_403(self, hub: Hub, workspace: Studio) -> None:
        from kernel.roles import EVERYONE

        members = {"Owner": workspace.owner, **{str(role): workspace.member(role) for role in EVERYONE if role != "Owner"}}
        wrong = {}
        for operation, path in _routes(hub, self.plugin):
            for role in set(members) - set(operation.roles) if operation.access is None else ():
                if (status := members[role].request(operation.method, path).status) != 403:
                    wrong[f"{operation.id} as {role}"] = status
        assert wrong == {}

    def test_a_stranger_is_answered_404(self, hub: Hub, workspace: Studio, other_workspace: Studio) -> None:
        answers = {
            operation.id: hub.request(
                operation.method, path, headers={"X-Workspace-Id": workspace.id, "Authorization": f"Bearer {other_workspace.owner.token}"}
            ).status
            for operation, path in _routes(hub, self.plugin)
            if operation.access is None
        }
        assert {id: status for id, status in answers.items() if status != 404} == {}

    def test_rows_of_a_workspace_are_never_seen_from_another(self, hub: Hub, workspace: Studio, other_workspace: Studio) -> None:
        rows = self._rows(hub, workspace)
        made = {table: rows.make(table) for table in self._tables(hub)}
        for table, id in made.items():
            assert hub.seen(table, [id], workspace.id) == 1, f"{table}: its own workspace must see the row"
            assert hub.seen(table, [id], other_workspace.id) == 0, f"{table}: a row of another workspace was seen"
        for operation, path in _routes(hub, self.plugin):
            if operation.method == "GET" and operation.access is None:
                _never_shown(operation, path, other_workspace, made)

    def test_rows_of_another_client_are_never_seen_by_a_cliente(self, hub: Hub, workspace: Studio, client: Callable[..., Member]) -> None:
        from adapters.postgres.model import metadata

        own, other = client(role="Cliente"), client(role="Cliente")
        for table in self._tables(hub):
            if "client_id" not in metadata.tables[table].columns:
                continue
            theirs = [self._rows(hub, workspace, each.client_id).make(table) for each in (own, other)]
            assert hub.seen(table, [theirs[0]], workspace.id, own.client_id) == 1, f"{table}: a Cliente must see their own row"
            assert hub.seen(table, [theirs[1]], workspace.id, own.client_id) == 0, f"{table}: a Cliente saw the row of another"

    def test_migrations_go_up_match_the_models_go_down_and_up_again(self, hub: Hub) -> None:
        from config import plugin_check

        assert list(plugin_check.migrations(hub.settings, hub.registry, self.plugin)) == []

    def test_a_purge_leaves_no_row(self, hub: Hub, workspace: Studio) -> None:
        from adapters.postgres import purge
        from config.databases import connections

        rows = self._rows(hub, workspace)
        made = {table: rows.make(table) for table in self._tables(hub)}
        workspace.switch_off(self.plugin)
        deleted = purge.purge(connections(hub.settings).owner, self.plugin, self._tables(hub), UUID(workspace.id))
        assert {table: count for table, count in deleted.items() if not count} == {}, "every table had a row to delete"
        assert [table for table, id in made.items() if hub.seen(table, [id], workspace.id)] == []

    def _tables(self, hub: Hub) -> list[str]:
        from adapters.postgres.purge import ordered
        from config.plugins import table_names

        return ordered(table_names(hub.plugin(self.plugin)))

    def _rows(self, hub: Hub, studio: Studio, client: str | None = None) -> Rows:
        from config.testing.rows import Rows

        needed = "clients" in hub.registry.requirements(self.plugin)
        return Rows(studio, client or (studio.member("Cliente").client_id if needed else None), self.values)


_NOTHING = "00000000-0000-7000-8000-000000000000"
_PARAMETER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>")
_SAMPLES = {"uuid": _NOTHING, "int": "1"}


def _routes(hub: Hub, plugin: str) -> Iterator[tuple[Operation, str]]:
    """Every operation with a path to it that names nothing."""
    for blueprint in hub.plugin(plugin).blueprints:
        for operation in blueprint.operations:
            yield operation, _PARAMETER.sub(lambda found: _SAMPLES.get(found[1] or "", "x"), operation.rule)


def _never_shown(operation: Operation, path: str, studio: Studio, made: Mapping[str, UUID]) -> None:
    """Neither in a list nor by asking for it."""
    role = next(iter(operation.roles))
    member = studio.owner if role == "Owner" else studio.member(role)
    for table, id in made.items():
        asked = path.replace(_NOTHING, str(id))
        answer = member.get(asked)
        if asked != path and answer.status == 200:
            pytest.fail(f"{operation.id}: answered for a row of {table} in another workspace")
        if asked == path:
            assert str(id).encode() not in answer.body, f"{operation.id}: showed a row of {table} of another workspace"
