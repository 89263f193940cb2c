"""Messages over SMTP (implements ports.mail.Mailer)."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from kernel.context import outbound
from kernel.errors import Unavailable
from ports.mail import Mail, Undeliverable

_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """smtp://user:password@host:587 upgrades to TLS when the server can, and must when there is a password; smtps:// speaks it from the start."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    encrypted: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises ValueError for what is not smtp://host or smtps://host."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("must be smtp://[user:password@]host[:port] or smtps://…")
        encrypted = parts.scheme == "smtps"
        return cls(parts.hostname, parts.port or (465 if encrypted else 587), unquote(parts.username or ""), unquote(parts.password or ""), encrypted)


class SmtpMailer:
    """One connection per message: a job sends one, and an idle connection would be closed before the next."""

    def __init__(self, server: SmtpServer, *, address: str) -> None:
        self._server = server
        self._address = address

    def send(self, mail: Mail, *, key: str) -> None:
        outbound("smtp")
        message = mail.message(self._address, key)
        try:
            self._deliver(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _verdict([code for code, _ in error.recipients.values()]) from None
        except smtplib.SMTPResponseException as error:
            raise _verdict([error.smtp_code]) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"The mail server cannot be used: {type(error).__name__}.") from None

    def _deliver(self, message: EmailMessage) -> None:
        server = self._server
        context = ssl.create_default_context()
        name = self._address.rpartition("@")[2]  # what we greet with: asking the resolver who we are may take seconds
        made: smtplib.SMTP = (
            smtplib.SMTP_SSL(server.host, server.port, local_hostname=name, timeout=_TIMEOUT_S, context=context)
            if server.encrypted
            else smtplib.SMTP(server.host, server.port, local_hostname=name, timeout=_TIMEOUT_S)
        )
        with made as connection:
            connection.ehlo()
            if not server.encrypted and (server.password or connection.has_extn("starttls")):
                connection.starttls(context=context)  # a server that cannot is refused the password: this raises
                connection.ehlo()
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)


def _verdict(codes: list[int]) -> Exception:
    """4xx: later. 5xx: never. What the server said stays out of it, for that may repeat the address."""
    if all(400 <= code < 500 for code in codes):
        return Unavailable("The mail server asks to try later.")
    return Undeliverable(f"the mail server refuses the message: {', '.join(map(str, codes))}")
