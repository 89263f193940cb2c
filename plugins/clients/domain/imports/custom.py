"""Cells of fields that the workspace defined itself: read by their type, written so that they read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any, Final

from plugins.clients.domain.imports.dates import DateOrder, read_date
from plugins.clients.domain.imports.tags import tags_cell, tags_of
from plugins.clients.domain.register import normalise

PREFIX: Final = "custom_fields."
_YES: Final = frozenset({"true", "yes", "y", "1", "x", "si", "s", "sim", "verdadero", "verdadeiro", "on"})
_NO: Final = frozenset({"false", "no", "n", "0", "nao", "falso", "off"})
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Custom:
    """A field as its definition (JSON Schema) has it."""

    name: str
    definition: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.definition.get("title", ""))

    @property
    def dated(self) -> bool:
        return self.definition.get("format") == "date"

    def read(self, cell: str, order: DateOrder, today: date) -> object:
        """The value; the text itself where it is none of the field's type, which its definition then refuses."""
        return _read(self.definition, cell, order, today)


def custom_cell(value: object) -> object:
    """What stands in a cell for it."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tags_cell(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _read(definition: Mapping[str, Any], cell: str, order: DateOrder, today: date) -> object:
    kind = definition["type"]
    if kind == "boolean":
        plain = normalise(cell)
        return True if plain in _YES else False if plain in _NO else cell
    if kind in ("integer", "number"):
        return _number(cell)
    # As an export writes lists of anything but texts.
    if kind == "object" or (kind == "array" and definition["items"]["type"] != "string" and cell.startswith("[")):
        return _parsed(cell)
    if kind == "array":
        return [_read(definition["items"], each, order, today) for each in tags_of(cell)]
    if definition.get("format") == "date":
        found = read_date(cell, order, today)
        return cell if found is None else found.isoformat()
    return _choice(definition.get("enum", ()), cell)


def _choice(choices: Sequence[object], cell: str) -> str:
    """As it is spelled in the definition."""
    plain = normalise(cell)
    return next((each for each in choices if isinstance(each, str) and normalise(each) == plain), cell)


def _number(cell: str) -> object:
    text = cell.replace("\u00a0", "").replace(" ", "")
    if "," in text:  # what comes last is the decimal sign
        text = text.replace(".", "").replace(",", ".", 1) if text.rindex(",") > text.rfind(".") else text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        return cell
    number = float(text)
    if not isfinite(number):
        return cell
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _parsed(cell: str) -> object:
    try:
        return json.loads(cell, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return cell


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
