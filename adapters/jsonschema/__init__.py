"""JSON Schemas that people write: which are taken, and what does not fit one."""

from adapters.jsonschema.definitions import definable
from adapters.jsonschema.values import JsonSchema, json_schema

__all__ = ["JsonSchema", "definable", "json_schema"]
