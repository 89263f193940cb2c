"""The clients plugin."""

from __future__ import annotations

from uuid import UUID

from plugins.clients import events
from plugins.clients.service import Service
from plugins.clients.service.bulk import Bulk
from plugins.clients.service.collaborators import Collaborators
from plugins.clients.service.consents import Consents
from plugins.clients.service.duplicates import Duplicates
from plugins.clients.service.exclusions import Exclusions
from plugins.clients.service.filters import Filters
from plugins.clients.service.health import Health
from plugins.clients.service.imports import Imports
from plugins.clients.service.merging import Merging
from plugins.clients.service.notes import Notes
from plugins.clients.service.personal import Personal
from plugins.clients.service.register import Clients
from plugins.clients.service.resealing import Resealing
from plugins.clients.service.timeline import Timeline
from plugins.sdk import EVERYONE, STAFF, JsonSchema, Plugin, Provided, Schema, definable, fields, json_schema, unquoted

_EXAMPLE = {"type": "object", "properties": {"goal": {"type": "string", "title": "Goal", "enum": ["strength", "weight", "health"]}}}


class ClientsSettings(Schema):
    """Settings of the module."""

    custom_fields = fields.Dict(
        load_default=dict,
        validate=definable,
        metadata={
            "description": "A JSON Schema (2020-12) of what is asked of every client besides: at most 200 fields in 5 levels, named in"
            " lower case, each with one type. Taken besides: title, description, properties, required, additionalProperties: false, items, enum,"
            " minimum, maximum, minLength, maxLength, minItems, maxItems, pattern (RE2), format (date, date-time, email, uri). What is stored"
            " stays when a field goes, and passes as it is, whatever the definition is by now. A field that becomes required is asked for by POST,"
            " PUT and imports; PATCH leaves it missing with clients of before until somebody names it, and takes it away from nobody.",
            "example": _EXAMPLE,
        },
    )


plugin = Plugin(
    "clients",
    api=1,
    title="Clients",
    description="The people you work for: contact details, notes, tags, who looks after them.",
    permissions={"read": EVERYONE, "write": STAFF, "health": EVERYONE},
    hooks=(
        events.clients_created, events.clients_updated, events.clients_stage_changed, events.clients_archived, events.clients_restored,
        events.clients_health_changed, events.clients_consent_given, events.clients_consent_withdrawn,
        events.clients_merged, events.clients_merging, events.clients_archiving, events.clients_reassigned, events.clients_timeline,
    ),
    tables=("clients",),
    settings=ClientsSettings,
    default=True,
)  # fmt: skip


def _import_later(import_id: UUID) -> UUID:
    """One import after another in each workspace."""
    return plugin.tasks["import_clients"].schedule({"import_id": import_id}, key="import")


def _custom_fields() -> JsonSchema:
    return json_schema(plugin.config["custom_fields"])


def build(ports: Provided) -> Service:
    """The use cases on the adapters chosen by configuration."""
    stored, now = ports.repository, ports.clock.now
    clients = Clients(
        directory=stored.register, register=stored.register, duplicates=stored.duplicates, history=stored.timeline, custom=_custom_fields, now=now
    )
    health = Health(records=stored.health, history=stored.timeline, encryption=ports.encryption, now=now)
    consents = Consents(consents=stored.consents, last=stored.consents, now=now)
    return Service(
        clients=clients,
        duplicates=Duplicates(stored=stored.duplicates),
        health=health,
        consents=consents,
        collaborators=Collaborators(assignments=stored.assignments, now=now),
        merging=Merging(stored=stored.many, history=stored.timeline, clients=clients, consents=consents, health=health, now=now),
        bulk=Bulk(register=stored.register, clients=clients),
        timeline=Timeline(past=stored.timeline),
        filters=Filters(stored=stored.filters, now=now),
        exports=stored.many,
        personal=Personal(stored=stored.personal, records=stored.health, encryption=ports.encryption),
        imports=Imports(stored=stored.imports, queue=_import_later, custom=_custom_fields, unquoted=unquoted, now=ports.clock.now),
        notes=Notes(notes=stored.notes, now=now),
        exclusions=Exclusions(exclusions=stored.exclusions, records=stored.health, encryption=ports.encryption, now=now),
        resealing=Resealing(rows=stored.resealing, encryption=ports.encryption),
    )
