"""Reminders when nobody was there to tell, or something else is set: what was missed is told once, by the last that says as much."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests.agenda import Agenda
from tests.office import Office, tick
from tests.reminders import HOUR, MINUTE, address_of, comes_near, let_pass, ring, set_up, soon, switch, timers
from tests.servers import Api, Cluster, owner_of
from tests.upgrading import migrated


class TestMissed:
    def test_other_offsets_hold_for_what_is_booked_already(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        set_up(agenda, {"reminders": [10_000]})
        made = soon(agenda, 47 * HOUR)
        start = datetime.fromisoformat(made["start_time"])
        office.work()
        assert timers(agenda, made) == []
        for offsets in ([2700, 60], [2500, 30]):
            set_up(agenda, {"reminders": offsets})
            office.work()
        assert timers(agenda, made) == [start - each * MINUTE for each in (2700, 2500)]
        ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        start = comes_near(agenda, office, made, 2 * HOUR)
        assert timers(agenda, made)[2:] == [start - 30 * MINUTE]
        ring(agenda, office, made)
        assert len(office.mails(address)) == 2
        set_up(agenda, {})

    def test_an_offset_that_is_new_is_no_reason_to_write_of_what_would_have_been_due(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        made = soon(agenda, 47 * HOUR)
        let_pass(agenda, made, 10 * HOUR)
        set_up(agenda, {"reminders": [2700, 30]})
        office.work()
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert not office.mails(address)
        set_up(agenda, {})

    def test_what_was_missed_while_the_module_was_off_is_told_once(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        set_up(agenda, {"reminders": [1440, 1200, 60]})
        made = soon(agenda, 47 * HOUR)
        office.work()
        switch(agenda, enabled=False)
        start = let_pass(agenda, made, 40 * HOUR)
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert not office.mails(address)
        switch(agenda, enabled=True)
        office.work()
        assert f"{start + HOUR:%Y-%m-%d %H:%M}" in office.text(address)
        assert timers(agenda, made)[-1] == start - HOUR
        ring(agenda, office, made)
        assert len(office.mails(address)) == 2
        set_up(agenda, {})

    def test_switched_on_with_another_setting_it_tells_what_was_missed_by_that(self, agenda: Agenda, office: Office) -> None:
        address, made = address_of(agenda), soon(agenda, 47 * HOUR)
        office.work()
        switch(agenda, enabled=False)
        let_pass(agenda, made, 40 * HOUR)
        set_up(agenda, {"reminders": [1440, 1201]})
        office.work()
        assert len(office.mails(address)) == 1
        set_up(agenda, {})

    def test_what_was_told_is_not_told_again_by_switching_however_long_ago(self, agenda: Agenda, office: Office) -> None:
        address, made = address_of(agenda), soon(agenda)
        ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        let_pass(agenda, made, 10 * HOUR)
        with owner_of(agenda.settings) as connection:  # as the worker does after a week
            connection.execute("delete from outbox_deliveries where workspace_id = %s and done_at is not null", (agenda.workspace,))
        for enabled in (False, True):
            switch(agenda, enabled=enabled)
            office.work()
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert len(office.mails(address)) == 1

    def test_switching_reminds_nobody_of_what_was_booked_too_late(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        soon(agenda, 5 * HOUR)
        for enabled in (False, True):
            office.work()
            switch(agenda, enabled=enabled)
        office.work()
        assert not office.mails(address)

    def test_a_worker_that_comes_late_tells_what_became_due_meanwhile(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        office.work()
        made = soon(agenda, 47 * HOUR)
        let_pass(agenda, made, 40 * HOUR)
        for _ in range(2):
            tick(agenda.settings, "bookings:look_ahead")
            office.work()
            assert len(office.mails(address)) == 1

    def test_what_was_missed_is_told_whatever_else_was_set_meanwhile(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        set_up(agenda, {"reminders": [1440]})
        made = soon(agenda, 47 * HOUR)
        office.work()
        let_pass(agenda, made, 40 * HOUR)
        set_up(agenda, {"reminders": [1440], "hold_minutes": 12})
        office.work()
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert len(office.mails(address)) == 1
        set_up(agenda, {})

    def test_at_most_five_offsets(self, agenda: Agenda) -> None:
        path = f"/api/v1/workspaces/{agenda.workspace}/modules/bookings"
        refused = agenda.ask("PUT", path, {"enabled": True, "settings": {"reminders": [10, 20, 30, 40, 50, 60]}})
        assert refused.status == 422, refused.body


def test_what_waited_to_be_planned_when_the_server_was_upgraded_is_planned_after_it(cluster: Cluster) -> None:
    settings = cluster.settings(cluster.clone("fitpro_planned"))
    installation = install(settings)
    agenda = Agenda.new(Api(web(installation)), settings)
    made = agenda.booked(datetime.now(UTC).replace(second=0, microsecond=0) + 26 * HOUR, client_ids=agenda.clients[:1])
    installation.container.app_pool().close()
    installation.container.auth_pool().close()
    with migrated(settings, "bookings", "bookings_0013"), owner_of(settings) as owner:
        owner.execute("delete from outbox_deliveries where handler = 'bookings:remind'")
        for _ in range(2):
            owner.execute(
                "insert into outbox_deliveries (workspace_id, id, event_id, module, handler, queue, max_attempts, request_id)"
                " select workspace_id, gen_random_uuid(), id, 'bookings', 'bookings:bookings_created', 'default', 10, 'before' from outbox"
                " where name = 'bookings_created'"
            )
    with Office.open(settings) as office:
        office.work()
    assert len(timers(agenda, made)) == 1
    with owner_of(settings) as owner:
        waiting = "select handler from outbox_deliveries where module = 'bookings' and done_at is null"
        assert owner.execute(waiting).fetchall() == [("bookings:remind",)]


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, timezone="Africa/Lagos")
