"""Health data and consents over the wire."""

from __future__ import annotations

from plugins.clients.domain.health import PURPOSE, GivenBy, WithdrawnBy
from plugins.clients.schemas.phones import Phone
from plugins.sdk import Schema, fields, validate

_VISIBLE = validate.Regexp(r"(?s).*\S", error="May not be blank.")


def _texts(description: str, example: str) -> fields.List:
    return fields.List(
        fields.String(min_length=1, max_length=300, validate=_VISIBLE),
        load_default=list,
        max_items=50,
        metadata={"description": description, "example": [example]},
    )


def _whole(low: int, high: int, description: str, example: int) -> fields.Integer:
    return fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(low, high), metadata={"description": description, "example": example}
    )


class InjurySchema(Schema):
    """An injury, past or present."""

    description = fields.String(required=True, min_length=1, max_length=300, validate=_VISIBLE, metadata={"example": "Left knee, meniscus"})
    since = fields.Date(load_default=None, allow_none=True, metadata={"example": "2026-02-01"})
    until = fields.Date(load_default=None, allow_none=True, metadata={"description": "Empty while it lasts.", "example": None})


class EmergencyContactSchema(Schema):
    """Whom to call."""

    name = fields.Line(required=True, max_length=200, metadata={"example": "Marta Alvarez"})
    phone = Phone(required=True)
    relationship = fields.String(load_default=None, allow_none=True, max_length=100, metadata={"example": "sister"})


class BaselineSchema(Schema):
    """Measurements at the start, against which progress is read."""

    measured_on = fields.Date(load_default=None, allow_none=True, metadata={"example": "2026-03-01"})
    height_cm = fields.Decimal(places=1, load_default=None, allow_none=True, validate=validate.Range(30, 300), metadata={"example": 172.5})
    weight_kg = fields.Decimal(places=2, load_default=None, allow_none=True, validate=validate.Range(1, 700), metadata={"example": 70.4})
    body_fat_percent = fields.Decimal(places=1, load_default=None, allow_none=True, validate=validate.Range(1, 80), metadata={"example": 22.5})
    waist_cm = fields.Decimal(places=1, load_default=None, allow_none=True, validate=validate.Range(20, 400), metadata={"example": 81})
    resting_heart_rate = _whole(20, 250, "Beats per minute.", 62)
    systolic = _whole(40, 300, "Blood pressure, mmHg.", 120)
    diastolic = _whole(20, 200, "Blood pressure, mmHg.", 80)


class HealthInputSchema(Schema):
    """Everything about a client's health; what is left out is emptied."""

    conditions = _texts("Diagnosed conditions.", "asthma")
    injuries = fields.List(fields.Nested(InjurySchema), load_default=list, max_items=50)
    medication = _texts("What they take.", "salbutamol when needed")
    allergies = _texts("Food, drugs, materials.", "penicillin")
    emergency_contact = fields.Nested(EmergencyContactSchema, load_default=None, allow_none=True)
    baseline = fields.Nested(BaselineSchema, load_default=None, allow_none=True)
    notes = fields.String(load_default=None, allow_none=True, metadata={"description": "Anything else.", "example": "No jumping until May."})


class HealthSchema(Schema):
    """What is known about a client's health. version 0: nothing was written yet."""

    client_id = fields.UUID()
    conditions = fields.List(fields.String())
    injuries = fields.List(fields.Nested(InjurySchema))
    medication = fields.List(fields.String())
    allergies = fields.List(fields.String())
    emergency_contact = fields.Nested(EmergencyContactSchema, allow_none=True)
    baseline = fields.Nested(BaselineSchema, allow_none=True)
    notes = fields.String(allow_none=True)
    version = fields.Integer()
    created_at = fields.DateTime(allow_none=True)
    updated_at = fields.DateTime(allow_none=True)


class ConsentInputSchema(Schema):
    """A consent: the client's own when they send it themself, else attested by the member of staff who sends it."""

    purpose = fields.String(
        load_default=PURPOSE,
        validate=validate.OneOf([PURPOSE]),
        metadata={"description": "Keeping health data: `/health`, and exclusions for injury or illness."},
    )
    how = fields.String(
        load_default=None,
        allow_none=True,
        min_length=1,
        max_length=500,
        validate=_VISIBLE,
        metadata={"description": "How it was given; staff must say.", "example": "Signed on paper at the first session."},
    )
    given_at = fields.DateTime(load_default=None, allow_none=True, metadata={"description": "Without it: now.", "example": None})


class ConsentSchema(Schema):
    """A consent and what became of it."""

    id = fields.UUID()
    client_id = fields.UUID()
    purpose = fields.String(metadata={"example": PURPOSE})
    given_by = fields.String(validate=validate.OneOf([each.value for each in GivenBy]))
    given_at = fields.DateTime()
    how = fields.String(allow_none=True)
    recorded_by = fields.UUID(metadata={"description": "`user_id` of whoever recorded it."})
    withdrawn_at = fields.DateTime(allow_none=True, metadata={"description": "Empty while it is in force.", "example": None})
    withdrawn_by = fields.String(allow_none=True, validate=validate.OneOf([each.value for each in WithdrawnBy]), metadata={"example": None})
    version = fields.Integer()
    created_at = fields.DateTime()
