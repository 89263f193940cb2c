"""T50: no text that somebody wrote acts as a formula in any export, and what was exported reads back as it was."""

from __future__ import annotations

import re
from typing import Any

import pytest

from adapters.http import sheets
from tests.documented import operations
from tests.security.studios import Studios
from tests.servers import Api, Person
from tests.spreadsheets import PAYLOADS, active, csv_cells, xlsx_cells

WRITABLE = [text for text in PAYLOADS if text.strip() and "\0" not in text]


def exports(api: Api) -> list[tuple[str, str]]:
    """Every documented operation that answers with a spreadsheet: path, media type."""
    return [
        (operation.path, media)
        for operation in operations(api)
        if operation.method == "GET"
        for media in operation.described["responses"].get("200", {}).get("content", {})
        if media in ("text/csv", sheets.XLSX)
    ]


def cells(api: Api, who: Person, workspace: str, path: str, media: str) -> list[list[str]]:
    reply = api.get(f"{path}?format={'csv' if media == 'text/csv' else 'xlsx'}", who=who, workspace=workspace)
    assert reply.status == 200, (path, reply.body)
    return csv_cells(reply.body) if media == "text/csv" else xlsx_cells(reply.body)


@pytest.fixture(scope="module")
def hostile(studios: Studios) -> tuple[Api, Person, str]:
    """A workspace in which every text is a formula."""
    owner = studios.api.signup("=1+1 Owner")
    workspace = studios.api.workspace(owner, "=1+1")
    for n, text in enumerate(WRITABLE):
        body: dict[str, Any] = {
            "full_name": text.replace("://", ":") if text.isprintable() else "=1+1",
            "notes": text,
            "tags": [text[:40]],
            "phone": f"+34 6{n:08}",
        }
        reply = studios.api.post("/api/v1/clients?allow_duplicate=true", json=body, who=owner, workspace=workspace)
        assert reply.status == 201, (text, reply.body)
    return studios.api, owner, workspace


def test_t50_no_cell_of_any_export_begins_like_a_formula(hostile: tuple[Api, Person, str]) -> None:
    api, owner, workspace = hostile
    found, looked = [], 0
    for path, media in exports(api):
        rows = cells(api, owner, workspace, path, media)
        looked += sum(map(len, rows))
        found += [(path, media, cell) for cell in active(rows)]
    print(f"T50: {len(WRITABLE)} payloads, {len(exports(api))} exports, {looked} cells: {len(found)} begin like a formula")
    assert len(WRITABLE) >= 40
    assert ("/api/v1/clients/export", "text/csv") in exports(api)
    assert found == []


def test_t50_an_export_imported_elsewhere_says_the_same(hostile: tuple[Api, Person, str]) -> None:
    api, owner, workspace = hostile
    file = api.get("/api/v1/clients/export", who=owner, workspace=workspace).body
    told = api.post(
        "/api/v1/clients/import?dry_run=true&allow_duplicate=true",
        raw=file,
        who=owner,
        workspace=api.workspace(owner),
        headers={"Content-Type": "text/csv"},
    ).json
    assert (told["total"], told["added"], told["invalid"]) == (len(WRITABLE), len(WRITABLE), 0)
    rows = csv_cells(file)
    notes = [sheets.unquoted(row[rows[0].index("notes")]) for row in rows[1:]]
    assert sorted(notes) == sorted(WRITABLE)


def test_t50_a_trigger_that_was_forgotten_is_caught(hostile: tuple[Api, Person, str], monkeypatch: pytest.MonkeyPatch) -> None:
    api, owner, workspace = hostile
    monkeypatch.setattr(sheets, "_ACTIVE", re.compile("'*[=+]"))
    assert active(cells(api, owner, workspace, "/api/v1/clients/export", "text/csv")) != []
