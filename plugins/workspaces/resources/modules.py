"""/api/v1/workspaces/{workspace_id}/modules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import MethodView, Page, PageRequest, Proof, allow, page_of, unconditional, with_proof
from plugins.workspaces import schemas
from plugins.workspaces.domain.modules import Module as ModuleView
from plugins.workspaces.resources.serving import blp, last, service


@blp.route("/<uuid:workspace_id>/modules")
class Modules(MethodView):
    @blp.paginated(schemas.ModuleSchema)
    @allow("read_modules")
    def get(self, page: PageRequest, workspace_id: UUID) -> Page:
        """Every module of this installation, as the workspace has it"""
        return page_of(service().modules.page(last(page), page.fetch), page, "name")


@blp.route("/<uuid:workspace_id>/modules/<string:name>")
class Module(MethodView):
    @blp.response(200, schemas.ModuleSchema)
    @allow("read_modules")
    def get(self, workspace_id: UUID, name: str) -> ModuleView:
        """Read a module"""
        return service().modules.read(name)

    @blp.arguments(schemas.ModuleQuery, location="query")
    @blp.arguments(schemas.SwitchSchema)
    @blp.response(200, schemas.ModuleSchema)
    @unconditional
    @with_proof("Changing a secret")
    @allow("manage_modules")
    def put(self, query: dict[str, Any], switch: dict[str, Any], proof: Proof, workspace_id: UUID, name: str) -> ModuleView:
        """Switch a module on or off and set it up, or preview that"""
        return service().modules.change(name, settings=switch.pop("settings", None), **switch, **query, proved=proof.demand)
