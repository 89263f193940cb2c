"""Domains that workspaces claim."""

from __future__ import annotations

from datetime import datetime

from plugins.sdk import Mapped, Model, mapped_column, metadata, sa
from plugins.workspaces.plugin import plugin


class Domain(Model, plugin=plugin):
    """A name a workspace says is its own. Verified ones are in the platform's `claims` too, where a name stands once."""

    __table_args__ = (
        sa.CheckConstraint("state in ('pending', 'verified', 'failed')", name="state"),
        sa.UniqueConstraint("workspace_id", "domain", name="uq_workspaces_domain_domain"),
    )

    domain: Mapped[str]
    token: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="pending")
    reason: Mapped[str | None]
    since: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]


domains: sa.Table = metadata.tables["workspaces_domain"]
