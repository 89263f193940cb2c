"""F13: a mail server that fails half of the time: every letter leaves once, in at most 10 attempts, and requests notice nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from adapters.smtp.mailer import SmtpMailer, SmtpServer
from kernel.registry import Candidate, Registry, load
from plugins.sdk import Letter, Plugin
from ports.mail import Letterhead, Mail, Post
from tests.integration.worker.harness import Plant
from tests.integration.worker.harness import plant as planted
from tests.loopback import free_port
from tests.servers import Cluster

LETTERS = 60
PLUGIN = Plugin("letters", api=1)


@PLUGIN.mail
def greeting(number: int) -> Letter:
    return Letter(f"person{number}@example.com", "greeting")


def test_f13_every_letter_leaves_once_although_half_of_the_attempts_fail(plant: Plant, server: Moody) -> None:
    assert _sent(plant, server, Plain()) == (Counter({f"person{n}@example.com": 1 for n in range(LETTERS)}), LETTERS)
    assert 0.45 < server.refused / server.attempts.total() < 0.55
    assert max(server.attempts.values()) > 5
    assert plant.query("select max(attempts) from outbox_deliveries")[0][0] <= 10
    assert plant.undone() == 0


def test_f13_a_sender_that_forgets_its_key_is_found_out(plant: Plant, server: Moody) -> None:
    """Seeded fault: a server that takes the message and then loses the connection gets it again, under another id."""
    server.after = True
    _, ids = _sent(plant, server, Forgetful())
    assert ids > LETTERS


def test_f13_a_message_taken_twice_carries_one_id(plant: Plant, server: Moody) -> None:
    server.after = True
    addresses, ids = _sent(plant, server, Plain())
    assert ids == LETTERS
    assert sum(addresses.values()) > LETTERS, "this server takes messages and says it did not: receivers tell them by their id"


def _sent(plant: Plant, server: Moody, writer: Plain) -> tuple[Counter[str], int]:
    """Addresses of what arrived, and how many different messages that was."""
    workspace = plant.workspace("letters")
    plant.inside(workspace, lambda: [greeting(number=number) for number in range(LETTERS)])
    mailer = SmtpMailer(SmtpServer.of(f"smtp://127.0.0.1:{server.port}"), address="no-reply@example.com")
    plant.drain(plant.worker(registry(), Post(writer, writer.sending(mailer))))
    messages = [message_from_bytes(content) for content in server.received]
    return Counter(str(message["To"]) for message in messages), len({message["Message-ID"] for message in messages})


class Plain:
    """A writer without templates, and a mailer as it is."""

    def write(self, plugin: str, letter: Letter, head: Letterhead) -> Mail:
        return Mail(letter.to, head.name, "Hello", "Hello\n", "<p>Hello</p>")

    def sending(self, mailer: SmtpMailer) -> Any:
        return mailer


class Forgetful(Plain):
    """Makes up a key for every attempt."""

    def sending(self, mailer: SmtpMailer) -> Any:
        class Sender:
            def send(self, mail: Mail, *, key: str) -> None:
                mailer.send(mail, key=f"{key} {random.random()}")

        return Sender()


@dataclass
class Moody:
    """A server that refuses half of the time: before it takes a message, or (after) when it has it."""

    received: list[bytes] = field(default_factory=list)
    refused: int = 0
    after: bool = False
    port: int = 0
    attempts: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        # By the letter and how often it came, so that the threads that send decide nothing.
        letter = str(envelope.rcpt_tos)
        self.attempts[letter] += 1
        refuses = random.Random(f"16 {letter} {self.attempts[letter]}").random() < 0.5
        if not refuses or self.after:
            self.received.append(envelope.content)
        self.refused += refuses
        return "451 try later" if refuses else "250 OK"


def registry() -> Registry:
    return load([Candidate("letters", "tests", lambda: PLUGIN, bundled=True)], strict=True)


@pytest.fixture
def server() -> Iterator[Moody]:
    made = Moody()
    made.port = free_port()
    controller = Controller(made, hostname="127.0.0.1", port=made.port, ready_timeout=60)
    controller.start()
    yield made
    controller.stop()


@pytest.fixture
def plant(cluster: Cluster, tmp_path: Path) -> Iterator[Plant]:
    with planted(cluster, tmp_path) as made:
        yield made
