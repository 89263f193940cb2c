"""Answers to other plugins' hooks and questions, and work that takes a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from plugins.clients.plugin import plugin
from plugins.clients.schemas.imports import load_client
from plugins.clients.service import Service


@plugin.task
def import_clients(import_id: UUID) -> Iterator[Mapping[str, object]]:
    """Add the clients of a file, five hundred rows a step."""
    yield from _service().imports.run(import_id, load_client)


@plugin.hook(optional=True)
def workspaces_module_enabled(module: str) -> None:
    """Imports that were cut off when this module was switched off go on."""
    if module == plugin.id:
        _service().imports.go_on()


@plugin.command("read")
def expected_adherence(client_id: UUID, day: date) -> int:
    """How much of their plan is expected of a client that day, in per cent: 100 unless they are excused."""
    return _service().exclusions.expected_adherence(client_id, day)


@plugin.task
def reseal() -> Iterator[Mapping[str, object]]:
    """Seal anew what an earlier key sealed (`fitpro data reseal`)."""
    yield from _service().resealing.steps()


@plugin.hook
def clients_merged(client_id: UUID, from_id: UUID) -> None:
    """Rows that were written while the merge was under way follow."""
    _service().merging.follow(client_id, from_id)


@plugin.hook(optional=True)
def workspaces_leaving(user_id: UUID) -> None:
    """Nobody gives them a client while they go."""
    _service().collaborators.hold_still(user_id)


@plugin.hook(optional=True)
def workspaces_owned(user_id: UUID) -> Sequence[Mapping[str, Any]]:
    """The clients somebody looks after."""
    return [_service().collaborators.looked_after_by(user_id)]


@plugin.hook(optional=True)
def workspaces_reassigning(user_id: UUID, reassign_to: UUID) -> None:
    """They are looked after by another from now on."""
    _service().collaborators.hand_over(user_id, reassign_to)


@plugin.hook(optional=True)
def workspaces_inviting(client_id: UUID) -> None:
    """Only somebody on the register can be invited to be a client."""
    _service().collaborators.check_client(client_id)


@plugin.hook(optional=True)
def privacy_export(client_id: UUID) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Their record, consents, health data, notes, exclusions, history."""
    return _service().personal.held(client_id)


@plugin.hook(optional=True)
def bookings_validate(client_ids: Sequence[UUID]) -> None:
    """Nobody books for archived clients."""
    _service().collaborators.check_active(client_ids)


def _service() -> Service:
    found: Service = plugin.service
    return found
