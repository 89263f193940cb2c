"""Imports over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugins.clients.domain.duplicates import Match
from plugins.clients.domain.imports.dates import DateOrder
from plugins.clients.schemas.register import ClientInputSchema
from plugins.sdk import Fault, QuerySchema, Schema, fields, invalid, ma, validate

MEDIA = ("text/csv", "text/tab-separated-values", "text/plain", "application/vnd.ms-excel")
"""The last one is what browsers call a CSV where Excel is installed."""
EXAMPLE = "Nombre;Correo;Teléfono;Nacimiento\r\nAna Souza;ana@example.com;+34 600 000 000;17/04/1990\r\n"
_STATES = ["checked", "waiting", "running", "done", "failed", "skipped"]
_INPUT = ClientInputSchema()


class ImportQuerySchema(QuerySchema):
    """How to read a file."""

    dry_run = fields.Boolean(load_default=False, metadata={"description": "Only say what would happen; nothing is stored."})
    mode = fields.String(
        load_default="rows",
        validate=validate.OneOf(["rows", "all"]),
        metadata={
            "description": "`rows`: every good row is added; `all`: nobody, unless every row is good. That is one transaction: while it runs,"
            " some seconds with thousands of rows, whoever adds or changes an e-mail address, phone number or birth date is answered 409 `busy` with"
            " `Retry-After`."
        },
    )
    allow_duplicate = fields.Boolean(
        load_default=False, metadata={"description": "Add rows of people who seem to be here already; otherwise they are reported."}
    )
    date_order = fields.String(
        load_default=None,
        validate=validate.OneOf([each.value for each in DateOrder]),
        metadata={"description": "How 03/04/1990 is meant. Without it: as the file's other dates prove, else as the workspace's locale has it."},
    )


class ImportFileSchema(Schema):
    """What the file turned out to be."""

    encoding = fields.String(metadata={"example": "utf-8"})
    separator = fields.String(metadata={"example": ";"})
    columns = fields.Dict(
        metadata={
            "description": "Field → the headers it is read from. Notes and tags of several columns add up; of any other field the first that is"
            " filled counts, and what the others say besides is kept in the notes, as `Mobile: +34 600 000 002`.",
            "example": {"full_name": "Nombre", "phone": "Teléfono, Móvil"},
        }
    )
    ignored_columns = fields.List(
        fields.String(),
        metadata={
            "description": "Headers that nothing is read from; `(E)` for a filled column without one. Among them those that may mean something else"
            " (`State`, `Owner`, `Stage`), where less than half of what is filled is a status, stage or collaborator that we know.",
            "example": ["State", "Shoe size"],
        },
    )
    date_order = fields.String(allow_none=True, metadata={"example": "dmy"})


class ImportProblemSchema(Schema):
    """Why a row, or one of its cells, was not taken."""

    row = fields.Integer(metadata={"description": "As a spreadsheet counts them: the header is row 1.", "example": 4})
    column = fields.String(allow_none=True, metadata={"description": "The header as written; null for the row as a whole."})
    message = fields.String(metadata={"example": "Not a valid email address."})
    matched = fields.String(allow_none=True, validate=validate.OneOf([each.value for each in Match]))
    client_id = fields.UUID(allow_none=True, metadata={"description": "Who is here already."})


class ImportSummarySchema(Schema):
    """A file of clients and what became of it."""

    id = fields.UUID(allow_none=True, metadata={"description": "Null for a dry run."})
    state = fields.String(validate=validate.OneOf(_STATES), metadata={"description": "`checked` is a dry run.", "example": "running"})
    job_id = fields.UUID(allow_none=True)
    mode = fields.String(validate=validate.OneOf(["rows", "all"]))
    allow_duplicate = fields.Boolean()
    file = fields.Nested(ImportFileSchema)
    total = fields.Integer(metadata={"example": 10_000})
    done = fields.Integer(metadata={"description": "Rows dealt with so far.", "example": 4_500})
    added = fields.Integer()
    present = fields.Integer(metadata={"description": "Rows that an earlier import brought."})
    duplicates = fields.Integer(metadata={"description": "Rows of people who seem to be here already, or twice in the file."})
    invalid = fields.Integer()
    created_by = fields.UUID(allow_none=True)
    created_at = fields.DateTime()
    finished_at = fields.DateTime(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Why it was stopped before its end; what it added stays.", "example": None})


class ImportSchema(ImportSummarySchema):
    """A file of clients, what became of it, and its problems: the first thousand or so."""

    problems = fields.List(fields.Nested(ImportProblemSchema))


def load_client(values: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[Fault]]:
    """What a row says, checked as the body of a request is."""
    try:
        return _INPUT.load(dict(values)), ()
    except ma.ValidationError as error:
        return {}, invalid(error).errors
