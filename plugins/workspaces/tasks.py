"""What is said and done later, asked for or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from plugins.sdk import Letter
from plugins.workspaces.plugin import plugin
from plugins.workspaces.service import Service


@plugin.task(cron="37 4 * * *", outside=True)
def check_domains() -> None:
    """Every day: whether the records of claimed domains are (still) there."""
    _service().domains.check_all()


@plugin.task(outside=True)
def check_domain(domain: str) -> None:
    """Now and then after a claim, so that nobody needs to come back and ask."""
    _service().domains.check(domain)


@plugin.task(outside=True)
def forget_logo(file_id: UUID) -> None:
    """Delete the file of a logo that is none, any more or after all."""
    _service().logos.forget(file_id)


@plugin.mail
def invitation(invitation_id: UUID, mailing: int) -> Letter | None:
    """To whom was invited: the link."""
    said = _service().invitations.letter(invitation_id, mailing)
    return None if said is None else Letter(said["email"], "invitation", {name: said[name] for name in ("full_name", "role", "inviter", "link")})


@plugin.mail
def role_changed(user_id: UUID, role: str | None = None) -> Letter | None:
    """To a member whose role was changed: the one they have now. role: nothing when they have another."""
    found = _service().members.letter(user_id, present=True)
    if found is None or role not in (None, found["role"]):
        return None
    return Letter(found["email"], "role_changed", {"full_name": found["full_name"], "role": found["role"]})


@plugin.mail
def removed(user_id: UUID) -> Letter | None:
    """To somebody whose membership another ended."""
    found = _service().members.letter(user_id, present=False)
    return None if found is None else Letter(found["email"], "removed", {"full_name": found["full_name"]})


@plugin.task
def reseal() -> Iterator[Mapping[str, object]]:
    """Seal anew the secret settings that an earlier key sealed (`fitpro data reseal`)."""
    yield _service().modules.reseal()


def _service() -> Service:
    found: Service = plugin.service
    return found
