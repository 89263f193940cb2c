"""`fitpro check`: what the linters cannot see. Migrations match models on a fresh database; the OpenAPI document is valid and complete."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

from adapters.http.app import SPEC_URL
from config import upgrades
from config.bootstrap import install, web
from config.databases import running
from config.settings import Settings


def check(settings: Settings) -> list[str]:
    """Every problem found, a sentence each."""
    with tempfile.TemporaryDirectory(prefix="fitpro-check-") as home:
        scratch = dataclasses.replace(
            settings,
            home=Path(home),
            database_url=None,
            database_owner_url=None,
            docs_enabled=True,
            strict=True,
            secret_key=b"0123456789abcdef" * 2,
        )
        with running(scratch):
            found = [f"migration of {id} failed: {reason}" for id, reason in upgrades.upgrade(scratch).items()]
            found += [
                f"{id}: the models differ from the migrations: {change}"
                for id, changes in upgrades.differences(scratch).items()
                for change in changes
            ]
            found += lint_openapi(openapi(scratch))
    return found


def openapi(settings: Settings) -> dict[str, Any]:
    """The document as served."""
    from werkzeug.test import Client

    installation = install(settings)
    try:
        answer = Client(web(installation)).get(SPEC_URL)
        document: dict[str, Any] = json.loads(answer.data)
        return document
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()


def lint_openapi(document: dict[str, Any]) -> list[str]:
    """What an OpenAPI document must have for the people who build on it."""
    found: list[str] = []
    seen: set[str] = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            where = f"{method.upper()} {path}"
            id = operation.get("operationId")
            if not id or id in seen:
                found.append(f"{where}: operationId {id!r} is missing or used twice")
            seen.add(id)
            if not operation.get("summary"):
                found.append(f"{where}: no summary")
            found += _answers(where, operation)
    return found


def _answers(where: str, operation: dict[str, Any]) -> list[str]:
    found = []
    answers = operation.get("responses", {})
    if not any(status.startswith(("2", "3")) for status in answers):
        found.append(f"{where}: no success answer")
    if "x-plugin" in operation and not any(status.startswith("4") for status in answers):
        found.append(f"{where}: no problem documented")
    for status, answer in answers.items():
        for media, content in answer.get("content", {}).items():
            if "example" not in content and "examples" not in content:
                found.append(f"{where}: {status} {media} has no example")
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        bytes_alone = content.get("schema", {}).get("format") == "binary"  # of which JSON can hold no example
        if "example" not in content and "examples" not in content and not bytes_alone:
            found.append(f"{where}: request {media} has no example")
    return found
