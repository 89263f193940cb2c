"""Routes and schema names that clash: the later plugin is set aside, the rest serves."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from kernel.registry import MOUNT
from plugins.sdk import EVERYONE, MethodView, Plugin, Schema, allow, fields
from tests import servers


def _plugin(id: str, field: fields.String | fields.Integer) -> Plugin:
    """A plugin with a schema called Twin, as two packages of one author might have."""
    plugin = Plugin(id, api=1, permissions={"read": EVERYONE})
    schema = type("TwinSchema", (Schema,), {"value": field, "__module__": "fitpro_twins"})
    blueprint = plugin.blueprint()

    @blueprint.route("/things")
    class Things(MethodView):
        @blueprint.response(200, schema)
        @allow("read")
        def get(self) -> dict[str, Any]:
            """Show."""
            return {"value": 1}

    return plugin


def test_a_plugin_whose_schema_names_clash_fails_alone(settings: Settings) -> None:
    installation = install(settings)
    for made in (_plugin("firsttwin", fields.Integer()), _plugin("secondtwin", fields.String())):
        installation.registry.plugins[made.id] = made
        installation.registry.mounts[f"{MOUNT}/{made.id}"] = made.id
    lenient = type(installation)(_lenient(settings), installation.container, installation.registry, installation.hub)
    api = servers.Api(web(lenient))
    who = api.signup()
    workspace = api.workspace(who)
    assert "Multiple schemas resolved to the name fitpro_twins.Twin" in installation.registry.failed["secondtwin"]
    assert api.get("/api/v1/firsttwin/things", who=who, workspace=workspace).json["code"] == "module_disabled"
    broken = api.get("/api/v1/secondtwin/things", who=who, workspace=workspace)
    assert (broken.status, broken.json["code"]) == (503, "module_failed")
    assert api.get("/api/v1/clients", who=who, workspace=workspace).status == 200
    paths = api.get("/api/v1/openapi.json").json["paths"]
    assert "/api/v1/firsttwin/things" in paths
    assert "/api/v1/secondtwin/things" not in paths


def test_strict_mode_refuses_to_start(settings: Settings) -> None:
    installation = install(settings)
    for made in (_plugin("firsttwin", fields.Integer()), _plugin("secondtwin", fields.String())):
        installation.registry.plugins[made.id] = made
    with pytest.raises(UserWarning, match="Multiple schemas"):
        web(installation)


def _lenient(settings: Settings) -> Settings:

    return dataclasses.replace(settings, strict=False)
