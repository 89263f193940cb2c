"""The public booking page of a studio, as tests open it and ask it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode

from config.settings import Settings
from tests.agenda import Agenda
from tests.integration.domains import Studio, name
from tests.servers import Api, Reply

PUBLIC = "/api/v1/bookings/public"


class Page(Agenda):
    """A studio with a verified domain whose page is open."""

    domain: str = ""

    @classmethod
    def open(cls, api: Api, settings: Settings, **workspace: Any) -> Self:
        made = cls.new(api, settings, **workspace)
        made.domain = name()
        made.studio.verified(made.domain)
        made.configure(public_page=True)
        return made

    @property
    def studio(self) -> Studio:
        assert self.settings.dns_zone is not None
        return Studio(self.api, self.settings.dns_zone, self.people["Owner"], self.workspace)

    def configure(self, *, enabled: bool = True, **given: Any) -> None:
        reply = self.ask("PUT", f"/api/v1/workspaces/{self.workspace}/modules/bookings", {"enabled": enabled, "settings": given})
        assert reply.status == 200, reply.body

    def services(self, domain: str | None = None, **query: Any) -> Reply:
        return self.api.get(f"{PUBLIC}/services?{urlencode({'domain': domain or self.domain, **query})}")

    def times(
        self, service: str, day: datetime, *, last: datetime | None = None, domain: str | None = None, headers: Any = None, **more: str
    ) -> Reply:
        asked = {"domain": domain or self.domain, "service": service, "from": f"{day:%Y-%m-%d}", "to": f"{last or day:%Y-%m-%d}", **more}
        return self.api.get(f"{PUBLIC}/availability?{urlencode(asked)}", headers=headers)

    def offered(self, service: str, day: datetime, **more: Any) -> list[dict[str, Any]]:
        reply = self.times(service, day, **more)
        assert reply.status == 200, reply.body
        return [slot for each in reply.json["items"] for slot in each["slots"]]
