"""Phone numbers over the wire."""

from __future__ import annotations

from typing import Any

from plugins.clients.domain.phones import dialable
from plugins.sdk import fields, ma

_PHONE = {
    "description": "With + and the country first it is kept as E.164 has it; else 4 to 20 digits, with spaces or - ( ) . / between them.",
    "example": "+34 600 000 000",
}


class Phone(fields.String):
    """A phone number, kept as `plugins.clients.domain.phones.dialable` has it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(min_length=1, max_length=40, metadata=_PHONE, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:
        text = super()._deserialize(value, attr, data, **more)
        try:
            return dialable(text)
        except ValueError as error:
            raise ma.ValidationError(str(error)) from None
