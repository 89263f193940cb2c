"""What a look at the calendar covers."""

from __future__ import annotations

from config.bootstrap import install, web
from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api


def test_a_view_follows_the_zone_at_once_in_every_process(local: Api, settings: Settings) -> None:
    agenda = Agenda.new(local, settings, clients=1)
    other = install(settings)
    twin = Agenda(Api(web(other)), settings, agenda.workspace, agenda.people, agenda.clients)
    day = a_day().replace(hour=2)
    agenda.booked(day)
    asked = f"/api/v1/bookings?view=day&date={day:%Y-%m-%d}"
    assert [len(each.get(asked).json["items"]) for each in (agenda, twin)] == [1, 1]
    changed = agenda.ask("PATCH", f"/api/v1/workspaces/{agenda.workspace}", {"timezone": "America/New_York"}, **{"If-Match": "*"})
    assert changed.status == 200, changed.body
    assert [len(each.get(asked).json["items"]) for each in (twin, agenda)] == [0, 0]  # there it is still the evening before
    other.container.app_pool().close()
    other.container.auth_pool().close()
