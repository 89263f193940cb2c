"""Records of the same person over HTTP."""

from __future__ import annotations

from plugins.clients.resources.routes import blp, service
from plugins.clients.schemas.duplicates import DuplicatesSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, page_of


@blp.route("/duplicates")
class Duplicates(MethodView):
    """Who may be here twice."""

    @blp.paginated(DuplicatesSchema)
    @allow("write")
    def get(self, page: PageRequest) -> Page:
        """List clients who share an e-mail address, a phone number, or a name and birth date."""
        return page_of(service().duplicates.groups(page.fetch, page.after), page, "key")
