"""The workspaces plugin: part of every installation, never switched off."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from plugins.sdk import EVERYONE, STAFF, Fault, Plugin, Provided, Role, Schema, fields, invalid, ma, work
from plugins.workspaces import events
from plugins.workspaces.service import Service

plugin = Plugin(
    "workspaces",
    api=1,
    title="Workspaces",
    description="Workspaces, their members and roles, and which modules they have on.",
    core=True,
    mounts=("/api/v1/workspaces", "/api/v1/users", "/api/v1/invitations", "/api/v1/branding"),
    permissions={
        "read": EVERYONE,
        "change": (Role.OWNER,),
        "leave": EVERYONE,
        "invite": STAFF,
        "manage_members": (Role.OWNER,),
        "read_modules": STAFF,
        "manage_modules": (Role.OWNER,),
        "manage_domains": (Role.OWNER,),
        "manage_keys": (Role.OWNER,),
    },
    hooks=(
        events.workspaces_enabling,
        events.workspaces_disabling,
        events.workspaces_module_enabled,
        events.workspaces_module_disabled,
        events.workspaces_module_configured,
        events.workspaces_member_removed,
        events.workspaces_role_changed,
        events.workspaces_domain_verified,
        events.workspaces_domain_failed,
        events.workspaces_member_invited,
        events.workspaces_member_joined,
        events.workspaces_inviting,
        events.workspaces_leaving,
        events.workspaces_owned,
        events.workspaces_reassigning,
    ),
)


def build(ports: Provided) -> Service:
    """The service, on the platform's adapters."""
    return Service.of(
        store=ports.repository, settings=MarshmallowSettings(), registry=ports.registry, clock=ports.clock,
        dns=ports.dns, hosts=ports.hosts, own_hosts=ports.own_hosts, transaction=work, later=_later,
        capabilities=ports.capabilities, letters=QueuedLetters(), app_url=ports.app_url, own_url=ports.own_url,
        encryption=ports.encryption, storage=ports.storage, postage=ports.postage,
    )  # fmt: skip


def _later(task: str, at: datetime, **arguments: object) -> None:
    plugin.tasks[task].schedule(arguments, at=at)


class QueuedLetters:
    """The letters port: a job each, composed when its turn comes."""

    def invitation(self, id: UUID, mailing: int) -> None:
        plugin.tasks["invitation"](invitation_id=id, mailing=mailing)

    def role_changed(self, user_id: UUID, at: datetime) -> None:
        plugin.tasks["role_changed"].schedule({"user_id": user_id}, at=at, unique=f"role_changed:{user_id}:{at.isoformat()}")

    def removed(self, user_id: UUID) -> None:
        plugin.tasks["removed"](user_id=user_id)


class MarshmallowSettings:
    """The settings port for schemas written with marshmallow."""

    def filled(self, schema: type[Any] | None, stored: Mapping[str, Any]) -> tuple[Mapping[str, object], Sequence[Fault]]:
        shape = (schema or Schema)()
        try:
            loaded = shape.load(dict(stored))
        except ma.ValidationError as error:
            return stored, invalid(ma.ValidationError({"settings": error.messages})).errors
        return shape.dump(loaded), ()

    def secrets(self, schema: type[Any] | None) -> frozenset[str]:
        return _secrets(cast("Hashable", schema))

    def described(self, schema: type[Any] | None) -> Mapping[str, object]:
        return _described(cast("Hashable", schema))


@cache
def _secrets(schema: Any) -> frozenset[str]:
    known = (schema or Schema)().fields
    return frozenset(each.data_key or name for name, each in known.items() if isinstance(each, fields.Secret))


@cache
def _described(schema: Any) -> Mapping[str, object]:
    # OpenAPI 3.1's schemas are JSON Schema 2020-12; only where named ones live differs.
    spec = APISpec("settings", "1", "3.1.0", plugins=[MarshmallowPlugin(schema_name_resolver=_name)])
    spec.components.schema("", schema=schema or Schema)
    shapes = {name: _portable(shape) for name, shape in spec.to_dict()["components"]["schemas"].items()}
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Settings", **shapes.pop("")}
    return {**root, "$defs": shapes} if shapes else root


def _name(schema: Any) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__qualname__.replace("<locals>.", "")


def _portable(value: Any) -> Any:
    """References made local, and patterns without Python's own end of text."""
    if isinstance(value, dict):
        return {name: _text(name, inner) if isinstance(inner, str) else _portable(inner) for name, inner in value.items()}
    return [_portable(each) for each in value] if isinstance(value, list) else value


def _text(name: str, value: str) -> str:
    if name == "$ref":
        return value.replace("#/components/schemas/", "#/$defs/")
    return value.removesuffix(r"\Z") + "$" if name == "pattern" and value.endswith(r"\Z") else value
