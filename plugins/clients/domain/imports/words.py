"""What people write for a status, a stage, and for nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from plugins.clients.domain.register import Stage, Status, normalise

NOTHING: Final = frozenset({"-", "--", "n/a", "na", "null", "none", "nan", "#n/a"})
EMPTIABLE: Final = frozenset({"email", "phone", "birth_date", "status", "lifecycle_stage", "assigned_to"})
STATUS: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("active", "activo", "activa", "ativo", "ativa", "yes", "si", "sim", "current", "alta", "true", "1"), Status.ACTIVE),
    **dict.fromkeys(
        (
            "inactive",
            "inactivo",
            "inactiva",
            "inativo",
            "inativa",
            "no",
            "nao",
            "paused",
            "baja",
            "pausado",
            "suspended",
            "false",
            "0",
            "cancelled",
            "canceled",
            "cancelado",
            "cancelada",
            "expired",
            "vencido",
            "vencida",
        ),
        Status.INACTIVE,
    ),
    **dict.fromkeys(("archived", "archivado", "archivada", "arquivado", "arquivada", "deleted", "former", "antiguo", "antigo"), Status.ARCHIVED),
}
STAGE: Final[Mapping[str, Stage]] = {
    **dict.fromkeys(("lead", "prospect", "prospecto", "prospecta", "interesado", "interesada", "interessado", "interessada"), Stage.LEAD),
    **dict.fromkeys(("trial", "trialing", "prueba", "en prueba", "teste", "em teste", "experimental"), Stage.TRIAL),
    **dict.fromkeys(("client", "customer", "member", "cliente", "socio", "aluno", "alumno"), Stage.CLIENT),
    **dict.fromkeys(("former", "ex", "former client", "antiguo", "antigua", "antigo", "antiga", "ex cliente", "excliente"), Stage.FORMER),
}


def fits(field: str, text: str, staff: Collection[str]) -> bool:
    """Whether a cell can be meant for a field: a status or stage is one of those we know, and who looks after a client is on the staff."""
    plain = normalise(text)
    return plain in staff if field == "assigned_to" else plain in STAGE or (field == "status" and plain in STATUS)
