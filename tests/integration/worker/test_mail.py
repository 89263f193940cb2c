"""Letters from the composing transaction to the mailer, and jobs that belong to no workspace."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import pytest

from adapters.worker.periodic import Schedule, periodics
from config.databases import connections
from kernel.context import Current, Kind, Scope, outbound, serving
from kernel.errors import Unavailable
from kernel.manifest import Task
from kernel.registry import Candidate, Registry, load
from plugins.sdk import Letter, Plugin, ctx, sql
from ports.mail import Letterhead, Mail, Post, Undeliverable
from ports.tasks import PLATFORM
from tests.integration.worker import probe
from tests.integration.worker.harness import Plant

LETTERS = Plugin("letters", api=1)
PEOPLE = Plugin("people", api=1, core=True, database="auth")


@LETTERS.mail
def greeting(name: str) -> Letter | None:
    probe.effect("composed")
    return Letter(f"{name}@example.com", "greeting", {"name": name}) if name != "nobody" else None


@PEOPLE.mail
def reset(email: str) -> Letter:
    ctx.work.rows(sql("select count(*) from users"))  # which the app identity may not read
    return Letter(email, "reset")


@PEOPLE.task(cron="11 4 * * *")
def sweep() -> None:
    ctx.work.rows(sql("select count(*) from sessions"))


class TestLetters:
    def test_a_letter_is_composed_in_its_workspace_and_sent_once_outside_the_transaction(self, plant: Plant, box: Box) -> None:
        workspace = plant.workspace("letters", "probe")
        job = plant.inside(workspace, lambda: greeting(name="ana"))
        plant.drain(plant.worker(registry(), box.post))
        assert box.sent == [("letters", "ana@example.com", "W", str(job))]
        assert plant.effects() == {"composed": 1}
        assert plant.undone() == 0

    def test_a_letter_wears_the_colours_of_its_workspace(self, plant: Plant, box: Box) -> None:
        workspace = plant.workspace("letters")
        branding = '{"display_name": "North", "logo": "https://example.com/logo.png", "colors": {"primary": "#0b6e4f", "on_primary": "#ffffff"}}'
        plant.owner.execute("update workspaces set branding = %s, locale = 'pt' where id = %s", (branding, workspace))
        plant.inside(workspace, lambda: greeting(name="ana"))
        plant.drain(plant.worker(registry(), box.post))
        assert box.head == Letterhead("North", "pt", "#0b6e4f", "#ffffff", "https://example.com/logo.png")

    def test_whom_the_address_means_reads_it_in_their_language_whatever_the_workspace_speaks(self, plant: Plant, box: Box) -> None:
        workspace, name = plant.workspace("letters"), f"reader{uuid.uuid4().hex}"
        plant.owner.execute("update workspaces set locale = 'pt' where id = %s", (workspace,))
        plant.owner.execute(
            "insert into users (id, email, full_name, locale) values (gen_random_uuid(), %s, 'A Reader', 'es-MX')", (f"{name}@example.com",)
        )
        plant.inside(workspace, lambda: (greeting(name=name), greeting(name="ana")))
        plant.drain(plant.worker(registry(), box.post))
        assert sorted(zip((to for _, to, _, _ in box.sent), box.languages, strict=True)) == [
            ("ana@example.com", None),
            (f"{name}@example.com", "es-MX"),
        ]

    def test_nothing_to_say_is_done_without_a_word(self, plant: Plant, box: Box) -> None:
        plant.inside(plant.workspace("letters"), lambda: greeting(name="nobody"))
        plant.drain(plant.worker(registry(), box.post))
        assert (box.sent, plant.undone()) == ([], 0)

    def test_nothing_is_sent_of_a_transaction_that_rolled_back(self, plant: Plant, box: Box) -> None:
        plant.inside(plant.workspace("letters"), lambda: greeting(name="ana"), commit=False)
        plant.drain(plant.worker(registry(), box.post))
        assert box.sent == []

    def test_a_server_that_is_away_gets_the_same_message_later(self, plant: Plant, box: Box) -> None:
        box.failures = [Unavailable(), Unavailable()]
        job = plant.inside(plant.workspace("letters"), lambda: greeting(name="ana"))
        for _ in range(3):
            plant.drain(plant.worker(registry(), box.post))
        assert [key for *_, key in box.sent] == [str(job)]
        assert box.asked == 3

    def test_what_can_never_be_delivered_is_parked_at_once(self, plant: Plant, box: Box) -> None:
        box.failures = [Undeliverable("the mail server refuses the message: 550")]
        plant.inside(plant.workspace("letters"), lambda: greeting(name="ana"))
        plant.drain(plant.worker(registry(), box.post))
        assert box.asked == 1
        assert plant.query("select dead_at is not null, attempts, last_error from outbox_deliveries") == [
            (True, 1, "Undeliverable: the mail server refuses the message: 550")
        ]


class TestPlatform:
    def test_a_job_of_no_workspace_runs_as_the_auth_identity(self, plant: Plant, box: Box) -> None:
        job = _asked(plant, reset, email="ana@example.com")
        plant.drain(plant.worker(registry(), box.post))
        assert box.sent == [("people", "ana@example.com", "FitPro Hub", str(job))]
        assert plant.undone() == 0

    def test_the_app_identity_sees_none_of_them_whatever_it_says_it_is(self, plant: Plant) -> None:
        _asked(plant, reset, email="ana@example.com")
        workspace = plant.workspace()
        seen = plant.inside(workspace, lambda: ctx.work.one(sql("select count(*) as n from outbox_deliveries")))
        assert seen == {"n": 0}
        write = "insert into outbox_deliveries (workspace_id, id, module, handler) values (%s, gen_random_uuid(), '', 'x')"
        with psycopg.connect(connections(plant.settings).app) as app:
            app.execute("select set_config('app.workspace_id', %s, true)", (str(workspace),))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(write, (PLATFORM,))

    def test_the_auth_identity_sees_no_delivery_of_a_workspace(self, plant: Plant) -> None:
        plant.inside(plant.workspace(), lambda: probe.mark(name="theirs"))
        with psycopg.connect(connections(plant.settings).auth) as auth:
            assert auth.execute("select count(*) from outbox_deliveries").fetchone() == (0,)

    def test_a_periodic_task_of_the_platform_ticks_once_for_all_workspaces(self, plant: Plant, box: Box) -> None:
        plant.workspace(timezone="Asia/Tokyo")
        plant.workspace()
        schedule = lambda: Schedule(plant.clockwork, periodics(registry()))  # noqa: E731 - each is a process that starts
        schedule().tick()
        plant.owner.execute("update outbox_ticks set at = at - %s", (timedelta(days=1),))
        assert schedule().tick() == 1
        assert schedule().tick() == 0
        assert plant.query("select workspace_id, handler from outbox_deliveries") == [(PLATFORM, "people:sweep")]
        plant.drain(plant.worker(registry(), box.post))
        assert plant.undone() == 0


@dataclass
class Box:
    """A writer of one word and a mailer that remembers."""

    sent: list[tuple[str, str, str, str]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    asked: int = 0
    plugin: str = ""
    languages: list[str | None] = field(default_factory=list)
    head: Letterhead | None = None

    @property
    def post(self) -> Post:
        return Post(self, self)

    def write(self, plugin: str, letter: Letter, head: Letterhead) -> Mail:
        self.plugin, self.head = plugin, head
        self.languages.append(letter.language)
        return Mail(letter.to, head.name, "subject", "text", "html")

    def send(self, mail: Mail, *, key: str) -> None:
        outbound("mail")
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((self.plugin, mail.to, mail.sender, key))


def _asked(plant: Plant, task: Task, **arguments: object) -> uuid.UUID:
    """Called as an operation open to anyone does."""
    scope = Scope(Kind.PUBLIC, "request")
    with plant.auth.open(scope) as work:
        with serving(Current(scope, plant.hub, plant.auth.modules(work, None), work)):
            job = task(**arguments)
        work.commit()
    return job


def registry() -> Registry:
    return load([Candidate(plugin.id, "tests", lambda plugin=plugin: plugin, bundled=True) for plugin in (LETTERS, PEOPLE)], strict=True)  # type: ignore[misc]


@pytest.fixture
def box() -> Box:
    return Box()
