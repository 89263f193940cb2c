"""Records as JSON Lines: one JSON object per line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapters.http import headers
from adapters.http.dumping import to_json
from adapters.http.exchange import Answer

JSON_LINES: Final = "application/jsonl"


def lines_of(name: str, records: Iterable[Mapping[str, Any]]) -> Answer:
    """The download: a view returns it. name: of the file, without an ending."""
    body = b"".join(to_json(record) + b"\n" for record in records)
    return Answer(200, [("Content-Type", JSON_LINES), ("Content-Disposition", f'attachment; filename="{name}.jsonl"'), headers.NO_STORE], body)
