"""One contract for both ways out: files, and SMTP to a real server; then what only SMTP can do wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller

from adapters.local.mail import FileMailer
from adapters.smtp.mailer import SmtpMailer, SmtpServer
from kernel.errors import Unavailable
from ports.mail import Mail, Mailer, Undeliverable
from tests.loopback import free_port

ADDRESS = "no-reply@studio.example"
MAIL = Mail("ana@example.com", "Estudio Ñandú", "¡Hola!", "Línea 1\n.\nLínea 3\n", "<p>Hola</p>")


class TestBoth:
    def test_what_arrives_is_what_was_sent(self, box: Box) -> None:
        box.mailer.send(MAIL, key="a")
        (got,) = box.read()
        text, html = got.get_body(("plain",)), got.get_body(("html",))
        assert text is not None
        assert html is not None
        assert (got["To"], got["Subject"], _lines(text), _lines(html).strip()) == (MAIL.to, MAIL.subject, MAIL.text, MAIL.html)
        assert got["From"].addresses[0].addr_spec == ADDRESS

    def test_the_same_key_arrives_under_the_same_id(self, box: Box) -> None:
        for key in ("a", "a", "b"):
            box.mailer.send(MAIL, key=key)
        assert len({got["Message-ID"] for got in box.read()}) == 2


class TestSmtp:
    @pytest.mark.parametrize(
        ("reply", "raised"), [("451 later", Unavailable), ("452 full", Unavailable), ("550 ana@example.com unknown", Undeliverable)]
    )
    def test_tells_later_from_never_and_names_no_address(self, post_office: PostOffice, reply: str, raised: type[Exception]) -> None:
        post_office.to_recipients = reply
        with pytest.raises(raised) as caught:
            mailer(post_office).send(MAIL, key="a")
        assert "ana@" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert post_office.received == []

    def test_a_server_that_is_not_there_is_tried_later(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(Unavailable):
                SmtpMailer(SmtpServer.of(f"smtp://127.0.0.1:{taken.getsockname()[1]}"), address=ADDRESS).send(MAIL, key="a")

    def test_a_password_never_travels_in_the_clear(self, post_office: PostOffice) -> None:
        """This server has no TLS."""
        with pytest.raises(Unavailable):
            SmtpMailer(SmtpServer.of(f"smtp://me:secret@127.0.0.1:{post_office.port}"), address=ADDRESS).send(MAIL, key="a")
        assert post_office.received == []

    @pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://h/path", "smtp://h?x=1"])
    def test_refuses_other_urls(self, url: str) -> None:
        with pytest.raises(ValueError, match="smtp://"):
            SmtpServer.of(url)

    def test_reads_a_url(self) -> None:
        server = SmtpServer.of("smtps://me%40x:p%2Fw@mail.example")
        assert (server.host, server.port, server.user, server.password, server.encrypted) == ("mail.example", 465, "me@x", "p/w", True)
        assert "p/w" not in repr(server)


@dataclass
class PostOffice:
    """A server that keeps what it gets, or answers as told. Implements aiosmtpd's handler."""

    received: list[bytes] = field(default_factory=list)
    to_recipients: str = ""
    port: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.to_recipients:
            return self.to_recipients
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.received.append(envelope.content)
        return "250 OK"


@dataclass
class Box:
    """A mailer and what came out of it."""

    mailer: Mailer
    contents: Callable[[], list[bytes]]

    def read(self) -> list[EmailMessage]:
        return [cast("EmailMessage", message_from_bytes(content, policy=policy.default)) for content in self.contents()]


def _lines(part: EmailMessage) -> str:
    """Mail ends its lines with CR LF."""
    return str(part.get_content()).replace("\r\n", "\n")


def mailer(office: PostOffice) -> SmtpMailer:
    return SmtpMailer(SmtpServer.of(f"smtp://127.0.0.1:{office.port}"), address=ADDRESS)


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    office = PostOffice()
    office.port = free_port()
    controller = Controller(office, hostname="127.0.0.1", port=office.port, ready_timeout=60)
    controller.start()
    yield office
    controller.stop()


@pytest.fixture(params=["files", "smtp"])
def box(request: pytest.FixtureRequest, tmp_path: Path, post_office: PostOffice) -> Box:
    if request.param == "smtp":
        return Box(mailer(post_office), lambda: list(post_office.received))
    return Box(FileMailer(tmp_path / "mail", address=ADDRESS), lambda: [path.read_bytes() for path in (tmp_path / "mail").glob("*.eml")])
