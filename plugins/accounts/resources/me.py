"""Routes: `/api/v1/me`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from plugins.accounts.domain import outstanding
from plugins.accounts.ports import Profile
from plugins.accounts.resources.blueprints import accounts, own
from plugins.accounts.schemas.person import ConsentSchema, ProfileChangeSchema, ProfileSchema
from plugins.sdk import SIGNED_IN, MethodView, Page, PageRequest, allow, ctx, page_of


@own.route("")
class Me(MethodView):
    @own.response(200, ProfileSchema, etag="whole")
    @allow(SIGNED_IN)
    def get(self) -> dict[str, Any]:
        """The signed-in person, with consents (and those still to be given) and workspaces."""
        return _shown(accounts().people.profile())

    @own.arguments(ProfileChangeSchema)
    @own.response(200, ProfileSchema, etag="whole")
    @allow(SIGNED_IN)
    def patch(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change your name, language or consents."""
        return _shown(accounts().people.change(**data, expected=ctx.expected_version))


@own.route("/consents")
class Consents(MethodView):
    @own.paginated(ConsentSchema)
    @allow(SIGNED_IN)
    def get(self, page: PageRequest) -> Page:
        """Every consent you gave or withdrew, newest first."""
        rows = accounts().people.consents(page.fetch, UUID(page.after[0]) if page.after else None)
        return page_of(rows, page, "id")


def _shown(profile: Profile) -> dict[str, Any]:
    required = [{"purpose": purpose, "document_version": edition} for purpose, edition in outstanding(profile.consents).items()]
    return {
        **asdict(profile.person),
        "consents": profile.consents,
        "consents_required": required,
        "workspaces": profile.workspaces,
        "email_verified": profile.email_verified,
    }
