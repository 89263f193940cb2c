"""/api/v1/workspaces/{workspace_id}/keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import MethodView, Page, PageRequest, allow, conditional, confidential, page_of, recent
from plugins.workspaces import schemas
from plugins.workspaces.resources.serving import blp, last, service


@blp.route("/<uuid:workspace_id>/keys")
class Keys(MethodView):
    @blp.paginated(schemas.KeySchema)
    @allow("manage_keys")
    def get(self, page: PageRequest, workspace_id: UUID) -> Page:
        """The API keys of the workspace"""
        return page_of(service().keys.page(last(page), page.fetch), page, "id")

    @blp.arguments(schemas.NewKeySchema)
    @blp.response(201, schemas.ShownKeySchema, etag=False)
    @confidential
    @recent
    @allow("manage_keys")
    def post(self, key: dict[str, Any], workspace_id: UUID) -> Any:
        """Make an API key; its text is shown this once"""
        return service().keys.create(**key)


@blp.route("/<uuid:workspace_id>/keys/<uuid:key_id>")
class Key(MethodView):
    @blp.response(200, schemas.KeySchema, etag="whole")
    @allow("manage_keys")
    def get(self, workspace_id: UUID, key_id: UUID) -> Any:
        """Read an API key"""
        return service().keys.read(key_id)

    @blp.response(204)
    @allow("manage_keys")
    def delete(self, workspace_id: UUID, key_id: UUID) -> None:
        """Revoke an API key; its next request is refused"""
        service().keys.revoke(key_id)


@blp.route("/<uuid:workspace_id>/keys/<uuid:key_id>/rotate")
class KeyRotation(MethodView):
    @blp.arguments(schemas.RotationSchema)
    @blp.response(201, schemas.ShownKeySchema, etag=False, record=schemas.KeySchema)
    @confidential
    @conditional
    @recent
    @allow("manage_keys")
    def post(self, rotation: dict[str, Any], workspace_id: UUID, key_id: UUID) -> Any:
        """Replace an API key; the old one lives on for a while"""
        return service().keys.rotate(key_id, **rotation)


@blp.route("/<uuid:workspace_id>/key-scopes")
class KeyScopes(MethodView):
    @blp.paginated(schemas.ScopeSchema)
    @allow("manage_keys")
    def get(self, page: PageRequest, workspace_id: UUID) -> Page:
        """What an API key of yours can be allowed"""
        return page_of(service().keys.scopes(last(page), page.fetch), page, "scope")
