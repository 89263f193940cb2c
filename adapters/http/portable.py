"""JSON Schema as every reader of the OpenAPI document has it, whatever Python calls it."""

from __future__ import annotations

import re
from typing import Any


def make_portable(value: Any) -> None:
    """In place: patterns as ECMA-262 reads them (JSON Schema's dialect), and no length beside a list of all values."""
    if isinstance(value, list):
        for each in value:
            make_portable(each)
    elif isinstance(value, dict):
        if isinstance(pattern := value.get("pattern"), str):
            value["pattern"] = _ecma(pattern)
        if isinstance(value.get("enum"), list):
            value.pop("maxLength", None)
        for name, each in value.items():
            if name not in ("example", "examples", "default"):
                make_portable(each)


def _ecma(pattern: str) -> str:
    """A Python pattern without what only Python knows: `\\Z`, `$(?!\\n)`, and the flag `(?s)`. Anchored as `re.match` is."""
    every = pattern.startswith("(?s)")
    text = pattern.removeprefix("(?s)").replace(r"\Z", "$").replace(r"$(?!\n)", "$")
    if every:
        text = re.sub(r"(?<!\\)\.", r"[\\s\\S]", text)
    return text if text.startswith("^") else f"^(?:{text})"
